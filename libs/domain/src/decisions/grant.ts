import { balanceOf, freeHold, type HeldLeg, placeHold } from '../accounts/accounts.js';
import { overageAccount, type PolicyState, termsOf } from '../policy/policy.state.js';
import type { RuleEffect } from '../rules/policy-rule.js';
import type { Instant, Sha256Hex } from '../shared/brand.js';
import { max, type MicroUsd, microUsd, min, NOTHING, usdOf } from '../shared/money.js';
import type { AskForChange } from './ask-for-change.js';
import type { AssessedCost } from './cost.js';
import type { DecisionRecorded, GrantUse } from './decisions.entries.js';
import type { GateState } from './decisions.state.js';
import type { FindingItem } from './findings.js';
import type { Grant } from './grants.state.js';
import { drawHeld, type HeldDraw } from './held-draw.js';
import type { Place } from './place.js';
import type { ReasonCode } from './reason-codes.js';

/** A change as grants are compared with it. */
export interface GrantedChange {
  readonly command: AskForChange;
  readonly place: Place;
  readonly cost: AssessedCost;
  readonly fingerprint: Sha256Hex;
  readonly subject: Sha256Hex;
}

interface Amounts {
  readonly fingerprint: Sha256Hex;
  /** null: nothing is known. */
  readonly monthly: MicroUsd | null;
  readonly hourly: MicroUsd;
}
const fitsCaps = (grant: Grant, asked: Amounts): boolean => {
  if (grant.fingerprint === asked.fingerprint && grant.uses === 0) return true;
  if (asked.monthly === null) return false; // Nothing known fits no cap.
  const monthly = microUsd(grant.usedMonthly + max(NOTHING, asked.monthly));
  const hourly = microUsd(grant.usedHourly + max(NOTHING, asked.hourly));
  return monthly <= grant.capMonthly && hourly <= grant.capHourly;
};

const amountsOf = ({ cost, request_fingerprint: fingerprint }: DecisionRecorded): Amounts => ({
  fingerprint,
  monthly: cost.monthly_delta_usd === null ? null : usdOf(cost.monthly_delta_usd),
  hourly: cost.hourly_delta_usd === null ? NOTHING : usdOf(cost.hourly_delta_usd),
});

/** The room that granting made for the unfunded part is there. The gate writes it a moment after the grant. */
const isOverageWritten = (grant: Grant, policy: PolicyState): boolean =>
  grant.unfunded === NOTHING || policy.overages.has(overageAccount(grant.decisionId));

/** Whether a grant may be used at an instant, whatever for. */
export const isUsable = (grant: Grant, policy: PolicyState, now: Instant): boolean =>
  grant.useBy !== null && now < grant.useBy && grant.uses < grant.usesMax && isOverageWritten(grant, policy);

/**
 * The granted approvals that a change fits: of the same class and source, for an equal fingerprint, or an equal subject
 * within the caps; the oldest first. Whether one clears what is found is for the assessment to say.
 *
 * @source contract section 11.5
 */
export const grantsFor = (change: GrantedChange, state: GateState): readonly Grant[] => {
  const { command, place, subject } = change;
  if (command.channel !== 'grant' || command.isDryRun) return [];
  const { evidence, monthly, hourly } = change.cost;
  const isKnown = evidence.monthly_delta_usd !== null;
  const asked = { fingerprint: change.fingerprint, monthly: isKnown ? monthly : null, hourly };
  return (state.grants.bySubject.get(subject) ?? [])
    .flatMap((id) => state.grants.byDecision.get(id) ?? [])
    .filter(
      (grant) =>
        grant.source === command.request.source &&
        grant.environmentClass === place.environmentClass &&
        isUsable(grant, state.policy, command.now) &&
        fitsCaps(grant, asked),
    );
};

/**
 * Whether a recorded decision would have used a grant, had its deltas been within the caps: somebody agreed to less.
 *
 * @param state the gate's, before the decision was made.
 */
export const isBeyondGrants = (recorded: DecisionRecorded, { grants, policy }: GateState): boolean =>
  recorded.channel === 'grant' &&
  !recorded.dry_run &&
  (recorded.decision === 'REQUIRE_APPROVAL' || recorded.decision === 'DENY') &&
  (grants.bySubject.get(recorded.subject_hash) ?? [])
    .flatMap((id) => grants.byDecision.get(id) ?? [])
    .some(
      (grant) =>
        grant.source === recorded.request.source &&
        grant.environmentClass === recorded.request.environment_class &&
        isUsable(grant, policy, recorded.decided_at) &&
        !fitsCaps(grant, amountsOf(recorded)),
    );

const EFFECT_OF: Partial<Record<ReasonCode, RuleEffect>> = {
  rule_denied: 'deny',
  rule_approval_required: 'require_approval',
};

/** Whether a rule said the same to the approver: one that only warned then has not been agreed to. */
const hasSaid = (grant: Grant, { code, ruleId }: FindingItem, { versions }: PolicyState): boolean => {
  const version = versions.find((each) => each.version === grant.policyVersion);
  const effect = version?.document.rules.find(({ id }) => id === ruleId)?.effect;
  return code === 'rule_evaluation_error' || effect === EFFECT_OF[code];
};

/** A grant clears only what its approver saw: the codes and rules of the approved decision. */
export const isClearedBy = (grant: Grant, item: FindingItem, policy: PolicyState): boolean =>
  grant.reasons.includes(item.code) &&
  (item.ruleId === null || (grant.rules.includes(item.ruleId) && hasSaid(grant, item, policy)));

/** The state as if the approved decision held nothing: its hold is what a use draws from. */
export const withoutHoldOf = (state: GateState, { decisionId }: Grant): GateState => ({
  ...state,
  accounts: freeHold(state.accounts, decisionId),
});

/** What a use of `monthly` draws from the hold that was approved. */
export const drawnFrom = (state: GateState, { decisionId }: Grant, monthly: MicroUsd): HeldDraw =>
  drawHeld(state.accounts.holds.get(decisionId) ?? [], monthly, state.policy.credits);

/** The leg that funds what no account can, out of the exception that the grant made; undefined: it is not enough. */
export const overageLeg = (
  grant: Grant,
  unfunded: MicroUsd,
  state: GateState,
  now: Instant,
): readonly HeldLeg[] | undefined => {
  if (unfunded === NOTHING) return [];
  const account = overageAccount(grant.decisionId);
  const { headroom } = balanceOf(state.accounts, account, termsOf(state.policy)(account, now), now);
  return headroom !== null && unfunded <= headroom ? [{ account, amount: unfunded }] : undefined;
};

/** What the approved decision keeps of its legs once a use has drawn its own. */
export const legsLeft = (held: readonly HeldLeg[], drawn: readonly HeldLeg[]): readonly HeldLeg[] =>
  held
    .map(({ account, amount }) => {
      const taken = drawn.reduce((sum, leg) => (leg.account === account ? microUsd(sum + leg.amount) : sum), NOTHING);
      return { account, amount: microUsd(amount - min(amount, taken)) };
    })
    .filter(({ amount }) => amount > NOTHING);

const isLastUse = (grant: Grant): boolean => grant.uses + 1 >= grant.usesMax;

/** The state once a use has drawn its legs: what is left of the hold stays, unless nothing can use it any more. */
export const withRestOf = (state: GateState, grant: Grant, drawn: readonly HeldLeg[]): GateState => {
  const freed = withoutHoldOf(state, grant);
  const rest = isLastUse(grant) ? [] : legsLeft(state.accounts.holds.get(grant.decisionId) ?? [], drawn);
  return { ...freed, accounts: placeHold(freed.accounts, grant.decisionId, rest) };
};

/** Whether the approval alone clears what its approver agreed to. */
export const isClearedAlone = ({ isUseAutoApproved }: AskForChange): boolean => isUseAutoApproved !== true;

/** How a use says so. */
export const clearedBy = (command: AskForChange): Pick<GrantUse, 'cleared_by_approval'> =>
  isClearedAlone(command) ? { cleared_by_approval: true } : {};

/** The use as the decision records it. */
export const useOf = (grant: Grant, command: AskForChange): GrantUse => ({
  approval_id: grant.approvalId,
  ...clearedBy(command),
  decision_id: grant.decisionId,
  is_last: isLastUse(grant),
  use: grant.uses + 1,
});
