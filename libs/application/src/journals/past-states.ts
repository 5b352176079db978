import type { Folded, FoldedState } from './fold-in-order.js';
import { JOURNAL_KINDS } from './kinds.js';

const TENANTS_MAX = 1_000;
const STATES_OF_TENANT_MAX = 20;

const keyOf = (folded: Folded): string => JOURNAL_KINDS.map((kind) => folded[kind].toString()).join(' ');

/** Puts it last; what was put or asked for longest ago leaves. */
const putLast = <Value>(map: Map<string, Value>, key: string, value: Value, max: number): void => {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
};

/**
 * States that walks over lists go on with. A state is a value that shares all that did not change with its successors, so
 * keeping a few costs little; one that has left is folded again.
 */
export class PastStates<State> {
  private readonly byTenant = new Map<string, Map<string, Promise<State | undefined>>>();

  constructor(private readonly fold: (tenantId: string, at: Folded) => Promise<State | undefined>) {}

  keep(tenantId: string, { state, folded }: FoldedState<State>): void {
    this.put(tenantId, keyOf(folded), Promise.resolve(state));
  }

  /** @returns undefined when the journals were never at that point. Rejects as `fold` does. */
  at(tenantId: string, folded: Folded): Promise<State | undefined> {
    const key = keyOf(folded);
    const state = this.byTenant.get(tenantId)?.get(key) ?? this.fold(tenantId, folded);
    this.put(tenantId, key, state);
    const forget = (): void => {
      this.byTenant.get(tenantId)?.delete(key);
    };
    state.then((found) => {
      if (found === undefined) forget();
    }, forget);
    return state;
  }

  private put(tenantId: string, key: string, state: Promise<State | undefined>): void {
    const states = this.byTenant.get(tenantId) ?? new Map<string, Promise<State | undefined>>();
    putLast(states, key, state, STATES_OF_TENANT_MAX);
    putLast(this.byTenant, tenantId, states, TENANTS_MAX);
  }
}
