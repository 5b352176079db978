import type { JournalKind } from '@verdict/application';
import { REASON_CODES } from '@verdict/domain';
import { openApiDocument } from '@verdict/contracts';
import {
  createHttpApp,
  createLogger,
  Health,
  type HttpAppOptions,
  isProblemCode,
  listenHttpApp,
  loadConfig,
  Metrics,
  PROBLEMS,
  readTls,
  type Running,
  runMain,
  serveDocs,
  startTracing,
  stopHttpApp,
} from '@verdict/nest-kit';
import type { Logger } from 'pino';
import { reviewBytes, ServiceEnv, type ServiceConfig } from './config.js';
import { type OpenPlatform, openPlatform } from './open-platform.js';
import { busChoiceOf, logChoiceOf } from './scale-out.js';

export const VERSION = '0.1.0';

const problemRow = (code: string) => PROBLEMS[isProblemCode(code) ? code : 'internal_error'];

/** The API's document, from the same schemas that check the requests. */
export const apiDocument = () =>
  openApiDocument({
    version: VERSION,
    problems: { statusOf: (code) => problemRow(code).status, titleOf: (code) => problemRow(code).title },
  });

export interface ServiceMain {
  readonly name: string;
  /** Kinds of journals that the service writes. */
  readonly writes: readonly JournalKind[];
  /** The service's module over the opened ports. */
  readonly moduleOf: (
    platform: OpenPlatform,
    config: ServiceConfig,
    logger: Logger,
  ) => Promise<{ readonly module: HttpAppOptions['module']; readonly close?: () => Promise<void> }>;
}

const instrumentsOf = (name: string, config: ServiceConfig) => ({
  logger: createLogger({ service: name, level: config.LOG_LEVEL }),
  metrics: new Metrics({
    prefix: config.METRIC_PREFIX,
    aliasPrefixes: config.METRIC_ALIAS_PREFIXES,
    reasonCodes: REASON_CODES,
  }),
  health: new Health(),
});

const start = async ({ name, writes: relayKinds, moduleOf }: ServiceMain): Promise<Running> => {
  const config = loadConfig(ServiceEnv, process.env);
  const tls = readTls(config);
  const tracing = await startTracing({
    serviceName: `verdict-${name}`,
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    preload: ['pg'],
  });
  const { logger, metrics, health } = instrumentsOf(name, config);
  const platform = await openPlatform({
    url: config.POSTGRES_URL,
    adminUrl: config.POSTGRES_ADMIN_URL,
    keysDir: config.VERDICT_KEYS_DIR,
    logHost: config.VERDICT_LOG_HOST,
    logChoice: logChoiceOf(config),
    busChoice: busChoiceOf(config),
    relayKinds,
    metrics,
    health,
    logger,
  });
  const { module, close } = await moduleOf(platform, config, logger);
  const app = await createHttpApp({
    service: name,
    module,
    arrivals: platform,
    config,
    logger,
    metrics,
    health,
    tls,
    bodyBytesMax: reviewBytes(config),
  });
  serveDocs(app, apiDocument());
  const url = await listenHttpApp(app, config.HTTP_HOST, config.HTTP_PORT);
  logger.info({ url }, 'ready');
  return {
    stop: async () => {
      await stopHttpApp(app);
      await close?.();
      await platform.close();
      await tracing.stop();
      logger.info('stopped');
      logger.flush();
    },
  };
};

/** Runs one service as a process of its own, from its environment to its last answer. */
export const runService = (main: ServiceMain): Promise<void> => runMain({ start: () => start(main) });
