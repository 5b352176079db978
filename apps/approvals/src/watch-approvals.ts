import {
  approvalsEntryOf,
  type ApprovalsServiceCommand,
  type CommittedBatch,
  type ServiceWatch,
} from '@verdict/application';
import type { ApprovalsEntry, ApprovalsState } from '@verdict/domain';
import type { Metrics } from '@verdict/nest-kit';

type Outcome = Parameters<Metrics['approvalRequests']['inc']>[1];

const OUTCOMES: Partial<Record<ApprovalsEntry['type'], Outcome>> = {
  approval_requested: 'opened',
  approval_granted: 'granted',
  approval_denied: 'denied',
  approval_expired: 'expired',
  approval_withdrawn: 'withdrawn',
};

const countEntry = (metrics: Metrics, entry: ApprovalsEntry, after: ApprovalsState): void => {
  const outcome = OUTCOMES[entry.type];
  const { approval_id: id } = entry.payload;
  const requested = id === null ? undefined : after.approvals.get(id)?.requested;
  if (outcome === undefined || requested === undefined) return;
  metrics.approvalRequests.inc(requested.binding.source, outcome);
  const isGrantLost = entry.type === 'approval_expired' && entry.payload.cause === 'use_by_passed';
  if (isGrantLost && requested.terms.channel === 'grant') metrics.approvalGrantUses.inc('expired');
};

/** Counts what the service writes, be it asked for or due by the clock. @source contract section 15 */
export const watchApprovals = (metrics: Metrics): ServiceWatch<ApprovalsState, ApprovalsServiceCommand> => ({
  committed: ({ entries, after }: CommittedBatch<ApprovalsState>) => {
    for (const entry of entries) countEntry(metrics, approvalsEntryOf(entry), after);
  },
});

/** Sets the gauges over all tenants. */
export const showQueue = (metrics: Metrics, states: Iterable<ApprovalsState>, nowMs: number): void => {
  let backlog = 0;
  let oldestMs = nowMs;
  for (const { open, approvals } of states) {
    for (const [id] of open) {
      const approval = approvals.get(id);
      if (approval?.status !== 'pending') continue;
      backlog += 1;
      oldestMs = Math.min(oldestMs, Date.parse(approval.requested.requested_at));
    }
  }
  metrics.approvalQueueBacklog.set(backlog);
  metrics.approvalOldestPendingSeconds.set((nowMs - oldestMs) / 1000);
};
