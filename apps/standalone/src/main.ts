import { chmod, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ApprovalsModule } from '@verdict/app-approvals/module';
import { AuditExportModule } from '@verdict/app-audit-export/module';
import { GateModule } from '@verdict/app-gate/module';
import { ReconciliationModule } from '@verdict/app-reconciliation/module';
import { type EmbeddedLog, type EmbeddedPostgres, startEmbeddedPostgres } from '@verdict/adapter-postgres';
import { REASON_CODES } from '@verdict/domain';
import {
  createHttpApp,
  createLogger,
  Health,
  listenHttpApp,
  Metrics,
  readTls,
  type Running,
  runMain,
  serveDocs,
  startTracing,
  stopHttpApp,
} from '@verdict/nest-kit';
import { apiDocument, openAudit, openPlatform, openRunTasks, reviewBytes } from '@verdict/platform';
import { loadStandaloneConfig, type StandaloneConfig } from './config.js';
import { ownIssuer } from './own-issuer.js';
import { removeServerFile, writeServerFile } from './server-file.js';
import { StandaloneModule } from './standalone.module.js';

const DATA_DIR_MODE = 0o711; // The database server runs as another user and must reach its own folder below.

const instrumentsOf = (config: StandaloneConfig) => ({
  logger: createLogger({ service: 'standalone', level: config.LOG_LEVEL }),
  metrics: new Metrics({
    prefix: config.METRIC_PREFIX,
    aliasPrefixes: config.METRIC_ALIAS_PREFIXES,
    reasonCodes: REASON_CODES,
  }),
  health: new Health(),
});
type Instruments = ReturnType<typeof instrumentsOf>;

const openDatabase = async (dataDir: string, { logger }: Instruments): Promise<EmbeddedPostgres> => {
  await mkdir(dataDir, { recursive: true });
  await chmod(dataDir, DATA_DIR_MODE); // Whatever the umask is.
  const log: EmbeddedLog = (message, fields) => {
    logger.info({ part: 'postgres', ...fields }, message);
  };
  return startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres', 'data'), log });
};

/** What was opened, in order; it is closed in the opposite one, also when the start fails half-way. */
class Opened {
  private readonly closers: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.closers.unshift(close);
  }

  async close(): Promise<void> {
    for (const close of this.closers.splice(0)) await close();
  }
}

const openServices = async (
  config: StandaloneConfig,
  {
    dataDir,
    postgres,
    opened,
  }: { readonly dataDir: string; readonly postgres: EmbeddedPostgres; readonly opened: Opened },
  instruments: Instruments,
) => {
  const { url: adminUrl, localUrl: url } = postgres;
  const platform = await openPlatform({
    url,
    adminUrl,
    keysDir: join(dataDir, 'keys'),
    logHost: config.VERDICT_LOG_HOST,
    logChoice: { kind: 'postgres', url, commitDelayMs: config.VERDICT_COMMIT_DELAY_MS },
    busChoice: { kind: 'log' },
    relayKinds: [],
    ...instruments,
  });
  opened.add(() => platform.close());
  const audit = await openAudit({ url, adminUrl, exportsDir: join(dataDir, 'exports'), isLog: true });
  opened.add(() => audit.close());
  const { logger } = instruments;
  const runTasks = await openRunTasks({ url, publicUrl: config.VERDICT_PUBLIC_URL, logger });
  opened.add(() => runTasks.close());
  const module = StandaloneModule.of(
    GateModule.register(platform, runTasks.options),
    ApprovalsModule.register(platform),
    ReconciliationModule.register(platform),
    AuditExportModule.register(platform, audit.options),
  );
  return { module, platform, issuers: [await ownIssuer(platform.keys), ...config.AUTH_ISSUERS] };
};

const open = async (config: StandaloneConfig, opened: Opened): Promise<void> => {
  const tls = readTls(config);
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  const tracing = await startTracing({ serviceName: 'verdict-standalone', endpoint, preload: ['pg'] });
  opened.add(() => tracing.stop());
  const instruments = instrumentsOf(config);
  const { logger } = instruments;
  opened.add(() => {
    logger.info('stopped');
    logger.flush();
    return Promise.resolve();
  });
  const dataDir = resolve(config.VERDICT_DATA_DIR);
  const postgres = await openDatabase(dataDir, instruments);
  opened.add(() => postgres.stop());
  const { module, platform, issuers } = await openServices(config, { dataDir, postgres, opened }, instruments);
  const app = await createHttpApp({
    service: 'standalone',
    module,
    arrivals: platform,
    config: { ...config, AUTH_ISSUERS: issuers },
    tls,
    bodyBytesMax: reviewBytes(config),
    ...instruments,
  });
  opened.add(() => stopHttpApp(app));
  serveDocs(app, apiDocument());
  const url = await listenHttpApp(app, config.VERDICT_HOST, config.VERDICT_PORT);
  await writeServerFile(dataDir, url);
  opened.add(() => removeServerFile(dataDir));
  logger.info({ url, dataDir }, 'ready');
};

const start = async (): Promise<Running> => {
  const config = loadStandaloneConfig(process.env);
  const opened = new Opened();
  try {
    await open(config, opened);
  } catch (error) {
    await opened.close(); // A port that is taken must not leave a database running behind.
    throw error;
  }
  return { stop: () => opened.close() };
};

await runMain({ start });
