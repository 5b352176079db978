import { describe, expect, it } from '@jest/globals';
import { type RouteId, ROUTES } from '@verdict/contracts';
import { type Expected, good, openBadInput, withMember } from '../../support/e2e/bad-input.js';
import { ask, grantedApproval } from '../../support/e2e/story.js';

describe('bad input of metadata and keys', () => {
  const bad = openBadInput();
  const { aTenant, expectRefusal, headsOf, post, refusedAndUnwritten } = bad;

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
    ['empty', ''],
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
        await expectRefusal(await bad.server.call(id, sent), { status: 422, code: 'validation_failed', at });
      }
    expect(await headsOf(people)).toEqual(before);
  });

  it('binds the keys of admin writes to their payload too', async () => {
    const people = await aTenant();
    const create = (limit_usd: string) =>
      bad.server.call('createBudget', { as: people.admin, body: { scope: 'tenant', limit_usd }, key: 'budget-key' });
    const first = await create('100');
    const again = await create('100');
    expect([first.status, again.body]).toEqual([201, { ...first.body, replayed: true }]);
    const other = await create('200');
    expect([other.status, other.body.code]).toEqual([409, 'idempotency_conflict']);
  });

  it('binds the keys of withdrawals and new tokens to their request, and answers a repetition once', async () => {
    const people = await aTenant();
    const [first, second] = [await grantedApproval(bad.server, people), await grantedApproval(bad.server, people)];
    for (const [id, as] of [
      ['reissueToken', people.lead],
      ['withdrawApproval', people.dev],
    ] as const) {
      const send = ({ approvalId }: { readonly approvalId: string }, more: object = {}) =>
        bad.server.call(id, { as, params: { approval_id: approvalId }, body: {}, key: `${id}-key`, ...more });
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
