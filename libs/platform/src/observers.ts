import type { Clock, Observer } from '@verdict/application';
import type { Metrics } from '@verdict/nest-kit';
import type { Logger } from 'pino';

/** A defect comes back with every tick of every tenant's clock: one line a minute says as much as thousands. */
const LINE_EVERY_MS = 60_000;

/** Counts and logs what the core tells of its appends and reactions. @source contract section 15 */
export const coreObserver = ({
  metrics,
  logger,
  clock,
}: {
  readonly metrics: Pick<
    Metrics,
    'journalAppendSeconds' | 'journalAppendBatchSize' | 'journalAppendConflicts' | 'reactionFailures'
  >;
  readonly logger: Pick<Logger, 'error'>;
  readonly clock: Clock;
}): Observer => {
  const loggedAtMs = new Map<string, number>(); // By service, of which a process has a few.
  return {
    batchAppended: ({ kind, entries, seconds, outcome }) => {
      metrics.journalAppendSeconds.observe(seconds, kind, outcome);
      if (outcome === 'appended') metrics.journalAppendBatchSize.observe(entries, kind);
      if (outcome === 'conflict') metrics.journalAppendConflicts.inc(kind);
    },
    reactionFailed: ({ service, tenantId, error }) => {
      metrics.reactionFailures.inc(service);
      const nowMs = clock.nowMs();
      if (nowMs - (loggedAtMs.get(service) ?? -Infinity) < LINE_EVERY_MS) return;
      loggedAtMs.set(service, nowMs);
      logger.error(
        { service, tenant: tenantId, err: error },
        'what is due in a journal could not be written, and is tried again every second: a defect',
      );
    },
  };
};
