import { describe, expect, it } from '@jest/globals';
import { DomainWorld, policyWith, usd } from '../../../../test/support/domain-world.js';
import type { Instant } from '../shared/brand.js';
import { creditBalance } from './credits.js';
import type { CreditTerms } from './policy.entries.js';

const at = (text: string): Instant => `2026-11-${text}:00.000Z` as Instant;
const SOON = at('11T10:00');
const LATER = at('20T10:00');

/** A world in which credits fund everything, and what a change of this size draws from which grant. */
const credited = (...grants: readonly (Partial<CreditTerms> & { readonly credit_id: string })[]) => {
  const world = new DomainWorld(policyWith());
  world.setBudget('0', { scope: 'tenant' });
  for (const grant of grants) world.grantCredit('10', { scope: 'tenant', ...grant });
  const drawn = (amount: string, project = 'web'): Readonly<Record<string, string>> =>
    Object.fromEntries(
      world
        .ask(amount, { project })
        .hold.legs.filter(({ account }) => account.startsWith('credit:'))
        .map(({ account, amount_usd }) => [account.slice('credit:'.length), amount_usd]),
    );
  const grantOf = (id: string) => {
    const credit = world.gate.policy.credits.grants.get(id);
    if (credit === undefined) throw new Error(`no credit ${id}`);
    return creditBalance(world.gate.accounts, credit, world.now);
  };
  return { world, drawn, grantOf };
};

describe('the order in which credits are drawn', () => {
  it.each([
    [
      'the reserved pool before the emergency pool, whatever else',
      [
        { credit_id: 'emergency', pool: 'emergency', scope: 'project:web', priority: 0, expires_at: SOON },
        { credit_id: 'reserved', pool: 'reserved', scope: 'tenant', priority: 1000 },
      ],
      'reserved',
    ],
    [
      "the project's own before the tenant's, whatever the priority",
      [
        { credit_id: 'tenant', scope: 'tenant', priority: 0, expires_at: SOON },
        { credit_id: 'project', scope: 'project:web', priority: 1000 },
      ],
      'project',
    ],
    [
      'the lower priority number, whatever the expiry',
      [
        { credit_id: 'seven', priority: 7, expires_at: SOON },
        { credit_id: 'six', priority: 6 },
      ],
      'six',
    ],
    [
      'priorities as numbers, not as text',
      [
        { credit_id: 'ten', priority: 10 },
        { credit_id: 'nine', priority: 9 },
      ],
      'nine',
    ],
    [
      'the soonest expiry',
      [
        { credit_id: 'later', expires_at: LATER },
        { credit_id: 'soon', expires_at: SOON },
      ],
      'soon',
    ],
    [
      'an expiry before none at all',
      [
        { credit_id: 'never', expires_at: null },
        { credit_id: 'later', expires_at: LATER },
      ],
      'later',
    ],
    ['the older grant', [{ credit_id: 'z-older' }, { credit_id: 'a-newer' }], 'z-older'],
  ] as const)('puts first %s', (_, grants, first) => {
    const { drawn } = credited(...grants);
    expect(drawn('4')).toEqual({ [first]: '4.0000' });
  });

  it('goes on to the next grant for what the first cannot give, through both pools', () => {
    const { drawn } = credited(
      { credit_id: 'emergency-tenant', pool: 'emergency' },
      { credit_id: 'emergency-web', pool: 'emergency', scope: 'project:web' },
      { credit_id: 'tenant' },
      { credit_id: 'web', scope: 'project:web' },
    );
    expect(drawn('12')).toEqual({ web: '10.0000', tenant: '2.0000' });
    expect(drawn('12')).toEqual({ tenant: '8.0000', 'emergency-web': '4.0000' });
    expect(drawn('16')).toEqual({ 'emergency-web': '6.0000', 'emergency-tenant': '10.0000' });
    expect(drawn('0.0001')).toEqual({});
  });

  it('never reaches a grant of another project', () => {
    const { drawn } = credited({ credit_id: 'api', scope: 'project:api' });
    expect(drawn('1', 'web')).toEqual({});
    expect(drawn('1', 'api')).toEqual({ api: '1.0000' });
  });
});

describe('the end of a credit', () => {
  it('comes at its expiry: until then it funds, from then on it funds nothing new', () => {
    const { world, drawn, grantOf } = credited({ credit_id: 'c', expires_at: at('10T11:00') });
    world.pass(3599.999);
    expect(drawn('4')).toEqual({ c: '4.0000' });
    world.pass(0.001);
    expect(drawn('1')).toEqual({});
    expect(grantOf('c')).toEqual({ consumed: 0n, held: usd('4'), available: 0n });
  });

  it('leaves a hold made in time good; what returns to an expired grant is lost', () => {
    const { world, grantOf } = credited({ credit_id: 'c', expires_at: at('10T11:00') });
    const held = world.ask('8');
    world.pass(7200);
    world.spend(held.decision_id, '5');
    expect(world.balance('credit:c').spent).toBe(usd('5'));
    expect(grantOf('c')).toEqual({ consumed: usd('5'), held: 0n, available: 0n });
    expect(world.ask('1').decision).toBe('DENY');
  });

  it('comes with its revocation for the unheld rest only', () => {
    const { world, drawn, grantOf } = credited({ credit_id: 'c' });
    const held = world.ask('8');
    world.revokeCredit('credit:c');
    expect(world.written('credit_revoked')).toMatchObject([{ revoked_usd: '2.0000' }]);
    expect(drawn('1')).toEqual({});
    expect(grantOf('c')).toEqual({ consumed: 0n, held: usd('8'), available: 0n });
    world.spend(held.decision_id, '8');
    expect(grantOf('c')).toEqual({ consumed: usd('8'), held: 0n, available: 0n });
  });

  it('makes room for the next grant in the order', () => {
    const { world, drawn } = credited({ credit_id: 'first', priority: 1 }, { credit_id: 'second', priority: 2 });
    world.revokeCredit('credit:first');
    expect(drawn('1')).toEqual({ second: '1.0000' });
  });

  it('is told of a grant that was never made, and nothing changes', () => {
    const { world } = credited();
    const before = world.gate.policy.credits;
    world.revokeCredit('credit:none');
    expect(world.gate.policy.credits).toEqual(before);
  });
});
