import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openEventStoreJournals } from '@verdict/adapter-eventstoredb';
import { openFileKeyStore } from '@verdict/adapter-file';
import {
  type EmbeddedPostgres,
  openPostgresJournals,
  openReadModels,
  rebuildReadModels,
  startEmbeddedPostgres,
} from '@verdict/adapter-postgres';
import { EntryLog, type Journals } from '@verdict/application';
import type { RouteId } from '@verdict/contracts';
import type { EventStoreServer } from '../eventstore-server/src/index.js';
import { type Api, type ApiAnswer, call, type RouteRequest, sendRaw } from './api.js';
import { type App, appOfRoute } from './app-of-route.js';
import { ProductProcess, waitUntil } from './processes.js';
import { makeDataDir } from './standalone.js';
import { TokenMint, type Who } from './tokens.js';

/** The processes of a deployment: two gates, one of each other service. */
export const PROCESSES = ['gate-1', 'gate-2', 'approvals', 'reconciliation', 'audit-export'] as const;
export type ProcessName = (typeof PROCESSES)[number];
const appOf = (name: ProcessName): App => (name === 'gate-1' || name === 'gate-2' ? 'gate' : name);

export interface ScaleOutOptions {
  readonly brokers: readonly string[];
  /** The log; absent: Postgres. */
  readonly eventStore?: EventStoreServer;
  readonly env?: Readonly<Record<string, string>>;
}

const SETTLED_MS = 90_000;

/** A whole deployment in processes of their own over a real broker, on loopback, in a folder that `dispose` removes. */
export class ScaleOut {
  private readonly processes = new Map<ProcessName, ProductProcess>();
  private readonly urls = new Map<ProcessName, string>();
  private turn = 0;

  private constructor(
    private readonly dataDir: string,
    readonly postgres: EmbeddedPostgres,
    private readonly env: Readonly<Record<string, string>>,
    readonly journals: Journals,
    private readonly mint: TokenMint,
  ) {}

  static async start({ brokers, eventStore, env: more = {} }: ScaleOutOptions): Promise<ScaleOut> {
    const dataDir = await makeDataDir();
    const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres', 'data'), log: () => undefined });
    const keysDir = join(dataDir, 'keys');
    const [key] = await (await openFileKeyStore(keysDir)).publicKeys('issuer');
    const x = Buffer.from(key?.publicKey ?? []).toString('base64url');
    const jwk = { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid: key?.kid, x };
    const env = {
      POSTGRES_URL: postgres.serviceUrl,
      POSTGRES_ADMIN_URL: postgres.url,
      VERDICT_KEYS_DIR: keysDir,
      VERDICT_EXPORTS_DIR: join(dataDir, 'exports'),
      HTTP_PORT: '0',
      AUTH_ISSUERS: JSON.stringify([{ issuer: 'verdict-standalone', jwks: { keys: [jwk] } }]),
      VERDICT_BUS: 'kafka',
      KAFKA_BROKERS: brokers.join(','),
      KAFKA_TOPIC_PREFIX: `e2e-${randomBytes(6).toString('hex')}`,
      KAFKA_TOPIC_PARTITIONS: '4',
      KAFKA_TOPIC_REPLICATION: '1',
      KAFKA_TOPIC_MIN_ISR: '1',
      ...(eventStore === undefined ? {} : { VERDICT_LOG: 'eventstoredb', EVENTSTORE_URL: eventStore.url }),
      ...more,
    };
    // The first migrates; the others find the database as they need it.
    const first = new ProductProcess('gate', env);
    const url = await first.ready();
    const journals =
      eventStore === undefined
        ? await openPostgresJournals({ url: postgres.serviceUrl })
        : await openEventStoreJournals({ url: eventStore.url });
    const made = new ScaleOut(dataDir, postgres, env, journals, new TokenMint(keysDir));
    made.processes.set('gate-1', first);
    made.urls.set('gate-1', url);
    await Promise.all(PROCESSES.slice(1).map((name) => made.run(name)));
    return made;
  }

  /** Starts a process that does not run. */
  async run(name: ProcessName): Promise<void> {
    const child = new ProductProcess(appOf(name), this.env);
    this.processes.set(name, child);
    this.urls.set(name, await child.ready());
  }

  process(name: ProcessName): ProductProcess {
    const found = this.processes.get(name);
    if (found === undefined) throw new Error(`${name} does not run`);
    return found;
  }

  api(name: ProcessName): Api {
    return { url: this.urls.get(name) ?? '', tokenFor: (who: Who) => this.mint.for(who) };
  }

  /** The process that serves a route; the gates take turns. */
  private apiFor(id: RouteId): Api {
    const app = appOfRoute(id);
    if (app !== 'gate') return this.api(app);
    this.turn += 1;
    return this.api(this.turn % 2 === 0 ? 'gate-1' : 'gate-2');
  }

  readonly send = (id: RouteId, request: RouteRequest): Promise<ApiAnswer> => call(this.apiFor(id), id, request);

  readonly need = async (id: RouteId, request: RouteRequest): Promise<ApiAnswer> => {
    const answer = await this.send(id, request);
    if (answer.status < 300) return answer;
    throw new Error(`${id} answered ${String(answer.status)}: ${answer.text}`);
  };

  /** The sum of a metric's series in one process. */
  async metric(name: ProcessName, metric: string): Promise<number> {
    const { text } = await sendRaw(this.api(name).url, { method: 'GET', path: '/metrics' });
    const values = text
      .split('\n')
      .filter((line) => new RegExp(`^valdrics_ops_enforcement_${metric}[{ ]`).test(line))
      .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
    return values.reduce((sum, value) => sum + value, 0);
  }

  /** Everything that was appended is published and projected, and the gauges say so. */
  async settled(limitMs = SETTLED_MS): Promise<void> {
    const running = PROCESSES.filter((name) => this.processes.has(name));
    const lag = async (): Promise<number> => {
      const lags = await Promise.all(
        running.flatMap((name) => [
          this.metric(name, 'relay_lag_seconds'),
          this.metric(name, 'projection_lag_seconds'),
        ]),
      );
      return lags.reduce((sum, value) => sum + value, 0);
    };
    await waitUntil('marks reach the heads', async () => (await this.missing()) === 0, limitMs);
    await waitUntil('the lag gauges fall to 0', async () => (await lag()) === 0, limitMs);
  }

  /** Entries of the log that are not in the read models. */
  private async missing(): Promise<number> {
    const names = await this.journals.list();
    const heads = await this.journals.heads(names);
    const opened = await openReadModels({ url: this.postgres.serviceUrl, poolSize: 1 });
    try {
      const marks = await opened.store.marks();
      return names.reduce((sum, name, index) => sum + Number((heads[index] ?? -1n) + 1n - (marks.get(name) ?? 0n)), 0);
    } finally {
      await opened.close();
    }
  }

  /** Whether the read models say what a rebuild from the log says. */
  async equalsRebuild(): Promise<boolean> {
    const { isEqual } = await rebuildReadModels({
      url: this.postgres.serviceUrl,
      log: new EntryLog(this.journals),
      verifyOnly: true,
    });
    return isEqual;
  }

  async dispose(): Promise<void> {
    for (const child of this.processes.values()) child.signal('SIGCONT');
    await Promise.all([...this.processes.values()].map((child) => child.stop()));
    await this.journals.close();
    await this.postgres.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
