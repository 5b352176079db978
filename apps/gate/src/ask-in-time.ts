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

/** The time that a call has for its answer. */
export interface TimeToAnswer {
  /** What is left of it, in milliseconds; null: for as long as it takes. */
  readonly waitMs: number | null;
  /** Whether half of it is gone by now, counted from the arrival of the call. */
  readonly isHalfGone: () => boolean;
}

/** The time of a caller who waits so many milliseconds; undefined: he did not say, and has what contract 12.1 gives to all. */
export const timeWithin = (call: Pick<Call, 'elapsedMs'>, timeoutMs: number | undefined) => {
  const withinMs = answerWithinMs(timeoutMs);
  return { waitMs: withinMs - call.elapsedMs, isHalfGone: () => 2 * call.elapsedMs >= withinMs };
};

/** The time that a caller stated. Who states none is answered whenever the verdict is there. */
export const statedTime = (call: Call): TimeToAnswer => {
  const { timeout } = call.query(GateQuery);
  const time = timeWithin(call, timeout);
  return timeout === undefined ? { ...time, waitMs: null } : time;
};

export interface Asked extends TimeToAnswer {
  readonly source: ChangeRequest['source'];
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
    { source, waitMs, isHalfGone }: Asked,
    put: (wait: CallersWait) => Promise<UseCaseResult<Value>>,
  ): Promise<UseCaseResult<Value>> {
    const wait = new CallersWait(isHalfGone);
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
