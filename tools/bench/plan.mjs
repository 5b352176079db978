import { rulesOf } from './rules.mjs';

export const PARTS = ['closed', 'open', 'tenants', 'delay', 'gate', 'evaluation', 'floor', 'scale-out'];
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

const RULES_MOST = 128;
const CONNECTIONS = [1, 16, 64];
const asked = (kind, connections, count = 1) => ({
  name: `${kind} ${connections}${count === 1 ? '' : `, ${count} tenants`}`,
  kind,
  connections,
  tenants: count,
});

/** Every way into the gate, under as few rules as a careful policy has and as many as one may have. */
const gateParts = () => [
  {
    label: 'the gate, 10 rules',
    env: {},
    rules: rulesOf(10),
    hasEvidence: true,
    runs: [
      ...['generic', 'preflight', 'review'].flatMap((kind) => CONNECTIONS.map((count) => asked(kind, count))),
      { ...open(OPEN_PER_SECOND), name: `review ${OPEN_PER_SECOND}/s`, kind: 'review' },
    ],
    ratios: [],
  },
  {
    // A server of its own: one that holds what the runs above left in memory would be compared with itself when it was young.
    label: 'the gate, 10 rules, one tenant and many',
    env: {},
    rules: rulesOf(10),
    runs: [1, 10, 1000].map((count) => asked('generic', 64, count)),
    ratios: [['generic 64, 1000 tenants', 'generic 64']],
  },
  {
    label: `the gate, ${RULES_MOST} rules`,
    env: {},
    rules: rulesOf(RULES_MOST),
    hasEvidence: true,
    runs: ['generic', 'preflight', 'review'].map((kind) => asked(kind, 64)),
    ratios: [],
  },
];

const floorRuns = (name) => [
  ...CONNECTIONS.map((connections) => ({ name: `${name} ${connections}`, connections, tenants: 1 })),
  { ...open(OPEN_PER_SECOND), name: `${name} ${OPEN_PER_SECOND}/s` },
];
export const HTTP_RUNS = floorRuns('http');
export const FLOOR_RUNS = floorRuns('floor');

/** The load that every shape of a deployment is compared by. */
export const SHAPE_RUNS = [closed(16), closed(64), open(OPEN_PER_SECOND)];

/** The standalones to start and what to run on each. `only` leaves one part. */
export const planOf = (only) => {
  if (only === 'gate') return gateParts();
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
