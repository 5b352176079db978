import { describe, expect, it } from '@jest/globals';
import { ROUTES } from '@verdict/contracts';
import { readExpectation, secretsOf } from '../../fixtures/terraform-fixtures.js';
import { good, openBadInput } from '../../support/e2e/bad-input.js';
import { ask, jsonFixture, JUSTIFICATION, must, publishBook } from '../../support/e2e/story.js';

describe('bad input of plans', () => {
  const bad = openBadInput();
  const { aTenant, post, refusedAndUnwritten } = bad;

  const planRequest = (plan: unknown) => JSON.stringify({ ...ask('5'), estimated_monthly_delta_usd: undefined, plan });
  const change = (number: number) => ({ address: `a.b[${number}]`, type: 'a', change: { actions: ['no-op'] } });

  it.each([
    ['text', 'plan', '/plan'],
    ['a list', [], '/plan'],
    ['null', null, '/plan'],
    ['an object without a version', { hello: 'world' }, '/plan/format_version'],
    ['a version that is a number', { format_version: 1.2, resource_changes: [] }, '/plan/format_version'],
    ['a plan whose changes are no list', { format_version: '1.2', resource_changes: {} }, undefined],
    [
      'a plan whose change has no address',
      { format_version: '1.2', resource_changes: [{ type: 'a', change: { actions: ['create'] } }] },
      '/plan/resource_changes/0/address',
    ],
    [
      'a plan whose actions are no list',
      { format_version: '1.2', resource_changes: [{ address: 'a.b', type: 'a', change: { actions: 'create' } }] },
      '/plan/resource_changes/0/change/actions',
    ],
  ])('refuses %s', async (_title, plan, pointer) => {
    const people = await aTenant();
    const at = pointer === undefined ? {} : { at: [pointer, 'validation_failed'] as const };
    await refusedAndUnwritten(
      people,
      () => post(people.dev, 'gateTerraform', planRequest(plan)),
      { status: 422, code: 'validation_failed', ...at },
      ROUTES.gateTerraform,
    );
  });

  it('asks for approval when the plan is of another major version: its cost is unknown, never nothing', async () => {
    const people = await aTenant();
    await publishBook(bad.server, people, 'aws-web-stack');
    const plan = { ...jsonFixture('aws-web-stack', 'plan.json'), format_version: '2.0' };
    const { body } = await must(bad.server, 'gatePreflight', {
      as: people.dev,
      body: { ...JSON.parse(planRequest(plan)), run_id: 'r-1', environment: 'nonprod', justification: JUSTIFICATION },
    });
    expect(body).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      cost: { monthly: null, hourly: null, completeness: 'unknown' },
    });
    expect(body.reason_codes).toContain('cost_unknown');
  });

  it.each([
    ['of version 10', { format_version: '10.0', resource_changes: [] }],
    ['of a version that is none', { format_version: 'latest', resource_changes: [] }],
  ])('does not let a claim pass that comes with a plan %s: such evidence says nothing', async (_title, plan) => {
    const people = await aTenant();
    const { body } = await must(bad.server, 'gateTerraform', {
      as: people.dev,
      body: ask('5', { environment: 'nonprod', plan }),
    });
    expect(body.decision).toBe('REQUIRE_APPROVAL');
    expect(body.reason_codes).toContain('cost_unknown');
  });

  it('refuses 10 MB', async () => {
    const people = await aTenant();
    const body = planRequest({ format_version: '1.2', resource_changes: [], padding: 'x'.repeat(10 * 1024 * 1024) });
    await refusedAndUnwritten(
      people,
      () => post(people.dev, 'gateTerraform', body),
      { status: 413, code: 'body_too_large' },
      ROUTES.gateTerraform,
    );
    await refusedAndUnwritten(
      people,
      () => post(people.admin, 'createBudget', JSON.stringify({ owner: 'x'.repeat(300_000) })),
      { status: 413, code: 'body_too_large' },
    );
  });

  it('refuses more than 256 KiB where no plan is expected: clusters, events and price books', async () => {
    const people = await aTenant();
    const padding = 'x'.repeat(256 * 1024);
    for (const [who, id] of [
      [people.dev, 'gateAdmission'],
      [people.dev, 'gateCloudEvent'],
      [people.admin, 'publishPriceBook'],
    ] as const)
      await refusedAndUnwritten(people, () => post(who, id, JSON.stringify({ padding })), {
        status: 413,
        code: 'body_too_large',
      });
    const body = JSON.stringify({
      ...JSON.parse(good),
      plan: { format_version: '1.2', resource_changes: [], padding },
    });
    expect((await post(people.dev, 'gateTerraform', body)).status).toBe(200);
  });

  it('refuses more than 50,000 changes, and prices 50,000', async () => {
    const people = await aTenant();
    const changes = Array.from({ length: 50_001 }, (_, number) => change(number));
    const request = (resource_changes: unknown) =>
      post(people.dev, 'gateTerraform', planRequest({ format_version: '1.2', resource_changes }));
    await refusedAndUnwritten(people, () => request(changes), {
      status: 422,
      code: 'validation_failed',
      at: ['/plan/resource_changes', 'validation_failed'],
    });
    expect((await request(changes.slice(1))).status).toBe(200);
  });

  it('lets no secret of a plan out: not in answers, entries, read models, exports or its log', async () => {
    const people = await aTenant();
    await publishBook(bad.server, people, 'priced-unknowns');
    const secrets = [...secretsOf(readExpectation('sensitive')), ...secretsOf(readExpectation('aws-web-stack'))];
    expect(secrets.length).toBeGreaterThan(6);
    const answers = [];
    for (const fixture of ['sensitive', 'aws-web-stack']) {
      const asked = await must(bad.server, 'gatePreflight', {
        as: people.dev,
        body: {
          ...ask('5'),
          plan: jsonFixture(fixture, 'plan.json'),
          run_id: fixture,
          justification: 'CANARY-of-a-person, who explains himself',
        },
      });
      answers.push(
        asked,
        await must(bad.server, 'getDecision', { as: people.dev, params: { decision_id: asked.body.decision_id } }),
      );
      answers.push(
        await must(bad.server, 'getReceipt', { as: people.dev, params: { decision_id: asked.body.decision_id } }),
      );
    }
    const broken = JSON.stringify({ ...ask('5'), plan: jsonFixture('sensitive', 'plan.json') }).slice(0, -5);
    answers.push(await post(people.dev, 'gateTerraform', broken));
    const noChanges = { ...jsonFixture('sensitive', 'plan.json'), resource_changes: { canary: secrets[0] } };
    answers.push(await post(people.dev, 'gateTerraform', planRequest(noChanges)));
    const created = await must(bad.server, 'createExport', { as: people.auditor, body: {} });
    expect(created.status).toBe(202);
    const shown = answers.map(({ text }) => text).join('\n');
    const places = {
      answers: shown,
      receipts: answers
        .map(({ body }) => Buffer.from(String(body?.entry_base64 ?? ''), 'base64').toString())
        .join('\n'),
      entries: (await bad.ledger.entries(people.dev.tenant, 'decisions')).map(({ text }) => text).join('\n'),
      database: await bad.ledger.dump(),
      log: bad.server.output,
    };
    expect(places.database).toContain(people.dev.tenant);
    expect(places.database).toContain(String.raw`\"envelope\":`); // Bytes are looked into, too.
    expect(places.log).toContain('gate/terraform');
    for (const [place, text] of Object.entries(places)) {
      expect([place, secrets.filter((secret) => text.includes(secret))]).toEqual([place, []]);
      expect([place, text.includes('CANARY-of-a-person')]).toEqual([place, false]);
    }
  });

  it('counts what it cannot price, and never takes it for nothing', async () => {
    const people = await aTenant();
    await publishBook(bad.server, people, 'priced-unknowns');
    const expected = readExpectation('priced-unknowns').cost;
    const body = {
      ...ask('5'),
      estimated_monthly_delta_usd: undefined,
      environment: 'nonprod',
      plan: jsonFixture('priced-unknowns', 'plan.json'),
      run_id: 'r-1',
      justification: JUSTIFICATION,
    };
    const asked = await must(bad.server, 'gatePreflight', { as: people.dev, body });
    expect(asked.body.cost).toMatchObject({
      completeness: 'partial',
      method: 'price_book',
      monthly: expected?.known_monthly_delta_usd_4dp_half_even,
    });
    expect(asked.body.cost.unpriced).toBe(expected?.unknown.length);
    expect(asked.body.decision).toBe('REQUIRE_APPROVAL');
    expect(asked.body.reason_codes).toContain('cost_partial');
    const unpriced = asked.body.cost.lines.filter(({ status }: { status: string }) => status === 'unpriced');
    expect(unpriced.length).toBeGreaterThan(0);
    for (const line of unpriced) {
      expect(line.reason).not.toBeNull();
      expect(line.delta_usd).not.toBe('0.0000');
    }
  });

  it('does not know the cost when no price book is there, and says so', async () => {
    const people = await aTenant();
    const { body } = await must(bad.server, 'gateTerraform', {
      as: people.dev,
      body: JSON.parse(planRequest(jsonFixture('aws-web-stack', 'plan.json'))),
    });
    expect(body.decision).not.toMatch(/^ALLOW/);
    expect(body.cost.completeness).not.toBe('complete');
    expect(body.cost.price_book).toBeNull();
    const nothing = await must(bad.server, 'gateTerraform', {
      as: people.dev,
      body: { ...ask('5'), estimated_monthly_delta_usd: undefined },
    });
    expect(nothing.body).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      cost: { monthly: null, completeness: 'unknown' },
    });
    expect(nothing.body.reason_codes).toContain('cost_unknown');
  });
});
