import {
  keptAnswer,
  type KeyAnswer,
  type KeyAnswers,
  type LookedUpAnswer,
  mayBeForgotten,
  NOT_LOOKED_UP,
  sha256Of,
} from '@verdict/domain';
import { journalName } from '../journals/kinds.js';
import type { LaneOutcome } from '../journals/service-definition.js';
import type { ReadBarrier } from '../ports/platform.js';
import { type KeyedAnswerRow, type ReadModels, ReadModelsUnavailable } from '../ports/read-models.js';
import { problemOf, type UseCaseResult } from './refusal.js';

export interface KeyLookUpDeps {
  readonly readModels: Pick<ReadModels, 'findKeyedAnswer'>;
  readonly barrier: ReadBarrier;
}

/** A key as it is asked for; null: the caller sent none. */
export interface AskedKey extends Pick<KeyedAnswerRow, 'tenantId' | 'kind' | 'scope'> {
  readonly key: string | null;
}

const WAIT_MS = 2_000;

/**
 * What a key was answered by entries that have left memory. Nothing is read where none has, and nothing more is waited for
 * than that the read models have these.
 *
 * @throws ReadModelsUnavailable: whether the key was answered cannot be told, so nothing may be decided under it (G3).
 * @source contract section 1, Idempotency-Key
 */
export const lookUpKey = async (
  { readModels, barrier }: KeyLookUpDeps,
  { tenantId, kind, scope, key }: AskedKey,
  answers: KeyAnswers,
): Promise<LookedUpAnswer> => {
  if (key === null || !mayBeForgotten(answers, scope, key)) return NOT_LOOKED_UP;
  const { forgottenUpTo: upTo } = answers;
  if (!(await barrier.waitFor(tenantId, kind, upTo, WAIT_MS)))
    throw new ReadModelsUnavailable(`the read models are behind ${journalName(kind, tenantId)}`);
  const row = await readModels.findKeyedAnswer(tenantId, { kind, scope, key });
  return {
    upTo,
    answer: row === undefined ? null : { payloadHash: sha256Of(row.payloadHash), revision: row.revision },
  };
};

/** What a key was answered before, wherever that is known; undefined: nothing. Throws as `lookUpKey`. */
export const answerBefore = async (
  deps: KeyLookUpDeps,
  asked: AskedKey,
  answers: KeyAnswers,
): Promise<KeyAnswer | undefined> => {
  const kept = asked.key === null ? undefined : keptAnswer(answers, asked.scope, asked.key);
  return kept ?? (await lookUpKey(deps, asked, answers)).answer ?? undefined;
};

/** Memory went on forgetting while the key was looked up. */
export const keyNotLookedUp = (): UseCaseResult<never> =>
  problemOf('read_model_behind', { detail: 'earlier answers could not be looked up in time', retryAfterSeconds: 1 });

/** Memory forgets thousands of answers at once, so a second look is rare, and a third never was seen. */
const LOOKS_MAX = 3;

interface MayRefuse {
  readonly kind: string;
  readonly refusal?: { readonly code: string };
}

const isToBeLookedUp = (outcome: LaneOutcome<MayRefuse>): boolean =>
  outcome.kind === 'committed' && outcome.answer.refusal?.code === 'key_not_looked_up';

/** Puts a command with what its key was answered, again where memory forgot more in the meantime. Throws as `lookUp`. */
export const executeUnderKey = async <Answer extends MayRefuse>(
  lookUp: () => Promise<LookedUpAnswer>,
  execute: (lookedUp: LookedUpAnswer) => Promise<LaneOutcome<Answer>>,
): Promise<LaneOutcome<Answer>> => {
  let outcome = await execute(await lookUp());
  for (let look = 2; look <= LOOKS_MAX && isToBeLookedUp(outcome); look += 1) outcome = await execute(await lookUp());
  return outcome;
};
