import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEFAULT_QUOTAS } from '@verdict/nest-kit';
import { ROUTES } from '@verdict/contracts';
import { aCluster } from '../support/codes/cluster.js';
import type { ApiAnswer } from '../support/e2e/api.js';
import { pause } from '../support/e2e/processes.js';
import { Standalone } from '../support/e2e/standalone.js';
import { ask, MONEY_ONLY, publishPolicy } from '../support/e2e/story.js';
import { freshTenant, peopleOf } from '../support/e2e/tokens.js';

const SECONDS = 3;
const SENDERS = 16;
/** A tenth of the contract's figures, so that any machine can exceed them. */
const RATE = DEFAULT_QUOTAS.VERDICT_QUOTA_GATE_PER_SECOND / 10;
const BURST = DEFAULT_QUOTAS.VERDICT_QUOTA_GATE_BURST / 10;
const QUIET_A_SECOND = 5;
const LIMITS = { ...DEFAULT_QUOTAS, VERDICT_QUOTA_GATE_PER_SECOND: RATE, VERDICT_QUOTA_GATE_BURST: BURST };
const ENV = Object.fromEntries(Object.entries(LIMITS).map(([name, value]) => [name, String(value)]));

/** A lease that a controller renews: it costs nothing, and there are thousands of them. */
const leaseReview = (id: string) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: id,
    kind: { group: 'coordination.k8s.io', version: 'v1', kind: 'Lease' },
    resource: { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' },
    name: id,
    namespace: 'shop',
    operation: 'CREATE',
    userInfo: { username: 'system:node', groups: [] },
    object: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: id, namespace: 'shop' } },
    oldObject: null,
    dryRun: false,
  },
});

const counted = (answers: readonly ApiAnswer[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

describe('one tenant floods the gate, another one asks at a quarter of its rate', () => {
  let server: Standalone;
  const loud = peopleOf(freshTenant('loud'));
  const quiet = peopleOf(freshTenant('quiet'));
  const ofLoud: ApiAnswer[] = [];
  const reviews: ApiAnswer[] = [];
  let ofQuiet: readonly ApiAnswer[] = [];
  let seconds = 0;

  const gate = (people: typeof loud, id: string): Promise<ApiAnswer> =>
    server.call('gateTerraform', { as: people.dev, key: id, body: ask('0.01', { resource_reference: id }) });

  beforeAll(async () => {
    server = await Standalone.start({ env: ENV });
    for (const people of [loud, quiet]) await publishPolicy(server, people, MONEY_ONLY);
    const { bearer } = await aCluster({ server, people: loud });
    const review = (id: string): Promise<ApiAnswer> =>
      server.raw({
        method: 'POST',
        path: ROUTES.reviewAdmission.path,
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: JSON.stringify(leaseReview(id)),
      });
    const started = performance.now();
    const isOver = (): boolean => performance.now() - started > SECONDS * 1000;
    const flood = Array.from({ length: SENDERS }, async (_, sender) => {
      for (let call = 0; !isOver(); call += 1) {
        if (sender % 2 === 0) ofLoud.push(await gate(loud, `loud-${sender}-${call}`));
        else reviews.push(await review(`lease-${sender}-${call}`));
      }
    });
    const steady: Promise<ApiAnswer>[] = [];
    for (let call = 0; !isOver(); call += 1) {
      steady.push(gate(quiet, `quiet-${call}`));
      await pause(started + ((call + 1) * 1000) / QUIET_A_SECOND - performance.now());
    }
    await Promise.all(flood);
    ofQuiet = await Promise.all(steady);
    seconds = (performance.now() - started) / 1000;
  }, 180_000);
  afterAll(() => server.dispose());

  it('answers every call of the quiet one with a verdict', () => {
    expect(ofQuiet.length).toBeGreaterThan(SECONDS * QUIET_A_SECOND * 0.5);
    expect(counted(ofQuiet)).toEqual({ 200: ofQuiet.length });
  });
  it('lets the loud one have its rate and its burst and no more, and says when to come back', () => {
    const { 200: allowed = 0, 429: refused = 0, ...others } = counted(ofLoud);
    expect(others).toEqual({});
    const { 200: reviewed = 0 } = counted(reviews);
    expect(allowed + reviewed).toBeLessThanOrEqual(BURST + RATE * seconds + 1);
    expect(refused).toBeGreaterThan(0);
    const one = ofLoud.find(({ status }) => status === 429);
    expect(Number(one?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(one?.body).toMatchObject({ code: 'rate_limited', limit: RATE, limit_kind: 'gate', retryable: true });
  });
  it('answers no review that it has no durable verdict for: the failure policy of the cluster decides', () => {
    const { 200: reviewed = 0, 503: refused = 0, ...others } = counted(reviews);
    expect(others).toEqual({});
    expect(reviewed).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
    expect(reviews.find(({ status }) => status === 503)?.body).toMatchObject({ code: 'verdict_not_durable' });
  });
  it('writes an entry for every verdict and none for a refusal', () => {
    const { 200: allowed = 0 } = counted(ofLoud);
    const { 200: reviewed = 0 } = counted(reviews);
    const entries = [
      ...ofLoud.filter(({ status }) => status === 200).map(({ body }) => `decisions@${String(body.entry.revision)}`),
      ...reviews.filter(({ status }) => status === 200).map(({ headers }) => headers.get('verdict-entry') ?? ''),
    ];
    const revisions = entries.map((entry) => Number(entry.replace('decisions@', '')));
    expect(new Set(revisions).size).toBe(allowed + reviewed);
    expect(Math.max(...revisions)).toBe(allowed + reviewed - 1);
  });
  it('warns once, with the count, and of the loud one only', async () => {
    await server.stop();
    const warnings = server.log.filter(({ msg }) => msg === 'calls were refused for a limit');
    const { 429: refused = 0 } = counted(ofLoud);
    const { 503: overloaded = 0 } = counted(reviews);
    expect(warnings.map(({ tenant, limit, count }) => ({ tenant, limit, count }))).toEqual([
      { tenant: loud.dev.tenant, limit: 'gate', count: refused + overloaded },
    ]);
  });
});
