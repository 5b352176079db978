import { BoundedMap } from '../shared/bounded-map.js';
import type { DecisionId, Instant } from '../shared/brand.js';
import { type MicroUsd, usdOf } from '../shared/money.js';
import type { ReservationsEntry, Resolution } from './reservations.entries.js';

/** The part of one actual that neither its hold nor any headroom covered. @source contract sections 8.5, 13.2 and 13.4 */
export interface Overrun {
  /** `overrun:<decision id>`, with `:2`, `:3` ... where corrections found more. */
  readonly exceptionId: string;
  readonly decisionId: DecisionId;
  readonly expected: MicroUsd;
  readonly actual: MicroUsd;
  /** What nothing covered. */
  readonly amount: MicroUsd;
  readonly owner: string;
  readonly openedAt: Instant;
  readonly dueAt: Instant;
  /** null: nobody has resolved it yet. */
  readonly resolution: Resolution | null;
  /** Of the entry that opened it, in the reservations journal. */
  readonly revision: bigint;
}

/** By id: every one that is open, and the newest. */
export type Overruns = BoundedMap<Overrun>;

/** Resolved overruns that a tenant's state remembers at least; older ones are in the read models and in the ledger. */
export const OVERRUNS_KEPT = 1_000;
export const noOverruns: Overruns = BoundedMap.ofCapacity(OVERRUNS_KEPT);

const isOpen = ({ resolution }: Overrun): boolean => resolution === null;

/**
 * Folds the opening of an exception, at its revision in the reservations journal, or its end. Exceptions of other kinds change
 * nothing.
 *
 * @source contract section 13.4
 */
export const withOverrun = (
  overruns: Overruns,
  entry: Extract<ReservationsEntry, { type: 'exception_opened' | 'exception_resolved' }>,
  revision: bigint,
): Overruns => {
  const { exception_id: exceptionId } = entry.payload;
  if (entry.type === 'exception_resolved') {
    const overrun = overruns.get(exceptionId);
    if (overrun === undefined) return overruns;
    return overruns.set(exceptionId, { ...overrun, resolution: entry.payload.resolution }, isOpen);
  }
  const { kind, decision_id: decisionId, owner, opened_at: openedAt, due_at: dueAt } = entry.payload;
  if (kind !== 'overrun') return overruns;
  const { expected_usd, actual_usd, amount_usd } = entry.payload;
  const amounts = { expected: usdOf(expected_usd), actual: usdOf(actual_usd), amount: usdOf(amount_usd) };
  const opened = { exceptionId, decisionId, ...amounts, owner, openedAt, dueAt, resolution: null, revision };
  return overruns.set(exceptionId, opened, isOpen);
};

/** All that are remembered, in no order that means anything. */
export function* overrunsOf({ needed, older, recent }: Overruns): Generator<Overrun> {
  for (const generation of [needed, older, recent]) for (const [, overrun] of generation) yield overrun;
}
