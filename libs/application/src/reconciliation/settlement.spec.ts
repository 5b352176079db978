import { expect, it } from '@jest/globals';
import type { ReservationsEntry } from '@verdict/domain';
import { settlementOf } from './settlement.js';

const settled = (named: object): ReservationsEntry =>
  ({
    type: 'reservation_settled',
    payload: { decision_id: 'd', status: 'overage', legs: [], overrun_usd: '3.5000', trigger: 'manual', ...named },
  }) as never;

it('names every exception that a settlement opened', () => {
  const both = { exception_id: 'overage:d', exception_ids: ['overage:d', 'overrun:d'] };
  expect(settlementOf(settled(both)).exceptionIds).toEqual(['overage:d', 'overrun:d']);
});

it.each([
  ['overage:d', ['overage:d']],
  [null, []],
])('names the one that an entry of before names: %s', (exception_id, exceptionIds) => {
  expect(settlementOf(settled({ exception_id })).exceptionIds).toEqual(exceptionIds);
});
