/**
 * What this release aims at, on 2 cores shared with the load generator and Postgres.
 * The ratio says how far this machine is from it: 1 is as good, more is better.
 */
export const TARGETS = {
  'closed 1': { p50Ms: 1 },
  'closed 64': { rps: 5_000, p99Ms: 20, rssMiB: 350 },
  'open 1000/s': { p99Ms: 20 },
  'closed 64, +1 ms': { rps: 5_000, p99Ms: 20 },
  'generic 64': { rps: 5_000, p99Ms: 20 },
  'review 1000/s': { p99Ms: 10 },
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

/** How runs compare with others of the same server: `pairs` of their names. */
export const ratiosOf = (pairs, runs) =>
  pairs.flatMap(([name, toName]) => {
    const run = runs.find((each) => each.name === name);
    const to = runs.find((each) => each.name === toName);
    if (run === undefined || to === undefined) return [];
    return [{ run: name, to: toName, rps: run.rps / to.rps, p99Ms: run.p99Ms / to.p99Ms }];
  });
