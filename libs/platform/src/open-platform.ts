import { resolve } from 'node:path';
import {
  type Clock,
  EntryLog,
  type Ids,
  type JournalKind,
  type KeyStore,
  type Platform,
  Projector,
  type ProjectorObserver,
  type Sealer,
} from '@verdict/application';
import { createCelRules } from '@verdict/adapter-cel';
import { openFileKeyStore, openFileSealer } from '@verdict/adapter-file';
import { migrateDatabase, openReadModels } from '@verdict/adapter-postgres';
import type { Health, Metrics } from '@verdict/nest-kit';
import type { Logger } from 'pino';
import { coreObserver } from './observers.js';
import { type BusChoice, openBus } from './open-bus.js';
import { type LogChoice, openLog } from './open-log.js';
import { openRelays } from './open-relays.js';
import { systemClock, systemIds } from './system.js';
import { tracedAppend, tracedApply } from './traced.js';

export interface PlatformOptions {
  /** Role `verdict_service` of the database: owns the read models; appends and reads where it is the log too. */
  readonly url: string;
  /** Administrator of the database; absent: somebody else migrates it. */
  readonly adminUrl: string | undefined;
  readonly keysDir: string;
  readonly logHost: string;
  readonly logChoice: LogChoice;
  readonly busChoice: BusChoice;
  /** Kinds of journals that this process writes, and therefore relays where the bus is not the log itself. */
  readonly relayKinds: readonly JournalKind[];
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
 * Opens every port of one process: the log and the bus as chosen, the read models on Postgres, keys in files. The one place
 * where adapters meet.
 */
export const openPlatform = async (options: PlatformOptions): Promise<OpenPlatform> => {
  const { url, adminUrl, logger, metrics, health, logHost } = options;
  if (adminUrl !== undefined) await migrateDatabase(adminUrl);
  const journals = await openLog(options.logChoice, logger);
  const log = new EntryLog(journals, tracedAppend);
  const bus = await openBus(options.busChoice, { journals, logHost, logger, metrics });
  const { keys, sealer } = await openKeys(options.keysDir);
  const clock = options.clock ?? systemClock;
  const opened = await openReadModels({ url });
  const { readModels, store } = opened;
  const projector = new Projector(
    { log, bus, store, clock },
    { observer: projectorObserver(logger), around: tracedApply },
  );
  await projector.start();
  const lag = watchLag(projector, metrics);
  const kinds = options.busChoice.kind === 'log' ? [] : options.relayKinds;
  const relays = await openRelays({ kinds, url, log, bus, clock, logger, metrics });
  health.add('read_models', async () => {
    await readModels.highWater('readiness');
  });
  return {
    url,
    log,
    bus,
    readModels,
    barrier: projector,
    projector,
    keys,
    sealer,
    clock,
    ids: options.ids ?? systemIds,
    rules: createCelRules(),
    observer: coreObserver({ metrics, logger, clock }),
    logHost,
    close: async () => {
      clearInterval(lag);
      await relays.close();
      await projector.stop();
      await bus.close();
      await opened.close();
      await journals.close();
    },
  };
};
