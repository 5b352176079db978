import { describe, expect, it } from '@jest/globals';
import { DomainWorld, START } from '../../../../test/support/domain-world.js';
import { emptyGate, evolveGate, type GateState } from '../decisions/decisions.state.js';
import type { DecisionId } from '../shared/brand.js';
import { formatUsd4, microUsd } from '../shared/money.js';
import type { ExceptionKind, ReservationsEntry } from './reservations.entries.js';
import { OVERRUNS_KEPT, overrunsOf } from './overruns.js';

const shown = (gate: GateState) =>
  [...overrunsOf(gate.overruns)].map(({ exceptionId, amount, resolution }) => [
    exceptionId,
    formatUsd4(amount),
    resolution,
  ]);

const ONE = formatUsd4(microUsd(1_000_000n));

/** A hold of 125.5, and 2 of headroom above it. */
const held = () => {
  const world = new DomainWorld();
  world.setBudget('127.5');
  const { decision_id: id } = world.ask('125.5');
  world.settle();
  return { world, id };
};

describe('the gate', () => {
  it('knows what a settlement spent beyond all headroom, until somebody says what became of it and afterwards', () => {
    const { world, id } = held();
    world.spend(id, '131');
    expect(shown(world.gate)).toEqual([[`overrun:${id}`, '3.5000', null]]);
    expect(world.gate.overruns.get(`overrun:${id}`)).toMatchObject({ decisionId: id, owner: 'finops' });
    world.resolve(`overage:${id}`, 'accepted');
    world.settle();
    expect(shown(world.gate)).toEqual([[`overrun:${id}`, '3.5000', null]]);
    world.resolve(`overrun:${id}`, 'disputed');
    world.settle();
    expect(shown(world.gate)).toEqual([[`overrun:${id}`, '3.5000', 'disputed']]);
  });

  it('counts no other exception of a settlement as an overrun', () => {
    const { world, id } = held();
    world.spend(id, '10');
    expect(world.reservations.openExceptions.size).toBe(1);
    expect(shown(world.gate)).toEqual([]);
  });

  it('leaves overruns to itself: reconciliation folds its money and has its own exceptions', () => {
    const { world, id } = held();
    world.spend(id, '131');
    expect(world.reservations.money.overruns.size).toBe(0);
  });

  const opened = (index: number, kind: ExceptionKind = 'overrun'): ReservationsEntry => ({
    type: 'exception_opened',
    payload: {
      ...{ exception_id: `overrun:${String(index)}`, kind, decision_id: String(index) as DecisionId, owner: 'finops' },
      ...{ expected_usd: ONE, actual_usd: ONE, amount_usd: ONE, opened_at: START, due_at: START },
    },
  });
  const resolved = (index: number): ReservationsEntry => ({
    type: 'exception_resolved',
    payload: {
      ...{ exception_id: `overrun:${String(index)}`, decision_id: String(index) as DecisionId },
      ...{ resolution: 'accepted', notes: null, resolved_by: 'ana', resolved_at: START },
    },
  });

  it('keeps every open overrun, and of the resolved ones a number that has a name', () => {
    const [first, count] = [0, 3 * OVERRUNS_KEPT + 1];
    let gate = emptyGate;
    let revision = 0n;
    const fold = (entry: ReservationsEntry): void => {
      gate = evolveGate(gate, { journal: 'reservations', entry, revision });
      revision += 1n;
    };
    fold(opened(first));
    for (let index = 1; index <= count; index += 1) {
      fold(opened(index));
      fold(resolved(index));
    }
    const kept = shown(gate);
    expect(kept.filter(([, , resolution]) => resolution === null)).toEqual([['overrun:0', '1.0000', null]]);
    expect(kept.length).toBeGreaterThan(OVERRUNS_KEPT);
    expect(kept.length).toBeLessThanOrEqual(2 * OVERRUNS_KEPT + 1);
    expect(gate.overruns.get(`overrun:${String(count)}`)).toMatchObject({ resolution: 'accepted' });
  });
});
