import { type ReadModels, ReadModelsUnavailable } from '@verdict/application';
import { codeOf, messageOf } from '../shared/errors.js';

/** The statement or a value is wrong (22, 42) or breaks a limit (54): that is a defect, and asking again is no use. */
const DEFINITE = /^(22|42|54)[0-9A-Z]{3}$/;
const isDefect = (error: unknown): boolean =>
  error instanceof TypeError ||
  error instanceof RangeError ||
  error instanceof SyntaxError ||
  DEFINITE.test(codeOf(error) ?? '');

const away = (error: unknown): unknown =>
  isDefect(error)
    ? error
    : new ReadModelsUnavailable(`the read models cannot be read: ${messageOf(error)}`, { cause: error });

const guarded = async <Answer>(reading: Promise<Answer>): Promise<Answer> => {
  try {
    return await reading;
  } catch (error) {
    throw away(error);
  }
};

async function* guardedEach<Each>(reading: AsyncIterable<Each>): AsyncGenerator<Each> {
  try {
    yield* reading;
  } catch (error) {
    throw away(error);
  }
}

/** Names the failures of whatever driver does the reading: everything but a defect is the store being away. */
export const guardReads = (reads: ReadModels): ReadModels => ({
  listDecisions: (...asked) => guarded(reads.listDecisions(...asked)),
  findDecision: (...asked) => guarded(reads.findDecision(...asked)),
  bookingRevisions: (...asked) => guarded(reads.bookingRevisions(...asked)),
  findAnswers: (...asked) => guarded(reads.findAnswers(...asked)),
  findKeyedAnswer: (...asked) => guarded(reads.findKeyedAnswer(...asked)),
  listApprovals: (...asked) => guarded(reads.listApprovals(...asked)),
  findApproval: (...asked) => guarded(reads.findApproval(...asked)),
  listActiveReservations: (...asked) => guarded(reads.listActiveReservations(...asked)),
  listExceptions: (...asked) => guarded(reads.listExceptions(...asked)),
  findIntegrationsByProof: (...asked) => guarded(reads.findIntegrationsByProof(...asked)),
  findIntegration: (...asked) => guarded(reads.findIntegration(...asked)),
  listActiveIntegrations: (...asked) => guarded(reads.listActiveIntegrations(...asked)),
  highWater: (...asked) => guarded(reads.highWater(...asked)),
  idsInRange: (...asked) => guardedEach(reads.idsInRange(...asked)),
});
