export const PARTS = ['closed', 'open', 'tenants', 'delay', 'scale-out'];
const OPEN_PER_SECOND = 1000;
const OPEN_CONNECTIONS = 256;

const closed = (connections) => ({ name: `closed ${connections}`, connections, tenants: 1 });
export const open = (perSecond) => ({
  name: `open ${perSecond}/s`,
  connections: OPEN_CONNECTIONS,
  perSecond,
  tenants: 1,
});
const tenants = (count) => ({ name: `tenants ${count}`, connections: 64, tenants: count });

const CLOSED = [closed(1), closed(16), closed(64)];
const slow = (run) => ({ ...run, name: `${run.name}, +1 ms` });

/** The load that every shape of a deployment is compared by. */
export const SHAPE_RUNS = [closed(16), closed(64), open(OPEN_PER_SECOND)];

/** The standalones to start and what to run on each. `only` leaves one part. */
export const planOf = (only) => {
  const wants = (part) => only === undefined || only === part;
  const quick = [
    ...(wants('closed') ? CLOSED : []),
    ...(wants('open') ? [open(OPEN_PER_SECOND)] : []),
    ...(wants('tenants') ? [tenants(1), tenants(10), tenants(1000)] : []),
  ];
  const delayed = wants('delay') ? [...CLOSED, open(OPEN_PER_SECOND)].map(slow) : [];
  return [
    { label: 'as the disk is', env: {}, runs: quick },
    { label: 'every commit 1 ms slower', env: { VERDICT_COMMIT_DELAY_MS: '1' }, runs: delayed },
  ].filter(({ runs }) => runs.length > 0);
};
