import { resolve } from 'node:path';
import {
  type Clock,
  EntryLog,
  type Ids,
  type KeyStore,
  type Platform,
  Projector,
  type ProjectorObserver,
  type Sealer,
} from '@verdict/application';
import { openFileKeyStore, openFileSealer } from '@verdict/adapter-file';
import { migrateDatabase, openPostgresJournals, openReadModels } from '@verdict/adapter-postgres';
import type { Health, Metrics } from '@verdict/nest-kit';
import type { Logger } from 'pino';
import { metricsObserver } from './observers.js';
import { systemClock, systemIds } from './system.js';
import { tracedJournals } from './traced-journals.js';

export interface PlatformOptions {
  /** Role `verdict_service`: appends, reads, owns the read models. */
  readonly url: string;
  /** Administrator of the database; absent: somebody else migrates it. */
  readonly adminUrl: string | undefined;
  readonly keysDir: string;
  readonly logHost: string;
  readonly commitDelayMs: number;
  /** Spans around appends; pointless while tracing is off. */
  readonly isTraced: boolean;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly ids?: Ids;
}

export interface OpenPlatform extends Platform {
  readonly url: string;
  readonly projector: Projector;
  close(): Promise<void>;
}

const projectorObserver = (logger: Logger): ProjectorObserver => ({
  applied: () => undefined,
  failed: ({ journal, revision, tries, error }) => {
    logger.warn(
      { journal, revision: revision.toString(), tries, err: error },
      'a projection failed and is tried again',
    );
  },
  parked: ({ journal }) => {
    logger.error(
      { journal },
      'a projection was parked: later entries of this journal wait for `verdict journals resume`',
    );
  },
  resumed: (journal) => {
    logger.info({ journal }, 'a parked projection was resumed');
  },
  unavailable: (error) => {
    logger.warn({ err: error }, 'the log or the read models cannot be reached; trying again');
  },
});

const LAG_EVERY_MS = 5_000;

/** Sets lag and parked journals from time to time: a gauge is set by its owner, never on a read. */
const watchLag = (projector: Projector, metrics: Metrics): NodeJS.Timeout =>
  setInterval(() => {
    const { oldestMs, parkedJournals } = projector.lag();
    metrics.projectionLagSeconds.set(oldestMs / 1000, 'read_models');
    metrics.parkedJournals.set(parkedJournals.length, 'read_models');
  }, LAG_EVERY_MS).unref();

const openKeys = async (keysDir: string): Promise<{ readonly keys: KeyStore; readonly sealer: Sealer }> => {
  const dir = resolve(keysDir);
  return { keys: await openFileKeyStore(dir), sealer: openFileSealer(resolve(dir, 'subjects')) };
};

/**
 * Opens every port of one process: the log and the read models on Postgres, keys in files. The one place where adapters
 * meet; a process that wants others (a broker, another log) is wired here and nowhere else.
 */
export const openPlatform = async (options: PlatformOptions): Promise<OpenPlatform> => {
  const { url, adminUrl, logger, metrics, health, commitDelayMs } = options;
  if (adminUrl !== undefined) await migrateDatabase(adminUrl);
  const journals = await openPostgresJournals({
    url,
    ...(commitDelayMs > 0 ? { commitDelayMs } : {}),
    onFeedLost: (reason) => {
      logger.warn({ reason }, 'the log feed lost its connection; polling goes on');
    },
  });
  const log = new EntryLog(options.isTraced ? tracedJournals(journals) : journals);
  const { keys, sealer } = await openKeys(options.keysDir);
  const clock = options.clock ?? systemClock;
  const opened = await openReadModels({ url });
  const { readModels, store } = opened;
  const projector = new Projector({ log, store, clock }, { observer: projectorObserver(logger) });
  await projector.start();
  const lag = watchLag(projector, metrics);
  health.add('read_models', async () => {
    await readModels.highWater('readiness');
  });
  return {
    url,
    log,
    readModels,
    barrier: projector,
    projector,
    keys,
    sealer,
    clock,
    ids: options.ids ?? systemIds,
    observer: metricsObserver(metrics),
    logHost: options.logHost,
    close: async () => {
      clearInterval(lag);
      await projector.stop();
      await opened.close();
      await journals.close();
    },
  };
};
