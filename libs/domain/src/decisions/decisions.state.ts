import { type Accounts, adjustSpent, freeHold, noAccounts, placeHold, settleHold } from '../accounts/accounts.js';
import type { ApprovalsEntry } from '../approvals/approvals.entries.js';
import { noPolicy, overageAccount, type PolicyState, evolvePolicy, termsOf } from '../policy/policy.state.js';
import { noUnits, type UnitFacts, withUnit } from './unit-facts.js';
import type { PolicyEntry } from '../policy/policy.entries.js';
import { type CostDays, foldCosts, noCostDays } from '../context/cost-days.js';
import { noOverruns, type Overruns, withOverrun } from '../reservations/overruns.js';
import type { ReservationsEntry, SettledLeg } from '../reservations/reservations.entries.js';
import type { ApprovalId, DecisionId, Instant, Sha256Hex } from '../shared/brand.js';
import { assertNever } from '../shared/entry.js';
import { type MicroUsd, NOTHING, usdOf } from '../shared/money.js';
import { BoundedMap } from '../shared/bounded-map.js';
import { PersistentMap } from '../shared/persistent-map.js';
import type { DecisionReanswered, DecisionRecorded, DecisionsEntry } from './decisions.entries.js';
import { count, type Counts, noCounts } from './counted.js';
import { type Grants, noGrants, withDecision, withDenied, withGranted, withoutGrant } from './grants.state.js';
import { noRuns, rememberRun, type RunAnswers, runKey } from './runs.js';

/** The answer that a key got: enough to recognise a repetition; the text of the answer is the entry at `revision`. */
export interface Answer {
  readonly payloadHash: Sha256Hex;
  /** null where it is not known to whoever asks again: no caller of a later task of a run says what he expects. */
  readonly requestFingerprint: Sha256Hex | null;
  readonly revision: bigint;
  readonly decisionId: DecisionId;
  /** The newest decision under this key that held money: itself, or one whose hold it left alone. */
  readonly holderId: DecisionId | null;
  readonly expiresAt: Instant;
  readonly generation: number;
  /** Set where the answer stands for as long as its approval is under way. */
  readonly needsApproval: boolean;
  /** Whether the change may go ahead by it. */
  readonly isPermitted: boolean;
  /** Nobody chose its key, so nobody can look it up by that. */
  readonly isDerived: boolean;
  /** Set where the amount beside the change was none: that is no part of the key of a review, and decides. */
  readonly isClaimInvalid?: true;
}

/** Where the approval of a held decision stands, as the gate has seen it. */
export type ApprovalProgress = 'pending' | 'granted' | 'consumed';

/** Something the approvals journal said that the gate has yet to act upon. */
export type DueReaction = (
  | { readonly kind: 'void_hold'; readonly cause: 'approval_denied' | 'approval_withdrawn' }
  | { readonly kind: 'expire_hold'; readonly cause: 'approve_by_passed' | 'use_by_passed' }
  | { readonly kind: 'grant_overage'; readonly approvalId: ApprovalId; readonly amount: MicroUsd }
) & {
  /** Revision of the approvals entry that caused it. */
  readonly revision: bigint;
};

/** All that a decision of one tenant depends on: policy, money, earlier answers, and what approvals and reservations said. */
export interface GateState extends Counts {
  readonly policy: PolicyState;
  readonly accounts: Accounts;
  /**
   * The newest answers, and those under derived keys of which something is still held or waited for; older keys that their
   * callers chose are looked up in the read model before a new decision is made.
   */
  readonly answers: BoundedMap<Answer>;
  /** Progress of the approvals of decisions that hold money or wait. */
  readonly approvals: PersistentMap<ApprovalProgress>;
  /** Approvals that later requests use. */
  readonly grants: Grants;
  /** Imported actual cost, as far as context asks for it. */
  readonly costDays: CostDays;
  /** What was spent beyond all headroom: shown beside waivers and overages; no decision depends on it. */
  readonly overruns: Overruns;
  /** What the pods of scaled objects ask for. */
  readonly units: UnitFacts;
  /** The newest answer of each run that run tasks asked about. */
  readonly runs: RunAnswers;
  /** Keyed by decision; emptied by the gate's own entries. */
  readonly due: PersistentMap<DueReaction>;
}

/** Answers a tenant's state remembers at least. */
export const ANSWERS_KEPT = 25_000;

export const emptyGate: GateState = {
  ...noCounts,
  policy: noPolicy,
  accounts: noAccounts,
  answers: BoundedMap.ofCapacity(ANSWERS_KEPT),
  approvals: PersistentMap.empty,
  grants: noGrants,
  costDays: noCostDays,
  overruns: noOverruns,
  units: noUnits,
  runs: noRuns,
  due: PersistentMap.empty,
};

/** Scope of the keys that batches came with; those of questions begin with their source. */
export const BATCH_SCOPE = 'batch';
export const answerKey = (scope: string, text: string): string => `${scope}\n${text}`;

/** Every member that was decided says what its batch asked, whichever of them were answered before. */
const withBatchKey = (
  answers: GateState['answers'],
  { batch = null }: DecisionRecorded,
  answer: Answer,
): GateState['answers'] =>
  batch?.key === undefined
    ? answers
    : answers.set(answerKey(BATCH_SCOPE, batch.key.text), {
        ...answer,
        payloadHash: batch.key.payload_hash,
        isDerived: false,
      });

type Holding = Pick<GateState, 'accounts' | 'approvals'>;

/** Whether something is still held, or waited for, that forgetting an answer would let be held or asked for twice. */
const isOpen = ({ accounts, approvals }: Holding, { holderId, decisionId }: Pick<Answer, 'holderId' | 'decisionId'>) =>
  (holderId !== null && accounts.holds.has(holderId)) || approvals.has(decisionId);

const remember = (state: GateState, recorded: DecisionRecorded, revision: bigint): GateState => {
  const { key, decision_id: decisionId, payload_hash: payloadHash, expires_at: expiresAt } = recorded;
  const name = answerKey(key.scope, key.text);
  const isHolding = recorded.hold.legs.length > 0;
  const answer: Answer = {
    payloadHash,
    requestFingerprint: recorded.request_fingerprint,
    revision,
    decisionId,
    holderId: isHolding ? decisionId : (state.answers.get(name)?.holderId ?? null),
    expiresAt,
    generation: key.generation,
    needsApproval: recorded.approval !== null,
    isPermitted: recorded.decision === 'ALLOW' || recorded.decision === 'ALLOW_WITH_CREDITS',
    isDerived: key.is_derived,
    ...(recorded.cost.claim_invalid === true ? { isClaimInvalid: true as const } : {}),
  };
  const isNeeded = (earlier: Pick<Answer, 'holderId' | 'decisionId'>): boolean => isOpen(state, earlier);
  const legs = recorded.hold.legs.map(({ account, amount_usd }) => ({ account, amount: usdOf(amount_usd) }));
  const accounts = placeHold(state.accounts, decisionId, legs);
  const remembered = state.answers.set(name, answer, (earlier) => earlier.isDerived && isNeeded(earlier));
  const answers = withBatchKey(remembered, recorded, answer);
  const approvals = recorded.approval === null ? state.approvals : state.approvals.set(decisionId, 'pending');
  const grants = withDecision(state.grants, recorded);
  const units = withUnit(state.units, recorded);
  const runs = rememberRun(state.runs, { recorded, revision, isNeeded });
  return { ...state, ...count(state, recorded), accounts, answers, approvals, grants, units, runs };
};

const rememberReanswer = (state: GateState, reanswered: DecisionReanswered): GateState => {
  const { key, payload_hash: payloadHash, decision_id: decisionId, expires_at: expiresAt } = reanswered;
  const revision = BigInt(reanswered.decision_revision);
  const { needs_approval: needsApproval, is_permitted: isPermitted } = reanswered;
  const { integration_id: integrationId, run_id: runId } = reanswered;
  const answer: Answer = {
    payloadHash,
    requestFingerprint: null,
    revision,
    decisionId,
    holderId: state.runs.get(runKey(integrationId, runId))?.holderId ?? null,
    expiresAt,
    generation: 1,
    needsApproval,
    isPermitted,
    isDerived: true,
  };
  const isNeeded = (earlier: Answer): boolean => earlier.isDerived && isOpen(state, earlier);
  return { ...state, answers: state.answers.set(answerKey(key.scope, key.text), answer, isNeeded) };
};

const endHold = (state: GateState, decisionId: DecisionId): GateState => ({
  ...state,
  accounts: freeHold(state.accounts, decisionId),
  approvals: state.approvals.delete(decisionId),
  counted: state.counted.delete(decisionId),
  grants: withoutGrant(state.grants, decisionId),
  due: state.due.delete(decisionId),
});

const reduceHold = (
  state: GateState,
  { decision_id: id, legs }: Extract<DecisionsEntry, { type: 'hold_reduced' }>['payload'],
): GateState => {
  const left = legs.map(({ account, amount_usd }) => ({ account, amount: usdOf(amount_usd) }));
  return { ...state, accounts: placeHold(freeHold(state.accounts, id), id, left) };
};

const evolveOwn = (state: GateState, entry: DecisionsEntry, revision: bigint): GateState => {
  switch (entry.type) {
    case 'decision_recorded':
      return remember(state, entry.payload, revision);
    case 'hold_reduced':
      return reduceHold(state, entry.payload);
    case 'decision_reanswered':
      return rememberReanswer(state, entry.payload);
    case 'hold_voided':
    case 'hold_expired':
      return endHold(state, entry.payload.decision_id);
    default:
      return assertNever(entry);
  }
};

const foldPolicy = (state: GateState, entry: PolicyEntry, revision: bigint): GateState => {
  const next = { ...state, policy: evolvePolicy(state.policy, entry, revision) };
  if (entry.type !== 'exception_granted') return next;
  const { decision_id: id, limit_usd: limit } = entry.payload;
  // Written by a gate that had not heard of the settlement yet: there is no hold any more that it could add to.
  if (!next.approvals.has(id)) return { ...next, due: next.due.delete(id) };
  const leg = { account: overageAccount(id), amount: usdOf(limit) };
  return { ...next, accounts: placeHold(next.accounts, id, [leg]), due: next.due.delete(id) };
};

const foldGrant = (
  state: GateState,
  entry: Extract<ApprovalsEntry, { type: 'approval_granted' }>,
  revision: bigint,
): GateState => {
  const { decision_id: id, approval_id: approvalId, granted_at: grantedAt, unfunded_usd } = entry.payload;
  const grants = withGranted(state.grants, id, { useBy: entry.payload.use_by, grantedAt });
  const progressed: GateState = { ...state, grants, approvals: state.approvals.set(id, 'granted') };
  const amount = usdOf(unfunded_usd);
  if (amount === NOTHING || state.policy.overages.has(overageAccount(id))) return progressed;
  return { ...progressed, due: progressed.due.set(id, { kind: 'grant_overage', approvalId, amount, revision }) };
};

/** Only a decision that still waits has something to end: a second telling changes nothing. */
const fallDue = (state: GateState, decisionId: DecisionId, reaction: DueReaction): GateState =>
  state.approvals.has(decisionId) ? { ...state, due: state.due.set(decisionId, reaction) } : state;

// eslint-disable-next-line complexity -- one case per entry type
const foldApprovals = (state: GateState, entry: ApprovalsEntry, revision: bigint): GateState => {
  switch (entry.type) {
    case 'approval_granted':
      return state.approvals.has(entry.payload.decision_id) ? foldGrant(state, entry, revision) : state;
    case 'approval_denied':
      return fallDue(
        { ...state, grants: withDenied(state.grants, entry.payload.decision_id, entry.payload.denied_at) },
        entry.payload.decision_id,
        { kind: 'void_hold', cause: 'approval_denied', revision },
      );
    case 'approval_withdrawn':
      return fallDue(state, entry.payload.decision_id, { kind: 'void_hold', cause: 'approval_withdrawn', revision });
    case 'approval_expired':
      return fallDue(state, entry.payload.decision_id, { kind: 'expire_hold', cause: entry.payload.cause, revision });
    case 'token_consumed': {
      const { decision_id: id } = entry.payload;
      return state.approvals.has(id) ? { ...state, approvals: state.approvals.set(id, 'consumed') } : state;
    }
    case 'approval_requested':
    case 'approval_request_filed':
    case 'vote_cast':
    case 'grant_used_up':
    case 'token_issued':
    case 'token_refused':
      return state;
    default:
      return assertNever(entry);
  }
};

const settled = (
  state: GateState,
  {
    decisionId,
    legs,
    at,
  }: { readonly decisionId: DecisionId; readonly legs: readonly SettledLeg[]; readonly at: Instant },
): GateState => {
  const charges = legs.map(({ account, spent_usd }) => ({ account, spent: usdOf(spent_usd) }));
  const accounts = settleHold(state.accounts, { decisionId, charges, at }, termsOf(state.policy));
  return { ...endHold(state, decisionId), accounts };
};

// eslint-disable-next-line complexity -- one case per entry type
const foldReservations = (state: GateState, entry: ReservationsEntry, revision: bigint): GateState => {
  switch (entry.type) {
    case 'reservation_settled': {
      const { decision_id: decisionId, legs, settled_at: at } = entry.payload;
      return settled(state, { decisionId, legs, at });
    }
    case 'reservation_assumed_spent': {
      const { decision_id: decisionId, legs, swept_at: at } = entry.payload;
      return settled(state, { decisionId, legs, at });
    }
    case 'reservation_released':
      return endHold(state, entry.payload.decision_id);
    case 'reservation_corrected': {
      const { legs, corrected_at: at, booked_at: bookedAt } = entry.payload;
      const adjustments = legs.map(({ account, adjusted_usd }) => ({ account, by: usdOf(adjusted_usd) }));
      return {
        ...state,
        accounts: adjustSpent(state.accounts, { adjustments, at, bookedAt }, termsOf(state.policy)),
      };
    }
    case 'actual_costs_imported':
      return { ...state, costDays: foldCosts(state.costDays, entry.payload.rows, entry.payload.imported_at) };
    case 'exception_opened':
    case 'exception_resolved':
      return { ...state, overruns: withOverrun(state.overruns, entry, revision) };
    case 'actual_recorded':
    case 'drift_found':
    case 'overdue_swept':
      return state;
    default:
      return assertNever(entry);
  }
};

/** One entry of any journal that the gate writes or observes. */
export type GateObserved =
  | { readonly journal: 'policy'; readonly entry: PolicyEntry; readonly revision: bigint }
  | { readonly journal: 'decisions'; readonly entry: DecisionsEntry; readonly revision: bigint }
  | { readonly journal: 'approvals'; readonly entry: ApprovalsEntry; readonly revision: bigint }
  | { readonly journal: 'reservations'; readonly entry: ReservationsEntry; readonly revision: bigint };

/** Folds one entry. Journals commute: what one says never depends on how far another was folded. */
export const evolveGate = (state: GateState, seen: GateObserved): GateState => {
  switch (seen.journal) {
    case 'policy':
      return foldPolicy(state, seen.entry, seen.revision);
    case 'decisions':
      return evolveOwn(state, seen.entry, seen.revision);
    case 'approvals':
      return foldApprovals(state, seen.entry, seen.revision);
    case 'reservations':
      return foldReservations(state, seen.entry, seen.revision);
    default:
      return assertNever(seen);
  }
};
