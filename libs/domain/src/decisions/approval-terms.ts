import type { RoutingRule } from '../policy/policy.document.js';
import {
  formatUsd4,
  formatUsd6,
  max,
  type MicroUsd,
  microUsd,
  NOTHING,
  roundHalfEven,
  usdOf,
} from '../shared/money.js';
import type { AskForChange } from './ask-for-change.js';
import type { AssessedCost } from './cost.js';
import type { ApprovalTerms } from './decisions.entries.js';
import type { Place } from './place.js';

const HOURS = 730n;

/** Cap = max(0, delta) x (1 + percent) + absolute, in units of `unit` micro-USD. Contract section 11.3. */
const capOf = (delta: MicroUsd, percent: number, absolute: bigint, unit: bigint): MicroUsd =>
  microUsd(roundHalfEven(max(NOTHING, delta) * BigInt(100 + percent), 100n * unit) * unit + absolute);

const capsOf = ({ document }: Place, cost: AssessedCost) => {
  const { percent, absolute_usd } = document.approval.replan_tolerance;
  const absolute = usdOf(absolute_usd);
  return {
    cap_hourly_delta_usd: formatUsd6(capOf(cost.hourly, percent, roundHalfEven(absolute, HOURS), 1n)),
    cap_monthly_delta_usd: formatUsd4(capOf(cost.monthly, percent, absolute, 100n)),
  };
};

const justificationOf = ({ document, behaves }: Place, route: RoutingRule | null) => {
  const rules = document.approval.justification;
  const over = route?.overrides.justification;
  const isRequired = over?.required ?? rules.required[behaves];
  const pattern = over?.ticket_pattern === undefined ? rules.ticket_pattern : over.ticket_pattern;
  return {
    lengthMin: isRequired ? (over?.min_length ?? rules.min_length) : 0,
    ticketPattern: isRequired ? pattern : null,
  };
};

/** The clocks of an approval: the route's own, else the document's. */
const clocksOf = ({ document: { approval } }: Place, route: RoutingRule | null) => ({
  approve_by_seconds: route?.overrides.approve_by_seconds ?? approval.approve_by_seconds,
  token_ttl_seconds: route?.overrides.token_ttl_seconds ?? approval.token_ttl_seconds,
  use_by_seconds: route?.overrides.use_by_seconds ?? approval.use_by_seconds,
});

/** What an approval of this decision needs, pinned: later edits of the policy do not touch it. Contract section 11.1. */
export const approvalTerms = (
  command: AskForChange,
  place: Place,
  {
    cost,
    unfunded,
    route,
  }: { readonly cost: AssessedCost; readonly unfunded: MicroUsd; readonly route: RoutingRule | null },
): ApprovalTerms => {
  const { approval } = place.document;
  const { lengthMin, ticketPattern } = justificationOf(place, route);
  const { approve_by_seconds, token_ttl_seconds, use_by_seconds } = clocksOf(place, route);
  // Members in canonical order, so that sealing has nothing to sort.
  return {
    approval_id: command.approvalId,
    approve_by_seconds,
    ...capsOf(place, cost),
    channel: command.channel,
    consumer: approval.consumer,
    grant_uses_max: approval.grants.max_uses,
    is_separation_required: route?.overrides.separation ?? approval.separation[place.behaves],
    justification_length_min: lengthMin,
    quorum: 1,
    ...(route?.effect === 'require' ? { route: route.require } : {}),
    routing_rule: route?.id ?? null,
    ticket_pattern: ticketPattern,
    token_ttl_seconds,
    unfunded_usd: formatUsd4(unfunded),
    use_by_seconds,
  };
};
