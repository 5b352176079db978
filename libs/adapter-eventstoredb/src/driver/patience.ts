import { failureOf } from './failure.js';

export interface Patience {
  /** Repeats after the first try. */
  readonly repeats: number;
  /** Before the first repeat; doubles with each. */
  readonly backoffMs: number;
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** For what is always safe to repeat. Throws the last error, and at once one that is not doubtful. */
export const patiently = async <T>({ repeats, backoffMs }: Patience, work: () => Promise<T>): Promise<T> => {
  for (let repeat = 0; ; repeat += 1) {
    try {
      return await work();
    } catch (error) {
      if (repeat >= repeats || failureOf(error) !== 'doubtful') throw error;
    }
    await sleep(backoffMs * 2 ** repeat);
  }
};
