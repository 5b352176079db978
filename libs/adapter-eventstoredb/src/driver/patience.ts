import { failureOf } from './failure.js';

export interface Patience {
  /** Repeats after the first try. */
  readonly repeats: number;
  /** Before the first repeat; doubles with each, up to a second. */
  readonly backoffMs: number;
}

const BACKOFF_MS_MAX = 1_000;

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Before the repeat of that number, 0-based. */
export const pauseBefore = ({ backoffMs }: Patience, repeat: number): Promise<void> =>
  sleep(Math.min(BACKOFF_MS_MAX, backoffMs * 2 ** repeat));

/** For what is always safe to repeat. Throws the last error, and at once one that is not doubtful. */
export const patiently = async <T>(patience: Patience, work: () => Promise<T>): Promise<T> => {
  for (let repeat = 0; ; repeat += 1) {
    try {
      return await work();
    } catch (error) {
      if (repeat >= patience.repeats || failureOf(error) !== 'doubtful') throw error;
    }
    await pauseBefore(patience, repeat);
  }
};
