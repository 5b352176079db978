import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Whether a process with this number runs; a zombie does not. */
export const isAlive = async (pid: number): Promise<boolean> => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return process.platform !== 'linux';
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
};

export const waitUntil = async (what: string, isTrue: () => Promise<boolean>, limitMs = 30_000): Promise<void> => {
  const deadline = Date.now() + limitMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await pause(20);
  }
};

/** Waits until `find` finds nothing more; what it still finds at the end is what the error says. */
export const waitUntilNone = async (
  what: string,
  find: () => Promise<readonly string[]>,
  limitMs: number,
): Promise<void> => {
  const deadline = Date.now() + limitMs;
  for (let found = await find(); found.length > 0; found = await find()) {
    if (Date.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}\n- ${found.join('\n- ')}`);
    await pause(250);
  }
};

/** Process number and port of the Postgres that runs on this data folder; undefined when there is none. */
export const postmasterOf = async (
  dataDir: string,
): Promise<{ readonly pid: number; readonly port: number } | undefined> => {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  return pid > 0 ? { pid, port: Number(lines[3]) } : undefined;
};

/** Stops a Postgres that outlived its supervisor. */
export const stopPostgres = async (dataDir: string): Promise<void> => {
  const found = await postmasterOf(dataDir);
  if (found === undefined || !(await isAlive(found.pid))) return;
  process.kill(found.pid, 'SIGINT');
  await waitUntil('Postgres is gone', async () => !(await isAlive(found.pid)), 60_000);
};

/** Tests ask faster than people and pipelines do: only those that are about limits set lower ones. */
const RAISED_QUOTAS: Readonly<Record<string, string>> = {
  VERDICT_QUOTA_GATE_PER_SECOND: '100000',
  VERDICT_QUOTA_GATE_BURST: '100000',
  VERDICT_QUOTA_CONSUME_PER_MINUTE: '100000',
  VERDICT_QUOTA_ADMIN_WRITES_PER_MINUTE: '100000',
  VERDICT_QUOTA_WRITES_PER_SECOND: '100000',
  VERDICT_QUOTA_READS_PER_SECOND: '100000',
  VERDICT_GATE_WAITING: '10000',
  VERDICT_GATE_WAIT_MS: '60000',
};

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** One built process of the product. Its environment is raised limits and what the test gives, nothing of the test's own. */
export class ProductProcess {
  private text = '';
  private readonly child: ChildProcess;
  readonly exited: Promise<number | null>;

  constructor(app: string, env: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [join(REPOSITORY, 'apps', app, 'dist', 'main.js')], {
      cwd: REPOSITORY,
      env: { PATH: process.env['PATH'] ?? '', ...RAISED_QUOTAS, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this.child);
    this.child.stdout?.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    this.exited = new Promise((resolve) => {
      this.child.on('close', (code) => {
        running.delete(this.child);
        resolve(code);
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Everything it has printed so far. */
  get output(): string {
    return this.text;
  }

  /** Lines of its log, parsed; what is no JSON is left out. */
  get log(): readonly Readonly<Record<string, unknown>>[] {
    return this.text.split('\n').flatMap((line) => {
      try {
        return [JSON.parse(line) as Record<string, unknown>];
      } catch {
        return [];
      }
    });
  }

  /** The address in its log line `ready`. */
  async ready(limitMs = 90_000): Promise<string> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const line = this.log.find(({ msg }) => msg === 'ready');
      if (typeof line?.['url'] === 'string') return line['url'];
      if (this.child.exitCode !== null || Date.now() > deadline)
        throw new Error(`it did not become ready:\n${this.text.slice(-4000)}`);
      await pause(25);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Asks it to stop, and waits for its exit code. */
  async stop(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
    return this.exited;
  }

  async kill9(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.exited;
  }
}
