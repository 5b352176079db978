export const PARTS = ['closed', 'open', 'tenants', 'delay'];
const OPEN_PER_SECOND = 1000;
const OPEN_CONNECTIONS = 256;

const closed = (connections) => ({ name: `closed ${connections}`, connections, tenants: 1 });
const open = () => ({
  name: `open ${OPEN_PER_SECOND}/s`,
  connections: OPEN_CONNECTIONS,
  perSecond: OPEN_PER_SECOND,
  tenants: 1,
});
const tenants = (count) => ({ name: `tenants ${count}`, connections: 64, tenants: count });

const CLOSED = [closed(1), closed(16), closed(64)];
const slow = (run) => ({ ...run, name: `${run.name}, +1 ms` });

/** The servers to start and what to run on each. `only` leaves one part. */
export const planOf = (only) => {
  const wants = (part) => only === undefined || only === part;
  const quick = [
    ...(wants('closed') ? CLOSED : []),
    ...(wants('open') ? [open()] : []),
    ...(wants('tenants') ? [tenants(1), tenants(10), tenants(1000)] : []),
  ];
  const delayed = wants('delay') ? [...CLOSED, open()].map(slow) : [];
  return [
    { label: 'as the disk is', env: {}, runs: quick },
    { label: 'every commit 1 ms slower', env: { VERDICT_COMMIT_DELAY_MS: '1' }, runs: delayed },
  ].filter(({ runs }) => runs.length > 0);
};
