import { describe, expect, it } from '@jest/globals';
import { ROUTES } from '@verdict/contracts';
import { connect } from 'node:net';
import { openBadInput } from '../../support/e2e/bad-input.js';
import { ask, must } from '../../support/e2e/story.js';
import { encoded, freshTenant, peopleOf, type Who } from '../../support/e2e/tokens.js';

describe('bad input of addresses and headers', () => {
  const bad = openBadInput();
  const { aPending, aTenant, expectRefusal, refusedAndUnwritten } = bad;

  const get = async (who: Who, path: string, headers: Readonly<Record<string, string>> = {}) =>
    bad.server.raw({
      method: 'GET',
      path,
      headers: { authorization: `Bearer ${await bad.server.tokenFor(who)}`, ...headers },
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
    ['an upper-case id', 'GET', '/api/v1/enforcement/decisions/0192D6A0-0000-7000-8000-000000000000', 404, 'not_found'],
    ['a NUL in an id', 'GET', '/api/v1/enforcement/price-books/a%00b', 404, 'not_found'],
    ['a long parameter', 'GET', `/api/v1/enforcement/decisions/${'a'.repeat(5000)}`, 404, 'not_found'],
    ['a version that is none', 'GET', '/api/v1/enforcement/policies/versions/0', 404, 'not_found'],
    ['a journal that is none', 'GET', '/api/v1/enforcement/checkpoints/system/latest', 404, 'not_found'],
  ])('answers %s', async (_title, method, path, status, code) => {
    const as = { ...peopleOf(freshTenant()).admin, roles: ['admin', 'member'] } as const satisfies Who;
    const answer = await bad.server.raw({
      method,
      path,
      headers: { authorization: `Bearer ${await bad.server.tokenFor(as)}` },
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

  it('refuses a query member that it does not know, also where no query means anything', async () => {
    const { admin, dev } = await aTenant();
    const reads = ['getPolicy', 'getBudget', 'exportParity', 'listCheckpoints', 'queryLedger'] as const;
    const params: Readonly<Record<string, string>> = { budget_id: '0192d6a0-0000-7000-8000-000000000000' };
    const query = { window: 'all' };
    const at = ['/query/window', 'unknown_field'] as const;
    const expected = { status: 422, code: 'unknown_field', at };
    for (const id of reads)
      await expectRefusal(await bad.server.call(id, { as: admin, params, query }), expected, ROUTES[id]);
    const commands = [
      [dev, 'gateTerraform', ask('5')],
      [admin, 'createBudget', { scope: 'tenant', limit_usd: '5' }],
    ] as const;
    for (const [as, id, body] of commands)
      await refusedAndUnwritten({ ...peopleOf(as.tenant) }, () => bad.server.call(id, { as, query, body }), expected);
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
    'listCheckpoints',
  ] as const)('refuses a cursor of %s that it did not make, or made for another list', async (id) => {
    const people = await aTenant();
    for (let turn = 0; turn < 3; turn += 1) await aPending(people, { resource_reference: `aws_instance.r${turn}` });
    const as = {
      subject: 'reader-1',
      roles: ['admin', 'auditor', 'approver'],
      tenant: people.dev.tenant,
    } as const satisfies Who;
    await must(bad.server, 'listApprovals', { as, headers: { 'verdict-min-entry': 'approvals@2' } });
    for (const cursor of ['x', '!!!', 'e30', encoded({ t: people.dev.tenant }), encoded([1, 2, 3]), '%00']) {
      const answer = await bad.server.call(id, { as, query: { cursor } });
      expect([cursor, answer.status, answer.body.code]).toEqual([cursor, 400, 'cursor_invalid']);
    }
    const first = await must(bad.server, 'listDecisions', { as, query: { limit: '1' } });
    const foreign = String(first.body.next_cursor);
    expect(first.body.next_cursor).not.toBeNull();
    if (id === 'listDecisions') {
      const filtered = await bad.server.call(id, { as, query: { cursor: foreign, decision: 'DENY' } });
      expect([filtered.status, filtered.body.code]).toEqual([400, 'cursor_invalid']);
      const second = await must(bad.server, id, { as, query: { cursor: foreign, limit: '1' } });
      expect(second.body.items[0].decision_id).not.toBe(first.body.items[0].decision_id);
    } else {
      const answer = await bad.server.call(id, { as, query: { cursor: foreign } });
      expect([answer.status, answer.body.code]).toEqual([400, 'cursor_invalid']);
    }
  });

  it('says that it is behind when asked for an entry that is not there, and not for one that is', async () => {
    const people = await aTenant();
    const answer = await bad.server.call('listDecisions', {
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
        const answer = await bad.server.call(id, { as: people.admin, headers: { 'verdict-min-entry': odd } });
        const at = ['/headers/verdict-min-entry', 'validation_failed'] as const;
        await expectRefusal(answer, { status: 422, code: 'validation_failed', at }, ROUTES[id]);
      }
  });

  const exchange = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(bad.server.url);
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
    expect((await bad.server.raw({ method: 'GET', path: '/health/live' })).status).toBe(200);
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
