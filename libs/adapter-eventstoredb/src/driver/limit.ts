/** Runs at most `max` works at the same time; the others wait in line, first come, first served. */
export const createLimit = (max: number): (<T>(work: () => Promise<T>) => Promise<T>) => {
  const line: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < max) running += 1;
    else await new Promise<void>((resolve) => line.push(resolve)); // Takes over the place of the one that wakes it.
    try {
      return await work();
    } finally {
      const next = line.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
};
