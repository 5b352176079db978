import {
  type CommittedBatch,
  decisionsEntryOf,
  type GateCommand,
  policyEntryOf,
  recordedDecision,
  type ServiceWatch,
  type Turn,
} from '@verdict/application';
import {
  budgetAlerts,
  creditsReturnedLate,
  type DecisionRecorded,
  type GateState,
  instantOf,
  isBeyondGrants,
  type PolicyEntry,
} from '@verdict/domain';
import { countBudgetAlerts, countLostCredits, type Metrics } from '@verdict/nest-kit';

type PolicyChange = Parameters<Metrics['policyChanges']['inc']>[0];

const CHANGES = {
  policy_rollout_set: 'rollout',
  policy_cancelled: 'scheduled',
  budget_set: 'budget',
  price_book_published: 'price_book',
  credit_granted: 'credit',
  credit_revoked: 'credit',
  waiver_granted: 'exception',
  waiver_revoked: 'exception',
  exception_granted: 'exception',
  integration_created: 'integration',
  integration_secret_rotated: 'integration',
  integration_secret_retired: 'integration',
  integration_revoked: 'integration',
} as const satisfies Record<Exclude<PolicyEntry['type'], 'policy_published'>, PolicyChange>;

const changeOf = (entry: PolicyEntry): PolicyChange => {
  if (entry.type !== 'policy_published') return CHANGES[entry.type];
  const { rolled_back_to: back, effective_from: from, published_at: at, rollout = null } = entry.payload;
  if (back !== null) return 'rolled_back';
  if (rollout !== null) return 'rollout';
  return from > at ? 'scheduled' : 'published';
};

const CONTENDED_SECONDS = 0.05;

const sourceOf = (command: GateCommand) => {
  switch (command.kind) {
    case 'ask_for_change':
      return command.request.source;
    case 'ask_for_changes':
      return command.items[0]?.request.source;
    case 'note_run_stage':
      return 'terraform';
    default:
      return undefined; // Nobody waits at the gate for it.
  }
};

const countTurn = (metrics: Metrics, { command, outcome, seconds, hasLostRace }: Turn<GateCommand>): void => {
  const source = sourceOf(command);
  if (source === undefined) return;
  if (outcome === 'committed') {
    const isContended = hasLostRace || seconds >= CONTENDED_SECONDS;
    metrics.gateLockEvents.inc(source, isContended ? 'contended' : 'acquired');
    metrics.gateLockWaitSeconds.observe(seconds, source, 'acquired');
  } else if (outcome === 'contended') {
    metrics.gateLockEvents.inc(source, 'timeout');
    metrics.gateLockWaitSeconds.observe(seconds, source, 'timeout');
    metrics.gateFailures.inc(source, 'lock_timeout');
  } else {
    metrics.gateLockEvents.inc(source, 'error');
    if (outcome === 'unknown' || outcome === 'unavailable') metrics.gateFailures.inc(source, 'log_unavailable');
  }
};

const countDecision = (metrics: Metrics, recorded: DecisionRecorded, before: GateState): void => {
  const { request, would_be: wouldBe, exposure_usd: exposure, grant_use: use = null } = recorded;
  if (wouldBe !== null) metrics.gateWouldBeDecisions.inc(request.source, wouldBe.decision, 'enforce');
  metrics.gateExposureUsd.add(Number(exposure), request.source, 'mode');
  const { decision, challenger = null } = recorded;
  if (challenger?.evaluated === true && challenger.decision !== decision)
    metrics.challengerDivergence.inc(request.source);
  if (use !== null) metrics.approvalGrantUses.inc('used');
  else if (isBeyondGrants(recorded, before)) metrics.approvalGrantUses.inc('cap_exceeded');
};

const BUDGET = 'budget:';
const countDecisions = (
  metrics: Metrics,
  { entries, before, after }: CommittedBatch<GateState>,
  nowMs: number,
): void => {
  const charged = new Set<string>();
  for (const entry of entries) {
    if (entry.type !== 'decision_recorded') continue;
    const recorded = recordedDecision(entry);
    countDecision(metrics, recorded, before);
    for (const { account } of recorded.hold.legs)
      if (account.startsWith(BUDGET)) charged.add(account.slice(BUDGET.length));
  }
  const now = instantOf(nowMs);
  if (charged.size > 0) countBudgetAlerts(metrics, budgetAlerts(charged, [before, after], now));
  const ended = entries.filter(({ type }) => type !== 'decision_recorded').map(decisionsEntryOf);
  if (ended.length > 0) countLostCredits(metrics, creditsReturnedLate(ended, [before, after], now));
};

/** Counts what the gate writes, whoever asked for it, and the turns of those who ask. @source contract section 15 */
export const watchGate = (
  metrics: Metrics,
  { nowMs }: { readonly nowMs: () => number },
): ServiceWatch<GateState, GateCommand> => ({
  committed: (batch) => {
    if (batch.kind === 'decisions') countDecisions(metrics, batch, nowMs());
    else for (const entry of batch.entries) metrics.policyChanges.inc(changeOf(policyEntryOf(entry)));
  },
  turned: (turn) => {
    countTurn(metrics, turn);
  },
});
