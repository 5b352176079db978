import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openFileKeyStore } from '@verdict/adapter-file';
import { type RouteContract, type RouteId, ROUTES } from '@verdict/contracts';
import { createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { readExpectation, secretsOf } from '../fixtures/terraform-fixtures.js';
import { type ApiAnswer, contractDefects, problemDefects, sendRaw } from '../support/e2e/api.js';
import type { LedgerReader } from '../support/e2e/ledger.js';
import { waitUntil } from '../support/e2e/processes.js';
import { Standalone } from '../support/e2e/standalone.js';
import {
  ask,
  consumeBody,
  createBudget,
  type Granted,
  grantedApproval,
  jsonFixture,
  JUSTIFICATION,
  MONEY_ONLY,
  must,
  pendingApproval,
  publishBook,
  publishPolicy,
} from '../support/e2e/story.js';
import { encoded, freshTenant, type People, peopleOf, type Who } from '../support/e2e/tokens.js';

/** What a refusal must look like. */
interface Expected {
  readonly status: number;
  readonly code: string;
  /** Pointer and code of one of its `errors`. */
  readonly at?: readonly [pointer: string, code: string];
}

describe('bad input', () => {
  let server: Standalone;
  let ledger: LedgerReader;

  beforeAll(async () => {
    server = await Standalone.start({ env: { LOG_LEVEL: 'trace' } });
    ledger = await server.openLedger();
  }, 120_000);
  afterAll(async () => {
    const unexpected = server.log.filter(
      ({ level, status }) => (level === 'error' || level === 'fatal') && status !== 503,
    );
    await server.dispose();
    expect(unexpected).toEqual([]);
  });

  const aTenant = async () => {
    const people = peopleOf(freshTenant());
    await must(server, 'getPolicy', { as: people.dev }); // From here on its journals do not move by themselves.
    return people;
  };
  const headsOf = (people: People) => ledger.heads(people.dev.tenant);
  /** A request that has been opened already, so that the journals do not move by themselves. */
  const aPending = async (people: People, more: Readonly<Record<string, unknown>> = {}) => {
    const pending = await pendingApproval(server, people, more);
    await must(server, 'getApproval', { as: people.lead, params: { approval_id: pending.approvalId } });
    return pending;
  };

  /** The refusal as expected, a problem as the contract has it, nothing written, and the server as well as before. */
  const expectRefusal = async (
    answer: ApiAnswer,
    { status, code, at }: Expected,
    route?: RouteContract,
  ): Promise<void> => {
    expect({ status: answer.status, code: answer.body?.code, text: answer.text.slice(0, 300) }).toMatchObject({
      status,
      code,
    });
    expect(route === undefined ? problemDefects(answer) : contractDefects(route, answer)).toEqual([]);
    if (at !== undefined)
      expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer: at[0], code: at[1] }));
    expect((await server.raw({ method: 'GET', path: '/health/live' })).status).toBe(200);
  };
  const refusedAndUnwritten = async (
    people: People,
    send: () => Promise<ApiAnswer>,
    expected: Expected,
    route?: RouteContract,
  ): Promise<ApiAnswer> => {
    const before = await headsOf(people);
    const answer = await send();
    await expectRefusal(answer, expected, route);
    expect(await headsOf(people)).toEqual(before);
    return answer;
  };

  const post = async (
    who: Who,
    id: RouteId,
    body: string | Uint8Array | undefined,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ApiAnswer> =>
    server.raw({
      method: 'POST',
      path: ROUTES[id].path,
      headers: {
        authorization: `Bearer ${await server.tokenFor(who)}`,
        'content-type': 'application/json',
        ...headers,
      },
      body,
    });
  const nested = (depth: number, open = '[', close = ']'): string => open.repeat(depth) + close.repeat(depth);
  const good = JSON.stringify(ask('5'));
  const withMember = (member: string): string => `${good.slice(0, -1)},${member}}`;
  const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

  describe('of the form of a body', () => {
    const malformed: Expected = { status: 400, code: 'malformed_json' };
    const cases: readonly (readonly [string, string | Uint8Array, Expected, Readonly<Record<string, string>>?])[] = [
      ['truncated JSON', good.slice(0, -7), malformed],
      ['text that is no JSON', 'hello', malformed],
      ['bare NaN', withMember('"metadata":{"n":NaN}'), malformed],
      ['only blanks', '   ', malformed],
      ['a duplicate member', withMember('"environment":"nonprod"'), malformed],
      ['a duplicate member by escape', withMember('"environmen\\u0074":"nonprod"'), malformed],
      ['a duplicate member deep inside', withMember('"metadata":{"a":{"b":1,"b":2}}'), malformed],
      ['trailing bytes', `${good} x`, malformed],
      ['two documents', `${good}${good}`, malformed],
      ['a trailing NUL', bytes(good, [0]), malformed],
      ['a byte order mark', bytes([0xef, 0xbb, 0xbf], good), malformed],
      ['invalid UTF-8', bytes(withMember('"ticket":"').slice(0, -1), [0xff, 0xfe], '"}'), malformed],
      ['an overlong UTF-8 form', bytes(withMember('"ticket":"').slice(0, -1), [0xc0, 0xaf], '"}'), malformed],
      ['a surrogate in UTF-8', bytes(withMember('"ticket":"').slice(0, -1), [0xed, 0xa0, 0x80], '"}'), malformed],
      ['UTF-16', Buffer.from(good, 'utf16le'), malformed],
      ['a lone high surrogate', withMember('"ticket":"\\ud800"'), malformed],
      ['a lone low surrogate', withMember('"ticket":"\\udc00x"'), malformed],
      ['a lone surrogate as a name', withMember('"metadata":{"\\ud800":1}'), malformed],
      ['100,000 open lists', `{"action":${'['.repeat(100_000)}`, malformed],
      ['100,000 nested lists', `{"metadata":${nested(100_000)}}`, malformed],
      ['100,000 nested objects', `{"metadata":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_001)}`, malformed],
      ['a single quote', good.replaceAll('"', "'"), malformed],
      ['a comment', `/* hi */ ${good}`, malformed],
      ['a trailing comma', `${good.slice(0, -1)},}`, malformed],
      ['a leading zero', withMember('"metadata":{"n":01}'), malformed],
      ['a raw control character', withMember('"ticket":"a\u0001b"'), malformed],
      ['a list', '[]', { status: 422, code: 'validation_failed' }],
      ['null', 'null', { status: 422, code: 'validation_failed' }],
      ['a number', '5', { status: 422, code: 'validation_failed' }],
      ['no body at all', '', { status: 422, code: 'validation_failed' }],
      ['text/plain', good, { status: 415, code: 'media_type_unsupported' }, { 'content-type': 'text/plain' }],
      [
        'form data',
        'a=1',
        { status: 415, code: 'media_type_unsupported' },
        { 'content-type': 'application/x-www-form-urlencoded' },
      ],
      ['XML', '<a/>', { status: 415, code: 'media_type_unsupported' }, { 'content-type': 'application/xml' }],
      ['a compressed body', good, { status: 415, code: 'media_type_unsupported' }, { 'content-encoding': 'gzip' }],
    ];
    it.each(cases)('refuses %s', async (_title, body, expected, headers = {}) => {
      const people = await aTenant();
      await refusedAndUnwritten(
        people,
        () => post(people.dev, 'gateTerraform', body, headers),
        expected,
        ROUTES.gateTerraform,
      );
    });

    it('refuses our own bodies one level deeper than 32, and foreign ones one level deeper than 128', async () => {
      const people = await aTenant();
      const notes = (depth: number) => `{"notes":${nested(depth - 1)}}`;
      const votes = async (depth: number) =>
        sendRaw(server.url, {
          method: 'POST',
          path: ROUTES.approve.path.replace(':approval_id', randomUUID()),
          headers: {
            authorization: `Bearer ${await server.tokenFor(people.lead)}`,
            'content-type': 'application/json',
          },
          body: notes(depth),
        });
      await expectRefusal(await votes(33), malformed);
      expect((await votes(32)).body.code).toBe('validation_failed');
      const plan = (depth: number) =>
        withMember(`"plan":{"format_version":"1.2","resource_changes":[],"x":${nested(depth - 2)}}`);
      await refusedAndUnwritten(people, () => post(people.dev, 'gateTerraform', plan(129)), malformed);
      expect((await post(people.dev, 'gateTerraform', plan(128))).status).toBe(200);
    });

    it('takes __proto__ and constructor for the ordinary names they are', async () => {
      const people = await aTenant();
      for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
        const at = [`/${name}`, 'unknown_field'] as const;
        const body = withMember(`"${name}":{"action":"x","polluted":true}`);
        await refusedAndUnwritten(people, () => post(people.dev, 'gateTerraform', body), {
          status: 422,
          code: 'unknown_field',
          at,
        });
      }
      const first = await post(people.dev, 'gateTerraform', withMember('"metadata":{"__proto__":{"polluted":"yes"}}'));
      expect(first.status).toBe(200);
      const [entry] = await ledger.entries(people.dev.tenant, 'decisions');
      expect(entry?.payload.request.metadata).toBe('{"__proto__":{"polluted":"yes"}}');
      const other = await post(people.dev, 'gateTerraform', withMember('"metadata":{}'));
      expect(other.body.request_fingerprint).not.toBe(first.body.request_fingerprint);
    });

    it('refuses what it does not know, and names all of it', async () => {
      const people = await aTenant();
      const answer = await refusedAndUnwritten(
        people,
        () => post(people.dev, 'gateTerraform', withMember('"tenant_id":"other","a/b~c":1')),
        { status: 422, code: 'unknown_field', at: ['/tenant_id', 'unknown_field'] },
      );
      expect(answer.body.errors).toContainEqual(
        expect.objectContaining({ pointer: '/a~1b~0c', code: 'unknown_field' }),
      );
    });

    it.each([
      ['action', { action: undefined }, '/action'],
      ['an empty action', { action: '' }, '/action'],
      ['a long action', { action: 'a'.repeat(65) }, '/action'],
      ['a resource reference', { resource_reference: undefined }, '/resource_reference'],
      ['a long resource reference', { resource_reference: 'r'.repeat(513) }, '/resource_reference'],
      ['a resource reference with a line break', { resource_reference: 'a\nb' }, '/resource_reference'],
      ['a resource reference that is not in form C', { resource_reference: 'e\u0301' }, '/resource_reference'],
      ['a project with a path trick', { project_id: 'web/env:prod' }, '/project_id'],
      ['a project with a blank', { project_id: 'a b' }, '/project_id'],
      ['a long environment', { environment: 'e'.repeat(33) }, '/environment'],
      ['a numeric environment', { environment: 5 }, '/environment'],
      ['an environment with a control character', { environment: 'pr\u0007od' }, '/environment'],
      ['an environment with a line break', { environment: 'prod\n' }, '/environment'],
      ['an environment that is not in form C', { environment: 'pre\u0301prod' }, '/environment'],
      ['a textual dry_run', { dry_run: 'true' }, '/dry_run'],
      ['a short fingerprint', { expected_request_fingerprint: 'abc' }, '/expected_request_fingerprint'],
      ['an upper-case plan hash', { plan_sha256: 'A'.repeat(64) }, '/plan_sha256'],
      ['a long justification', { justification: 'j'.repeat(2001) }, '/justification'],
      ['metadata that is a list', { metadata: [] }, '/metadata'],
      ['metadata that is null', { metadata: null }, '/metadata'],
    ])('refuses a request with a bad or missing member: %s', async (_title, change, pointer) => {
      const people = await aTenant();
      const body = JSON.stringify({ ...ask('5'), ...change });
      await refusedAndUnwritten(
        people,
        () => post(people.dev, 'gateTerraform', body),
        { status: 422, code: 'validation_failed', at: [pointer, 'validation_failed'] },
        ROUTES.gateTerraform,
      );
    });
  });

  describe('of amounts', () => {
    const monthly = '/estimated_monthly_delta_usd';
    const hourly = '/estimated_hourly_delta_usd';
    const cases: readonly (readonly [token: string, code: string])[] = [
      ['"NaN"', 'money_invalid'],
      ['"Infinity"', 'money_invalid'],
      ['"-Infinity"', 'money_invalid'],
      ['"1e3"', 'money_invalid'],
      ['"1e24"', 'money_invalid'],
      ['" 5"', 'money_invalid'],
      ['"5 "', 'money_invalid'],
      ['"+5"', 'money_invalid'],
      ['""', 'money_invalid'],
      ['"."', 'money_invalid'],
      ['"5."', 'money_invalid'],
      ['".5"', 'money_invalid'],
      ['"05"', 'money_invalid'],
      ['"1,000"', 'money_invalid'],
      ['"$5"', 'money_invalid'],
      ['"0x10"', 'money_invalid'],
      ['"٥"', 'money_invalid'],
      ['null', 'money_invalid'],
      ['true', 'money_invalid'],
      ['[]', 'money_invalid'],
      ['{}', 'money_invalid'],
      ['["5"]', 'money_invalid'],
      ['"1.00001"', 'money_too_precise'],
      ['1.00001', 'money_too_precise'],
      ['"1.00000"', 'money_too_precise'],
      ['1e3', 'money_not_exact'],
      ['1E3', 'money_not_exact'],
      ['1e30', 'money_not_exact'],
      ['1e-3', 'money_not_exact'],
      ['1e999', 'money_not_exact'],
      ['1234567890123456', 'money_not_exact'],
      ['0.1234567890123456', 'money_too_precise'],
      ['"1000000000000.0001"', 'money_out_of_range'],
      ['"-1000000000000.0001"', 'money_out_of_range'],
      ['1000000000001', 'money_out_of_range'],
      [`"${'9'.repeat(400)}"`, 'money_out_of_range'],
    ];
    it.each(cases)('refuses the monthly amount %s as %s', async (token, code) => {
      const people = await aTenant();
      const body = good.replace('"5"', token);
      await refusedAndUnwritten(
        people,
        () => post(people.dev, 'gateTerraform', body),
        { status: 422, code, at: [monthly, code] },
        ROUTES.gateTerraform,
      );
    });
    it.each([
      ['"NaN"', 'money_invalid'],
      ['"0.0000001"', 'money_too_precise'],
      ['1e-2', 'money_not_exact'],
      ['"1000000000001"', 'money_out_of_range'],
    ])('refuses the hourly amount %s as %s', async (token, code) => {
      const people = await aTenant();
      const body = withMember(`"estimated_hourly_delta_usd":${token}`);
      await refusedAndUnwritten(
        people,
        () => post(people.dev, 'gateTerraform', body),
        { status: 422, code, at: [hourly, code] },
        ROUTES.gateTerraform,
      );
    });
    it.each([
      ['"125.5"', '125.5000'],
      ['125.5', '125.5000'],
      ['"-300"', '-300.0000'],
      ['-0', '0.0000'],
      ['"1000000000000"', '1000000000000.0000'],
      ['"0.0001"', '0.0001'],
    ])('takes %s for %s', async (token, amount) => {
      const people = await aTenant();
      const answer = await post(people.dev, 'gateTerraform', good.replace('"5"', token));
      expect([answer.status, answer.body.cost?.monthly]).toEqual([200, amount]);
    });
    it('refuses a bad amount wherever one is read', async () => {
      const people = await aTenant();
      const pending = await aPending(people);
      const before = await headsOf(people);
      const reconcile = { as: people.admin, params: { decision_id: String(pending.verdict.decision_id) } };
      for (const [value, code] of [
        ['NaN', 'money_invalid'],
        ['1.00001', 'money_too_precise'],
        ['1000000000001', 'money_out_of_range'],
      ] as const) {
        const answers = [
          [
            await server.call('reconcile', { ...reconcile, body: { actual_monthly_delta_usd: value } }),
            '/actual_monthly_delta_usd',
          ],
          [
            await server.call('createBudget', { as: people.admin, body: { scope: 'tenant', limit_usd: value } }),
            '/limit_usd',
          ],
        ] as const;
        for (const [answer, pointer] of answers)
          await expectRefusal(answer, { status: 422, code, at: [pointer, code] });
      }
      const places = JSON.stringify(ask('5')).replace('"5"', '125.50000'); // A number's zeros are places, as text's are.
      await expectRefusal(
        await server.call('gateTerraform', { as: people.dev, body: new TextEncoder().encode(places) }),
        {
          status: 422,
          code: 'money_too_precise',
          at: ['/estimated_monthly_delta_usd', 'money_too_precise'],
        },
      );
      const negative = await server.call('createBudget', {
        as: people.admin,
        body: { scope: 'tenant', limit_usd: '-1' },
      });
      await expectRefusal(negative, {
        status: 422,
        code: 'money_out_of_range',
        at: ['/limit_usd', 'money_out_of_range'],
      });
      const policy = await server.call('validatePolicy', {
        as: people.admin,
        body: { document: { entitlements: { hard_deny_above_monthly_usd: '1e3' } } },
      });
      expect(policy.body).toMatchObject({
        valid: false,
        errors: [{ pointer: '/document/entitlements/hard_deny_above_monthly_usd', code: 'money_invalid' }],
      });
      expect(await headsOf(people)).toEqual(before);
    });
  });

  describe('of plans', () => {
    const planRequest = (plan: unknown) =>
      JSON.stringify({ ...ask('5'), estimated_monthly_delta_usd: undefined, plan });
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
      await publishBook(server, people, 'aws-web-stack');
      const plan = { ...jsonFixture('aws-web-stack', 'plan.json'), format_version: '2.0' };
      const { body } = await must(server, 'gatePreflight', {
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
      const { body } = await must(server, 'gateTerraform', {
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
      await publishBook(server, people, 'priced-unknowns');
      const secrets = [...secretsOf(readExpectation('sensitive')), ...secretsOf(readExpectation('aws-web-stack'))];
      expect(secrets.length).toBeGreaterThan(6);
      const answers = [];
      for (const fixture of ['sensitive', 'aws-web-stack']) {
        const asked = await must(server, 'gatePreflight', {
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
          await must(server, 'getDecision', { as: people.dev, params: { decision_id: asked.body.decision_id } }),
        );
        answers.push(
          await must(server, 'getReceipt', { as: people.dev, params: { decision_id: asked.body.decision_id } }),
        );
      }
      const broken = JSON.stringify({ ...ask('5'), plan: jsonFixture('sensitive', 'plan.json') }).slice(0, -5);
      answers.push(await post(people.dev, 'gateTerraform', broken));
      const noChanges = { ...jsonFixture('sensitive', 'plan.json'), resource_changes: { canary: secrets[0] } };
      answers.push(await post(people.dev, 'gateTerraform', planRequest(noChanges)));
      const created = await must(server, 'createExport', { as: people.auditor, body: {} });
      expect(created.status).toBe(202);
      const shown = answers.map(({ text }) => text).join('\n');
      const places = {
        answers: shown,
        receipts: answers
          .map(({ body }) => Buffer.from(String(body?.entry_base64 ?? ''), 'base64').toString())
          .join('\n'),
        entries: (await ledger.entries(people.dev.tenant, 'decisions')).map(({ text }) => text).join('\n'),
        database: await ledger.dump(),
        log: server.output,
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
      await publishBook(server, people, 'priced-unknowns');
      const expected = readExpectation('priced-unknowns').cost;
      const body = {
        ...ask('5'),
        estimated_monthly_delta_usd: undefined,
        environment: 'nonprod',
        plan: jsonFixture('priced-unknowns', 'plan.json'),
        run_id: 'r-1',
        justification: JUSTIFICATION,
      };
      const asked = await must(server, 'gatePreflight', { as: people.dev, body });
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
      const { body } = await must(server, 'gateTerraform', {
        as: people.dev,
        body: JSON.parse(planRequest(jsonFixture('aws-web-stack', 'plan.json'))),
      });
      expect(body.decision).not.toMatch(/^ALLOW/);
      expect(body.cost.completeness).not.toBe('complete');
      expect(body.cost.price_book).toBeNull();
      const nothing = await must(server, 'gateTerraform', {
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

  describe('of metadata and keys', () => {
    const metadata = (value: unknown) => JSON.stringify({ ...ask('5'), metadata: value });
    const deep = (depth: number): unknown => (depth === 0 ? 1 : { a: deep(depth - 1) });

    it('refuses metadata deeper than 8 or larger than 64 KiB', async () => {
      const people = await aTenant();
      const expected: Expected = { status: 422, code: 'metadata_too_large', at: ['/metadata', 'metadata_too_large'] };
      await refusedAndUnwritten(
        people,
        () => post(people.dev, 'gateTerraform', metadata(deep(9))),
        expected,
        ROUTES.gateTerraform,
      );
      await refusedAndUnwritten(
        people,
        () => post(people.dev, 'gateTerraform', metadata({ a: 'x'.repeat(64 * 1024) })),
        expected,
        ROUTES.gateTerraform,
      );
      expect((await post(people.dev, 'gateTerraform', metadata(deep(8)))).status).toBe(200);
      expect((await post(people.dev, 'gateTerraform', metadata({ a: 'x'.repeat(64 * 1024 - 8) }))).status).toBe(200);
      const inexact = good.slice(0, -1) + ',"metadata":{"n":1e400}}';
      await refusedAndUnwritten(people, () => post(people.dev, 'gateTerraform', inexact), {
        status: 422,
        code: 'validation_failed',
      });
    });

    it.each([
      ['too short', 'abc'],
      ['too long', 'k'.repeat(129)],
      ['with a blank inside', 'ab cd ef'],
      ['not ASCII', 'schlüssel'],
    ])('refuses a key that is %s, in the header and in the body', async (_title, key) => {
      const people = await aTenant();
      const expected: Expected = { status: 422, code: 'validation_failed' };
      await refusedAndUnwritten(
        people,
        () => post(people.dev, 'gateTerraform', good, { 'idempotency-key': key }),
        expected,
        ROUTES.gateTerraform,
      );
      const body = withMember(`"idempotency_key":${JSON.stringify(key)}`);
      await refusedAndUnwritten(
        people,
        () => post(people.dev, 'gateTerraform', body),
        { ...expected, at: ['/idempotency_key', 'validation_failed'] },
        ROUTES.gateTerraform,
      );
    });

    it.each([
      ['too short', '"abc"'],
      ['no key inside', '""""'],
    ])('looks inside the quotes of a key, wherever it stands: %s', async (_title, key) => {
      const people = await aTenant();
      const answers = [
        await post(people.dev, 'gateTerraform', good, { 'idempotency-key': key }),
        await post(people.dev, 'gateTerraform', withMember(`"idempotency_key":${JSON.stringify(key)}`)),
      ];
      expect(answers.map(({ status }) => status)).toEqual([422, 422]);
    });

    it('takes a key with quotes and one without for one key, in the header and in the body', async () => {
      const people = await aTenant();
      const inBody = (key: string) => withMember(`"idempotency_key":${JSON.stringify(key)}`);
      const first = await post(people.dev, 'gateTerraform', good, { 'idempotency-key': '"key-1"' });
      expect(first.body).toMatchObject({ idempotency_key: 'key-1', replayed: false });
      for (const again of [
        () => post(people.dev, 'gateTerraform', inBody('"key-1"')),
        () => post(people.dev, 'gateTerraform', inBody('key-1')),
        () => post(people.dev, 'gateTerraform', inBody('"key-1"'), { 'idempotency-key': 'key-1' }),
      ])
        expect((await again()).body).toEqual({ ...first.body, replayed: true });
    });

    it('refuses two different keys, and does not bind a key to a request that it refused', async () => {
      const people = await aTenant();
      const mismatch = () =>
        post(people.dev, 'gateTerraform', withMember('"idempotency_key":"key-in-body"'), {
          'idempotency-key': 'key-in-header',
        });
      await refusedAndUnwritten(
        people,
        mismatch,
        { status: 422, code: 'idempotency_key_mismatch' },
        ROUTES.gateTerraform,
      );
      await post(people.dev, 'gateTerraform', good.replace('"5"', '"x"'), { 'idempotency-key': 'key-1' });
      const first = await post(people.dev, 'gateTerraform', good, { 'idempotency-key': 'key-1' });
      expect(first.body).toMatchObject({ decision: expect.any(String), replayed: false });
      const conflict = () =>
        post(people.dev, 'gateTerraform', good.replace('"5"', '"2000"'), { 'idempotency-key': 'key-1' });
      const answer = await refusedAndUnwritten(
        people,
        conflict,
        { status: 409, code: 'idempotency_conflict' },
        ROUTES.gateTerraform,
      );
      expect(answer.body.differing_fields).toEqual(['/estimated_monthly_delta_usd']);
      const again = await post(people.dev, 'gateTerraform', good, { 'idempotency-key': 'key-1' });
      expect(again.body).toEqual({ ...first.body, replayed: true });
    });

    it('refuses a key of an admin write that is none, wherever it stands', async () => {
      const people = await aTenant();
      const before = await headsOf(people);
      const book = { scope: 'tenant', limit_usd: '1' };
      const bodies: readonly [RouteId, object][] = [
        ['createBudget', book],
        ['grantCredit', { pool: 'reserved', scope: 'tenant', total_amount_usd: '1', reason: 'r' }],
        ['publishPolicy', { document: {}, message: 'm' }],
      ];
      for (const [id, body] of bodies)
        for (const key of ['abc', 'with a space', 'x'.repeat(129)]) {
          const sent = { as: people.admin, headers: { 'if-match': '"1"' }, body: { ...body, idempotency_key: key } };
          const at = ['/idempotency_key', 'validation_failed'] as const;
          await expectRefusal(await server.call(id, sent), { status: 422, code: 'validation_failed', at });
        }
      expect(await headsOf(people)).toEqual(before);
    });

    it('binds the keys of admin writes to their payload too', async () => {
      const people = await aTenant();
      const create = (limit_usd: string) =>
        server.call('createBudget', { as: people.admin, body: { scope: 'tenant', limit_usd }, key: 'budget-key' });
      const first = await create('100');
      const again = await create('100');
      expect([first.status, again.body]).toEqual([201, { ...first.body, replayed: true }]);
      const other = await create('200');
      expect([other.status, other.body.code]).toEqual([409, 'idempotency_conflict']);
    });

    it('binds the keys of withdrawals and new tokens to their request, and answers a repetition once', async () => {
      const people = await aTenant();
      const [first, second] = [await grantedApproval(server, people), await grantedApproval(server, people)];
      for (const [id, as] of [
        ['reissueToken', people.lead],
        ['withdrawApproval', people.dev],
      ] as const) {
        const send = ({ approvalId }: { readonly approvalId: string }, more: object = {}) =>
          server.call(id, { as, params: { approval_id: approvalId }, body: {}, key: `${id}-key`, ...more });
        const [one, two] = await Promise.all([send(first), send(first)]);
        expect([one.status, two.status]).toEqual([200, 200]);
        expect([one.body.replayed, two.body.replayed].sort()).toEqual([false, true]);
        expect([one.body.approval_token, two.body.approval_token].filter((token) => token !== null).length).toBe(
          id === 'reissueToken' ? 1 : 0,
        );
        const before = (await headsOf(people)).approvals;
        const conflict = await send(second);
        expect([conflict.status, conflict.body.code]).toEqual([409, 'idempotency_conflict']);
        const unequal = await send(first, { body: { idempotency_key: 'another-key' } });
        expect([unequal.status, unequal.body.code]).toEqual([422, 'idempotency_key_mismatch']);
        expect((await send(first)).body.replayed).toBe(true);
        expect((await headsOf(people)).approvals).toEqual(before);
      }
    });

    it('refuses a fingerprint that it does not find, and records nothing', async () => {
      const people = await aTenant();
      const body = JSON.stringify({ ...ask('5'), expected_request_fingerprint: 'a'.repeat(64) });
      await refusedAndUnwritten(
        people,
        () => post(people.dev, 'gateTerraform', body),
        { status: 409, code: 'fingerprint_mismatch' },
        ROUTES.gateTerraform,
      );
    });
  });

  describe('of caller tokens', () => {
    const who = (people: People): Who => people.dev;
    const now = (): number => Math.floor(Date.now() / 1000);
    type Forge = (people: People) => Promise<string>;
    const flipped = (token: string, part: number): string =>
      token
        .split('.')
        .map((text, index) =>
          index === part ? `${text.slice(0, 4)}${text[4] === 'A' ? 'B' : 'A'}${text.slice(5)}` : text,
        )
        .join('.');
    const cases: readonly (readonly [string, Forge])[] = [
      ['that expired', (people) => server.tokens.mint(who(people), { claims: { exp: now() - 60 } })],
      ['that is not valid yet', (people) => server.tokens.mint(who(people), { claims: { nbf: now() + 600 } })],
      ['without an end', (people) => server.tokens.mint(who(people), { claims: { exp: undefined } })],
      ['of a foreign issuer', (people) => server.tokens.mint(who(people), { claims: { iss: 'https://evil.example' } })],
      ['for another audience', (people) => server.tokens.mint(who(people), { claims: { aud: 'other' } })],
      ['without a subject', (people) => server.tokens.mint(who(people), { claims: { sub: undefined } })],
      ['without a tenant', (people) => server.tokens.mint(who(people), { claims: { tenant_id: undefined } })],
      ['with a tenant that is none', (people) => server.tokens.mint(who(people), { claims: { tenant_id: '../acme' } })],
      ['with a list for a tenant', (people) => server.tokens.mint(who(people), { claims: { tenant_id: ['acme'] } })],
      ['of an unknown key', (people) => server.tokens.mint(who(people), { header: { kid: '0000000000000000' } })],
      [
        'without an algorithm',
        async (people) => {
          const [, payload] = (await server.tokens.mint(who(people))).split('.');
          return `${encoded({ alg: 'none', typ: 'JWT' })}.${String(payload)}.`;
        },
      ],
      [
        'without an algorithm but with a signature',
        async (people) => {
          const [, payload, signature] = (await server.tokens.mint(who(people))).split('.');
          const { kid } = await server.tokens.publicKey();
          return `${encoded({ alg: 'none', kid, typ: 'JWT' })}.${String(payload)}.${String(signature)}`;
        },
      ],
      [
        'made with the public key as an HMAC secret',
        async (people) => {
          const [, payload] = (await server.tokens.mint(who(people))).split('.');
          const { kid, raw } = await server.tokens.publicKey();
          const input = `${encoded({ alg: 'HS256', kid, typ: 'JWT' })}.${String(payload)}`;
          return `${input}.${createHmac('sha256', raw).update(input).digest('base64url')}`;
        },
      ],
      [
        'with a key of its own in the header',
        async (people) => {
          const { publicKey, privateKey } = generateKeyPairSync('ed25519');
          const [, payload] = (await server.tokens.mint(who(people))).split('.');
          const input = `${encoded({ alg: 'EdDSA', jwk: publicKey.export({ format: 'jwk' }), typ: 'JWT' })}.${String(payload)}`;
          return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
        },
      ],
      ['with altered claims', async (people) => flipped(await server.tokens.mint(who(people)), 1)],
      ['with an altered signature', async (people) => flipped(await server.tokens.mint(who(people)), 2)],
      ['that is an approval token', async (people) => (await grantedApproval(server, people)).token],
      ['that is no token', () => Promise.resolve('abc')],
      ['with four parts', async (people) => `${await server.tokens.mint(who(people))}.x`],
      [
        'longer than 8,192 characters',
        (people) => server.tokens.mint(who(people), { claims: { filler: 'x'.repeat(9000) } }),
      ],
    ];
    it.each(cases)('refuses a token %s', async (_title, forge) => {
      const people = await aTenant();
      const token = await forge(people);
      const send = () => post(who(people), 'gateTerraform', good, { authorization: `Bearer ${token}` });
      const answer = await refusedAndUnwritten(
        people,
        send,
        { status: 401, code: 'unauthenticated' },
        ROUTES.gateTerraform,
      );
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="verdict", error="invalid_token"');
      expect(server.output).not.toContain(token.length > 20 ? token : 'no such token');
    });
    it.each([
      ['no token', ''],
      ['another scheme', 'Basic YTpi'],
      ['an empty bearer', 'Bearer '],
    ])('refuses %s', async (_title, authorization) => {
      const people = await aTenant();
      const send = () => post(who(people), 'gateTerraform', good, { authorization });
      await refusedAndUnwritten(people, send, { status: 401, code: 'unauthenticated' }, ROUTES.gateTerraform);
    });
  });

  describe('of approval tokens', () => {
    const use = (who: Who, granted: Granted, change: Readonly<Record<string, unknown>> = {}, key?: string) =>
      server.call('consume', {
        as: who,
        body: { ...consumeBody(granted), ...change },
        ...(key === undefined ? {} : { key }),
      });
    /** Refused, noted once in the ledger under its code, and the token still unused. */
    const expectNoted = async (people: People, answer: ApiAnswer, expected: Expected): Promise<void> => {
      await expectRefusal(answer, expected, ROUTES.consume);
      const last = (await ledger.entries(people.dev.tenant, 'approvals')).at(-1);
      expect(last).toMatchObject({ type: 'token_refused', payload: { code: expected.code } });
      expect(
        (await ledger.typesOf(people.dev.tenant, 'approvals')).filter((type) => type === 'token_refused'),
      ).toHaveLength(1);
    };

    it.each([
      ['expected_source', 'k8s_admission', 'binding_source_mismatch'],
      ['expected_project_id', 'other', 'binding_project_mismatch'],
      ['expected_environment', 'nonprod', 'binding_environment_mismatch'],
      ['expected_request_fingerprint', 'a'.repeat(64), 'binding_fingerprint_mismatch'],
      ['expected_resource_reference', 'aws_instance.other', 'binding_resource_mismatch'],
      ['estimated_monthly_delta_usd', '125.5001', 'binding_cost_exceeded'],
      ['estimated_hourly_delta_usd', '99', 'binding_cost_exceeded'],
    ])('refuses another %s by its own code', async (member, value, code) => {
      const people = await aTenant();
      const granted = await grantedApproval(server, people);
      await expectNoted(people, await use(people.dev, granted, { [member]: value }), { status: 409, code });
      expect((await use(people.dev, granted)).status).toBe(200);
    });

    it.each([
      'approval_token',
      'expected_source',
      'expected_project_id',
      'expected_environment',
      'expected_request_fingerprint',
      'expected_resource_reference',
    ])('refuses a request without %s', async (member) => {
      const people = await aTenant();
      const granted = await grantedApproval(server, people);
      const answer = await use(people.dev, granted, { [member]: undefined });
      await expectNoted(people, answer, {
        status: 422,
        code: 'validation_failed',
        at: [`/${member}`, 'validation_failed'],
      });
      expect((await use(people.dev, granted)).status).toBe(200);
    });

    it('takes the alias of an environment for the environment, and what is below the caps', async () => {
      const people = await aTenant();
      const granted = await grantedApproval(server, people);
      expect(
        (await use(people.dev, granted, { expected_environment: 'Production', estimated_monthly_delta_usd: '125.5' }))
          .status,
      ).toBe(200);
    });

    const altered = (token: string, change: (claims: Record<string, unknown>) => void): string => {
      const [header, payload, signature] = token.split('.');
      const claims = JSON.parse(Buffer.from(String(payload), 'base64url').toString()) as Record<string, unknown>;
      change(claims);
      return `${String(header)}.${encoded(claims)}.${String(signature)}`;
    };
    const forged: readonly (readonly [string, (token: string) => string | Promise<string>, string])[] = [
      ['text that is no token', () => 'x'.repeat(40), 'token_malformed'],
      ['a token with two parts', (token) => token.split('.').slice(0, 2).join('.'), 'token_malformed'],
      [
        'a token with altered claims',
        (token) =>
          altered(token, (claims) => {
            claims['max_monthly_delta_usd'] = '999999.0000';
          }),
        'token_signature_invalid',
      ],
      [
        'a token without an algorithm',
        (token) => `${encoded({ alg: 'none' })}.${String(token.split('.')[1])}.`,
        'token_signature_invalid',
      ],
      [
        'an HS256 token made with the published key',
        async (token) => {
          const jwks = await server.raw({ method: 'GET', path: ROUTES.jwks.path });
          const { kid, x } = jwks.body.keys[0] as { kid: string; x: string };
          const input = `${encoded({ alg: 'HS256', kid, typ: 'JWT' })}.${String(token.split('.')[1])}`;
          return `${input}.${createHmac('sha256', Buffer.from(x, 'base64url')).update(input).digest('base64url')}`;
        },
        'token_signature_invalid',
      ],
      [
        'a token of an unknown key',
        (token) =>
          `${encoded({ alg: 'EdDSA', kid: 'ffffffffffffffff', typ: 'JWT' })}.${token.split('.').slice(1).join('.')}`,
        'token_key_unknown',
      ],
    ];
    it.each(forged)('refuses %s', async (_title, forge, code) => {
      const people = await aTenant();
      const granted = await grantedApproval(server, people);
      await expectNoted(people, await use(people.dev, granted, { approval_token: await forge(granted.token) }), {
        status: 401,
        code,
      });
      expect((await use(people.dev, granted)).status).toBe(200);
    });

    it('refuses a caller token as an approval token', async () => {
      const people = await aTenant();
      const granted = await grantedApproval(server, people);
      const answer = await use(people.dev, granted, { approval_token: await server.tokenFor(people.dev) });
      expect(answer.status).toBe(401);
      expect(['token_key_unknown', 'token_claims_invalid']).toContain(answer.body.code);
    });

    it('refuses a token after it was used, and after a newer one was issued', async () => {
      const people = await aTenant();
      const granted = await grantedApproval(server, people);
      const reissued = await must(server, 'reissueToken', {
        as: people.lead,
        params: { approval_id: granted.approvalId },
        body: {},
      });
      await expectNoted(people, await use(people.dev, granted), { status: 409, code: 'token_superseded' });
      const newer = { ...granted, token: String(reissued.body.approval_token) };
      expect((await use(people.dev, newer)).status).toBe(200);
      const again = await use(people.dev, newer);
      expect([again.status, again.body.code]).toEqual([409, 'token_replayed']);
      const late = await server.call('reissueToken', {
        as: people.lead,
        params: { approval_id: granted.approvalId },
        body: {},
      });
      expect([late.status, late.body.code]).toEqual([409, 'approval_not_active']);
    });

    it('issues a token anew five times, and no more', async () => {
      const people = await aTenant();
      const granted = await grantedApproval(server, people);
      const reissue = () =>
        server.call('reissueToken', { as: people.lead, params: { approval_id: granted.approvalId }, body: {} });
      for (let turn = 0; turn < 5; turn += 1) expect((await reissue()).status).toBe(200);
      const sixth = await reissue();
      expect([sixth.status, sixth.body.code]).toEqual([409, 'reissue_limit_reached']);
    });

    it('refuses whoever is not the one who asked', async () => {
      const people = await aTenant();
      const granted = await grantedApproval(server, people);
      const stranger = { subject: 'stranger-1', roles: ['member'], tenant: people.dev.tenant } as const satisfies Who;
      await expectNoted(people, await use(stranger, granted), { status: 403, code: 'consumer_not_permitted' });
      const pipeline = { ...stranger, claims: { projects: ['web'] } };
      expect((await use(pipeline, granted)).status).toBe(200);
    });

    /** A token with other claims, signed with the very key of the product: only the claims are wrong. */
    const signedWith = async (token: string, change: Readonly<Record<string, unknown>>): Promise<string> => {
      const keys = await openFileKeyStore(join(server.dataDir, 'keys'));
      const [header, payload] = token.split('.');
      const claims = JSON.parse(Buffer.from(String(payload), 'base64url').toString()) as Record<string, unknown>;
      const input = `${String(header)}.${encoded({ ...claims, ...change })}`;
      const { signature } = await keys.sign('token', Buffer.from(input, 'ascii'));
      return `${input}.${Buffer.from(signature).toString('base64url')}`;
    };
    const seconds = (): number => Math.floor(Date.now() / 1000);
    const claimed: readonly (readonly [string, () => Readonly<Record<string, unknown>>, number, string])[] = [
      ['an end that has come', () => ({ exp: seconds() }), 410, 'token_expired'],
      ['a beginning that has not', () => ({ nbf: seconds() + 60 }), 401, 'token_claims_invalid'],
      ['an issue date ahead of the clock', () => ({ iat: seconds() + 60 }), 401, 'token_claims_invalid'],
      ['another issuer', () => ({ iss: 'https://evil.example' }), 401, 'token_claims_invalid'],
      ['another audience', () => ({ aud: 'verdict' }), 401, 'token_claims_invalid'],
      ['another type', () => ({ token_type: 'other' }), 401, 'token_claims_invalid'],
      ['another subject', () => ({ sub: `enforcement_approval:${randomUUID()}` }), 401, 'token_claims_invalid'],
      ['no id', () => ({ jti: undefined }), 401, 'token_claims_invalid'],
      ['another tenant', () => ({ tenant_id: 'other' }), 403, 'token_tenant_mismatch'],
      ['another decision', () => ({ decision_id: randomUUID() }), 404, 'approval_not_found'],
      ['another id', () => ({ jti: randomUUID() }), 409, 'token_superseded'],
      ['another source', () => ({ source: 'k8s_admission' }), 409, 'binding_source_mismatch'],
      ['another project', () => ({ project_id: 'api' }), 409, 'binding_project_mismatch'],
      ['another environment', () => ({ environment: 'nonprod' }), 409, 'binding_environment_mismatch'],
      ['another environment class', () => ({ environment_class: 'nonprod' }), 409, 'binding_environment_mismatch'],
      ['another fingerprint', () => ({ request_fingerprint: 'b'.repeat(64) }), 409, 'binding_fingerprint_mismatch'],
      ['another resource', () => ({ resource_reference: 'aws_instance.other' }), 409, 'binding_resource_mismatch'],
    ];
    it.each(claimed)('refuses a well signed token with %s', async (_title, change, status, code) => {
      const people = await aTenant();
      const granted = await grantedApproval(server, people);
      await expectNoted(
        people,
        await use(people.dev, granted, { approval_token: await signedWith(granted.token, change()) }),
        { status, code },
      );
      expect((await use(people.dev, granted)).status).toBe(200);
    });

    it('refuses a well signed token of an approval that is not there', async () => {
      const people = await aTenant();
      const granted = await grantedApproval(server, people);
      const approvalId = randomUUID();
      const token = await signedWith(granted.token, {
        approval_id: approvalId,
        sub: `enforcement_approval:${approvalId}`,
      });
      await expectNoted(people, await use(people.dev, granted, { approval_token: token }), {
        status: 404,
        code: 'approval_not_found',
      });
    });

    it('lets a token say no more than was approved: higher caps in it change nothing', async () => {
      const people = await aTenant();
      const granted = await grantedApproval(server, people);
      const token = await signedWith(granted.token, { max_monthly_delta_usd: '999999.0000' });
      const answer = await use(people.dev, granted, { approval_token: token, estimated_monthly_delta_usd: '5000' });
      await expectNoted(people, answer, { status: 409, code: 'binding_cost_exceeded' });
    });

    it('gives tokens the life that the policy says', async () => {
      const people = await aTenant();
      await publishPolicy(server, people, { approval: { token_ttl_seconds: 60, use_by_seconds: 60 } });
      const granted = await grantedApproval(server, people);
      const { exp, iat } = JSON.parse(Buffer.from(String(granted.token.split('.')[1]), 'base64url').toString()) as {
        exp: number;
        iat: number;
      };
      expect(exp - iat).toBeLessThanOrEqual(60);
      expect(exp - iat).toBeGreaterThanOrEqual(59);
    });

    it('lets one of many parallel uses through', async () => {
      const people = await aTenant();
      const granted = await grantedApproval(server, people);
      const answers = await Promise.all(Array.from({ length: 50 }, () => use(people.dev, granted)));
      const statuses = answers
        .map(({ status, body }) => (status === 200 ? 'consumed' : `${status} ${String(body.code)}`))
        .sort();
      expect(statuses).toEqual([...Array.from({ length: 49 }, () => '409 token_replayed'), 'consumed']);
    });

    it('binds a consume key to what it consumed', async () => {
      const people = await aTenant();
      const granted = await grantedApproval(server, people);
      expect((await use(people.dev, granted, {}, 'deploy-key')).status).toBe(200);
      const other = await use(people.dev, granted, { estimated_monthly_delta_usd: '1' }, 'deploy-key');
      expect(other.status).toBe(409);
      const mismatch = await use(people.dev, granted, { idempotency_key: 'other-key' }, 'deploy-key');
      expect([mismatch.status, mismatch.body.code]).toEqual([422, 'idempotency_key_mismatch']);
    });
  });

  describe('of votes and writes', () => {
    it('refuses a vote on what is settled, and a withdrawal by somebody else', async () => {
      const people = await aTenant();
      const pending = await aPending(people);
      const params = { approval_id: pending.approvalId };
      const stranger = { subject: 'stranger-1', roles: ['member'], tenant: people.dev.tenant } as const satisfies Who;
      const foreign = await refusedAndUnwritten(
        people,
        () => server.call('withdrawApproval', { as: stranger, params, body: {} }),
        { status: 403, code: 'forbidden' },
      );
      expect(foreign.status).toBe(403);
      await must(server, 'deny', { as: people.lead, params, body: {} });
      await waitUntil('the hold is freed', async () => (await headsOf(people)).decisions === 1);
      for (const id of ['approve', 'deny'] as const) {
        const send = () => server.call(id, { as: { ...people.lead, subject: 'lead-2' }, params, body: {} });
        await refusedAndUnwritten(people, send, { status: 409, code: 'approval_not_pending' }, ROUTES[id]);
      }
      const withdraw = () => server.call('withdrawApproval', { as: people.dev, params, body: {} });
      await refusedAndUnwritten(
        people,
        withdraw,
        { status: 409, code: 'approval_not_pending' },
        ROUTES.withdrawApproval,
      );
    });

    it('refuses to grant without the justification that the policy asks for', async () => {
      const people = await aTenant();
      const pending = await aPending(people, { justification: undefined });
      const approve = () =>
        server.call('approve', { as: people.lead, params: { approval_id: pending.approvalId }, body: {} });
      await refusedAndUnwritten(people, approve, { status: 422, code: 'justification_required' }, ROUTES.approve);
      const file = { decision_id: pending.verdict.decision_id, justification: JUSTIFICATION };
      const filer = {
        subject: 'dev-2',
        roles: ['member', 'approver'],
        tenant: people.dev.tenant,
      } as const satisfies Who;
      await must(server, 'fileApprovalRequest', { as: filer, body: file });
      const own = await server.call('approve', { as: filer, params: { approval_id: pending.approvalId }, body: {} });
      expect([own.status, own.body.code]).toEqual([403, 'self_review_forbidden']);
      expect((await approve()).status).toBe(200);
    });

    it('cannot approve a dry run, and holds nothing for it', async () => {
      const people = await aTenant();
      const asked = await must(server, 'gateTerraform', { as: people.dev, body: ask('500', { dry_run: true }) });
      expect(asked.body).toMatchObject({
        decision: 'REQUIRE_APPROVAL',
        approval_request_id: null,
        dry_run: true,
        hold: { total: '0.0000' },
      });
      const file = () =>
        server.call('fileApprovalRequest', {
          as: people.dev,
          body: { decision_id: asked.body.decision_id, justification: JUSTIFICATION },
        });
      await refusedAndUnwritten(
        people,
        file,
        { status: 409, code: 'decision_not_approvable' },
        ROUTES.fileApprovalRequest,
      );
      const reconcile = () =>
        server.call('reconcile', {
          as: people.admin,
          params: { decision_id: String(asked.body.decision_id) },
          body: { actual_monthly_delta_usd: '1' },
        });
      await refusedAndUnwritten(
        people,
        reconcile,
        { status: 409, code: 'decision_not_reconcilable' },
        ROUTES.reconcile,
      );
    });

    it('refuses an edit without the version it edits, or of an older one', async () => {
      const people = await aTenant();
      const publish = (
        headers: Readonly<Record<string, string>>,
        id: 'publishPolicy' | 'rollBackPolicy' = 'publishPolicy',
      ) =>
        server.call(id, {
          as: people.admin,
          body: id === 'publishPolicy' ? { document: MONEY_ONLY, message: 'm' } : { to_version: 1, message: 'm' },
          headers,
        });
      for (const id of ['publishPolicy', 'rollBackPolicy'] as const) {
        await refusedAndUnwritten(
          people,
          () => publish({}, id),
          { status: 428, code: 'precondition_required' },
          ROUTES[id],
        );
        for (const tag of ['"9"', '"0"', '*', '1', '"x"', '"1", "2"']) {
          const stale = await refusedAndUnwritten(
            people,
            () => publish({ 'if-match': tag }, id),
            { status: 412, code: 'version_conflict' },
            ROUTES[id],
          );
          expect(stale.body.current_etag).toBe('"1"');
        }
      }
      expect((await publish({ 'if-match': '"1"' })).status).toBe(201);
      const both = await Promise.all([
        publish({ 'if-match': '"2"' }, 'rollBackPolicy'),
        publish({ 'if-match': '"2"' }, 'rollBackPolicy'),
      ]);
      expect(both.map(({ status }) => status).sort()).toEqual([201, 412]);
      const created = await createBudget(server, people, '100');
      const update = (headers: Readonly<Record<string, string>>) =>
        server.call('updateBudget', {
          as: people.admin,
          params: { budget_id: String(created.body.budget_id) },
          body: { limit_usd: '200' },
          headers,
        });
      await refusedAndUnwritten(
        people,
        () => update({}),
        { status: 428, code: 'precondition_required' },
        ROUTES.updateBudget,
      );
      await refusedAndUnwritten(
        people,
        () => update({ 'if-match': '"7"' }),
        { status: 412, code: 'version_conflict' },
        ROUTES.updateBudget,
      );
      expect((await update({ 'if-match': '"1"' })).body).toMatchObject({ version: 2, limit_usd: '200.0000' });
    });

    it('refuses a limit below what is committed, and names the least legal one', async () => {
      const people = await aTenant();
      await publishPolicy(server, people, MONEY_ONLY);
      const created = await createBudget(server, people, '1000');
      await must(server, 'gateTerraform', { as: people.dev, body: ask('600') });
      const update = (more: Readonly<Record<string, unknown>> = {}) =>
        server.call('updateBudget', {
          as: people.admin,
          params: { budget_id: String(created.body.budget_id) },
          body: { limit_usd: '599.9999', ...more },
          headers: { 'if-match': '"1"' },
        });
      const refused = await refusedAndUnwritten(
        people,
        () => update(),
        { status: 409, code: 'limit_below_committed' },
        ROUTES.updateBudget,
      );
      expect(refused.text).toContain('600.0000');
      expect((await update({ when_committed: 'ratchet' })).body).toMatchObject({
        limit_usd: '599.9999',
        effective_limit_usd: '600.0000',
        headroom_usd: '0.0000',
      });
    });

    it('lists every defect of a policy', async () => {
      const people = await aTenant();
      const document = {
        mode_matrix: { terraform: { default: 'mild' } },
        approval: { use_by_seconds: 1 },
        surprise: true,
        pricing: { mismatch_percent: 101 },
      };
      const send = () =>
        server.call('publishPolicy', {
          as: people.admin,
          body: { document, message: 'm' },
          headers: { 'if-match': '"1"' },
        });
      const answer = await refusedAndUnwritten(
        people,
        send,
        { status: 422, code: 'policy_invalid' },
        ROUTES.publishPolicy,
      );
      const pointers = answer.body.errors.map(({ pointer }: { pointer: string }) => pointer);
      expect(pointers).toEqual(
        expect.arrayContaining([
          '/document/mode_matrix/terraform/default',
          '/document/approval/use_by_seconds',
          '/document/surprise',
          '/document/pricing/mismatch_percent',
        ]),
      );
      const twice = { environments: { classes: { prod: { aliases: ['x'] }, nonprod: { aliases: ['X'] } } } };
      const alias = () =>
        server.call('publishPolicy', {
          as: people.admin,
          body: { document: twice, message: 'm' },
          headers: { 'if-match': '"1"' },
        });
      await refusedAndUnwritten(people, alias, { status: 422, code: 'policy_invalid' }, ROUTES.publishPolicy);
    });

    it('refuses a price book that is none, and another text under a version that is taken', async () => {
      const people = await aTenant();
      const book = jsonFixture('aws-web-stack', 'price-book.v1.json');
      const publish = (body: unknown) => server.call('publishPriceBook', { as: people.admin, body });
      await refusedAndUnwritten(
        people,
        () => publish({}),
        { status: 422, code: 'validation_failed' },
        ROUTES.publishPriceBook,
      );
      await refusedAndUnwritten(
        people,
        () => publish({ ...book, currency: 'EUR' }),
        { status: 422, code: 'currency_unsupported' },
        ROUTES.publishPriceBook,
      );
      expect((await publish(book)).status).toBe(201);
      const same = await publish(book);
      expect([same.status, same.body.unchanged]).toEqual([200, true]);
      const changed = { ...book, free: [...(book.free as string[]), 'aws_something_else'] };
      const before = await headsOf(people);
      const other = await publish(changed);
      expect(other.status).toBeGreaterThanOrEqual(409);
      expect(await headsOf(people)).toEqual(before);
    });
  });

  describe('of addresses and headers', () => {
    const get = async (who: Who, path: string, headers: Readonly<Record<string, string>> = {}) =>
      server.raw({
        method: 'GET',
        path,
        headers: { authorization: `Bearer ${await server.tokenFor(who)}`, ...headers },
      });

    it.each([
      ['an unknown route', 'GET', '/api/v1/enforcement/nothing', 404, 'not_found'],
      ['the root', 'GET', '/', 404, 'not_found'],
      ['another method', 'GET', '/api/v1/enforcement/gate/terraform', 405, 'method_not_allowed'],
      ['DELETE', 'DELETE', '/api/v1/enforcement/budgets', 405, 'method_not_allowed'],
      ['PATCH', 'PATCH', '/api/v1/enforcement/policies', 405, 'method_not_allowed'],
      ['a path that climbs', 'GET', '/api/v1/enforcement/decisions/%2e%2e%2f%2e%2e', 404, 'not_found'],
      ['a broken escape', 'GET', '/api/v1/enforcement/decisions/%zz', 400, 'malformed_json'],
      ['an escape that is no UTF-8', 'GET', '/api/v1/enforcement/decisions/%ff', 400, 'malformed_json'],
      ['an id that is none', 'GET', '/api/v1/enforcement/decisions/1', 404, 'not_found'],
      [
        'an upper-case id',
        'GET',
        '/api/v1/enforcement/decisions/0192D6A0-0000-7000-8000-000000000000',
        404,
        'not_found',
      ],
      ['a NUL in an id', 'GET', '/api/v1/enforcement/price-books/a%00b', 404, 'not_found'],
      ['a long parameter', 'GET', `/api/v1/enforcement/decisions/${'a'.repeat(5000)}`, 404, 'not_found'],
      ['a version that is none', 'GET', '/api/v1/enforcement/policies/versions/0', 404, 'not_found'],
      ['a journal that is none', 'GET', '/api/v1/enforcement/checkpoints/system/latest', 404, 'not_found'],
    ])('answers %s', async (_title, method, path, status, code) => {
      const as = { ...peopleOf(freshTenant()).admin, roles: ['admin', 'member'] } as const satisfies Who;
      const answer = await server.raw({
        method,
        path,
        headers: { authorization: `Bearer ${await server.tokenFor(as)}` },
      });
      await expectRefusal(answer, { status, code });
      if (status === 405) expect(answer.headers.get('allow')).toMatch(/[A-Z]/);
    });

    it.each([
      ['limit=0', '/query/limit'],
      ['limit=201', '/query/limit'],
      ['limit=-1', '/query/limit'],
      ['limit=1.5', '/query/limit'],
      ['limit=abc', '/query/limit'],
      ['limit=NaN', '/query/limit'],
      ['limit=', '/query/limit'],
      ['limit=5&limit=6', '/query/limit'],
      ['decision=MAYBE', '/query/decision'],
      [`cursor=${'c'.repeat(513)}`, '/query/cursor'],
    ])('refuses the query %s', async (query, pointer) => {
      const answer = await get(peopleOf(freshTenant()).admin, `${ROUTES.listDecisions.path}?${query}`);
      await expectRefusal(
        answer,
        { status: 422, code: 'validation_failed', at: [pointer, 'validation_failed'] },
        ROUTES.listDecisions,
      );
    });

    it('refuses a query member that it does not know', async () => {
      for (const query of ['tenant_id=other', '__proto__=x', 'limit[]=5']) {
        const answer = await get(peopleOf(freshTenant()).admin, `${ROUTES.listDecisions.path}?${query}`);
        await expectRefusal(answer, { status: 422, code: 'unknown_field' }, ROUTES.listDecisions);
      }
    });

    it.each([
      'listDecisions',
      'listApprovals',
      'approvalQueue',
      'listActiveReservations',
      'listExceptions',
      'listExports',
      'queryLedger',
    ] as const)('refuses a cursor of %s that it did not make, or made for another list', async (id) => {
      const people = await aTenant();
      for (let turn = 0; turn < 3; turn += 1) await aPending(people, { resource_reference: `aws_instance.r${turn}` });
      const as = {
        subject: 'reader-1',
        roles: ['admin', 'auditor', 'approver'],
        tenant: people.dev.tenant,
      } as const satisfies Who;
      await must(server, 'listApprovals', { as, headers: { 'verdict-min-entry': 'approvals@2' } });
      for (const cursor of ['x', '!!!', 'e30', encoded({ t: people.dev.tenant }), encoded([1, 2, 3]), '%00']) {
        const answer = await server.call(id, { as, query: { cursor } });
        expect([cursor, answer.status, answer.body.code]).toEqual([cursor, 400, 'cursor_invalid']);
      }
      const first = await must(server, 'listDecisions', { as, query: { limit: '1' } });
      const foreign = String(first.body.next_cursor);
      expect(first.body.next_cursor).not.toBeNull();
      if (id === 'listDecisions') {
        const filtered = await server.call(id, { as, query: { cursor: foreign, decision: 'DENY' } });
        expect([filtered.status, filtered.body.code]).toEqual([400, 'cursor_invalid']);
        const second = await must(server, id, { as, query: { cursor: foreign, limit: '1' } });
        expect(second.body.items[0].decision_id).not.toBe(first.body.items[0].decision_id);
      } else {
        const answer = await server.call(id, { as, query: { cursor: foreign } });
        expect([answer.status, answer.body.code]).toEqual([400, 'cursor_invalid']);
      }
    });

    it('says that it is behind when asked for an entry that is not there, and not for one that is', async () => {
      const people = await aTenant();
      const answer = await server.call('listDecisions', {
        as: people.dev,
        headers: { 'verdict-min-entry': 'decisions@7' },
      });
      await expectRefusal(answer, { status: 503, code: 'read_model_behind' }, ROUTES.listDecisions);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    });

    it('refuses the name of an entry that can be none, with a pointer', async () => {
      const people = await aTenant();
      for (const odd of ['nonsense', 'decisions@x', 'system@9', 'decisions@-1', 'decisions@99999999999999999999'])
        for (const id of ['listDecisions', 'getPolicy', 'queryLedger', 'listCheckpoints'] as const) {
          const answer = await server.call(id, { as: people.admin, headers: { 'verdict-min-entry': odd } });
          const at = ['/headers/verdict-min-entry', 'validation_failed'] as const;
          await expectRefusal(answer, { status: 422, code: 'validation_failed', at }, ROUTES[id]);
        }
    });

    const exchange = (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(server.url);
        const socket = connect(Number(port), hostname, () => socket.write(text));
        let received = '';
        socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')));
        socket.on('data', (chunk) => (received += chunk.toString()));
        socket.on('error', (error: NodeJS.ErrnoException) => (received === '' ? reject(error) : resolve(received)));
        socket.on('close', () => {
          resolve(received);
        });
      });
    it.each([
      ['a header of 64 KB', () => `GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(65_536)}\r\n\r\n`],
      ['an address of 64 KB', () => `GET /${'a'.repeat(65_536)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`],
      ['bytes that are no HTTP', () => 'hello world\r\n\r\n'],
      ['a header with a NUL', () => 'GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: a\u0000b\r\n\r\n'],
      [
        'two lengths',
        () =>
          'POST /api/v1/enforcement/gate/terraform HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
      ],
      [
        'a length and chunks',
        () =>
          'POST /api/v1/enforcement/gate/terraform HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
    ])('answers %s with a 400 problem', async (_title, request) => {
      const received = await exchange(request());
      expect(received).toMatch(/^HTTP\/1\.1 400 /);
      expect(received.toLowerCase()).toContain('content-type: application/problem+json');
      const body = JSON.parse(received.slice(received.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;
      expect(body).toMatchObject({ code: 'malformed_json', status: 400, request_id: expect.any(String) });
      expect((await server.raw({ method: 'GET', path: '/health/live' })).status).toBe(200);
    });

    it('answers an address of 10 KB, which the parser still takes', async () => {
      const answer = await get(peopleOf(freshTenant()).admin, `/api/v1/enforcement/${'a'.repeat(10_000)}`);
      await expectRefusal(answer, { status: 404, code: 'not_found' });
    });

    it('echoes a request id that is one, and makes its own for one that is not', async () => {
      const as = peopleOf(freshTenant()).admin;
      const kept = await get(as, ROUTES.getPolicy.path, { 'x-request-id': 'my-request-1' });
      expect(kept.headers.get('x-request-id')).toBe('my-request-1');
      for (const odd of ['x'.repeat(129), 'with blank', 'a"b']) {
        const made = (await get(as, ROUTES.getPolicy.path, { 'x-request-id': odd })).headers.get('x-request-id') ?? '';
        expect(made.length).toBeGreaterThan(0);
        expect(made.length).toBeLessThanOrEqual(128);
      }
    });
  });
});
