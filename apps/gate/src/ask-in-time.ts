import {
  CallersWait,
  type ChangeRequest,
  LogUnreadable,
  problemOf,
  ReadModelsUnavailable,
  type UseCaseResult,
} from '@verdict/application';
import { GateQuery } from '@verdict/contracts';
import { answerWithinMs } from '@verdict/domain';
import type { Call, Logger, Metrics } from '@verdict/nest-kit';
import { within } from './within.js';

/** How long the answer to a call may still take, in milliseconds; null: its caller did not say how long he waits. */
export const statedWaitMs = (call: Call): number | null => {
  const { timeout } = call.query(GateQuery);
  return timeout === undefined ? null : answerWithinMs(timeout) - call.elapsedMs;
};

export interface Asked {
  readonly source: ChangeRequest['source'];
  /** null: for as long as it takes. */
  readonly waitMs: number | null;
}

const isOutage = (error: unknown): boolean => error instanceof LogUnreadable || error instanceof ReadModelsUnavailable;

const AWAY = problemOf<never>('verdict_not_durable', { detail: 'the log cannot be read; nothing was written' });
const NO_TURN = problemOf<never>('verdict_not_durable', {
  detail: 'no turn came within the deadline; nothing was written, nor will be',
});
const NOT_KNOWN = problemOf<never>('outcome_unknown', {
  detail: 'no verdict is known to be durable: repeat with the same key',
});
const UNDECIDABLE = problemOf<never>('verdict_not_durable', {
  detail: 'the question could not be decided; nothing was written',
});

/** Puts questions to the gate, for as long as their callers wait. */
export class AskInTime {
  constructor(
    private readonly metrics: Pick<Metrics, 'gateFailures'>,
    private readonly logger: Pick<Logger, 'error'>,
  ) {}

  /**
   * The answer, if it comes in time. Contract 12.2 answers with a fail-safe verdict otherwise, once that is durable; without
   * the log nothing here makes one durable, so there is none (G1): a question whose turn has not come is withdrawn, and one
   * that a writer has begun with is answered under its key when it is repeated. An evaluation that fails is no verdict either.
   */
  async ask<Value>(
    { source, waitMs }: Asked,
    put: (wait: CallersWait) => Promise<UseCaseResult<Value>>,
  ): Promise<UseCaseResult<Value>> {
    const wait = new CallersWait();
    const work = put(wait);
    try {
      if (waitMs === null) return await work;
      const outcome = await within(work, waitMs);
      if (outcome.kind === 'in_time') return outcome.value;
    } catch (error) {
      if (isOutage(error)) return this.away(source, wait);
      this.logger.error({ err: error }, 'a question could not be decided');
      this.metrics.gateFailures.inc(source, 'evaluation_error');
      return UNDECIDABLE;
    }
    work.catch((error: unknown) => {
      this.logger.error({ err: error }, 'a question that was given up has failed');
    });
    if (wait.giveUp()) return NO_TURN; // Whoever finds it withdrawn counts it.
    this.metrics.gateFailures.inc(source, 'timeout');
    return NOT_KNOWN;
  }

  private away(source: Asked['source'], wait: CallersWait): UseCaseResult<never> {
    this.metrics.gateFailures.inc(source, 'log_unavailable');
    return wait.giveUp() ? AWAY : NOT_KNOWN;
  }
}
