import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withEmbeddedPostgres } from '@verdict/testkit';
import { MovingClockApp } from '../support/e2e/moving-clock-app.js';
import { ask, MONEY_ONLY, must, publishPolicy } from '../support/e2e/story.js';
import { freshTenant, type People, peopleOf } from '../support/e2e/tokens.js';

/** Outside of the suite, so that it is there until all of the suite has ended. */
const database = withEmbeddedPostgres();

/** Half of the 1.5 s that a caller has who does not say how long he waits. */
const HALF_MS = 750;

describe('a challenger', () => {
  let app: MovingClockApp;
  beforeAll(async () => {
    app = await MovingClockApp.start(database);
  }, 120_000);
  afterAll(() => app.dispose());

  /** Version 2 permits 60, and version 3 would not. */
  const challenged = async (): Promise<People> => {
    const people = peopleOf(freshTenant('dare'));
    await publishPolicy(app, people, MONEY_ONLY);
    await must(app, 'publishPolicy', {
      as: people.admin,
      headers: { 'if-match': '"2"' },
      body: {
        document: { ...MONEY_ONLY, entitlements: { hard_deny_above_monthly_usd: '25' } },
        message: 'would we dare',
        role: 'challenger',
      },
    });
    return people;
  };
  const singly = async ({ dev }: People) =>
    (await must(app, 'gateTerraform', { as: dev, body: ask('60'), key: randomUUID() })).body;
  const inBatch = async ({ dev }: People) => {
    const { body } = await must(app, 'gateBatch', {
      as: dev,
      body: { items: [{ ...ask('60'), source: 'terraform', idempotency_key: randomUUID() }] },
    });
    return body.items[0].verdict;
  };
  const ALLOWED = { decision: 'ALLOW', policy_version: 2, replayed: false };
  const EVALUATED = { version: 3, evaluated: true, decision: 'DENY' };
  const LEFT_OUT = { version: 3, evaluated: false, decision: null, reason_codes: [] };

  it('is evaluated and never decides', async () => {
    const people = await challenged();
    app.callsTake(HALF_MS - 1);
    expect(await singly(people)).toMatchObject({ ...ALLOWED, challenger: EVALUATED });
    expect(await inBatch(people)).toMatchObject({ ...ALLOWED, challenger: EVALUATED });
  });

  it("is left out of a verdict that is decided when half of its caller's time is gone", async () => {
    const people = await challenged();
    app.callsTake(HALF_MS);
    for (const verdict of [await singly(people), await inBatch(people)]) {
      expect(verdict).toMatchObject(ALLOWED);
      expect(verdict.challenger).toEqual(LEFT_OUT);
    }
  });
});
