import { type Accounts, balanceOf } from '../accounts/accounts.js';
import type { Instant } from '../shared/brand.js';
import type { Entry } from '../shared/entry.js';
import { type MicroUsd, NOTHING, usdOf } from '../shared/money.js';
import { PersistentMap } from '../shared/persistent-map.js';
import type { CreditPool, CreditTerms, PolicyEntry } from './policy.entries.js';

export interface Credit {
  readonly terms: CreditTerms;
  readonly total: MicroUsd;
  readonly revision: bigint;
  readonly grantedBy: string;
  readonly grantedAt: Instant;
  readonly isRevoked: boolean;
}
/** Credit grants of a tenant: all, and those still in use by `<pool>|<scope>` in the order they are drawn. */
export interface Credits {
  readonly grants: PersistentMap<Credit>;
  readonly byPlace: PersistentMap<readonly Credit[]>;
}
export const noCredits: Credits = { grants: PersistentMap.empty, byPlace: PersistentMap.empty };

const PREFIX = 'credit:';
/** The account that a credit grant is: its total is the limit, of the period `total`. */
export const creditAccount = (creditId: string): string => `${PREFIX}${creditId}`;
export const isCreditAccount = (account: string): boolean => account.startsWith(PREFIX);
export const creditIdOf = (account: string): string => account.slice(PREFIX.length);

const placeOf = ({ pool, scope }: Pick<CreditTerms, 'pool' | 'scope'>): string => `${pool}|${scope}`;

/** Lower priority number, soonest expiry (none last), older grant. Contract section 9.2. */
const inOrder = (a: Credit, b: Credit): number => {
  if (a.terms.priority !== b.terms.priority) return a.terms.priority - b.terms.priority;
  const [endOfA, endOfB] = [a.terms.expires_at ?? '9', b.terms.expires_at ?? '9'];
  if (endOfA !== endOfB) return endOfA < endOfB ? -1 : 1;
  return a.revision < b.revision ? -1 : 1;
};

/** Project scope before tenant, then {@link inOrder}: the order within a pool; reserved comes before emergency. */
export const inDrawingOrder = (a: Credit, b: Credit): number => {
  const rank = ({ terms: { pool, scope } }: Credit): number =>
    (pool === 'reserved' ? 0 : 2) + (scope === 'tenant' ? 1 : 0);
  return rank(a) - rank(b) || inOrder(a, b);
};

type CreditEntry = Extract<PolicyEntry, Entry<'credit_granted' | 'credit_revoked', unknown>>;

/** Folds a grant or its end. A revoked grant stays, since holds made in time stay good. */
export const evolveCredits = (credits: Credits, entry: CreditEntry, revision: bigint): Credits => {
  if (entry.type === 'credit_granted') {
    const { granted_by: grantedBy, granted_at: grantedAt, idempotency: _, ...terms } = entry.payload;
    const total = usdOf(terms.total_amount_usd);
    const credit: Credit = { terms, total, revision, grantedBy, grantedAt, isRevoked: false };
    const place = placeOf(terms);
    return {
      grants: credits.grants.set(terms.credit_id, credit),
      byPlace: credits.byPlace.set(place, [...(credits.byPlace.get(place) ?? []), credit].sort(inOrder)),
    };
  }
  const { credit_id: id } = entry.payload;
  const credit = credits.grants.get(id);
  if (credit === undefined) return credits;
  const place = placeOf(credit.terms);
  return {
    grants: credits.grants.set(id, { ...credit, isRevoked: true }),
    byPlace: credits.byPlace.set(
      place,
      (credits.byPlace.get(place) ?? []).filter(({ terms }) => terms.credit_id !== id),
    ),
  };
};

/** The grants of a pool that may fund a project now, in the order they are drawn: its own before the tenant's. */
export const drawable = (credits: Credits, pool: CreditPool, projectId: string, now: Instant): readonly Credit[] =>
  ([`project:${projectId}`, 'tenant'] as const).flatMap((scope) =>
    (credits.byPlace.get(placeOf({ pool, scope })) ?? []).filter(
      ({ terms }) => terms.expires_at === null || now < terms.expires_at,
    ),
  );

/** `consumed`, `held` and what is left of a grant. An expired or revoked grant has nothing left for anything new. */
export const creditBalance = (
  accounts: Accounts,
  credit: Credit,
  now: Instant,
): { readonly consumed: MicroUsd; readonly held: MicroUsd; readonly available: MicroUsd } => {
  const terms = { limit: credit.total, period: 'total' } as const;
  const { spent, held, headroom } = balanceOf(accounts, creditAccount(credit.terms.credit_id), terms, now);
  const isOver = credit.isRevoked || (credit.terms.expires_at !== null && now >= credit.terms.expires_at);
  return { consumed: spent, held, available: isOver ? NOTHING : (headroom ?? NOTHING) };
};
