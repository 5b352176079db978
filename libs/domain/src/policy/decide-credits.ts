import type { Accounts } from '../accounts/accounts.js';
import type { Instant } from '../shared/brand.js';
import { accepted, type Keyed, refused, type Result } from '../shared/entry.js';
import { formatUsd4, type MicroUsd } from '../shared/money.js';
import { creditBalance, type Credits } from './credits.js';
import type { CreditPool, CreditScope, PolicyEntry } from './policy.entries.js';
import { invalidMember, type InvalidMember } from './versions.js';

export interface GrantCredit {
  readonly kind: 'grant_credit';
  readonly creditId: string;
  readonly pool: CreditPool;
  readonly scope: CreditScope;
  /** Micro-USD, above 0. */
  readonly total: MicroUsd;
  readonly priority: number;
  readonly expiresAt: Instant | null;
  readonly reason: string;
  readonly owner: string | null;
  readonly author: string;
  readonly now: Instant;
  readonly idempotency: Keyed;
}
export interface RevokeCredit {
  readonly kind: 'revoke_credit';
  readonly creditId: string;
  readonly author: string;
  readonly now: Instant;
  readonly idempotency: Keyed;
}
export type CreditsCommand = GrantCredit | RevokeCredit;
export type CreditsRefusal =
  { readonly code: 'not_found' } | { readonly code: 'quota_exceeded'; readonly limit: number } | InvalidMember;
type CreditsResult = Result<PolicyEntry, CreditsRefusal>;

/** Grants that a tenant has and that have neither ended nor been revoked. @source contract section 16 */
export const CREDITS_MAX = 5000;

const standing = (credits: Credits, now: Instant): number =>
  [...credits.grants.values()].filter(
    ({ isRevoked, terms }) => !isRevoked && (terms.expires_at === null || now < terms.expires_at),
  ).length;

const grant = (command: GrantCredit, credits: Credits): CreditsResult => {
  if (command.expiresAt !== null && command.expiresAt <= command.now) {
    return refused(invalidMember('/expires_at', 'lies in the past'));
  }
  if (standing(credits, command.now) >= CREDITS_MAX) return refused({ code: 'quota_exceeded', limit: CREDITS_MAX });
  return accepted({
    type: 'credit_granted',
    payload: {
      credit_id: command.creditId,
      pool: command.pool,
      scope: command.scope,
      total_amount_usd: formatUsd4(command.total),
      priority: command.priority,
      expires_at: command.expiresAt,
      reason: command.reason,
      owner: command.owner,
      granted_by: command.author,
      granted_at: command.now,
      idempotency: command.idempotency,
    },
  });
};

/** Only the unheld rest goes: a hold that was made in time stays good. */
const revoke = (command: RevokeCredit, credits: Credits, accounts: Accounts): CreditsResult => {
  const credit = credits.grants.get(command.creditId);
  if (credit === undefined) return refused({ code: 'not_found' });
  if (credit.isRevoked) return accepted();
  return accepted({
    type: 'credit_revoked',
    payload: {
      credit_id: command.creditId,
      revoked_usd: formatUsd4(creditBalance(accounts, credit, command.now).available),
      revoked_by: command.author,
      revoked_at: command.now,
      idempotency: command.idempotency,
    },
  });
};

/** Decides a command about credits. @source contract section 9.2 */
export const decideCredits = (command: CreditsCommand, credits: Credits, accounts: Accounts): CreditsResult =>
  command.kind === 'grant_credit' ? grant(command, credits) : revoke(command, credits, accounts);
