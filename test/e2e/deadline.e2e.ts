import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RouteId, ROUTES } from '@verdict/contracts';
import type { ApiAnswer } from '../support/e2e/api.js';
import { LedgerReader } from '../support/e2e/ledger.js';
import { SAMPLES } from '../support/e2e/samples.js';
import { Standalone } from '../support/e2e/standalone.js';
import { ask, must } from '../support/e2e/story.js';
import { freshTenant, type People, peopleOf } from '../support/e2e/tokens.js';

/** The log takes this long for every append. */
const COMMIT_MS = 1_000;
const GATES = ['gateTerraform', 'gatePreflight', 'gateAdmission', 'gateCloudEvent', 'gateBatch'] as const;
type Gate = (typeof GATES)[number];

const elapsed = async (run: () => Promise<ApiAnswer>): Promise<readonly [ApiAnswer, number]> => {
  const began = performance.now();
  return [await run(), performance.now() - began];
};
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
/** The verdict of a gate, or of the only member of a batch. */
const verdictIn = ({ body }: ApiAnswer) => body.items?.[0].verdict ?? body;

describe('a caller who says how long he waits', () => {
  let server: Standalone;
  beforeAll(async () => {
    server = await Standalone.start({ env: { VERDICT_COMMIT_DELAY_MS: String(COMMIT_MS) } });
  }, 120_000);
  afterAll(() => server.dispose());

  /** A tenant whose policy is written, so that a question waits for its own append alone. */
  const warmTenant = async (): Promise<People> => {
    const people = peopleOf(freshTenant('late'));
    await must(server, 'gateTerraform', { as: people.dev, body: ask('1') });
    return people;
  };
  const bodyOf = (gate: Gate) => SAMPLES[gate].body?.(undefined);
  const send = (people: People, gate: Gate, body: unknown, query: Readonly<Record<string, string>> = {}) =>
    server.call(gate, { as: people.dev, body, query });

  it.each(GATES)('is answered before that at %s; his question is answered when he asks again', async (gate) => {
    const people = await warmTenant();
    const body = bodyOf(gate);
    const [late, milliseconds] = await elapsed(() => send(people, gate, body, { timeout: '1s' }));
    expect([late.status, late.body.code, late.body.retryable]).toEqual([503, 'outcome_unknown', true]);
    expect(milliseconds).toBeLessThan(COMMIT_MS);
    expect(milliseconds).toBeGreaterThan(700); // 800 ms, and not at once.
    const again = await send(people, gate, body);
    expect(verdictIn(again)).toMatchObject({ decision: expect.any(String), replayed: true });
    const { text } = await server.raw({ method: 'GET', path: '/metrics' });
    expect(text).toMatch(/gate_failures_total\{source="[a-z0-9_]+",failure_type="timeout"\} [1-9]/);
  });

  it('is told that nothing was written where his turn has not come, and nothing is', async () => {
    const people = await warmTenant();
    const before = send(people, 'gateTerraform', ask('2'));
    await pause(500); // Its append is under way, and will be for longer than the other waits.
    const body = ask('3', { idempotency_key: 'waits-in-vain' });
    const [late, milliseconds] = await elapsed(() => send(people, 'gateTerraform', body, { timeout: '500ms' }));
    expect([late.status, late.body.code]).toEqual([503, 'verdict_not_durable']);
    expect(milliseconds).toBeLessThan(500);
    await before;
    await must(server, 'gateTerraform', { as: people.dev, body: ask('4') });
    const ledger = await LedgerReader.open(server.postgresDir);
    const keys = (await ledger.entries(people.dev.tenant, 'decisions')).map(({ payload }) => payload.key.text);
    expect(keys).toHaveLength(3);
    expect(keys).not.toContain('waits-in-vain');
    await ledger.close();
    expect((await send(people, 'gateTerraform', body)).body).toMatchObject({ replayed: false });
    const { text } = await server.raw({ method: 'GET', path: '/metrics' });
    expect(text).toMatch(/gate_failures_total\{source="terraform",failure_type="lock_timeout"\} [1-9]/);
  });

  it('is answered as always where there is time enough', async () => {
    const people = await warmTenant();
    const answer = await send(people, 'gateTerraform', ask('5'), { timeout: '1m' });
    expect([answer.status, answer.body.replayed]).toEqual([200, false]);
  });

  it.each(['soon', '2', '0s', '-1s', '1e3ms', ''])('is refused at every gate when he says %p', async (timeout) => {
    const people = peopleOf(freshTenant('odd'));
    for (const gate of GATES) {
      const answer = await send(people, gate, bodyOf(gate), { timeout });
      expect([gate, answer.status, answer.body.errors?.[0].pointer]).toEqual([gate, 422, '/query/timeout']);
    }
  });

  it('is refused when he says it twice, and in a review before its uid is read', async () => {
    const people = peopleOf(freshTenant('odd'));
    const integration = await must(server, 'createIntegration', {
      as: people.admin,
      body: { kind: 'k8s', name: 'cluster', cluster_id: 'east', ways: ['bearer', 'path'] },
    });
    const { bearer, path } = integration.body.secrets;
    const review = (id: RouteId, query: string) =>
      server.raw({
        method: 'POST',
        path: `${ROUTES[id].path.replace(':segment', String(path))}${query}`,
        headers: { authorization: `Bearer ${String(bearer)}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          ...(SAMPLES.reviewAdmission.body?.(undefined) as object),
          request: { uid: randomUUID() },
        }),
      });
    for (const id of ['reviewAdmission', 'reviewAdmissionBySegment'] as const)
      for (const query of ['?timeout=soon', '?timeout=1s&timeout=2s']) {
        const answer = await review(id, query);
        expect([answer.status, answer.body.errors?.[0].pointer]).toEqual([422, '/query/timeout']);
      }
  });
});
