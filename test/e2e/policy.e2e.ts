import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type ApiAnswer, call, sendRaw } from '../support/e2e/api.js';
import { Standalone } from '../support/e2e/standalone.js';
import { after, ask, createBudget, MONEY_ONLY, must, publishPolicy } from '../support/e2e/story.js';
import { freshTenant, type People, peopleOf } from '../support/e2e/tokens.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();

/** Limits of the waterfall's example, contract section 9.3. */
const EXAMPLE_W = {
  ...MONEY_ONLY,
  entitlements: {
    plan_ceiling_monthly_usd: '10000',
    enterprise_ceiling_monthly_usd: '12000',
    hard_deny_above_monthly_usd: '5000',
  },
};

describe('policy, money and the ways in, over HTTP', () => {
  let server: Standalone;
  let people: People;

  beforeAll(async () => {
    server = await Standalone.start();
  }, 120_000);
  afterAll(() => server.dispose());

  const fresh = (): People => {
    people = peopleOf(freshTenant('policy'));
    return people;
  };
  const gate = (amount: string, more: Readonly<Record<string, unknown>> = {}): Promise<ApiAnswer> =>
    must(server, 'gateTerraform', { as: people.dev, body: ask(amount, more), key: randomUUID() });
  const grantCredit = (pool: string, amount: string) =>
    must(server, 'grantCredit', {
      as: people.admin,
      key: randomUUID(),
      body: { pool, scope: 'tenant', total_amount_usd: amount, reason: 'for the season' },
    });

  describe('credits', () => {
    it('fund what allocation does not, reserved before emergency, and explain says what would flip (example W)', async () => {
      fresh();
      await publishPolicy(server, people, EXAMPLE_W);
      await createBudget(server, people, '238', 'project:web');
      await grantCredit('emergency', '500');
      const reserved = await grantCredit('reserved', '150');
      const { body: allowed } = await gate('300');
      expect(allowed).toMatchObject({
        decision: 'ALLOW_WITH_CREDITS',
        reason_codes: ['credit_waterfall_used', 'reserved_credit_waterfall_used'],
        hold: { total: '300.0000', unfunded_usd: '0.0000' },
      });
      const { body: credits } = await must(server, 'listCredits', { as: people.admin });
      expect(credits.items.map((credit: { held_usd: string; pool: string }) => [credit.pool, credit.held_usd])).toEqual(
        [
          ['reserved', '62.0000'],
          ['emergency', '0.0000'],
        ],
      );
      const { body: denied } = await gate('1000');
      expect(denied).toMatchObject({ decision: 'DENY', reason_codes: ['budget_exceeded', 'hard_mode_denied'] });
      const { body: why } = await must(server, 'explainDecision', {
        as: people.dev,
        params: { decision_id: denied.decision_id },
      });
      expect(why.flips).toContainEqual({ variable: 'delta', from: '1000.0000', to: '588.0000', verified: true });
      expect(why.flips).toContainEqual({ variable: 'credit', from: null, to: '+412.0000', verified: true });
      const revoked = await must(server, 'revokeCredit', {
        as: people.admin,
        params: { credit_id: reserved.body.credit_id },
        body: {},
      });
      expect(revoked.body).toMatchObject({ status: 'revoked', held_usd: '62.0000', available_usd: '0.0000' });
      expect((await gate('500')).body).toMatchObject({
        decision: 'ALLOW_WITH_CREDITS',
        reason_codes: ['credit_waterfall_used', 'emergency_credit_waterfall_used'],
      });
    });

    it('need a key, so that a repeated call grants nothing twice', async () => {
      fresh();
      const body = { pool: 'reserved', scope: 'tenant', total_amount_usd: '10', reason: 'x' };
      const refused = await call(server, 'grantCredit', { as: people.admin, body });
      expect([refused.status, refused.body.code]).toEqual([422, 'idempotency_key_required']);
      const key = randomUUID();
      const first = await must(server, 'grantCredit', { as: people.admin, body, key });
      const again = await must(server, 'grantCredit', { as: people.admin, body, key });
      expect(again.body).toMatchObject({ credit_id: first.body.credit_id, replayed: true, entry: first.body.entry });
      const other = await call(server, 'grantCredit', {
        as: people.admin,
        body: { ...body, total_amount_usd: '11' },
        key,
      });
      expect([other.status, other.body.code]).toEqual([409, 'idempotency_conflict']);
    });
  });

  describe('exceptions', () => {
    it('that name a rule which no policy has, now or soon, are granted with a warning', async () => {
      fresh();
      const rule = (id: string) => ({ id, condition: 'true', effect: 'warn', message: 'm' });
      await publishPolicy(server, people, { ...MONEY_ONLY, rules: [rule('gone')] });
      await publishPolicy(server, people, { ...MONEY_ONLY, rules: [rule('no-web')] });
      const { headers: seen } = await must(server, 'getPolicy', { as: people.admin });
      await must(server, 'publishPolicy', {
        as: people.admin,
        headers: { 'if-match': seen.get('etag') ?? '' },
        body: {
          document: { ...MONEY_ONLY, rules: [rule('to-come')] },
          message: 'later',
          effective_from: soon(DAY_MS),
        },
      });
      const grant = {
        as: people.admin,
        key: 'waiver-1',
        body: {
          ...{ owner: 'ana', reason: 'launch', ticket: 'T-1', expires_at: soon(DAY_MS) },
          waives: ['no-web', 'cost_unknown', 'No-Web', 'to-come', 'gone'],
        },
      };
      const warnings = [
        { pointer: '/waives/2', detail: 'no policy in force or to come has a rule No-Web' },
        { pointer: '/waives/4', detail: 'no policy in force or to come has a rule gone' },
      ];
      const granted = await must(server, 'grantWaiver', grant);
      expect([granted.status, granted.body.warnings]).toEqual([201, warnings]);
      expect((await must(server, 'grantWaiver', grant)).body).toMatchObject({ replayed: true, warnings });
      const list = await must(server, 'listWaivers', { as: people.admin });
      expect(list.body.items[0]).not.toHaveProperty('warnings');
    });

    it('let what they name pass while they last, are counted, and end when revoked', async () => {
      fresh();
      await publishPolicy(server, people, {
        ...MONEY_ONLY,
        rules: [{ id: 'no-web', condition: 'request.project_id == "web"', effect: 'deny', message: 'web is frozen' }],
      });
      expect((await gate('10')).body).toMatchObject({
        decision: 'DENY',
        reason_codes: ['rule_denied', 'hard_mode_denied', 'no_budget_configured'],
        rules_matched: ['no-web'],
        warnings: expect.arrayContaining(['web is frozen']),
      });
      const waiver = await must(server, 'grantWaiver', {
        as: people.admin,
        body: {
          scope: { project: 'web' },
          waives: ['no-web'],
          max_uses: 2,
          owner: 'ana',
          reason: 'launch',
          ticket: 'T-1',
          expires_at: soon(DAY_MS),
        },
      });
      const { exception_id: id } = waiver.body;
      expect((await gate('10')).body).toMatchObject({
        decision: 'ALLOW',
        reason_codes: ['exception_used', 'no_budget_configured'],
        exceptions_used: [{ exception_id: id, waived: ['no-web'] }],
      });
      const { body: list } = await must(server, 'listWaivers', { as: people.admin });
      expect(list.items[0]).toMatchObject({ exception_id: id, uses: 1, status: 'active' });
      const revoke = (headers: Readonly<Record<string, string>>) =>
        call(server, 'revokeWaiver', { as: people.admin, params: { exception_id: id }, headers, body: {} });
      const shown = await must(server, 'getWaiver', { as: people.dev, params: { exception_id: id } });
      expect([shown.headers.get('etag'), shown.body.version]).toEqual(['"1"', 1]);
      expect(await revoke({})).toMatchObject({ status: 428, body: { code: 'precondition_required' } });
      expect(await revoke({ 'if-match': '"2"' })).toMatchObject({
        status: 412,
        body: { code: 'version_conflict', current_etag: '"1"' },
      });
      const revoked = await revoke({ 'if-match': '"1"' });
      expect([revoked.status, revoked.headers.get('etag'), revoked.body.status]).toEqual([200, '"2"', 'revoked']);
      expect(await revoke({ 'if-match': '"1"' })).toMatchObject({ status: 412, body: { current_etag: '"2"' } });
      expect((await gate('10')).body.decision).toBe('DENY');
    });

    it.each([
      [{ waives: ['budget_exceeded'] }, '/waives/0'],
      [{ expires_at: soon(91 * DAY_MS) }, '/expires_at'],
      [{ expires_at: soon(-MINUTE_MS) }, '/expires_at'],
    ])('are refused for what they may not be: %j', async (change, pointer) => {
      fresh();
      const body = {
        waives: ['cost_unknown'],
        owner: 'ana',
        reason: 'r',
        ticket: 'T-1',
        expires_at: soon(DAY_MS),
        ...change,
      };
      const refused = await call(server, 'grantWaiver', { as: people.admin, body });
      expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, pointer]);
    });
  });

  describe('versions', () => {
    it('are validated with every defect at once, of shape and of sense, and with what they loosen', async () => {
      fresh();
      const defective = {
        mode_matrix: { terraform: { prod: 'strict' } },
        unknown: 1,
        environments: { classes: { eu: { aliases: ['qa'] }, us: { aliases: ['qa'] } } },
        entitlements: { hard_deny_above_monthly_usd: '1' },
      };
      const { body } = await must(server, 'validatePolicy', { as: people.admin, body: { document: defective } });
      expect(body.valid).toBe(false);
      expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
        '/document/entitlements/hard_deny_above_monthly_usd',
        '/document/environments/classes/us/aliases',
        '/document/mode_matrix/terraform/prod',
        '/document/unknown',
      ]);
      const looser = { approval: { required: { prod: false } } };
      const checked = await must(server, 'validatePolicy', { as: people.admin, body: { document: looser } });
      expect(checked.body).toMatchObject({
        valid: true,
        errors: [],
        loosens: ['/approval/required/prod'],
        tightens: [],
      });
      const refused = await call(server, 'publishPolicy', {
        as: people.admin,
        headers: { 'if-match': '"1"' },
        body: { document: { rules: [{ id: 'r', condition: 'request.nothing == 1', effect: 'deny' }] }, message: 'm' },
      });
      expect([refused.status, refused.body.code]).toEqual([422, 'policy_invalid']);
      expect(refused.body.errors[0].pointer).toBe('/document/rules/0/condition');
    });

    it('are compared, rolled out to a part of the projects, scheduled, cancelled and rolled back', async () => {
      fresh();
      const publish = (document: unknown, more: Readonly<Record<string, unknown>>, version: number) =>
        must(server, 'publishPolicy', {
          as: people.admin,
          headers: { 'if-match': `"${version}"` },
          body: { document, message: 'm', ...more },
        });
      await publish(MONEY_ONLY, {}, 1);
      const stricter = { ...MONEY_ONLY, entitlements: { hard_deny_above_monthly_usd: '50' } };
      const rollout = { cohort_percent: 50, salt: 'r1' };
      expect((await publish(stricter, { rollout }, 2)).body).toMatchObject({ version: 3, status: 'rolling_out' });
      // Salt r1: data is in cohort 4, checkout in 83 (contract section 8.1).
      expect((await gate('60', { project_id: 'data' })).body).toMatchObject({ policy_version: 3, decision: 'DENY' });
      expect((await gate('60', { project_id: 'checkout' })).body).toMatchObject({
        policy_version: 2,
        decision: 'ALLOW',
      });
      const change = (id: 'rollOutPolicy' | 'cancelPolicy', version: string, tag: string | null) =>
        call(server, id, {
          as: people.admin,
          params: { version },
          headers: tag === null ? {} : { 'if-match': `"${tag}"` },
          body: id === 'rollOutPolicy' ? { cohort_percent: 90 } : {},
        });
      const tagOf = async (version: string) =>
        (await must(server, 'getPolicyVersion', { as: people.admin, params: { version } })).headers.get('etag');
      const widened = await change('rollOutPolicy', '3', '3');
      expect([widened.status, widened.headers.get('etag'), await tagOf('3')]).toEqual([200, '"3.1"', '"3.1"']);
      for (const id of ['rollOutPolicy', 'cancelPolicy'] as const) {
        expect(await change(id, '3', null)).toMatchObject({ status: 428, body: { code: 'precondition_required' } });
        expect(await change(id, '3', '3')).toMatchObject({
          status: 412,
          body: { code: 'version_conflict', current_etag: '"3.1"' },
        });
      }
      expect((await gate('60', { project_id: 'checkout' })).body.policy_version).toBe(3);
      const { body: diff } = await must(server, 'diffPolicies', {
        as: people.auditor,
        params: { version: '2', other: '3' },
      });
      expect(diff).toMatchObject({
        changes: [
          {
            op: 'replace',
            path: '/entitlements/hard_deny_above_monthly_usd',
            from: '1000000.0000',
            to: '50.0000',
          },
        ],
        tightens: ['/entitlements/hard_deny_above_monthly_usd'],
        loosens: [],
      });
      expect((await change('cancelPolicy', '3', '3.1')).headers.get('etag')).toBe('"3.2"');
      expect((await gate('60', { project_id: 'data' })).body.policy_version).toBe(2);
      const inForce = await must(server, 'getPolicy', { as: people.admin });
      expect([inForce.body.version, inForce.headers.get('etag')]).toEqual([2, '"3.2"']); // That of the newest.
      const scheduled = await publish(stricter, { effective_from: soon(DAY_MS) }, 3.2);
      expect(scheduled.body).toMatchObject({ version: 4, status: 'scheduled', in_force: false });
      const late = await call(server, 'publishPolicy', {
        as: people.admin,
        headers: { 'if-match': '"4"' },
        body: { document: stricter, message: 'm', effective_from: soon(91 * DAY_MS) },
      });
      expect([late.status, late.body.errors[0].pointer]).toEqual([422, '/effective_from']);
      expect((await change('cancelPolicy', '4', '4')).status).toBe(200);
      const back = await must(server, 'rollBackPolicy', {
        as: people.admin,
        headers: { 'if-match': '"4.1"' },
        body: { to_version: 1, message: 'back' },
      });
      expect(back.body).toMatchObject({ version: 5, rolled_back_to: 1, status: 'in_force' });
    });
  });

  describe('a batch', () => {
    const items = (...amounts: readonly string[]) =>
      amounts.map((amount) => ({ ...ask(amount), source: 'terraform', idempotency_key: randomUUID() }));
    const batch = (body: unknown) => must(server, 'gateBatch', { as: people.dev, body });

    it('is decided in order, each member on the state that the earlier left', async () => {
      fresh();
      await publishPolicy(server, people, MONEY_ONLY);
      await createBudget(server, people, '100');
      const { body } = await batch({ items: items('60', '60', '40') });
      expect(body.permitted).toBe(false);
      expect(body.items.map(({ verdict }: { verdict: { decision: string } }) => verdict.decision)).toEqual([
        'ALLOW',
        'DENY',
        'ALLOW',
      ]);
    });

    it('that is atomic holds nothing unless all its members may go ahead, and says what each would have been', async () => {
      fresh();
      await publishPolicy(server, people, MONEY_ONLY);
      const budget = await createBudget(server, people, '100');
      const { body } = await batch({ atomic: true, items: items('60', '60') });
      expect(body.items[0].verdict).toMatchObject({
        decision: 'DENY',
        reason_codes: ['batch_rolled_back'],
        hold: { total: '0.0000' },
        would_be: { decision: 'ALLOW' },
      });
      expect(body.items[1].verdict).toMatchObject({ decision: 'DENY', would_be: { decision: 'DENY' } });
      const held = async () =>
        (await must(server, 'getBudget', { as: people.admin, params: { budget_id: budget.body.budget_id } })).body
          .held_usd;
      expect(await held()).toBe('0.0000');
      const all = await batch({ atomic: true, items: items('60', '40') });
      expect(all.body.permitted).toBe(true);
      expect(await held()).toBe('100.0000');
    });

    it('that is atomic asks nobody once it is rolled back: none of its members waits for an approval', async () => {
      fresh();
      await publishPolicy(server, people, { ...MONEY_ONLY, mode_matrix: { terraform: { default: 'soft' } } });
      await createBudget(server, people, '100');
      const asked = await batch({ atomic: true, items: items('60', '60') });
      const { body } = asked;
      expect(body.items[1].verdict).toMatchObject({ decision: 'REQUIRE_APPROVAL', approval_request_id: null });
      for (const { verdict } of body.items) {
        const params = { decision_id: verdict.decision_id };
        const read = await must(server, 'getDecision', { as: people.dev, params, headers: after(asked) });
        expect(read.body.state).toBe('not_permitted');
      }
    });

    it('names the member that cannot be read, and decides none', async () => {
      fresh();
      const [good] = items('1');
      const refused = await call(server, 'gateBatch', {
        as: people.dev,
        body: { items: [good, { ...ask('NaN'), source: 'terraform' }] },
      });
      expect([refused.status, refused.body.code]).toEqual([422, 'money_invalid']);
      expect(refused.body.errors[0].pointer).toBe('/items/1/estimated_monthly_delta_usd');
      const { body } = await must(server, 'listDecisions', { as: people.dev });
      expect(body.items).toEqual([]);
    });

    it('with a key of its own, in the header or the body, is answered as the first time, or refused whole', async () => {
      fresh();
      await publishPolicy(server, people, MONEY_ONLY);
      const [own] = items('2');
      const body = { items: [{ ...ask('1'), source: 'terraform' }, own] };
      const sent = (more: object, key?: string) =>
        call(server, 'gateBatch', {
          as: people.dev,
          body: { ...body, ...more },
          ...(key === undefined ? {} : { key }),
        });
      const first = await sent({}, 'nightly');
      const verdicts = ({ body: { items: list } }: ApiAnswer) =>
        list.map(({ verdict }: { verdict: { decision_id: string; replayed: boolean } }) => [
          verdict.decision_id,
          verdict.replayed,
        ]);
      const replayed = verdicts(first).map(([id]: readonly [string, boolean]) => [id, true]);
      expect(verdicts(await sent({}, 'nightly'))).toEqual(replayed);
      expect(verdicts(await sent({ idempotency_key: 'nightly' }))).toEqual(replayed);
      const other = await sent({ items: [{ ...ask('5'), source: 'terraform' }, own] }, 'nightly');
      expect([other.status, other.body.code, other.body.differing_fields]).toEqual([
        409,
        'idempotency_conflict',
        ['/items/0/estimated_monthly_delta_usd'],
      ]);
      const mismatch = await sent({ idempotency_key: 'weekly' }, 'nightly');
      expect([mismatch.status, mismatch.body.code]).toEqual([422, 'idempotency_key_mismatch']);
    });

    it('refuses only the member whose key stands for something else', async () => {
      fresh();
      await publishPolicy(server, people, MONEY_ONLY);
      const [first, second] = items('1', '2');
      await batch({ items: [first] });
      const { body } = await batch({
        items: [{ ...ask('9'), source: 'terraform', idempotency_key: first?.idempotency_key }, second],
      });
      expect(body.items[0]).toMatchObject({ verdict: null, problem: { code: 'idempotency_conflict', status: 409 } });
      expect(body.items[1].verdict.decision).toBe('ALLOW');
    });
  });

  describe('a cloud event', () => {
    const event = { specversion: '1.0', id: '7', source: '/ci/a', type: 'com.example.change' };
    const path = '/api/v1/enforcement/gate/cloud-event';
    const send = async (headers: Readonly<Record<string, string>>, body: unknown) =>
      sendRaw(server.url, {
        method: 'POST',
        path,
        headers: { authorization: `Bearer ${await server.tokenFor(people.dev)}`, ...headers },
        body: JSON.stringify(body),
      });
    const data = () => {
      const { resource_reference: _, ...rest } = ask('12');
      return rest;
    };

    it('is read in structured mode, in binary mode and as a member of the body, to one and the same decision', async () => {
      fresh();
      const structured = await send(
        { 'content-type': 'application/cloudevents+json; charset=utf-8' },
        { ...event, datacontenttype: 'application/json', someextension: 'kept', data: data() },
      );
      expect([structured.status, structured.body.source]).toEqual([200, 'cloud_event']);
      expect(structured.body.resource_reference).toBe('/ci/a');
      const binary = await send(
        {
          'content-type': 'application/json',
          'ce-specversion': '1.0',
          'ce-id': '7',
          'ce-source': '/ci/a',
          'ce-type': 'com.example.change',
        },
        data(),
      );
      const plain = await send({ 'content-type': 'application/json' }, { ...data(), cloud_event: event });
      for (const again of [binary, plain]) {
        expect(again.body).toMatchObject({ decision_id: structured.body.decision_id, replayed: true });
      }
      const { body } = await must(server, 'queryLedger', {
        as: people.auditor,
        query: { journal: 'decisions', type: 'decision_recorded' },
      });
      expect(body.items[0].payload.request.event).toMatchObject({ id: '7', extensions: '{"someextension":"kept"}' });
    });

    it('that comes in binary mode without an attribute is told which header is missing', async () => {
      fresh();
      const missing = await send(
        { 'content-type': 'application/json', 'ce-source': '/ci/a', 'ce-type': 'com.example.change' },
        data(),
      );
      const pointers = missing.body.errors.map(({ pointer }: { readonly pointer: string }) => pointer);
      expect([missing.status, pointers]).toEqual([422, ['/headers/ce-specversion', '/headers/ce-id']]);
    });

    it('of the same id from another source is another event', async () => {
      fresh();
      const ask7 = (source: string) =>
        send({ 'content-type': 'application/json' }, { ...data(), cloud_event: { ...event, source } });
      const [a, b] = [await ask7('/ci/a'), await ask7('/ci/b')];
      expect(a.body.decision_id).not.toBe(b.body.decision_id);
      expect(a.body.request_fingerprint).not.toBe(b.body.request_fingerprint);
    });

    it('is bound to the fingerprint that its dry run was told, and to no other', async () => {
      fresh();
      const asking = (more: Readonly<Record<string, unknown>>) =>
        send({ 'content-type': 'application/json' }, { ...data(), ...more, cloud_event: event });
      const { request_fingerprint: fingerprint } = (await asking({ dry_run: true })).body;
      const bound = await asking({ expected_request_fingerprint: fingerprint });
      expect([bound.status, bound.body.request_fingerprint]).toEqual([200, fingerprint]);
      const other = await asking({ expected_request_fingerprint: '0'.repeat(64) });
      expect([other.status, other.body.code]).toEqual([409, 'fingerprint_mismatch']);
    });

    it('whose source is too long for a reference names one that an approval can be bound to', async () => {
      fresh();
      const source = `/${'x'.repeat(1023)}`;
      const { body } = await send(
        { 'content-type': 'application/json' },
        { ...data(), cloud_event: { ...event, source } },
      );
      const named = { ...data(), resource_reference: body.resource_reference };
      const again = await send({ 'content-type': 'application/json' }, { ...named, cloud_event: { ...event, source } });
      expect(again.body).toMatchObject({ decision_id: body.decision_id, replayed: true });
    });

    it('that comes again with a justification, or its amount in another spelling, is the same event', async () => {
      fresh();
      const asking = (more: Readonly<Record<string, unknown>>) =>
        send({ 'content-type': 'application/json' }, { ...data(), ...more, cloud_event: event });
      const { decision_id } = (await asking({})).body;
      for (const more of [{ justification: 'the quarter ends' }, { estimated_monthly_delta_usd: '12.0000' }]) {
        expect((await asking(more)).body).toMatchObject({ decision_id, replayed: true });
      }
      const changed = await asking({ estimated_monthly_delta_usd: '13' });
      expect([changed.status, changed.body.code]).toEqual([409, 'idempotency_conflict']);
    });

    it('is refused as a batch, without its required attributes, and for OPTIONS', async () => {
      fresh();
      const batch = await send({ 'content-type': 'application/cloudevents-batch+json' }, [event]);
      expect([batch.status, batch.body.code]).toEqual([415, 'media_type_unsupported']);
      const { id: _, ...incomplete } = event;
      const missing = await send({ 'content-type': 'application/cloudevents+json' }, { ...incomplete, data: data() });
      expect([missing.status, missing.body.errors[0].pointer]).toEqual([422, '/id']);
      const options = await sendRaw(server.url, { method: 'OPTIONS', path });
      expect(options.status).toBe(405);
    });
  });

  describe('budgets', () => {
    it('charge a monthly delta as often as their period has months, a total once, unless they say otherwise', async () => {
      fresh();
      await publishPolicy(server, people, MONEY_ONLY);
      const create = (body: Readonly<Record<string, unknown>>) =>
        must(server, 'createBudget', { as: people.admin, body: { scope: 'tenant', limit_usd: '1000', ...body } });
      for (const period of ['month', 'quarter', 'year', 'total']) await create({ period });
      await create({ period: 'year', scope: 'project:web', months_charged: 2 });
      await gate('10');
      const { body } = await must(server, 'listBudgets', { as: people.admin });
      const charged = body.items.map((each: Readonly<Record<string, unknown>>) =>
        ['period', 'scope', 'months_charged', 'held_usd'].map((member) => each[member]),
      );
      expect(charged.reverse()).toEqual([
        ['month', 'tenant', 1, '10.0000'],
        ['quarter', 'tenant', 3, '30.0000'],
        ['year', 'tenant', 12, '120.0000'],
        ['total', 'tenant', 1, '10.0000'],
        ['year', 'project:web', 2, '20.0000'],
      ]);
    });

    it('of basis forecast need data, close, and are unique by scope, period and basis', async () => {
      fresh();
      await publishPolicy(server, people, MONEY_ONLY);
      const body = { scope: 'tenant', limit_usd: '10000', basis: 'forecast' };
      const created = await must(server, 'createBudget', { as: people.admin, body });
      expect((await call(server, 'createBudget', { as: people.admin, body })).status).toBe(422);
      await createBudget(server, people, '500');
      expect((await gate('10')).body).toMatchObject({
        decision: 'DENY',
        reason_codes: ['computed_context_unavailable', 'hard_mode_denied', 'hard_mode_cost_context_closed'],
      });
      const closed = await must(server, 'closeBudget', {
        as: people.admin,
        params: { budget_id: created.body.budget_id },
        headers: { 'if-match': '"1"' },
        body: {},
      });
      expect(closed.body).toMatchObject({ active: false, version: 2 });
      expect((await gate('10')).body.decision).toBe('ALLOW');
    });
  });
});
