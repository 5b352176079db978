import {
  answerKey,
  type DecisionId,
  type DecisionRecorded,
  type DecisionsEntry,
  evaluate,
  type GateState,
  recordedQuestion,
  type RuleEngine,
} from '@verdict/domain';

/** A decision, the state in front of it, and the own entry before it. */
export interface RecordedDecision {
  readonly tenantId: string;
  readonly recorded: DecisionRecorded;
  readonly state: GateState;
  readonly before: DecisionsEntry | undefined;
}

export type Rederived =
  | { readonly kind: 'derived'; readonly decision: DecisionRecorded }
  /** No policy was in force there, although one must have been. */
  | { readonly kind: 'undecidable' }
  /** The entry does not hold what evidence alone came to. */
  | { readonly kind: 'hidden' };

/** A key that was answered before has lapsed; answers that left memory cannot be counted any more. */
const generationOf = ({ recorded, state }: RecordedDecision): number => {
  const earlier = state.answers.get(answerKey(recorded.key.scope, recorded.key.text));
  if (earlier !== undefined) return earlier.generation + 1;
  return state.answers.forgotten > 0 ? recorded.key.generation : 1;
};

/** Voiding what the answer takes over is written in front of it. */
const supersededBy = ({ recorded, state, before }: RecordedDecision): DecisionId | null => {
  const earlier = state.answers.get(answerKey(recorded.key.scope, recorded.key.text))?.decisionId;
  const isVoided = before?.type === 'hold_voided' && before.payload.cause === 'superseded';
  return isVoided && before.payload.decision_id === earlier ? earlier : null;
};

/**
 * Decides again, from the entry and the state in front of it alone.
 * @source architecture guarantee G7
 */
export const rederiveDecision = (decision: RecordedDecision, rules: RuleEngine): Rederived => {
  const { recorded, state, tenantId } = decision;
  const question = recordedQuestion(recorded, tenantId, rules);
  if (question === undefined) return { kind: 'hidden' };
  const again = evaluate(question, state, generationOf(decision));
  if (again === undefined) return { kind: 'undecidable' };
  return { kind: 'derived', decision: { ...again, supersedes: supersededBy(decision) } };
};
