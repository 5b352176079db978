import { chmod, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ApprovalsModule } from '@verdict/app-approvals/module';
import { AuditExportModule } from '@verdict/app-audit-export/module';
import { GateModule } from '@verdict/app-gate/module';
import { ReconciliationModule } from '@verdict/app-reconciliation/module';
import { type EmbeddedLog, startEmbeddedPostgres } from '@verdict/adapter-postgres';
import { REASON_CODES } from '@verdict/domain';
import {
  createHttpApp,
  createLogger,
  Health,
  listenHttpApp,
  Metrics,
  type Running,
  runMain,
  serveDocs,
  startTracing,
  stopHttpApp,
} from '@verdict/nest-kit';
import { apiDocument, openAudit, openPlatform } from '@verdict/platform';
import { loadStandaloneConfig } from './config.js';
import { ownIssuer } from './own-issuer.js';
import { removeServerFile, writeServerFile } from './server-file.js';
import { StandaloneModule } from './standalone.module.js';

const DATA_DIR_MODE = 0o711; // The database server runs as another user and must reach its own folder below.

const start = async (): Promise<Running> => {
  const config = loadStandaloneConfig(process.env);
  const tracing = await startTracing({ serviceName: 'verdict-standalone', endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, preload: ['pg'] });
  const logger = createLogger({ service: 'standalone', level: config.LOG_LEVEL });
  const dataDir = resolve(config.VERDICT_DATA_DIR);
  await mkdir(dataDir, { recursive: true });
  await chmod(dataDir, DATA_DIR_MODE); // Whatever the umask is.
  const postgresLog: EmbeddedLog = (message, fields) => { logger.info({ part: 'postgres', ...fields }, message); };
  const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres', 'data'), log: postgresLog });
  const metrics = new Metrics({ prefix: config.METRIC_PREFIX, aliasPrefixes: config.METRIC_ALIAS_PREFIXES, reasonCodes: REASON_CODES });
  const health = new Health();
  const platform = await openPlatform({
    url: postgres.serviceUrl,
    adminUrl: postgres.url,
    keysDir: join(dataDir, 'keys'),
    logHost: config.VERDICT_LOG_HOST,
    commitDelayMs: config.VERDICT_COMMIT_DELAY_MS,
    isTraced: config.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined,
    metrics,
    health,
    logger,
  });
  const audit = await openAudit({ url: postgres.serviceUrl, adminUrl: postgres.url, exportsDir: join(dataDir, 'exports') });
  const module = StandaloneModule.of(
    GateModule.register(platform),
    ApprovalsModule.register(platform),
    ReconciliationModule.register(platform),
    AuditExportModule.register(platform, audit.options),
  );
  const issuers = [await ownIssuer(platform.keys), ...config.AUTH_ISSUERS];
  const app = await createHttpApp({ service: 'standalone', module, config: { ...config, AUTH_ISSUERS: issuers }, logger, metrics, health });
  serveDocs(app, apiDocument());
  const url = await listenHttpApp(app, config.VERDICT_HOST, config.VERDICT_PORT);
  await writeServerFile(dataDir, url);
  logger.info({ url, dataDir }, 'ready');
  return {
    stop: async () => {
      await removeServerFile(dataDir);
      await stopHttpApp(app);
      await audit.close();
      await platform.close();
      await postgres.stop();
      await tracing.stop();
      logger.info('stopped');
      logger.flush();
    },
  };
};

await runMain({ start });
