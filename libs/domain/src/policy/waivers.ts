import type { Instant } from '../shared/brand.js';
import type { Entry } from '../shared/entry.js';
import { type MicroUsd, usdOf } from '../shared/money.js';
import { PersistentMap } from '../shared/persistent-map.js';
import type { PolicyEntry, WaiverTerms } from './policy.entries.js';

/** Findings that a waiver may name besides rule ids: never budgets, ceilings or what an operator ordered. */
export const WAIVABLE_CODES = [
  'cost_unknown',
  'cost_partial',
  'cost_declared_refused',
  'hard_deny_threshold_exceeded',
  'budget_missing',
  'approval_required',
] as const;

export interface Waiver {
  readonly terms: WaiverTerms;
  readonly maxMonthly: MicroUsd | null;
  readonly revision: bigint;
  readonly grantedBy: string;
  readonly grantedAt: Instant;
  readonly isRevoked: boolean;
}
/** All waivers of a tenant by id, in the order of their grant. */
export type Waivers = PersistentMap<Waiver>;
export const noWaivers: Waivers = PersistentMap.empty;

/** What the entity tag of a waiver quotes. Its terms never change, so being revoked is its one change. */
export const waiverVersion = ({ isRevoked }: Waiver): number => (isRevoked ? 2 : 1);

type WaiverEntry = Extract<PolicyEntry, Entry<'waiver_granted' | 'waiver_revoked', unknown>>;

/** Folds a waiver or its end. */
export const evolveWaivers = (waivers: Waivers, entry: WaiverEntry, revision: bigint): Waivers => {
  if (entry.type === 'waiver_granted') {
    const { granted_by: grantedBy, granted_at: grantedAt, idempotency: _, ...terms } = entry.payload;
    const maxMonthly = terms.max_monthly_delta_usd === null ? null : usdOf(terms.max_monthly_delta_usd);
    return waivers.set(terms.exception_id, { terms, maxMonthly, revision, grantedBy, grantedAt, isRevoked: false });
  }
  const { exception_id: id } = entry.payload;
  const waiver = waivers.get(id);
  return waiver === undefined ? waivers : waivers.set(id, { ...waiver, isRevoked: true });
};

/** What a waiver is compared with. Monthly in micro-USD; null: nothing known, which is within no largest delta. */
export interface WaivedChange {
  readonly projectId: string;
  readonly environmentClass: string;
  readonly source: string;
  readonly resourceReference: string;
  readonly monthly: MicroUsd | null;
}

const isGiven = (wanted: string | null, found: string): boolean => wanted === null || wanted === found;

const isInScope = ({ scope }: WaiverTerms, change: WaivedChange): boolean =>
  isGiven(scope.project, change.projectId) &&
  isGiven(scope.environment_class, change.environmentClass) &&
  isGiven(scope.source, change.source) &&
  change.resourceReference.startsWith(scope.resource_prefix ?? '');

/**
 * The waivers that stand for a change now, older first.
 *
 * @param uses how often each was used, by id.
 * @source contract section 8.5
 */
export const waiversFor = (
  waivers: Waivers,
  uses: PersistentMap<number>,
  change: WaivedChange,
  now: Instant,
): readonly Waiver[] =>
  [...waivers]
    .map(([, waiver]) => waiver)
    .filter(
      ({ terms, maxMonthly, isRevoked }) =>
        !isRevoked &&
        now < terms.expires_at &&
        (terms.max_uses === null || (uses.get(terms.exception_id) ?? 0) < terms.max_uses) &&
        (maxMonthly === null || (change.monthly !== null && change.monthly <= maxMonthly)) &&
        isInScope(terms, change),
    )
    .sort((a, b) => (a.revision < b.revision ? -1 : 1));
