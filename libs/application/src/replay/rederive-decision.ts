import {
  answerKey,
  type AskForChange,
  type DecisionRecorded,
  type GateState,
  jcsText,
  recordedQuestion,
  rolledBack,
  type RuleEngine,
} from '@verdict/domain';
import { gateService } from '../gate/gate-service.js';
import { asCanonical, recordedDecision } from '../journals/entries.codec.js';
import type { DomainEntry } from '../journals/service-definition.js';
import { differencesOf, isHolder } from './json-differences.js';
import type { RecordedAnswer } from './walk-decisions.js';

export type Rederived =
  | { readonly kind: 'same' }
  /** JSON pointers into the payload of the decision. */
  | { readonly kind: 'different'; readonly pointers: Iterable<string> }
  /** The decision is the same; what it does to other holds is not. */
  | { readonly kind: 'other_holds' }
  /** Asked again it would not be decided: no policy is in force there, or its key has been answered before. */
  | { readonly kind: 'undecidable' }
  /** The first release wrote it, and the entry does not hold what evidence alone came to. */
  | { readonly kind: 'hidden' };

/** Of a later release these two say what evidence alone came to: where they do not, one of them has been changed. */
const CONTRADICTED: Rederived = { kind: 'different', pointers: ['/cost/price_book', '/cost/sources'] };

/** Of what is derived, the members that were recorded. */
export const recordedMembers = (recorded: unknown, again: unknown): unknown => {
  if (Array.isArray(recorded) && Array.isArray(again)) {
    return again.map((item, at) => recordedMembers(recorded[at], item));
  }
  if (!isHolder(recorded) || !isHolder(again)) return again;
  return Object.fromEntries(
    Object.entries(again)
      .filter(([name]) => name in recorded)
      .map(([name, member]) => [name, recordedMembers(Reflect.get(recorded, name), member)]),
  );
};

/** What every later release records, and the first did not. */
const LATER_MEMBERS = [
  'challenger',
  'change',
  'channel',
  'computed_context',
  'exceptions_used',
  'obligations',
  'risk',
  'rules',
  'rules_matched',
] as const satisfies readonly (keyof DecisionRecorded)[];

/** Whether the first release may have written it: one that lacks some of what later ones record has lost it. */
export const isOfFirstRelease = (recorded: DecisionRecorded): boolean =>
  LATER_MEMBERS.every((member) => !(member in recorded));

const textOf = (value: unknown): string => jcsText(asCanonical(value));
const isSame = (recorded: readonly DomainEntry[], again: readonly DomainEntry[]): boolean =>
  textOf(recorded.map(({ type, payload }) => ({ type, payload }))) === textOf(again);

/** Where a member stood in its batch was given with the question. */
const inPlace = ({ type, payload }: DomainEntry, { batch = null }: DecisionRecorded): DomainEntry =>
  type === 'decision_recorded' && batch !== null && isHolder(payload)
    ? { type, payload: { ...payload, batch: { ...batch, rolled_back: false } } }
    : { type, payload };

/** The member as it would have been, then as it was rolled back. */
const rederiveRolledBack = (recorded: DecisionRecorded, again: readonly DomainEntry[]): Rederived => {
  const last = again.at(-1);
  if (last === undefined || recorded.batch === null || recorded.batch === undefined) return { kind: 'undecidable' };
  const compared = rolledBack(recordedDecision({ payload: last.payload }), recorded.batch);
  return textOf(recorded) === textOf(compared)
    ? { kind: 'same' }
    : { kind: 'different', pointers: differencesOf(recorded, compared) };
};

/**
 * As releases before remembered it: an answer that held nothing hid the hold that an earlier one under its key still had.
 * undefined: it hides none.
 */
const hidingHolder = (state: GateState, { key }: DecisionRecorded): GateState | undefined => {
  const name = answerKey(key.scope, key.text);
  const answer = state.answers.get(name);
  if (answer === undefined || answer.holderId === null || answer.holderId === answer.decisionId) return undefined;
  return { ...state, answers: state.answers.set(name, { ...answer, holderId: null }) };
};

export interface RederiveTerms {
  readonly rules: RuleEngine;
  /** The first release wrote it, which knew less of a change: what was added later is no part of what it recorded. */
  readonly isFirstRelease: boolean;
}

/**
 * Decides again, from the entry and the state in front of it alone, and compares all that was written for it.
 * @source architecture guarantee G7
 */
export const rederiveAnswer = (
  { tenantId, state, entries }: RecordedAnswer,
  { rules, isFirstRelease }: RederiveTerms,
): Rederived => {
  const last = entries.at(-1);
  if (last === undefined) throw new RangeError('an answer has at least its decision');
  const recorded = recordedDecision(last);
  const question = recordedQuestion(recorded, tenantId, rules);
  if (question === undefined) return isFirstRelease ? { kind: 'hidden' } : CONTRADICTED;
  const asked: Asked = { question, recorded, entries, isFirstRelease };
  const again = rederiveOn(state, asked);
  if (again.kind === 'same') return again;
  const before = hidingHolder(state, recorded);
  const asBefore = before === undefined ? again : rederiveOn(before, asked);
  return asBefore.kind === 'same' ? asBefore : again;
};

interface Asked extends Pick<RecordedAnswer, 'entries'>, Pick<RederiveTerms, 'isFirstRelease'> {
  readonly question: AskForChange;
  readonly recorded: DecisionRecorded;
}

const rederiveOn = (state: GateState, { question, recorded, entries, isFirstRelease }: Asked): Rederived => {
  const again = gateService.decide(question, state).entries.map((entry) => inPlace(entry, recorded));
  if (recorded.batch?.rolled_back === true) return rederiveRolledBack(recorded, again);
  const decided = again.at(-1);
  if (decided === undefined) return { kind: 'undecidable' };
  const whole = recordedDecision(decided);
  const compared = isFirstRelease ? recordedMembers(recorded, whole) : whole;
  if (textOf(recorded) !== textOf(compared)) return { kind: 'different', pointers: differencesOf(recorded, compared) };
  return isSame(entries.slice(0, -1), again.slice(0, -1)) ? { kind: 'same' } : { kind: 'other_holds' };
};
