import { createCelRules } from '@verdict/adapter-cel';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileSealer } from '@verdict/adapter-file';
import {
  allowReadModels,
  migrateAudit,
  migrateLog,
  openAuditStore,
  openPostgresJournals,
  openPostgresLeaves,
  openReadModels,
} from '@verdict/adapter-postgres';
import {
  LogBus,
  type AuditStore,
  type ChangeRequest,
  createDecideChange,
  type DecideChange,
  EntryLog,
  gateService,
  type Journals,
  type KeyStore,
  type Platform,
  Projector,
  type ReadModels,
  type RequestMeta,
  ServiceHost,
  silentObserver,
  type StoredEntry,
} from '@verdict/application';
import { microUsd } from '@verdict/domain';
import { createHttpApp, createLogger, uuidV7 } from '@verdict/nest-kit';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { AuditExportModule } from '../audit-export.module.js';
import type { AuditExportOptions } from '../services.js';

export interface Databases {
  readonly adminUrl: string;
  readonly serviceUrl: string;
}

/** What a test does to the world behind its back. */
export interface Tricks {
  /** Added to the clock of the services. */
  skewMs: number;
  /** Ids that the read models have lost. */
  readonly lostIds: Set<string>;
  /** Journals whose store gives out changed entries. */
  readonly tampered: Set<string>;
}

/** The log, the read models and the gate of one process, and what audit-export needs besides. */
export interface World {
  readonly platform: Platform;
  readonly store: AuditStore;
  readonly options: AuditExportOptions;
  readonly tricks: Tricks;
  /** Makes this many decisions, one after the other. */
  decide(tenantId: string, count: number, label: string): Promise<void>;
  close(): Promise<void>;
}

const metaOf = (tenantId: string, key: string): RequestMeta => ({
  caller: {
    tenantId,
    subject: 'pipeline',
    actor: { kind: 'service', id: 'pipeline', roles: ['service'] },
    groups: [],
    projects: null,
    onBehalfOf: null,
  },
  key,
  correlationId: null,
  traceparent: null,
});

const change = (label: string): ChangeRequest => ({
  source: 'terraform',
  action: 'apply',
  resourceReference: `module.${label}`,
  projectId: 'web',
  environment: 'dev',
  claim: { method: 'declared', monthly: microUsd(1_000_000n), hourly: null, isInvalid: false },
  metadata: '{}',
  documents: {},
  planSha256: null,
  run: null,
  isDryRun: false,
  expectedFingerprint: null,
  justification: null,
  ticket: null,
});

async function* changed(entries: AsyncIterable<StoredEntry>): AsyncGenerator<StoredEntry> {
  for await (const entry of entries) {
    const text = Buffer.from(entry.bytes).toString('utf8').replace('"pipeline"', '"somebody"');
    yield { ...entry, bytes: Buffer.from(text, 'utf8') };
  }
}
const tamperedWith = (journals: Journals, { tampered }: Tricks): Journals => ({
  ...journals,
  read: (journal, from, limit) =>
    tampered.has(journal) ? changed(journals.read(journal, from, limit)) : journals.read(journal, from, limit),
});

async function* without(ids: AsyncIterable<string>, lost: ReadonlySet<string>): AsyncGenerator<string> {
  for await (const id of ids) if (!lost.has(id)) yield id;
}
const withLosses = (models: ReadModels, { lostIds }: Tricks): ReadModels =>
  new Proxy(models, {
    get: (target, name) =>
      name === 'idsInRange'
        ? (...range: Parameters<ReadModels['idsInRange']>) => without(target.idsInRange(...range), lostIds)
        : bound(target, Reflect.get(target, name)),
  });
const bound = (target: ReadModels, member: unknown): unknown =>
  typeof member === 'function'
    ? (...values: readonly unknown[]): unknown => Reflect.apply(member, target, values)
    : member;

const QUICK = { publishEveryMs: 100, jobPollMs: 50, barrierMs: 5_000 };
const TRIES_MAX = 20;
const decideOne = async (decideChange: DecideChange, tenantId: string, name: string): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    const result = await decideChange(change(name), metaOf(tenantId, name));
    if (result.kind === 'done') return;
    if (tries === TRIES_MAX) throw new Error(JSON.stringify(result));
    await new Promise((resolve) => setTimeout(resolve, 10)); // A new tenant has no policy yet.
  }
};

export const openWorld = async ({ adminUrl, serviceUrl }: Databases, keys: KeyStore): Promise<World> => {
  await migrateLog(adminUrl);
  await allowReadModels(adminUrl);
  await migrateAudit(adminUrl);
  const folder = await mkdtemp(join(tmpdir(), 'verdict-audit-'));
  const journals = await openPostgresJournals({ url: serviceUrl });
  const tricks: Tricks = { skewMs: 0, lostIds: new Set(), tampered: new Set() };
  const log = new EntryLog(tamperedWith(journals, tricks));
  const models = await openReadModels({ url: serviceUrl });
  const clock = { nowMs: () => Date.now() + tricks.skewMs };
  const projector = new Projector({ log, store: models.store, clock });
  await projector.start();
  const store = await openAuditStore({ url: serviceUrl });
  const leaves = openPostgresLeaves({ url: serviceUrl });
  const platform: Platform = {
    ...{
      log,
      bus: new LogBus(log.journals),
      readModels: withLosses(models.readModels, tricks),
      barrier: projector,
      keys,
      clock,
      rules: createCelRules(),
      observer: silentObserver,
      logHost: 'ledger.example',
    },
    sealer: openFileSealer(join(folder, 'sealing')),
    ids: { uuid: () => uuidV7(Date.now()), randomText: (count) => Buffer.alloc(count, 7).toString('base64url') },
  };
  const gate = new ServiceHost(gateService, platform);
  await gate.start();
  const decideChange = createDecideChange({ gate, ...platform });
  return {
    ...{ platform, store, tricks },
    options: { exportsDir: join(folder, 'exports'), store, leaves, ...QUICK },
    decide: async (tenantId, count, label) => {
      for (let index = 0; index < count; index += 1)
        await decideOne(decideChange, tenantId, `${label}-${index.toString()}`);
    },
    close: async () => {
      await gate.stop();
      await projector.stop();
      await models.close();
      await leaves.close();
      await store.close();
      await journals.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly bytes: Buffer;
  /** Parsed body. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface AuditApp {
  call(method: 'GET' | 'POST', path: string, more?: CallOptions): Promise<Answered>;
  close(): Promise<void>;
}
export interface CallOptions {
  readonly tenant?: string;
  readonly roles?: readonly string[];
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const ISSUER = 'https://issuer.test';

const tokenFor = (key: CryptoKey, tenant: string, roles: readonly string[]): Promise<string> => {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  return new SignJWT({ iss: ISSUER, aud: 'verdict', sub: 'ursula', tenant_id: tenant, roles: [...roles], exp })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'k1' })
    .sign(key);
};

/** The app over HTTP, with an issuer of its own. */
export const openAuditApp = async (world: World, options: Partial<AuditExportOptions> = {}): Promise<AuditApp> => {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'EdDSA', use: 'sig' };
  const issuer = {
    issuer: ISSUER,
    audience: 'verdict',
    tenantClaim: 'tenant_id',
    jwks: { keys: [{ ...jwk, kty: 'OKP' }] },
  };
  const names = { METRIC_PREFIX: 'p_', METRIC_ALIAS_PREFIXES: [] } as const;
  const config = { AUTH_ISSUERS: [issuer], LOG_LEVEL: 'error', ...names } as const;
  const logger = createLogger({
    service: 'audit-export',
    level: 'error',
    stream: { write: (line: string) => void process.stderr.write(line) },
  });
  const module = AuditExportModule.register(world.platform, { ...world.options, ...options });
  const app = await createHttpApp({
    ...{ service: 'audit-export', module, arrivals: world.platform, config, logger },
  });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return {
    call: async (method, path, { tenant = 'acme', roles = ['auditor'], body, headers = {} } = {}) => {
      const url = path.startsWith('/.') ? path : `/api/v1/enforcement${path}`;
      const answer = await app.inject({
        ...{ method, url },
        headers: {
          authorization: `Bearer ${await tokenFor(privateKey, tenant, roles)}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      });
      const isJson = String(answer.headers['content-type'] ?? '').includes('json');
      return {
        status: answer.statusCode,
        headers: answer.headers,
        bytes: answer.rawPayload,
        json: isJson ? answer.json<Record<string, unknown>>() : {},
      };
    },
    close: () => app.close(),
  };
};
