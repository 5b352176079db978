/**
 * Figures of a bare path (router, check, canonical bytes, hash, one batched commit; no rules) on a host of 2 cores.
 * The ratio says how far the whole service is from them on this machine: 1 is as good, more is better.
 */
export const TARGETS = {
  'closed 64': { rps: 15_000, p99Ms: 6 },
  'open 1000/s': { rps: 1000, p50Ms: 1.2, p99Ms: 3.3 },
  'closed 64, +1 ms': { rps: 15_000, p99Ms: 9 },
};

const ratioOf = (name, target, measured) => (name === 'rps' ? measured / target : target / measured);

/** `[{run, measure, target, measured, ratio}]` for the runs that have a target. */
export const compare = (runs) =>
  runs.flatMap((run) =>
    Object.entries(TARGETS[run.name] ?? {}).map(([measure, target]) => ({
      run: run.name,
      measure,
      target,
      measured: run[measure],
      ratio: run[measure] > 0 ? ratioOf(measure, target, run[measure]) : 0,
    })),
  );
