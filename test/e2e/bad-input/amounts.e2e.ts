import { describe, expect, it } from '@jest/globals';
import { ROUTES } from '@verdict/contracts';
import { good, openBadInput, withMember } from '../../support/e2e/bad-input.js';
import { ask } from '../../support/e2e/story.js';

describe('bad input of amounts', () => {
  const bad = openBadInput();
  const { aPending, aTenant, expectRefusal, headsOf, post, refusedAndUnwritten } = bad;

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
          await bad.server.call('reconcile', { ...reconcile, body: { actual_monthly_delta_usd: value } }),
          '/actual_monthly_delta_usd',
        ],
        [
          await bad.server.call('createBudget', { as: people.admin, body: { scope: 'tenant', limit_usd: value } }),
          '/limit_usd',
        ],
      ] as const;
      for (const [answer, pointer] of answers) await expectRefusal(answer, { status: 422, code, at: [pointer, code] });
    }
    const places = JSON.stringify(ask('5')).replace('"5"', '125.50000'); // A number's zeros are places, as text's are.
    await expectRefusal(
      await bad.server.call('gateTerraform', { as: people.dev, body: new TextEncoder().encode(places) }),
      {
        status: 422,
        code: 'money_too_precise',
        at: ['/estimated_monthly_delta_usd', 'money_too_precise'],
      },
    );
    const negative = await bad.server.call('createBudget', {
      as: people.admin,
      body: { scope: 'tenant', limit_usd: '-1' },
    });
    await expectRefusal(negative, {
      status: 422,
      code: 'money_out_of_range',
      at: ['/limit_usd', 'money_out_of_range'],
    });
    const policy = await bad.server.call('validatePolicy', {
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
