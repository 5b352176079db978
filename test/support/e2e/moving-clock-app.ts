import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApprovalsModule } from '@verdict/app-approvals/module';
import { AuditExportModule } from '@verdict/app-audit-export/module';
import { GateModule } from '@verdict/app-gate/module';
import { ReconciliationModule } from '@verdict/app-reconciliation/module';
import type { KeyStore } from '@verdict/application';
import type { RouteId } from '@verdict/contracts';
import { REASON_CODES } from '@verdict/domain';
import {
  createHttpApp,
  createLogger,
  Health,
  type Issuer,
  listenHttpApp,
  Metrics,
  stopHttpApp,
} from '@verdict/nest-kit';
import { openAudit, openPlatform, openRunTasks } from '@verdict/platform';
import type { TestDatabase } from '@verdict/testkit';
import { StandaloneModule } from '../../../apps/standalone/src/standalone.module.js';
import { type Memory, remembering } from '../remembering.js';
import { type Api, type ApiAnswer, call, type RouteRequest, sendRaw } from './api.js';
import { LedgerReader } from './ledger.js';
import { TokenMint, type Who } from './tokens.js';

const issuerOf = async (keys: KeyStore): Promise<Issuer> => ({
  issuer: 'verdict-standalone',
  audience: 'verdict',
  tenantClaim: 'tenant_id',
  jwks: {
    keys: (await keys.publicKeys('issuer')).map(({ kid, publicKey }) => ({
      ...{ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid },
      x: Buffer.from(publicKey).toString('base64url'),
    })),
  },
});

/** Metric lines by name and labels, as a scrape shows them: `gate_queue_depth`, `policy_changes_total{kind="budget"}`. */
export type Scrape = ReadonlyMap<string, number>;
const PREFIX = 'valdrics_ops_enforcement_';

const scrapeOf = (text: string): Scrape =>
  new Map(
    text.split('\n').flatMap((line) => {
      const at = line.lastIndexOf(' ');
      return line.startsWith(PREFIX) ? [[line.slice(PREFIX.length, at), Number(line.slice(at + 1))] as const] : [];
    }),
  );

/** The services of the standalone in the test's own process, over HTTP, on a clock that the test moves forward. */
export class MovingClockApp implements Api {
  private aheadMs = 0;
  private takenMs: number | undefined;
  private readonly closers: (() => Promise<void>)[] = [];
  private address = '';

  private constructor(
    private readonly mint: TokenMint,
    private readonly database: TestDatabase,
    private readonly folder: string,
  ) {}

  static async start(database: TestDatabase, memory: Memory = {}): Promise<MovingClockApp> {
    const folder = await mkdtemp(join(tmpdir(), 'verdict-app-'));
    const app = new MovingClockApp(new TokenMint(join(folder, 'keys')), database, folder);
    app.closers.push(() => rm(folder, { recursive: true, force: true }));
    await app.open(memory);
    return app;
  }

  /** Another process of the same deployment, with the same keys; to be disposed of before this one. */
  async startAnother(): Promise<MovingClockApp> {
    const other = new MovingClockApp(this.mint, this.database, this.folder);
    await other.open({});
    return other;
  }

  private async open(memory: Memory): Promise<void> {
    const { folder } = this;
    const { adminUrl, serviceUrl: url } = this.database;
    const logger = createLogger({ service: 'test', level: 'silent' });
    const [metrics, health] = [new Metrics({ reasonCodes: REASON_CODES, withProcess: false }), new Health()];
    const platform = await openPlatform({
      ...{ url, adminUrl, keysDir: join(folder, 'keys'), logHost: 'log.test', relayKinds: [], metrics, health, logger },
      logChoice: { kind: 'postgres', url, commitDelayMs: 0 },
      busChoice: { kind: 'log' },
      clock: { nowMs: () => Date.now() + this.aheadMs },
    });
    this.closers.unshift(() => platform.close());
    const audit = await openAudit({ url, adminUrl, exportsDir: join(folder, 'exports'), isLog: true });
    this.closers.unshift(() => audit.close());
    const runTasks = await openRunTasks({ url, publicUrl: undefined, logger });
    this.closers.unshift(() => runTasks.close());
    const services = remembering(memory);
    const module = StandaloneModule.of(
      GateModule.register(platform, runTasks.options),
      ApprovalsModule.register(platform, services.approvals),
      ReconciliationModule.register(platform, services.reconciliation),
      AuditExportModule.register(platform, audit.options),
    );
    const http = await createHttpApp({
      ...{ service: 'test', module, arrivals: platform, logger, metrics, health },
      config: {
        AUTH_ISSUERS: [await issuerOf(platform.keys)],
        LOG_LEVEL: 'error',
        METRIC_PREFIX: 'valdrics_ops_',
        METRIC_ALIAS_PREFIXES: [],
      },
    });
    this.closers.unshift(() => stopHttpApp(http));
    const fastify = http.getHttpAdapter().getInstance();
    fastify.addHook('onRequest', (_request, reply, done) => {
      const { takenMs } = this;
      if (takenMs !== undefined) Object.defineProperty(reply, 'elapsedTime', { value: takenMs });
      done();
    });
    this.address = await listenHttpApp(http, '127.0.0.1', 0);
  }

  get url(): string {
    return this.address;
  }

  tokenFor(who: Who): Promise<string> {
    return this.mint.for(who);
  }

  call(id: RouteId, request: RouteRequest): Promise<ApiAnswer> {
    return call(this, id, request);
  }

  get nowMs(): number {
    return Date.now() + this.aheadMs;
  }

  advance(seconds: number): void {
    this.aheadMs += seconds * 1000;
  }

  /** From now on calls are told that they take this long, whatever the machine does meanwhile. */
  callsTake(milliseconds: number): void {
    this.takenMs = milliseconds;
  }

  /** The clock's reactions that come once a minute are due now. */
  advanceToMinute(): void {
    this.aheadMs += 60_000 - (this.nowMs % 60_000);
  }

  async scrape(): Promise<Scrape> {
    const { text } = await sendRaw(this.url, { method: 'GET', path: '/metrics' });
    return scrapeOf(text);
  }

  /** Whatever a test did here, its decisions can be derived again from what they left (G7). */
  async dispose(): Promise<void> {
    const { serviceUrl, adminUrl } = this.database;
    try {
      await (await LedgerReader.at(serviceUrl, adminUrl)).close();
    } finally {
      for (const close of this.closers.splice(0)) await close();
    }
  }
}
