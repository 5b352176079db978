import type { Instant, DecisionId } from '../shared/brand.js';
import { accepted, refused, type Result } from '../shared/entry.js';
import { formatUsd4, type MicroUsd, microUsd, NOTHING } from '../shared/money.js';
import { ENTERPRISE_CEILING, overageAccount } from '../policy/policy.state.js';
import type { PolicyEntry } from '../policy/policy.entries.js';
import type { AskForChange } from './ask-for-change.js';
import type { DecisionsEntry } from './decisions.entries.js';
import { type Answer, answerKey, type GateState } from './decisions.state.js';
import { evaluate } from './evaluate.js';

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
  | { readonly kind: 'replay'; readonly revision: bigint; readonly isExpired: boolean };

const heldBy = (state: GateState, decisionId: string): MicroUsd =>
  (state.accounts.holds.get(decisionId) ?? []).reduce(
    // The ceiling leg carries each funded dollar once; a budget leg may carry it once a month.
    (sum, leg) =>
      leg.account === ENTERPRISE_CEILING || leg.account === overageAccount(decisionId)
        ? microUsd(sum + leg.amount)
        : sum,
    NOTHING,
  );

/**
 * Whether an answer under a derived key still stands. It does while it has not expired, while its approval is pending,
 * and while a grant waits to be used: a second question must neither ask nor hold twice.
 */
const isStanding = (state: GateState, answer: Answer, now: Instant): boolean => {
  const progress = state.approvals.get(answer.decisionId);
  return now < answer.expiresAt || progress === 'pending' || progress === 'granted';
};

const voidSuperseded = (state: GateState, earlier: Answer, now: Instant): readonly DecisionsEntry[] =>
  state.accounts.holds.has(earlier.decisionId)
    ? [
        {
          type: 'hold_voided',
          payload: {
            decision_id: earlier.decisionId,
            cause: 'superseded',
            released_usd: formatUsd4(heldBy(state, earlier.decisionId)),
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

const decideAfresh = (
  command: AskForChange,
  state: GateState,
  { generation, before, supersedes }: Succession,
): GateResult => {
  const recorded = evaluate(command, state, generation);
  if (recorded === undefined) return refused({ code: 'policy_missing' });
  if (command.expectedFingerprint !== null && command.expectedFingerprint !== recorded.request_fingerprint) {
    return refused({ code: 'fingerprint_mismatch', recomputed: recorded.request_fingerprint });
  }
  return accepted<DecisionsEntry>(...before, { type: 'decision_recorded', payload: { ...recorded, supersedes } });
};

const isHolding = (entry: DecisionsEntry | undefined): boolean =>
  entry?.type === 'decision_recorded' && entry.payload.hold.legs.length > 0;

/**
 * A keyless answer has lapsed: decide again, on the state without what the lapsed one still holds. An answer that holds
 * nothing itself leaves that hold alone, since the change it is for may have been made. Contract section 6.3.
 */
const decideAgain = (
  command: AskForChange,
  state: GateState,
  earlier: Answer,
  freed: (state: GateState, id: DecisionId) => GateState,
): GateResult => {
  const generation = earlier.generation + 1;
  const before = voidSuperseded(state, earlier, command.now);
  if (before.length === 0) return decideAfresh(command, state, unrelated(generation));
  const taken = decideAfresh(command, freed(state, earlier.decisionId), {
    generation,
    before,
    supersedes: earlier.decisionId,
  });
  const takesOver = taken.kind !== 'accepted' || isHolding(taken.entries.at(-1));
  return takesOver ? taken : decideAfresh(command, state, unrelated(generation));
};

/** One question, one outcome (G3): a DENY is an entry, since an auditor asks about it; a refusal writes nothing. */
export const decideChange = (
  command: AskForChange,
  state: GateState,
  freed: (state: GateState, id: DecisionId) => GateState,
): GateResult => {
  const earlier = state.answers.get(answerKey(command.key.scope, command.key.text));
  if (earlier === undefined && command.rememberedAnswer !== null) {
    const { payloadHash, revision } = command.rememberedAnswer;
    return payloadHash === command.payloadHash
      ? { kind: 'replay', revision, isExpired: true }
      : refused({ code: 'idempotency_conflict', firstRevision: revision });
  }
  if (earlier === undefined) return decideAfresh(command, state, unrelated(1));
  const stands = !command.key.isDerived || isStanding(state, earlier, command.now);
  if (earlier.payloadHash !== command.payloadHash && stands) {
    return refused({ code: 'idempotency_conflict', firstRevision: earlier.revision });
  }
  if (stands) return { kind: 'replay', revision: earlier.revision, isExpired: command.now >= earlier.expiresAt };
  return decideAgain(command, state, earlier, freed);
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
