import type { Instant, DecisionId } from '../shared/brand.js';
import { accepted, refused, type Result } from '../shared/entry.js';
import { formatUsd4, type MicroUsd, microUsd, NOTHING, usdOf } from '../shared/money.js';
import type { HeldLeg } from '../accounts/accounts.js';
import { ENTERPRISE_CEILING, overageAccount } from '../policy/policy.state.js';
import { derivedKey } from '../shared/fingerprint.js';
import type { PolicyEntry } from '../policy/policy.entries.js';
import { countedOnce, withoutCounted } from './counted.js';
import type { AskForChange } from './ask-for-change.js';
import type { DecisionRecorded, DecisionsEntry, GrantUse } from './decisions.entries.js';
import { type Answer, answerKey, type GateState } from './decisions.state.js';
import { evaluate, type PricedChange, pricedNow } from './evaluate.js';
import { isUsable, legsLeft } from './grant.js';
import { earlierOfRun, reanswered, type RunAnswer } from './runs.js';
import { isOfReview } from './unit-facts.js';

/** Ends a hold because the approvals journal said so. */
export interface EndHold {
  readonly kind: 'end_hold';
  readonly decisionId: DecisionId;
  readonly now: Instant;
}
/** Writes the named exception that a granted approval with an unfunded part makes. Contract section 9.4. */
export interface GrantOverage {
  readonly kind: 'grant_overage';
  readonly decisionId: DecisionId;
  readonly now: Instant;
}

export type GateRefusal =
  | { readonly code: 'idempotency_conflict'; readonly firstRevision: bigint }
  | { readonly code: 'fingerprint_mismatch'; readonly recomputed: string }
  | { readonly code: 'policy_missing' };

/** Accepted without entries: `replay` names the entry that answered this key before. */
export type GateResult =
  | Result<DecisionsEntry, GateRefusal>
  | { readonly kind: 'replay'; readonly revision: bigint; readonly isExpired: boolean }
  /** A decision that stands answers this question too; the entry says so. */
  | { readonly kind: 'reanswered'; readonly entries: readonly DecisionsEntry[]; readonly revision: bigint };

/** Each funded dollar once: the ceiling leg carries it so, a budget leg may carry it once a month. */
const sumOf = (legs: readonly HeldLeg[]): MicroUsd =>
  legs.reduce(
    (sum, leg) =>
      leg.account === ENTERPRISE_CEILING || leg.account.startsWith('overage:') ? microUsd(sum + leg.amount) : sum,
    NOTHING,
  );
const heldBy = (state: GateState, decisionId: string): MicroUsd => sumOf(state.accounts.holds.get(decisionId) ?? []);

/** A grant that waits for its use ends what its answer said; a token that waits to be consumed does not (ADR 6). */
const isGrantUsable = (state: GateState, { decisionId }: Answer, now: Instant): boolean => {
  const grant = state.grants.byDecision.get(decisionId);
  return grant !== undefined && isUsable(grant, state.policy, now);
};

/** It held money, and does so no more: the change it was for has been settled, or given up. */
const hasEnded = (state: GateState, { holderId, decisionId }: Pick<Answer, 'holderId' | 'decisionId'>): boolean =>
  holderId === decisionId && !state.accounts.holds.has(decisionId);

/**
 * Whether an answer under a derived key still stands. It does while it has not expired, what it held is held and, if it
 * asked for an approval, for as long as that is pending or waits to be used: a second question must neither ask nor hold
 * twice. A task of a run is asked about once: whoever delivers it again gets its answer, whatever the run holds by now.
 *
 * @source contract section 6.3
 */
const isStanding = (state: GateState, answer: Answer, { now, request }: AskForChange): boolean => {
  const isUnexpired = now < answer.expiresAt;
  if (!answer.needsApproval) return isUnexpired && (request.run?.task !== undefined || !hasEnded(state, answer));
  const progress = state.approvals.get(answer.decisionId);
  if (progress === 'granted') return !isGrantUsable(state, answer, now);
  return progress === 'pending' || (progress === 'consumed' && isUnexpired);
};

const voidSuperseded = (state: GateState, holderId: DecisionId | null, now: Instant): readonly DecisionsEntry[] =>
  holderId !== null && state.accounts.holds.has(holderId)
    ? [
        {
          type: 'hold_voided',
          payload: {
            decision_id: holderId,
            cause: 'superseded',
            released_usd: formatUsd4(heldBy(state, holderId)),
            voided_at: now,
          },
        },
      ]
    : [];

/** Where an answer stands among those of its key. */
interface Succession {
  readonly generation: number;
  /** Entries that end what the answer takes over. */
  readonly before: readonly DecisionsEntry[];
  readonly supersedes: DecisionId | null;
}
const unrelated = (generation: number): Succession => ({ generation, before: [], supersedes: null });

/** The use of a grant moves its legs out of the hold that was approved, in the same append. Contract section 11.5. */
const movedHold = (
  state: GateState,
  { decision_id, is_last }: GrantUse,
  recorded: DecisionRecorded,
): readonly DecisionsEntry[] => {
  const held = state.accounts.holds.get(decision_id) ?? [];
  if (held.length === 0 && !is_last) return [];
  const drawn = recorded.hold.legs.map(({ account, amount_usd }) => ({ account, amount: usdOf(amount_usd) }));
  const left = is_last ? [] : legsLeft(held, drawn);
  const released_usd = formatUsd4(microUsd(sumOf(held) - sumOf(left)));
  const cause = 'moved_to_grant_use';
  return is_last
    ? [{ type: 'hold_voided', payload: { decision_id, cause, released_usd, voided_at: recorded.decided_at } }]
    : [
        {
          type: 'hold_reduced',
          payload: {
            decision_id,
            cause,
            legs: left.map(({ account, amount }) => ({ account, amount_usd: formatUsd4(amount) })),
            released_usd,
            reduced_at: recorded.decided_at,
          },
        },
      ];
};

/** What is asked. Its price does not depend on who holds what, so it is made at most once, and only if it is looked at. */
interface Question {
  readonly command: AskForChange;
  readonly priced: () => PricedChange | undefined;
}
const questionOf = (command: AskForChange, state: GateState): Question => {
  let made: { readonly priced: PricedChange | undefined } | undefined;
  return { command, priced: () => (made ??= { priced: pricedNow(command, state) }).priced };
};

/** The same change is counted once, however often it is decided. */
const isCountedOnce = ({ isCountedAgain }: AskForChange): boolean => isCountedAgain !== true;

const decideAfresh = (
  { command, priced }: Question,
  state: GateState,
  { generation, before, supersedes }: Succession,
): GateResult => {
  const recorded = evaluate(command, state, generation, priced());
  if (recorded === undefined) return refused({ code: 'policy_missing' });
  if (command.expectedFingerprint !== null && command.expectedFingerprint !== recorded.request_fingerprint) {
    return refused({ code: 'fingerprint_mismatch', recomputed: recorded.request_fingerprint });
  }
  const use = recorded.grant_use ?? null;
  const moved = use === null ? [] : movedHold(state, use, recorded);
  const counted = supersedes !== null && isCountedOnce(command) ? countedOnce(recorded, state, supersedes) : recorded;
  return accepted<DecisionsEntry>(...before, ...moved, {
    type: 'decision_recorded',
    payload: { ...counted, supersedes },
  });
};

const usedGrant = (result: GateResult): GrantUse | null => {
  const last = result.kind === 'accepted' ? result.entries.at(-1) : undefined;
  return last?.type === 'decision_recorded' ? (last.payload.grant_use ?? null) : null;
};

const isHolding = (entry: DecisionsEntry | undefined): boolean =>
  entry?.type === 'decision_recorded' && entry.payload.hold.legs.length > 0;

/**
 * A keyless answer has lapsed: decide again, on the state without what is still held under its key. An answer that holds
 * nothing itself leaves that hold alone, since the change it is for may have been made; the next one finds it there.
 * Contract section 6.3.
 */
const decideAgain = (
  question: Question,
  state: GateState,
  earlier: Pick<Answer, 'holderId' | 'generation'>,
  freed: (state: GateState, id: DecisionId) => GateState,
): GateResult => {
  const { holderId } = earlier;
  const generation = earlier.generation + 1;
  const before = voidSuperseded(state, holderId, question.command.now);
  const alone = decideAfresh(question, state, unrelated(generation));
  // The hold of an approved answer is what its grant draws from; nothing else takes it over.
  if (holderId === null || before.length === 0 || usedGrant(alone)?.decision_id === holderId) return alone;
  const without = freed(isCountedOnce(question.command) ? withoutCounted(state, holderId) : state, holderId);
  const taken = decideAfresh(question, without, { generation, before, supersedes: holderId });
  const takesOver = taken.kind !== 'accepted' || isHolding(taken.entries.at(-1));
  return takesOver ? taken : alone;
};

/** The key of a review holds the fingerprint, which is known only once the change is priced. Contract section 6.3. */
const withReviewKey = ({ command, priced }: Question): Question => {
  const { review } = command.key;
  const fingerprint = review === undefined ? undefined : priced()?.fingerprint;
  if (review === undefined || fingerprint === undefined) return { command, priced };
  const text = derivedKey({
    kind: 'admission_review',
    clusterId: review.clusterId,
    fingerprint,
    environmentRaw: command.request.environment_raw,
    generatedName: review.generatedName,
  });
  return { command: { ...command, key: { scope: command.key.scope, text, isDerived: true } }, priced };
};

/** Whether what a task of this run was answered answers the next task too. */
const answersNextTask = ({ command, priced }: Question, state: GateState, earlier: RunAnswer): boolean => {
  if (priced()?.fingerprint !== earlier.requestFingerprint) return false;
  return earlier.isPermitted
    ? command.now < earlier.expiresAt && !hasEnded(state, earlier)
    : earlier.needsApproval && state.approvals.get(earlier.decisionId) === 'pending';
};

/**
 * The first question of a task. An equal change of the same run is answered as before while that stands; else it is decided
 * afresh, and takes over what the run holds, so that a run never holds twice. What was granted is used, not taken over.
 * @source protocols section 2, `pre_apply`
 */
const decideForRun = (
  question: Question,
  state: GateState,
  freed: (state: GateState, id: DecisionId) => GateState,
): GateResult => {
  const { command } = question;
  const { run } = command.request;
  const earlier = command.isDryRun ? undefined : earlierOfRun(state.runs, run);
  if (run?.task === undefined || earlier === undefined) return decideAfresh(question, state, unrelated(1));
  if (answersNextTask(question, state, earlier)) {
    const { key, payloadHash, now } = command;
    const asked = { integrationId: run.task.integration_id, runId: run.run_id, stage: run.stage, payloadHash, now };
    const entry = reanswered(earlier, { ...asked, key: { scope: key.scope, text: key.text } });
    return { kind: 'reanswered', entries: [entry], revision: earlier.revision };
  }
  return decideAgain(question, state, { holderId: earlier.holderId, generation: 0 }, freed);
};

/**
 * The key of a review says all that tells one change from another: an annotation beside it at an equal price, such as
 * another claim, is no part of it. @source protocols section 1.3; contract section 6.2
 */
const isReview = ({ request, key }: AskForChange): boolean =>
  isOfReview({ request, key: { is_derived: key.isDerived, text: key.text } });

/** An amount that is none, put right or come up since: what the key was answered does not answer this. */
const isClaimOtherwise = (command: AskForChange, { isClaimInvalid }: Answer): boolean =>
  isReview(command) && command.claim.isInvalid !== (isClaimInvalid === true);

/** What its key was answered before, if that answers this question; a repeated answer binds like a new one. */
const answerAgain = (
  command: AskForChange,
  first: NonNullable<AskForChange['rememberedAnswer']> & { readonly isExpired: boolean },
): GateResult => {
  const { requestFingerprint: recomputed, revision, isExpired } = first;
  const { payloadHash, expectedFingerprint } = command;
  if (first.payloadHash !== payloadHash && !isReview(command))
    return refused({ code: 'idempotency_conflict', firstRevision: revision });
  return expectedFingerprint === null || recomputed === null || expectedFingerprint === recomputed
    ? { kind: 'replay', revision, isExpired }
    : refused({ code: 'fingerprint_mismatch', recomputed });
};

/** One question, one outcome (G3): a DENY is an entry, since an auditor asks about it; a refusal writes nothing. */
export const decideChange = (
  asked: AskForChange,
  state: GateState,
  freed: (state: GateState, id: DecisionId) => GateState,
): GateResult => {
  const question = withReviewKey(questionOf(asked, state));
  const { command } = question;
  const earlier = state.answers.get(answerKey(command.key.scope, command.key.text));
  if (earlier === undefined && command.rememberedAnswer !== null)
    return answerAgain(command, { ...command.rememberedAnswer, isExpired: true });
  if (earlier === undefined) return decideForRun(question, state, freed);
  const isAnswer = isStanding(state, earlier, command) && !isClaimOtherwise(command, earlier);
  if (!command.key.isDerived || isAnswer)
    return answerAgain(command, { ...earlier, isExpired: command.now >= earlier.expiresAt });
  return decideAgain(question, state, earlier, freed);
};

/** Ends what the approvals journal ended. Nothing due: nothing is written, so a repeated command is harmless. */
export const decideEndHold = (command: EndHold, state: GateState): Result<DecisionsEntry, never> => {
  const reaction = state.due.get(command.decisionId);
  if (reaction === undefined || reaction.kind === 'grant_overage') return accepted();
  const { decisionId: decision_id, now } = command;
  const released_usd = formatUsd4(heldBy(state, decision_id));
  return reaction.kind === 'void_hold'
    ? accepted<DecisionsEntry>({
        type: 'hold_voided',
        payload: { decision_id, cause: reaction.cause, released_usd, voided_at: now },
      })
    : accepted<DecisionsEntry>({
        type: 'hold_expired',
        payload: { decision_id, cause: reaction.cause, released_usd, expired_at: now },
      });
};

/** Names the room that a grant makes for the unfunded part of one decision, and of no other. */
export const decideGrantOverage = (command: GrantOverage, state: GateState): Result<PolicyEntry, never> => {
  const reaction = state.due.get(command.decisionId);
  if (reaction?.kind !== 'grant_overage') return accepted();
  return accepted<PolicyEntry>({
    type: 'exception_granted',
    payload: {
      exception_id: overageAccount(command.decisionId),
      kind: 'overage',
      decision_id: command.decisionId,
      limit_usd: formatUsd4(reaction.amount),
      approval_id: reaction.approvalId,
      granted_at: command.now,
    },
  });
};
