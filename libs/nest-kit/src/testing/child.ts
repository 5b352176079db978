import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const FIXTURE = fileURLToPath(new URL('../../fixtures/app.mjs', import.meta.url));
const WAIT_MS = 15_000;

/** One run of the sample process; what it prints can be waited for. */
export class Child {
  private text = '';
  private readonly process: ChildProcessByStdio<null, Readable, Readable>;
  readonly exit: Promise<number | null>;

  constructor(env: Readonly<Record<string, string>>) {
    this.process = spawn(process.execPath, [FIXTURE], {
      env: { PATH: process.env.PATH ?? '', HTTP_PORT: '0', LOG_LEVEL: 'info', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    this.process.stderr.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    this.exit = new Promise((resolve) => this.process.on('close', resolve));
  }

  get output(): string {
    return this.text;
  }

  signal(name: NodeJS.Signals): void {
    this.process.kill(name);
  }

  /** Waits until the output matches, and returns the first group. */
  async says(pattern: RegExp): Promise<string> {
    const end = Date.now() + WAIT_MS;
    while (Date.now() < end) {
      const found = pattern.exec(this.text);
      if (found !== null) return found[1] ?? found[0];
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`the process never said ${String(pattern)}:\n${this.text}`);
  }

  async address(): Promise<string> {
    return (await this.says(/listening (http\S+)\n/)).trim();
  }
}
