import { type BalanceOf, balancesAt, type HeldLeg } from '../accounts/accounts.js';
import type { RoutingRule } from '../policy/policy.document.js';
import { microUsd, type MicroUsd, NOTHING, usdOf } from '../shared/money.js';
import type { Instant, Sha256Hex } from '../shared/brand.js';
import { plusSeconds } from '../shared/instant.js';
import { approvalNeed } from './approval-need.js';
import type { AskForChange } from './ask-for-change.js';
import { type ChangeContext, contextFindings } from './change-context.js';
import type { AssessedCost } from './cost.js';
import type { UsedException } from './decisions.entries.js';
import type { GateState } from './decisions.state.js';
import { approval, type FindingItem, violation } from './findings.js';
import { drawnFrom, isClearedAlone, isClearedBy, overageLeg, withoutHoldOf } from './grant.js';
import type { Grant } from './grants.state.js';
import { type HeldDraw, NOTHING_HELD } from './held-draw.js';
import type { Place } from './place.js';
import { REASON_CODES, type ReasonCode } from './reason-codes.js';
import { ruleFindings, type RuleFindings } from './rule-findings.js';
import { ruleVariables } from './rule-variables.js';
import { type Verdict, verdictOf } from './verdict.js';
import { countedUses, waive, type Waived } from './waive.js';
import { fund, type FundingRequest, type Waterfall } from './waterfall.js';

/** A change under one version of the policy: where it stands, what it costs, what is known of its surroundings. */
export interface Assessable {
  readonly command: AskForChange;
  readonly place: Place;
  readonly cost: AssessedCost;
  readonly context: ChangeContext;
  readonly fingerprint: Sha256Hex;
  readonly subject: Sha256Hex;
}

/** All that evaluation found, and what the mode made of it. */
export interface Assessment {
  readonly verdict: Verdict;
  readonly waterfall: Waterfall;
  /** The balances that it was assessed on. */
  readonly balance: BalanceOf;
  readonly rules: RuleFindings;
  readonly notes: readonly ReasonCode[];
  readonly exceptionsUsed: readonly UsedException[];
  readonly route: RoutingRule | null;
  readonly autoApproved: MicroUsd | null;
  /** What is held: nothing for a dry run, and where the mode holds nothing. */
  readonly legs: readonly HeldLeg[];
  readonly total: MicroUsd;
  /** U: what no account funds; an approval makes the exception over it. */
  readonly unfunded: MicroUsd;
}

/** What the money comes to: how far it reaches, and the balances before. */
interface Money {
  /** The state without the hold that the change draws from: what rules look at. */
  readonly view: GateState;
  readonly waterfall: Waterfall;
  readonly balance: BalanceOf;
  /** The leg of the exception that the grant made. */
  readonly overage: readonly HeldLeg[];
  /** What that leg pays for, as its approver saw it: found again, so that no route waives it. */
  readonly overdrawn: readonly FindingItem[];
}

const fundingOf = (
  { command, place, cost }: Assessable,
  state: GateState,
  { drawn, balance }: Pick<FundingRequest, 'drawn' | 'balance'>,
): Waterfall =>
  fund(
    {
      monthly: cost.monthly,
      projectId: command.request.project_id,
      credits: state.policy.credits,
      isBudgetRequired: place.document.entitlements.require_budget[place.behaves],
      now: command.now,
      budgets: place.budgets,
      balance,
      drawn,
    },
    state.accounts,
  );

const LIMITS: readonly string[] = ['plan_limit_exceeded', 'budget_exceeded', 'enterprise_ceiling_exceeded'];
const overdrawnBy = (grant: Grant, { taken }: HeldDraw): readonly FindingItem[] =>
  taken.overage === NOTHING
    ? []
    : REASON_CODES.filter((code) => LIMITS.includes(code) && grant.reasons.includes(code)).map((code) =>
        violation(code),
      );

/** The money for the use of a grant: out of the hold that was approved first. undefined: its exception is not enough. */
const moneyOfUse = (asked: Assessable, state: GateState, grant: Grant): Money | undefined => {
  const { command, place, cost } = asked;
  const drawn = drawnFrom(state, grant, cost.monthly);
  const waterfall = fundingOf(asked, state, { drawn, balance: balancesAt(state.accounts, place.terms, command.now) });
  const view = withoutHoldOf(state, grant);
  const overage = overageLeg(grant, waterfall.unfunded, view, command.now);
  if (overage === undefined) return undefined;
  const balance = balancesAt(view.accounts, place.terms, command.now);
  return { view, waterfall, balance, overage, overdrawn: overdrawnBy(grant, drawn) };
};

const moneyOf = (asked: Assessable, state: GateState): Money => {
  const balance = balancesAt(state.accounts, asked.place.terms, asked.command.now);
  const waterfall = fundingOf(asked, state, { drawn: NOTHING_HELD, balance });
  return { view: state, waterfall, balance, overage: [], overdrawn: [] };
};

/** Who agreed after that knew better: equal changes have requests of their own, as the Jobs of one template. */
const isOverruled = (deniedAt: Instant, grant: Grant | null, command: AskForChange): boolean =>
  isClearedAlone(command) && grant !== null && grant.grantedAt !== null && deniedAt < grant.grantedAt;

/** An approval of this very change was denied a moment ago. @source contract section 11.5 */
const isDeniedRecently = (
  { command, place, fingerprint }: Assessable,
  { grants }: GateState,
  grant: Grant | null,
): boolean => {
  const at = command.channel === 'grant' && !command.isDryRun ? grants.denied.get(fingerprint) : undefined;
  if (at === undefined || isOverruled(at, grant, command)) return false;
  return command.now < plusSeconds(at, place.document.approval.grants.denied_cooldown_seconds);
};

/** What is known before anybody asks who has to agree: cost, money, forecast, thresholds, denials. */
const hardFacts = (
  asked: Assessable,
  { view, waterfall, balance, overdrawn }: Money,
  grant: Grant | null,
): readonly FindingItem[] => {
  const { place, cost } = asked;
  const isAboveThreshold = cost.monthly > usdOf(place.document.entitlements.hard_deny_above_monthly_usd);
  return [
    ...cost.violations.map((code) => violation(code)),
    ...cost.approvals.map((code) => approval(code)),
    ...waterfall.violations.map((code) => violation(code)),
    ...overdrawn,
    ...contextFindings(asked, balance),
    ...(isDeniedRecently(asked, view, grant) ? [violation('approval_denied_recently')] : []),
    ...(isAboveThreshold ? [violation('hard_deny_threshold_exceeded')] : []),
  ];
};

/** A cost that is not known is not "no change". */
const fundingNotes = ({ cost }: Assessable, { notes }: Waterfall): readonly ReasonCode[] =>
  cost.evidence.completeness === 'complete' ? notes : notes.filter((note) => note !== 'no_cost_change');

const waived = (items: readonly FindingItem[], { command, place, cost }: Assessable, state: GateState) =>
  waive(
    items,
    { waivers: state.policy.waivers, uses: state.waiverUses },
    {
      projectId: command.request.project_id,
      environmentClass: place.environmentClass,
      source: command.request.source,
      resourceReference: command.request.resource_reference,
      monthly: cost.evidence.monthly_delta_usd === null ? null : cost.monthly,
    },
    command.now,
  );

/** What the approver saw is no finding any more, and uses no waiver up. */
const leftOf = (
  items: readonly FindingItem[],
  asked: Assessable,
  { view, grant }: { readonly view: GateState; readonly grant: Grant | null },
): Waived => {
  if (grant === null) return waived(items, asked, view);
  const isLeft = (item: FindingItem): boolean => !isClearedBy(grant, item, view.policy);
  if (isClearedAlone(asked.command)) return waived(items.filter(isLeft), asked, view);
  const { items: left, used } = waived(items, asked, view);
  return { items: left.filter(isLeft), used };
};

/** Whether the approver agreed to what policy asks of him in any case. */
const isAgreedTo = (grant: Grant | null, command: AskForChange): boolean =>
  grant?.reasons.includes('approval_required') === true && isClearedAlone(command);

/** The exception that the approval made, as a use of it. */
const overdraftOf = ({ overage, overdrawn }: Money, command: AskForChange): readonly UsedException[] =>
  isClearedAlone(command)
    ? overage.map(({ account }) => ({ exception_id: account, waived: overdrawn.map(({ code }) => code).sort() }))
    : [];

interface Held {
  readonly legs: readonly HeldLeg[];
  readonly total: MicroUsd;
}
const heldBy = (
  { command }: Assessable,
  { hold }: Verdict,
  waterfall: Waterfall,
  overage: readonly HeldLeg[],
): Held => {
  if (hold === 'none' || command.isDryRun) return { legs: [], total: NOTHING };
  const extra = overage.reduce((sum, { amount }) => microUsd(sum + amount), NOTHING);
  return { legs: [...waterfall.legs, ...overage], total: microUsd(waterfall.funded + extra) };
};

/**
 * Steps 7 to 13 of contract section 7.1: context, waterfall, rules, thresholds, approval need, waivers, mode. With a grant,
 * what its approver saw is cleared, and what no account funds comes out of the exception that he made; undefined then:
 * that exception is not enough, so the grant cannot be used.
 */
export const assess = (asked: Assessable, state: GateState, grant: Grant | null): Assessment | undefined => {
  const { command, place, cost, context } = asked;
  const money = grant === null ? moneyOf(asked, state) : moneyOfUse(asked, state, grant);
  if (money === undefined) return undefined;
  const { view, waterfall, balance, overage } = money;
  const seen = { place, cost, waterfall, balance, risk: context.risk, context: context.forRules };
  const rules = ruleFindings(place.document.rules, command.rules, ruleVariables(command, view, seen));
  const found = [...hardFacts(asked, money, grant), ...rules.items];
  const overdraft = overdraftOf(money, command);
  const isAgreed = isAgreedTo(grant, command);
  const need = approvalNeed({ command, place, cost, risk: context.risk.class, isAgreed }, view, found);
  const { items, used } = leftOf([...found, ...need.items], asked, { view, grant });
  const notes: readonly ReasonCode[] = [
    ...cost.notes,
    ...fundingNotes(asked, waterfall),
    ...rules.notes,
    ...need.notes,
    ...context.notes,
    ...(place.isEnvironmentUnknown ? (['environment_unknown_strict'] as const) : []),
    ...(used.length + overdraft.length > 0 ? (['exception_used'] as const) : []),
    ...(grant === null ? [] : (['approval_grant_used'] as const)),
    ...(command.isDryRun ? (['dry_run'] as const) : []),
  ];
  const verdict = verdictOf(place.mode, items, notes, {
    usesCredits: waterfall.byCredits > NOTHING,
    isWouldBeBare: command.isWouldBeBare === true,
  });
  return {
    verdict,
    waterfall,
    balance,
    rules,
    notes,
    exceptionsUsed: [
      ...countedUses(used, { mode: place.mode, outcome: verdict.outcome, channel: command.channel }),
      ...overdraft,
    ],
    route: need.route,
    autoApproved: need.autoApproved,
    ...heldBy(asked, verdict, waterfall, overage),
    unfunded: grant === null ? waterfall.unfunded : NOTHING,
  };
};
