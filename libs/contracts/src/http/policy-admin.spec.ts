import { describe, expect, it } from '@jest/globals';
import { GrantCreditBody } from './money-admin.js';
import { CreateBudgetBody } from './policy.js';
import { parseWith } from './wire.js';

const budget = (scope: string) => parseWith(CreateBudgetBody, { scope, limit_usd: '1' });
const creditUntil = (expires_at: string) =>
  parseWith(GrantCreditBody, { pool: 'reserved', scope: 'tenant', total_amount_usd: '1', reason: 'r', expires_at });

describe('the scope of a budget', () => {
  it.each(['tenant', 'project:web', 'project:web/env:prod', 'project:a/b@c:d/env:qa_2', 'project:web/env'])(
    'is the tenant, a project, or a class of one: %s',
    (scope) => {
      expect(budget(scope)).toMatchObject({ kind: 'ok', value: { scope } });
    },
  );

  it.each([
    'project:web/env:',
    'project:web/env:Prod',
    'project:web/env:prod/x',
    'project:web/env:a/env:b',
    'project:',
  ])('is refused where no change can ever be charged to it: %s', (scope) => {
    expect(budget(scope)).toMatchObject({
      kind: 'refused',
      code: 'validation_failed',
      errors: [{ pointer: '/scope', code: 'validation_failed' }],
    });
  });
});

describe('an instant', () => {
  it.each([
    ['2028-02-29T10:00:00Z', '2028-02-29T10:00:00.000Z'],
    ['2027-12-31T23:59:59.5Z', '2027-12-31T23:59:59.500Z'],
  ])('is stored with milliseconds: %s', (sent, stored) => {
    expect(creditUntil(sent)).toMatchObject({ kind: 'ok', value: { expires_at: stored } });
  });

  it.each([
    '2027-02-29T10:00:00Z',
    '2027-02-30T10:00:00Z',
    '2027-04-31T00:00:00.000Z',
    '2027-01-30',
    '2027-01-30T24:00:00Z',
  ])('is a day that there is, at a time of it, in UTC, and said once where it is not: %s', (sent) => {
    expect(creditUntil(sent)).toMatchObject({
      kind: 'refused',
      errors: [{ pointer: '/expires_at', code: 'validation_failed' }],
    });
  });
});
