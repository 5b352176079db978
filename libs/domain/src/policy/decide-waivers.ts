import { REASON_CODES } from '../decisions/reason-codes.js';
import type { Instant } from '../shared/brand.js';
import { accepted, type Keyed, refused, type Result } from '../shared/entry.js';
import { plusSeconds } from '../shared/instant.js';
import { formatUsd4, type MicroUsd } from '../shared/money.js';
import { type ExpectedVersion, type VersionRefusal, versionRefusal } from './expected-version.js';
import type { PolicyEntry, WaiverScope } from './policy.entries.js';
import { invalidMember, type InvalidMember } from './versions.js';
import { WAIVABLE_CODES, type Waivers, waiverVersion } from './waivers.js';

export interface GrantWaiver {
  readonly kind: 'grant_waiver';
  readonly exceptionId: string;
  readonly scope: WaiverScope;
  readonly waives: readonly string[];
  /** Micro-USD; null: any amount. */
  readonly maxMonthly: MicroUsd | null;
  readonly maxUses: number | null;
  readonly owner: string;
  readonly reason: string;
  readonly ticket: string;
  readonly expiresAt: Instant;
  readonly author: string;
  readonly now: Instant;
  readonly idempotency: Keyed;
}
export interface RevokeWaiver {
  readonly kind: 'revoke_waiver';
  readonly exceptionId: string;
  /** What the entity tag of the waiver quoted when the author saw it; null: none was named. */
  readonly expectedVersion: ExpectedVersion | null;
  readonly author: string;
  readonly now: Instant;
  readonly idempotency: Keyed;
}
export type WaiversCommand = GrantWaiver | RevokeWaiver;
export type WaiversRefusal =
  | { readonly code: 'not_found' }
  | VersionRefusal
  | { readonly code: 'quota_exceeded'; readonly limit: number }
  | InvalidMember;
type WaiversResult = Result<PolicyEntry, WaiversRefusal>;

/** Waivers that a tenant has and that have neither ended nor been revoked. @source contract section 16 */
export const WAIVERS_MAX = 500;
/** @source contract section 8.5 */
export const WAIVER_DAYS_MAX = 90;
const DAY_SECONDS = 86_400;

const CODES: ReadonlySet<string> = new Set(REASON_CODES);
const WAIVABLE: ReadonlySet<string> = new Set(WAIVABLE_CODES);

/** A code that may not be waived is no rule id either: budgets, ceilings and operators stand whatever anybody grants. */
const unwaivable = (waives: readonly string[]): number =>
  waives.findIndex((name) => CODES.has(name) && !WAIVABLE.has(name));

const grantRefusal = (command: GrantWaiver, waivers: Waivers): WaiversRefusal | undefined => {
  const { now, expiresAt, waives } = command;
  const bad = unwaivable(waives);
  if (bad >= 0) return invalidMember(`/waives/${String(bad)}`, `${waives[bad] ?? ''} is never waived`);
  if (expiresAt <= now) return invalidMember('/expires_at', 'lies in the past');
  if (expiresAt > plusSeconds(now, WAIVER_DAYS_MAX * DAY_SECONDS)) {
    return invalidMember('/expires_at', `at most ${String(WAIVER_DAYS_MAX)} days ahead`);
  }
  const standing = [...waivers.values()].filter(({ isRevoked, terms }) => !isRevoked && now < terms.expires_at).length;
  return standing >= WAIVERS_MAX ? { code: 'quota_exceeded', limit: WAIVERS_MAX } : undefined;
};

const grant = (command: GrantWaiver, waivers: Waivers): WaiversResult => {
  const problem = grantRefusal(command, waivers);
  if (problem !== undefined) return refused(problem);
  return accepted({
    type: 'waiver_granted',
    payload: {
      exception_id: command.exceptionId,
      scope: command.scope,
      waives: command.waives,
      max_monthly_delta_usd: command.maxMonthly === null ? null : formatUsd4(command.maxMonthly),
      max_uses: command.maxUses,
      owner: command.owner,
      reason: command.reason,
      ticket: command.ticket,
      expires_at: command.expiresAt,
      granted_by: command.author,
      granted_at: command.now,
      idempotency: command.idempotency,
    },
  });
};

/** Decides a command about waivers. @source contract section 8.5 */
export const decideWaivers = (command: WaiversCommand, waivers: Waivers): WaiversResult => {
  if (command.kind === 'grant_waiver') return grant(command, waivers);
  const waiver = waivers.get(command.exceptionId);
  if (waiver === undefined) return refused({ code: 'not_found' });
  const stale = versionRefusal(String(waiverVersion(waiver)), command.expectedVersion);
  if (stale !== undefined) return refused(stale);
  if (waiver.isRevoked) return accepted();
  const { exceptionId, author, now, idempotency } = command;
  return accepted({
    type: 'waiver_revoked',
    payload: { exception_id: exceptionId, revoked_by: author, revoked_at: now, idempotency },
  });
};
