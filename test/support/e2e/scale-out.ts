import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openEventStoreJournals } from '@verdict/adapter-eventstoredb';
import { openFileKeyStore } from '@verdict/adapter-file';
import {
  type EmbeddedPostgres,
  openPostgresJournals,
  rebuildReadModels,
  startEmbeddedPostgres,
} from '@verdict/adapter-postgres';
import { EntryLog, type Journals } from '@verdict/application';
import type { RouteId } from '@verdict/contracts';
import type { EventStoreServer } from '../eventstore-server/src/index.js';
import { type Api, type ApiAnswer, call, type RouteRequest, sendRaw } from './api.js';
import { expectReplayable } from '../replay-journals.js';
import { type App, appOfRoute } from './app-of-route.js';
import { marksIn } from './marks.js';
import { ProductProcess, waitUntilNone } from './processes.js';
import { makeDataDir } from './standalone.js';
import { TokenMint, type Who } from './tokens.js';

/** The processes of a deployment: two gates, one of each other service. */
export const PROCESSES = ['gate-1', 'gate-2', 'approvals', 'reconciliation', 'audit-export'] as const;
export type ProcessName = (typeof PROCESSES)[number];
const appOf = (name: ProcessName): App => (name === 'gate-1' || name === 'gate-2' ? 'gate' : name);

export interface ScaleOutOptions {
  readonly brokers: readonly string[];
  /** The log; absent: Postgres. */
  readonly eventStore?: Pick<EventStoreServer, 'url'>;
  /** Stands before Postgres, as the processes see it; told the server's port, it says its own. */
  readonly postgresProxy?: (port: number) => Promise<number>;
  readonly env?: Readonly<Record<string, string>>;
}

/** As in the compose stack: each process takes up to twenty. */
const CONNECTIONS_MAX = 200;
const SETTLED_MS = 120_000;

const proxied = async (
  { serviceUrl, port }: EmbeddedPostgres,
  proxy: ScaleOutOptions['postgresProxy'],
): Promise<string> => {
  if (proxy === undefined) return serviceUrl;
  const url = new URL(serviceUrl);
  url.port = String(await proxy(port));
  return url.href;
};

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

  static async start({ brokers, eventStore, postgresProxy, env: more = {} }: ScaleOutOptions): Promise<ScaleOut> {
    const dataDir = await makeDataDir();
    const postgres = await startEmbeddedPostgres({
      dataDir: join(dataDir, 'postgres', 'data'),
      connectionsMax: CONNECTIONS_MAX,
      log: () => undefined,
    });
    const keysDir = join(dataDir, 'keys');
    const [key] = await (await openFileKeyStore(keysDir)).publicKeys('issuer');
    const x = Buffer.from(key?.publicKey ?? []).toString('base64url');
    const jwk = { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid: key?.kid, x };
    const env = {
      POSTGRES_URL: await proxied(postgres, postgresProxy),
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

  /** SIGKILL. Its address stays in use, as with a load balancer that has not noticed yet. */
  async kill9(name: ProcessName): Promise<void> {
    await this.process(name).kill9();
    this.processes.delete(name);
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

  /** The sum of a metric's series in one process; with `labels`, such as `kind="policy"`, of those that have them. */
  async metric(name: ProcessName, metric: string, labels = ''): Promise<number> {
    const { text } = await sendRaw(this.api(name).url, { method: 'GET', path: '/metrics' });
    const values = text
      .split('\n')
      .filter((line) => new RegExp(`^valdrics_ops_enforcement_${metric}[{ ]`).test(line) && line.includes(labels))
      .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
    return values.reduce((sum, value) => sum + value, 0);
  }

  /** Everything that was appended is published and projected, nothing is parked, and the gauges say so. */
  settled(limitMs = SETTLED_MS): Promise<void> {
    return waitUntilNone('topics and read models have caught up', () => this.behind(), limitMs);
  }

  /** What has not caught up: journals by their marks; where those are at the heads, gauges that do not say so. */
  async behind(): Promise<readonly string[]> {
    const names = await this.journals.list();
    const heads = await this.journals.heads(names);
    const { projected, relayed, parked } = await marksIn(this.postgres.serviceUrl);
    const journals = names.flatMap((name, index) => {
      const end = (heads[index] ?? -1n) + 1n;
      return [
        ...((projected.get(name) ?? 0n) === end ? [] : [`${name} is projected up to ${String(projected.get(name))}`]),
        ...((relayed.get(name) ?? 0n) === end ? [] : [`${name} is relayed up to ${String(relayed.get(name))}`]),
      ];
    });
    const found = [...journals, ...parked.map((name) => `${name} is parked`)];
    return found.length > 0 ? found : this.gaugesAboveZero();
  }

  async gaugesAboveZero(): Promise<readonly string[]> {
    const gauges = ['relay_lag_seconds', 'projection_lag_seconds', 'parked_journals'];
    const found = await Promise.all(
      [...this.processes.keys()].flatMap((name) =>
        gauges.map(async (gauge) => ({ gauge: `${gauge} of ${name}`, value: await this.metric(name, gauge) })),
      ),
    );
    return found.filter(({ value }) => value !== 0).map(({ gauge, value }) => `${gauge} is ${value}`);
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

  /** Whatever a test did to the processes, their decisions can be derived again from what they left (G7). */
  async dispose(): Promise<void> {
    for (const child of this.processes.values()) child.signal('SIGCONT');
    await Promise.all([...this.processes.values()].map((child) => child.stop()));
    try {
      await expectReplayable(this.journals);
    } finally {
      await this.journals.close();
      await this.postgres.stop();
      await rm(this.dataDir, { recursive: true, force: true });
    }
  }
}
