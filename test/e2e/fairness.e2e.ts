import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEFAULT_QUOTAS } from '@verdict/nest-kit';
import type { ApiAnswer } from '../support/e2e/api.js';
import { pause } from '../support/e2e/processes.js';
import { Standalone } from '../support/e2e/standalone.js';
import { ask, MONEY_ONLY, must, publishPolicy } from '../support/e2e/story.js';
import { freshTenant, peopleOf } from '../support/e2e/tokens.js';

const SECONDS = 3;
const SENDERS = 16;
/** A tenth of the contract's figures, so that any machine can exceed them. */
const RATE = DEFAULT_QUOTAS.VERDICT_QUOTA_GATE_PER_SECOND / 10;
const BURST = DEFAULT_QUOTAS.VERDICT_QUOTA_GATE_BURST / 10;
const QUIET_A_SECOND = 5;
const LIMITS = { ...DEFAULT_QUOTAS, VERDICT_QUOTA_GATE_PER_SECOND: RATE, VERDICT_QUOTA_GATE_BURST: BURST };
const ENV = Object.fromEntries(Object.entries(LIMITS).map(([name, value]) => [name, String(value)]));

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
  let ofQuiet: readonly ApiAnswer[] = [];
  let seconds = 0;

  const gate = (people: typeof loud, id: string): Promise<ApiAnswer> =>
    server.call('gateTerraform', { as: people.dev, key: id, body: ask('0.01', { resource_reference: id }) });

  beforeAll(async () => {
    server = await Standalone.start({ env: ENV });
    for (const people of [loud, quiet]) await publishPolicy(server, people, MONEY_ONLY);
    const started = performance.now();
    const isOver = (): boolean => performance.now() - started > SECONDS * 1000;
    const flood = Array.from({ length: SENDERS }, async (_, sender) => {
      for (let call = 0; !isOver(); call += 1) ofLoud.push(await gate(loud, `loud-${sender}-${call}`));
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
    expect(allowed).toBeLessThanOrEqual(BURST + RATE * seconds + 1);
    expect(refused).toBeGreaterThan(0);
    const one = ofLoud.find(({ status }) => status === 429);
    expect(Number(one?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(one?.body).toMatchObject({ code: 'rate_limited', limit: RATE, limit_kind: 'gate', retryable: true });
  });
  it('writes an entry for every verdict and none for a refusal', async () => {
    const { 200: allowed = 0 } = counted(ofLoud);
    const page = await must(server, 'listDecisions', { as: loud.dev, query: { limit: '1' } });
    expect(page.body.as_of.decisions).toBeLessThanOrEqual(allowed - 1);
    const last = Math.max(...ofLoud.filter(({ status }) => status === 200).map(({ body }) => body.entry.revision));
    expect(last).toBe(allowed - 1);
  });
  it('warns once, with the count, and of the loud one only', async () => {
    await server.stop();
    const warnings = server.log.filter(({ msg }) => msg === 'calls were refused for a limit');
    const { 429: refused } = counted(ofLoud);
    expect(warnings.map(({ tenant, limit, count }) => ({ tenant, limit, count }))).toEqual([
      { tenant: loud.dev.tenant, limit: 'gate', count: refused },
    ]);
  });
});
