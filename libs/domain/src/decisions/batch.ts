import type { DecisionId } from '../shared/brand.js';
import { formatUsd4, NOTHING } from '../shared/money.js';
import type { AskForChange } from './ask-for-change.js';
import { decideChange, type GateRefusal } from './decisions.js';
import type { BatchPlace, DecisionRecorded, DecisionsEntry } from './decisions.entries.js';
import { answerKey, BATCH_SCOPE, evolveGate, type GateState } from './decisions.state.js';
import { isPermitted } from './evaluate.js';
import { inAnswerOrder, type ReasonCode, REASON_CODES } from './reason-codes.js';

/** Several questions at once, decided in order, each on the state that the earlier left. Contract section 5.4. */
export interface AskForChanges {
  readonly kind: 'ask_for_changes';
  readonly items: readonly AskForChange[];
  /** All members or none. */
  readonly isAtomic: boolean;
  /** Of the batch itself; null: only its members have keys. */
  readonly key: BatchKey | null;
}
export type BatchKey = NonNullable<BatchPlace['key']>;

/** What became of one member. `index`: of the entry among those of this batch. */
export type BatchAnswer =
  | { readonly kind: 'recorded'; readonly index: number }
  | { readonly kind: 'replay'; readonly revision: bigint; readonly isExpired: boolean }
  | { readonly kind: 'refused'; readonly refusal: GateRefusal };

export interface BatchResult {
  readonly kind: 'decided';
  readonly entries: readonly DecisionsEntry[];
  readonly answers: readonly BatchAnswer[];
}
/** A batch with a key has one outcome: it is refused whole, for itself (`index` null) or for one of its members. */
export interface RefusedBatch {
  readonly kind: 'refused';
  readonly refusal: GateRefusal;
  readonly index: number | null;
}

type Freed = (state: GateState, id: DecisionId) => GateState;

interface Member {
  readonly entries: readonly DecisionsEntry[];
  readonly answer: BatchAnswer;
  readonly isPermitted: boolean;
}
interface Walked {
  readonly state: GateState;
  readonly members: readonly Member[];
  readonly entryCount: number;
}

/** Entries of the batch have no revision yet: a member that repeats the key of an earlier one finds its place instead. */
const provisional = (index: number): bigint => -2n - BigInt(index);
const indexOf = (revision: bigint): number => Number(-2n - revision);

const placed = (entry: DecisionsEntry, place: BatchPlace): DecisionsEntry =>
  entry.type === 'decision_recorded' ? { ...entry, payload: { ...entry.payload, batch: place } } : entry;

const answered = (state: GateState, { key }: AskForChange) => state.answers.get(answerKey(key.scope, key.text));

const step = (walked: Walked, item: AskForChange, place: BatchPlace, freed: Freed): Walked => {
  const { state, members, entryCount } = walked;
  const result = decideChange(item, state, freed);
  if (result.kind === 'refused') {
    const member: Member = { entries: [], answer: { kind: 'refused', refusal: result.refusal }, isPermitted: false };
    return { ...walked, members: [...members, member] };
  }
  if (result.kind === 'replay') {
    const answer: BatchAnswer =
      result.revision < 0n ? { kind: 'recorded', index: indexOf(result.revision) } : { ...result };
    const isGood = !result.isExpired && (answered(state, item)?.isPermitted ?? false);
    return { ...walked, members: [...members, { entries: [], answer, isPermitted: isGood }] };
  }
  if (result.kind === 'reanswered') throw new TypeError('a member of a batch is no task of a run');
  const entries = result.entries.map((entry) => placed(entry, place));
  const index = entryCount + entries.length - 1; // The decision is the last entry of its member.
  const last = entries.at(-1);
  const next = entries.reduce(
    (folded, entry, at) => evolveGate(folded, { journal: 'decisions', entry, revision: provisional(entryCount + at) }),
    state,
  );
  const isGood = last?.type === 'decision_recorded' && isPermitted(last.payload.decision);
  return {
    state: next,
    members: [...members, { entries, answer: { kind: 'recorded', index }, isPermitted: isGood }],
    entryCount: index + 1,
  };
};

const isReasonCode = (code: string): code is ReasonCode => REASON_CODES.some((known) => known === code);

/**
 * A member of an atomic batch that did not go through: it holds nothing, opens no request and uses nothing up; a permitted
 * one is denied. `would_be` keeps its own outcome.
 *
 * @source contract section 5.4
 */
export const rolledBack = (recorded: DecisionRecorded, place: BatchPlace): DecisionRecorded => {
  const isDenied = isPermitted(recorded.decision);
  return {
    ...recorded,
    approval: null,
    auto_approved_usd: null,
    balances_after: [], // They counted what the members before it would have held.
    batch: { ...place, rolled_back: true },
    decision: isDenied ? 'DENY' : recorded.decision,
    exceptions_used: [],
    exposure_usd: formatUsd4(NOTHING),
    finding: isDenied ? 'violation' : recorded.finding,
    grant_use: null,
    hold: { legs: [], total_usd: formatUsd4(NOTHING), unfunded_usd: recorded.hold.unfunded_usd },
    reason_codes: inAnswerOrder([
      ...(isDenied ? (['batch_rolled_back'] as const) : []),
      ...recorded.reason_codes.filter(isReasonCode).filter((code) => code !== 'within_policy'),
    ]),
    supersedes: null,
    would_be: { decision: recorded.decision, reason_codes: recorded.reason_codes },
  };
};

const rollBack = (members: readonly Member[]): BatchResult => {
  const decisions = members.map(({ entries }) => entries.at(-1));
  const entries = decisions.flatMap((entry): readonly DecisionsEntry[] => {
    if (entry?.type !== 'decision_recorded') return [];
    const place = entry.payload.batch ?? { index: 0, size: members.length, atomic: true, rolled_back: true };
    return [{ ...entry, payload: rolledBack(entry.payload, place) }];
  });
  // Only decisions are left, so a member's place among the entries is its place among the members that have one.
  const indexByOld = new Map<number, number>();
  members
    .filter((member) => member.entries.length > 0)
    .forEach(({ answer }, index) => {
      if (answer.kind === 'recorded') indexByOld.set(answer.index, index);
    });
  const answers = members.map(({ answer }): BatchAnswer => {
    if (answer.kind !== 'recorded') return answer;
    const index = indexByOld.get(answer.index);
    if (index === undefined) throw new TypeError('a member repeats a decision that this batch did not make');
    return { kind: 'recorded', index };
  });
  return { kind: 'decided', entries, answers };
};

/** The key was used before, for another batch. */
const conflictOf = (key: BatchKey, state: GateState): RefusedBatch | undefined => {
  const earlier = state.answers.get(answerKey(BATCH_SCOPE, key.text));
  if (earlier === undefined || earlier.payloadHash === key.payload_hash) return undefined;
  return { kind: 'refused', refusal: { code: 'idempotency_conflict', firstRevision: earlier.revision }, index: null };
};

const refusedMember = (members: readonly Member[]): RefusedBatch | undefined => {
  for (const [index, { answer }] of members.entries())
    if (answer.kind === 'refused') return { kind: 'refused', refusal: answer.refusal, index };
  return undefined;
};

/**
 * Decides the members in order. One append has them all; an atomic batch with one that is not permitted holds nothing.
 * Under a key of its own a batch is answered as the first time, member by member, or refused before anything is decided.
 */
export const decideChanges = (command: AskForChanges, state: GateState, freed: Freed): BatchResult | RefusedBatch => {
  const { items, isAtomic, key } = command;
  const conflict = key === null ? undefined : conflictOf(key, state);
  if (conflict !== undefined) return conflict;
  const keyed = key === null ? {} : { key };
  const start: Walked = { state, members: [], entryCount: 0 };
  const { members } = items.reduce(
    (walked, item, index) =>
      step(walked, item, { atomic: isAtomic, index, ...keyed, rolled_back: false, size: items.length }, freed),
    start,
  );
  const refusal = key === null ? undefined : refusedMember(members);
  if (refusal !== undefined) return refusal;
  if (isAtomic && members.some((member) => !member.isPermitted)) return rollBack(members);
  return {
    kind: 'decided',
    entries: members.flatMap(({ entries }) => entries),
    answers: members.map(({ answer }) => answer),
  };
};
