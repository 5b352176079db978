import { describe, expect, it } from '@jest/globals';
import {
  type CallersWait,
  type ChangeRequest,
  done,
  LogUnreadable,
  problemOf,
  ReadModelsUnavailable,
  type UseCaseResult,
} from '@verdict/application';
import { AskInTime, timeWithin } from './ask-in-time.js';

const SOURCES: readonly ChangeRequest['source'][] = ['terraform', 'k8s_admission', 'cloud_event'];
const never = () => new Promise<UseCaseResult<string>>(() => undefined);
const codeOf = (result: UseCaseResult<string>): string => (result.kind === 'done' ? result.value : result.problem.code);

const asking = () => {
  const counted: string[] = [];
  const logged: unknown[] = [];
  const inTime = new AskInTime(
    { gateFailures: { inc: (...labels: readonly string[]) => void counted.push(labels.join(' ')) } as never },
    { error: (entry: unknown) => void logged.push(entry) },
  );
  const ask = async (
    put: (wait: CallersWait) => Promise<UseCaseResult<string>>,
    waitMs: number | null = null,
    source: ChangeRequest['source'] = 'terraform',
  ): Promise<string> => codeOf(await inTime.ask({ source, waitMs, isHalfGone: () => false }, put));
  return { ask, counted, logged };
};

describe('the time for an answer', () => {
  it.each([
    [2_000, 0, 1_500, 750],
    [1_000, 100, 700, 400],
    [10_000, 0, 1_500, 750],
    [undefined, 0, 1_500, 750],
    [50, 0, 100, 50],
  ])(
    'of a caller who waits %p ms: %p ms after his call came, %p ms are left, and half is gone at %p',
    (stated, at, left, half) => {
      const call = { elapsedMs: at };
      const { waitMs, isHalfGone } = timeWithin(call, stated);
      expect(waitMs).toBe(left);
      call.elapsedMs = half - 1;
      expect(isHalfGone()).toBe(false);
      call.elapsedMs = half;
      expect(isHalfGone()).toBe(true);
    },
  );
});

describe('a question', () => {
  it('is answered with what came in time, a refusal included, and nothing is counted', async () => {
    const { ask, counted } = asking();
    for (const waitMs of [null, 5_000]) {
      expect(await ask(() => Promise.resolve(done('ALLOW')), waitMs)).toBe('ALLOW');
      expect(await ask(() => Promise.resolve(problemOf('idempotency_conflict')), waitMs)).toBe('idempotency_conflict');
    }
    expect(counted).toEqual([]);
  });

  it('that a writer has begun with is unknown at the deadline: the same key may be asked again', async () => {
    const { ask, counted } = asking();
    const put = (wait: CallersWait) => {
      wait.take();
      return never();
    };
    expect(await ask(put, 10)).toBe('outcome_unknown');
    expect(counted).toEqual(['terraform timeout']);
  });

  it('whose turn has not come at the deadline is withdrawn: nothing is written for it any more', async () => {
    const { ask, counted } = asking();
    let wait: CallersWait | undefined;
    const answer = await ask((given) => {
      wait = given;
      return never();
    }, 10);
    expect([answer, wait?.take()]).toEqual(['verdict_not_durable', false]);
    expect(counted).toEqual([]); // By the queue, when it meets it.
  });

  it.each(SOURCES)('of %s that cannot be decided is counted and logged, and is no 500', async (source) => {
    const { ask, counted, logged } = asking();
    for (const waitMs of [null, 5_000])
      expect(await ask(() => Promise.reject(new TypeError('a defect')), waitMs, source)).toBe('verdict_not_durable');
    expect(counted).toEqual([`${source} evaluation_error`, `${source} evaluation_error`]);
    expect(logged).toHaveLength(2);
  });

  it('that fails after it was given up is logged', async () => {
    const { ask, counted, logged } = asking();
    const put = () =>
      new Promise<UseCaseResult<string>>((_, reject) => setTimeout(() => reject(new Error('late')), 30));
    expect(await ask(put, 10)).toBe('verdict_not_durable');
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect([counted, logged]).toEqual([[], [expect.objectContaining({ err: expect.any(Error) })]]);
  });

  it.each([new LogUnreadable('away'), new ReadModelsUnavailable('away')])(
    'that meets %s is one that a store could not answer, not a defect',
    async (error) => {
      const { ask, counted, logged } = asking();
      expect(await ask(() => Promise.reject(error))).toBe('verdict_not_durable');
      const begun = (wait: CallersWait) => {
        wait.take();
        return Promise.reject(error);
      };
      expect(await ask(begun)).toBe('outcome_unknown');
      expect([counted, logged]).toEqual([['terraform log_unavailable', 'terraform log_unavailable'], []]);
    },
  );
});
