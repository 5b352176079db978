import type { Observer } from '@verdict/application';
import type { Metrics } from '@verdict/nest-kit';

const CONTENDED_SECONDS = 0.05;

/** Counts what the core tells: appends, waits and lost races. @source contract section 15 */
export const metricsObserver = (metrics: Metrics): Observer => ({
  batchAppended: ({ kind, entries, seconds, outcome }) => {
    metrics.journalAppendSeconds.observe(seconds, kind, outcome);
    if (outcome === 'appended') metrics.journalAppendBatchSize.observe(entries, kind);
    if (outcome === 'conflict') metrics.journalAppendConflicts.inc(kind);
  },
  waited: ({ service, seconds, hasLostRace }) => {
    if (service !== 'gate') return;
    metrics.gateLockEvents.inc('terraform', hasLostRace || seconds >= CONTENDED_SECONDS ? 'contended' : 'acquired');
    metrics.gateLockWaitSeconds.observe(seconds, 'terraform', 'acquired');
  },
});
