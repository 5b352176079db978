import { type DecisionRecorded, jcsText, recordedQuestion, rolledBack, type RuleEngine } from '@verdict/domain';
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
  /** The entry does not hold what evidence alone came to. */
  | { readonly kind: 'hidden' };

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

/** The first release knew less of a change: what was added later is no part of what it recorded. */
const isOfFirstRelease = ({ change }: DecisionRecorded): boolean => change === undefined;

/** Of what is derived, what the record says: entries written before a use could be left uncounted do not tell. */
const asRecorded = (recorded: DecisionRecorded, decided: DecisionRecorded): unknown =>
  isOfFirstRelease(recorded)
    ? recordedMembers(recorded, decided)
    : { ...decided, exceptions_used: recordedMembers(recorded.exceptions_used, decided.exceptions_used) };

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
 * Decides again, from the entry and the state in front of it alone, and compares all that was written for it.
 * @source architecture guarantee G7
 */
export const rederiveAnswer = ({ tenantId, state, entries }: RecordedAnswer, rules: RuleEngine): Rederived => {
  const last = entries.at(-1);
  if (last === undefined) throw new RangeError('an answer has at least its decision');
  const recorded = recordedDecision(last);
  const question = recordedQuestion(recorded, tenantId, rules);
  if (question === undefined) return { kind: 'hidden' };
  const again = gateService.decide(question, state).entries.map((entry) => inPlace(entry, recorded));
  if (recorded.batch?.rolled_back === true) return rederiveRolledBack(recorded, again);
  const decided = again.at(-1);
  if (decided === undefined) return { kind: 'undecidable' };
  const compared = asRecorded(recorded, recordedDecision(decided));
  if (textOf(recorded) !== textOf(compared)) return { kind: 'different', pointers: differencesOf(recorded, compared) };
  return isSame(entries.slice(0, -1), again.slice(0, -1)) ? { kind: 'same' } : { kind: 'other_holds' };
};
