import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES } from '@verdict/contracts';
import { Standalone } from '../support/e2e/standalone.js';
import { must } from '../support/e2e/story.js';
import { freshTenant, peopleOf } from '../support/e2e/tokens.js';

const day = (back: number): string => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
const HEAD =
  'ChargePeriodStart,ChargePeriodEnd,EffectiveCost,BillingCurrency,ServiceName,ResourceId,x_project_id,x_environment,x_status,SkuId';
const line = (resource: string, cost: string, currency = 'USD'): string =>
  `${day(2)}T00:00:00Z,${day(1)}T00:00:00Z,${cost},${currency},"EC2, compute",${resource},web,prod,final,sku`;

describe('actual cost', () => {
  let server: Standalone;
  beforeAll(async () => {
    server = await Standalone.start();
  }, 120_000);
  afterAll(() => server.dispose());

  const post = async (tenant: string, text: string, headers: Readonly<Record<string, string>> = {}) =>
    server.call('importCosts', {
      as: peopleOf(tenant).admin,
      body: new TextEncoder().encode(text),
      headers: { 'content-type': 'text/csv', 'idempotency-key': 'import-1', ...headers },
    });

  it('is imported as CSV with the columns of FOCUS, and as JSON with the same names', async () => {
    const tenant = freshTenant();
    await must(server, 'getPolicy', { as: peopleOf(tenant).admin });
    const csv = await post(tenant, [HEAD, line('i-1', '10.5'), line('i-2', '0.000001')].join('\r\n'));
    expect([csv.status, csv.body]).toMatchObject([200, { accepted: 2, replaced: 0, replayed: false, reconciled: [] }]);
    const spaced = await post(tenant, `${HEAD}\n${line('i-3', '1')}`, {
      'content-type': 'text/csv ; charset=utf-8',
      'idempotency-key': 'import-3',
    });
    expect([spaced.status, spaced.body.accepted]).toEqual([200, 1]);
    const json = await must(server, 'importCosts', {
      as: peopleOf(tenant).admin,
      key: 'import-2',
      body: {
        rows: [
          {
            ChargePeriodStart: day(2),
            ChargePeriodEnd: day(1),
            EffectiveCost: 7.25,
            BillingCurrency: 'USD',
            ServiceName: 'EC2, compute',
            ResourceId: 'i-1',
            x_project_id: 'web',
            x_environment: 'production',
            x_status: 'final',
            Tags: { team: 'web' },
          },
        ],
      },
    });
    expect(json.body).toMatchObject({ accepted: 1, replaced: 1 });
  });

  it('names line and column of what is wrong, and imports nothing of it', async () => {
    const tenant = freshTenant();
    await must(server, 'getPolicy', { as: peopleOf(tenant).admin });
    const bad = await post(tenant, [HEAD, line('i-1', '1'), line('i-2', 'NaN')].join('\n'));
    expect([bad.status, bad.body.code]).toEqual([422, 'validation_failed']);
    expect(bad.body.errors).toMatchObject([{ pointer: '/rows/1/EffectiveCost', code: 'money_invalid' }]);
    expect(bad.body.errors[0].detail).toContain('line 3, column EffectiveCost');
    const euro = await post(tenant, [HEAD, line('i-1', '1', 'EUR')].join('\n'));
    expect([euro.status, euro.body.code]).toEqual([422, 'currency_unsupported']);
    const torn = await post(tenant, `${HEAD}\n"never ends`);
    expect([torn.status, torn.body.code]).toEqual([422, 'validation_failed']);
    const keyless = await server.call('importCosts', { as: peopleOf(tenant).admin, body: { rows: [{}] } });
    expect([keyless.status, keyless.body.code]).toEqual([422, 'idempotency_key_required']);
  });

  it('is the one thing that comes as CSV', async () => {
    const answer = await server.call('gateTerraform', {
      as: peopleOf(freshTenant()).dev,
      body: new TextEncoder().encode(HEAD),
      headers: { 'content-type': 'text/csv' },
    });
    expect([answer.status, answer.body.code]).toEqual([415, 'media_type_unsupported']);
    expect(ROUTES.gateTerraform).not.toHaveProperty('takesCsv');
  });
});
