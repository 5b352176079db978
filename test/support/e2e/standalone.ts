import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RouteId } from '@verdict/contracts';
import { type Api, type ApiAnswer, call, type RawRequest, type RouteRequest, sendRaw } from './api.js';
import { LedgerReader } from './ledger.js';
import { isAlive, pause, postmasterOf, ProductProcess, stopPostgres } from './processes.js';
import { TokenMint, type Who } from './tokens.js';

const READY_MS_MAX = 90_000;

/** A data folder under the system's temporary folder that the database's user may enter. */
export const makeDataDir = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'verdict-e2e-'));
  await chmod(folder, 0o755);
  return folder;
};

export interface StandaloneOptions {
  /** Default: a new one, removed by `dispose`. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The built standalone process over its own data folder, and the calls a test makes to it. */
export class Standalone implements Api {
  private reader: LedgerReader | undefined;

  private constructor(
    readonly dataDir: string,
    private readonly env: Readonly<Record<string, string>>,
    private process: ProductProcess,
    private address: string,
    readonly tokens: TokenMint,
  ) {}

  static async start({ dataDir, env = {} }: StandaloneOptions = {}): Promise<Standalone> {
    const folder = dataDir ?? (await makeDataDir());
    const child = Standalone.spawn(folder, env);
    const url = await Standalone.listening(folder, child);
    return new Standalone(folder, env, child, url, new TokenMint(join(folder, 'keys')));
  }

  private static spawn(dataDir: string, env: Readonly<Record<string, string>>): ProductProcess {
    return new ProductProcess('standalone', { VERDICT_PORT: '0', VERDICT_DATA_DIR: dataDir, ...env });
  }

  /** Waits for the `server.json` of this very process. */
  private static async listening(dataDir: string, child: ProductProcess): Promise<string> {
    const deadline = Date.now() + READY_MS_MAX;
    let exitCode: number | null | undefined;
    void child.exited.then((code) => (exitCode = code));
    for (;;) {
      const text = await readFile(join(dataDir, 'server.json'), 'utf8').catch(() => '{}');
      const server = JSON.parse(text) as { readonly url?: string; readonly pid?: number };
      if (server.url !== undefined && server.pid === child.pid) return server.url;
      if (exitCode !== undefined || Date.now() > deadline)
        throw new Error(`the standalone did not start (${String(exitCode)}):\n${child.output.slice(-4000)}`);
      await pause(25);
    }
  }

  get url(): string {
    return this.address;
  }

  get pid(): number {
    return this.process.pid;
  }

  /** What the running process has printed. */
  get output(): string {
    return this.process.output;
  }

  get log(): ProductProcess['log'] {
    return this.process.log;
  }

  get postgresDir(): string {
    return join(this.dataDir, 'postgres', 'data');
  }

  async postgresPid(): Promise<number> {
    return (await postmasterOf(this.postgresDir))?.pid ?? 0;
  }

  tokenFor(who: Who): Promise<string> {
    return this.tokens.for(who);
  }

  call(id: RouteId, request: RouteRequest): Promise<ApiAnswer> {
    return call(this, id, request);
  }

  raw(request: RawRequest): Promise<ApiAnswer> {
    return sendRaw(this.url, request);
  }

  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null> {
    return this.process.stop();
  }

  signal(name: NodeJS.Signals): void {
    this.process.signal(name);
  }

  get exited(): Promise<number | null> {
    return this.process.exited;
  }

  kill9(): Promise<void> {
    return this.process.kill9();
  }

  /** Starts the process again over the same data folder. */
  async restart(): Promise<void> {
    this.process = Standalone.spawn(this.dataDir, this.env);
    this.address = await Standalone.listening(this.dataDir, this.process);
  }

  /** The log beside the product; `dispose` closes it. */
  async openLedger(): Promise<LedgerReader> {
    this.reader = await LedgerReader.open(this.postgresDir);
    return this.reader;
  }

  /**
   * Leaves nothing behind: no process, no database server, no folder.
   * Whatever a test did here, its decisions can be derived again from what they left (G7).
   */
  async dispose(): Promise<void> {
    try {
      if (await isAlive(await this.postgresPid())) await (this.reader ?? (await this.openLedger())).close();
    } finally {
      await this.process.stop();
      if (await isAlive(await this.postgresPid())) await stopPostgres(this.postgresDir);
      await rm(this.dataDir, { recursive: true, force: true });
    }
  }
}
