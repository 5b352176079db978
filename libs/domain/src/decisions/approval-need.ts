import type { RiskClass } from '../context/risk.js';
import type { RoutingMatch, RoutingRule } from '../policy/policy.document.js';
import { max, type MicroUsd, microUsd, NOTHING, usdOf } from '../shared/money.js';
import { globMatches } from '../shared/glob.js';
import type { AskForChange } from './ask-for-change.js';
import type { AssessedCost } from './cost.js';
import { autoApprovalKey } from './counted.js';
import type { GateState } from './decisions.state.js';
import { approval, type FindingItem } from './findings.js';
import type { Place } from './place.js';
import type { ReasonCode } from './reason-codes.js';

/** Whether somebody has to agree, who, and what auto-approval or a route cleared of it. */
export interface ApprovalNeed {
  readonly items: readonly FindingItem[];
  readonly notes: readonly ReasonCode[];
  /** The amount that auto-approval let pass; null where it did not have to. */
  readonly autoApproved: MicroUsd | null;
  /** The rule that says who has to agree, should the outcome ask for it; null: one approver. */
  readonly route: RoutingRule | null;
}

export interface RoutedChange {
  readonly command: AskForChange;
  readonly place: Place;
  readonly cost: AssessedCost;
  readonly risk: RiskClass;
  /** Somebody agreed to what needs an approval: there is nothing left for auto-approval to clear, nor to count. */
  readonly isAgreed: boolean;
}

type Matcher = (match: RoutingMatch, change: RoutedChange) => boolean;
const isAny = <Value>(wanted: readonly Value[] | undefined, holds: (value: Value) => boolean): boolean =>
  wanted?.some(holds) ?? true;

const isInRange: Matcher = ({ monthly_delta_usd: range }, { cost }) => {
  if (range === undefined) return true;
  if (cost.evidence.monthly_delta_usd === null) return false;
  const { min, max: most } = range;
  return (min === null || cost.monthly >= usdOf(min)) && (most === null || cost.monthly <= usdOf(most));
};

/** One matcher per condition; all that are given must hold. */
const MATCHERS: readonly Matcher[] = [
  ({ environments }, { place }) => isAny(environments, (name) => name === place.environmentClass),
  ({ projects }, { command }) => isAny(projects, (glob) => globMatches(glob, command.request.project_id)),
  ({ sources }, { command }) => isAny(sources, (source) => source === command.request.source),
  ({ action_prefixes }, { command }) => isAny(action_prefixes, (prefix) => command.request.action.startsWith(prefix)),
  ({ resource_types }, { cost }) => isAny(resource_types, (type) => cost.change.resource_types.includes(type)),
  ({ risk }, change) => isAny(risk, (name) => name === change.risk),
  ({ requesters }, { command: { requester } }) =>
    isAny(requesters, (glob) => globMatches(glob, requester.on_behalf_of ?? requester.subject)),
  isInRange,
];

const routeFor = (change: RoutedChange, canWaive: boolean): RoutingRule | undefined =>
  change.place.document.approval.routing.find(
    (rule) =>
      rule.enabled &&
      (canWaive || rule.effect === 'require') &&
      MATCHERS.every((matches) => matches(rule.match, change)),
  );

const autoApproved = (amount: MicroUsd): ApprovalNeed => ({
  items: [],
  notes: ['auto_approved_below_threshold'],
  autoApproved: amount,
  route: null,
});

const autoApproval = (state: GateState, { command, place, cost }: RoutedChange): ApprovalNeed => {
  const { below_monthly_usd: below, cumulative_monthly_usd: cumulative } = place.document.entitlements.auto_approve;
  const needed: ApprovalNeed = { items: [approval('approval_required')], notes: [], autoApproved: null, route: null };
  if (command.isRemoval) return autoApproved(NOTHING);
  const isKnown = cost.evidence.completeness === 'complete'; // What is unknown is not small, also where a waiver lets it pass.
  if (!isKnown || cost.monthly > usdOf(below)) return needed;
  const amount = max(NOTHING, cost.monthly);
  const used = state.autoApproved.get(autoApprovalKey(command.requester, command.now)) ?? NOTHING;
  return microUsd(used + amount) <= usdOf(cumulative)
    ? autoApproved(amount)
    : { ...needed, items: [...needed.items, approval('auto_approve_cap_reached')] };
};

/**
 * The need for approval that policy states, by the first routing rule that matches, else by class; and what
 * auto-approval clears of it: only a need that stands alone, never one of a rule or of an unknown cost. The review of a
 * deletion adds nothing, so nothing of it is too much.
 *
 * @param found what speaks against the change so far.
 * @source contract section 8.3
 */
export const approvalNeed = (change: RoutedChange, state: GateState, found: readonly FindingItem[]): ApprovalNeed => {
  const { place, isAgreed } = change;
  // Whoever agrees to a violation is never waived.
  const canWaive = place.mode === 'hard' || !found.some(({ strength }) => strength === 'violation');
  const rule = routeFor(change, canWaive);
  if (rule?.effect === 'waive') {
    return { items: [], notes: ['approval_waived_by_route'], autoApproved: null, route: null };
  }
  const route = rule ?? null;
  if (route === null && !place.document.approval.required[place.behaves]) {
    return { items: [], notes: [], autoApproved: null, route };
  }
  const isAlone = !found.some(({ strength }) => strength === 'approval');
  return isAlone && !isAgreed
    ? { ...autoApproval(state, change), route }
    : { items: [approval('approval_required')], notes: [], autoApproved: null, route };
};
