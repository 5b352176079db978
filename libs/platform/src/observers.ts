import type { Observer } from '@verdict/application';
import type { Metrics } from '@verdict/nest-kit';

/** Counts what the core tells of its appends. @source contract section 15 */
export const metricsObserver = (metrics: Metrics): Observer => ({
  batchAppended: ({ kind, entries, seconds, outcome }) => {
    metrics.journalAppendSeconds.observe(seconds, kind, outcome);
    if (outcome === 'appended') metrics.journalAppendBatchSize.observe(entries, kind);
    if (outcome === 'conflict') metrics.journalAppendConflicts.inc(kind);
  },
});
