import { type Accounts, balanceOf } from '../accounts/accounts.js';
import type { PriceBook } from '../pricing/price-book.js';
import type { BudgetId, Instant, Sha256Hex } from '../shared/brand.js';
import { accepted, type Keyed, refused, type Result } from '../shared/entry.js';
import { instantOf } from '../shared/instant.js';
import { jcsText } from '../shared/jcs.js';
import { formatUsd4, type MicroUsd, microUsd } from '../shared/money.js';
import { sha256Hex } from '../shared/sha256.js';
import { decideIntegrations, type IntegrationsCommand } from './integrations.js';
import { adminKey, type AdminOperation, BUDGET_OPERATIONS, INTEGRATION_OPERATIONS } from './admin-operations.js';
import type { PolicyDocument } from './policy.document.js';
import { type CreditsCommand, decideCredits } from './decide-credits.js';
import { decideWaivers, type WaiversCommand } from './decide-waivers.js';
import { type ExpectedVersion, type VersionRefusal, versionRefusal } from './expected-version.js';
import {
  decideVersions,
  type InvalidMember,
  publicationRefusal,
  type VersionsCommand,
  versionTag,
} from './versions.js';
import type { BudgetPeriod, BudgetScope, BudgetTerms, PolicyEntry, PolicyRole, Rollout } from './policy.entries.js';
import { type Budget, budgetAccount, challengerAt, policyInForce, type PolicyState, termsOf } from './policy.state.js';

interface AdminCommand {
  readonly author: string;
  readonly now: Instant;
  readonly idempotency: Keyed;
}
export interface PublishPolicy extends AdminCommand {
  readonly kind: 'publish_policy';
  readonly document: PolicyDocument;
  readonly documentSha256: Sha256Hex;
  readonly message: string;
  readonly effectiveFrom: Instant | null;
  /** What the entity tag of the newest version quoted when the author saw it (If-Match); null: none was named. */
  readonly expectedVersion: ExpectedVersion | null;
  /** null: for all projects. */
  readonly rollout: Rollout | null;
  readonly role: PolicyRole;
}
export interface PublishDefaultPolicy {
  readonly kind: 'publish_default_policy';
  readonly document: PolicyDocument;
  readonly documentSha256: Sha256Hex;
  readonly now: Instant;
  readonly idempotency: Keyed;
}
export interface RollBackPolicy extends AdminCommand {
  readonly kind: 'roll_back_policy';
  readonly toVersion: number;
  readonly message: string;
  readonly expectedVersion: ExpectedVersion | null;
}
export interface SetBudget extends AdminCommand {
  readonly kind: 'set_budget';
  readonly budgetId: BudgetId;
  /** Create, or change or close an existing one whose version must be named. */
  readonly change:
    | { readonly kind: 'create' }
    | { readonly kind: 'update' | 'close'; readonly expectedVersion: ExpectedVersion | null };
  readonly scope: BudgetScope;
  readonly period: BudgetPeriod;
  readonly limit: MicroUsd;
  readonly monthsCharged: number;
  readonly owner: string | null;
  readonly isActive: boolean;
  readonly basis: BudgetTerms['basis'];
  readonly creditSavings: boolean;
  readonly alertPercents: readonly number[];
  /** `ratchet`: a limit below what is committed takes effect as holds end, instead of being refused. */
  readonly whenCommitted: 'refuse' | 'ratchet';
}
export interface PublishPriceBook extends AdminCommand {
  readonly kind: 'publish_price_book';
  readonly book: PriceBook;
  readonly bookSha256: Sha256Hex;
}
export type PolicyCommand =
  | PublishPolicy
  | PublishDefaultPolicy
  | RollBackPolicy
  | VersionsCommand
  | SetBudget
  | CreditsCommand
  | WaiversCommand
  | PublishPriceBook
  | IntegrationsCommand;

export type PolicyRefusal =
  | VersionRefusal
  | { readonly code: 'idempotency_conflict'; readonly firstRevision: bigint }
  | { readonly code: 'not_found' }
  | InvalidMember
  | { readonly code: 'limit_below_committed'; readonly leastLimit: MicroUsd }
  | { readonly code: 'quota_exceeded'; readonly limit: number }
  | { readonly code: 'budget_scope_taken'; readonly budgetId: string };

export type PolicyResult = Result<PolicyEntry, PolicyRefusal>;

/** Platform limits of contract section 16, of open budgets; and one of our own for price books, which are kept whole in memory. */
export const BUDGETS_MAX = 5000;
export const PRICE_BOOKS_MAX = 200;

/**
 * What an administrator's key answered before, if it was used. A key is bound by the entry that its command wrote, as all
 * of the state is. A command that changes nothing writes none: its key stays free, and its repeat is decided afresh. That
 * repeat undoes nothing that came between: If-Match stops it where a text or a rollout can be another by then, and what
 * was cancelled, revoked or published as a price book stays so.
 *
 * @source contract section 1 (Idempotency-Key)
 */
export const earlierAdminAnswer = (state: PolicyState, operation: AdminOperation, { key, payload_hash }: Keyed) => {
  const earlier = key === null ? undefined : state.answers.get(adminKey(operation, key));
  if (earlier === undefined) return undefined;
  return earlier.payloadHash === payload_hash
    ? ({ kind: 'replay', revision: earlier.revision } as const)
    : ({ kind: 'conflict', revision: earlier.revision } as const);
};

const guarded = (
  state: PolicyState,
  operation: AdminOperation,
  keyed: Keyed,
  decideAfresh: () => PolicyResult,
): PolicyResult => {
  const earlier = earlierAdminAnswer(state, operation, keyed);
  if (earlier === undefined) return decideAfresh();
  if (earlier.kind === 'replay') return accepted();
  return refused({ code: 'idempotency_conflict', firstRevision: earlier.revision });
};

const newestTag = ({ versions }: PolicyState): string => {
  const newest = versions.at(-1);
  return newest === undefined ? '0' : versionTag(newest);
};

/** The newest version has this text and is in force for everybody, or the challenger: publishing it again changes nothing. */
const standsAlready = (state: PolicyState, { documentSha256, role, now, ...when }: PublishPolicy): boolean => {
  if (when.effectiveFrom !== null || when.rollout !== null) return false;
  const standing = role === 'active' ? policyInForce(state, now) : challengerAt(state, now);
  const latest = state.versions.at(-1);
  return latest?.documentSha256 === documentSha256 && standing === latest;
};

const publish = (command: PublishPolicy, state: PolicyState): PolicyResult => {
  const problem = versionRefusal(newestTag(state), command.expectedVersion);
  if (problem !== undefined) return refused(problem);
  if (standsAlready(state, command)) return accepted();
  const refusal = publicationRefusal(state, command);
  if (refusal !== undefined) return refused(refusal);
  return accepted(
    published(command, {
      version: (state.versions.at(-1)?.version ?? 0) + 1,
      effectiveFrom: command.effectiveFrom ?? command.now,
      rolledBackTo: null,
      rollout: command.rollout,
      role: command.role,
    }),
  );
};

interface Placed {
  readonly version: number;
  readonly effectiveFrom: Instant;
  readonly rolledBackTo: number | null;
  readonly rollout: Rollout | null;
  readonly role: PolicyRole;
}
const FOR_ALL = { rollout: null, role: 'active' } as const;
const published = (
  command: Pick<PublishPolicy, 'document' | 'documentSha256' | 'message' | 'author' | 'now' | 'idempotency'>,
  { version, effectiveFrom, rolledBackTo, rollout, role }: Placed,
): PolicyEntry => ({
  type: 'policy_published',
  payload: {
    version,
    document: command.document,
    document_sha256: command.documentSha256,
    message: command.message,
    author: command.author,
    published_at: command.now,
    effective_from: effectiveFrom,
    rolled_back_to: rolledBackTo,
    rollout,
    role,
    idempotency: command.idempotency,
  },
});

const rollBack = (command: RollBackPolicy, state: PolicyState): PolicyResult => {
  const latest = state.versions.at(-1);
  const problem = versionRefusal(newestTag(state), command.expectedVersion);
  if (problem !== undefined) return refused(problem);
  const target = state.versions.find(({ version }) => version === command.toVersion);
  if (target === undefined || latest === undefined) return refused({ code: 'not_found' });
  // A text of an earlier release is stored whole this time, so its hash is not the one that it had.
  const text = { ...command, document: target.document, documentSha256: sha256Hex(jcsText(target.document)) };
  return accepted(
    published(text, {
      version: latest.version + 1,
      effectiveFrom: command.now,
      rolledBackTo: target.version,
      ...FOR_ALL,
    }),
  );
};

const committedOf = (command: SetBudget, state: PolicyState, accounts: Accounts): MicroUsd => {
  const account = budgetAccount(command.budgetId);
  const { spent, held } = balanceOf(accounts, account, termsOf(state)(account, command.now), command.now);
  return microUsd(spent + held);
};

/** Budgets are unique by scope, period and basis. */
const hasPlace = (other: Budget | undefined, { period, basis }: SetBudget): boolean =>
  other?.terms.period === period && other.terms.basis === basis;

const openCount = ({ active }: PolicyState): number => [...active.values()].reduce((sum, ids) => sum + ids.length, 0);

/** Closed budgets are kept for what was charged to them, and take nobody's place. */
const opensTooMany = ({ budgetId, isActive }: SetBudget, state: PolicyState): boolean => {
  const isOpen = state.budgets.get(budgetId)?.terms.active === true;
  return isActive && !isOpen && openCount(state) >= BUDGETS_MAX;
};

const budgetRefusal = (command: SetBudget, state: PolicyState, accounts: Accounts): PolicyRefusal | undefined => {
  const current = state.budgets.get(command.budgetId);
  if (command.change.kind !== 'create') {
    if (current === undefined) return { code: 'not_found' };
    const problem = versionRefusal(String(current.terms.version), command.change.expectedVersion);
    if (problem !== undefined) return problem;
    const committed = committedOf(command, state, accounts);
    if (command.whenCommitted === 'refuse' && command.limit < committed)
      return { code: 'limit_below_committed', leastLimit: committed };
  }
  if (opensTooMany(command, state)) return { code: 'quota_exceeded', limit: BUDGETS_MAX };
  const rival = (state.active.get(command.scope) ?? []).find(
    (id) => id !== command.budgetId && hasPlace(state.budgets.get(id), command),
  );
  return rival !== undefined && command.isActive ? { code: 'budget_scope_taken', budgetId: rival } : undefined;
};

const setBudget = (command: SetBudget, state: PolicyState, accounts: Accounts): PolicyResult => {
  const problem = budgetRefusal(command, state, accounts);
  if (problem !== undefined) return refused(problem);
  return accepted({
    type: 'budget_set',
    payload: {
      budget_id: command.budgetId,
      version: (state.budgets.get(command.budgetId)?.terms.version ?? 0) + 1,
      scope: command.scope,
      period: command.period,
      limit_usd: formatUsd4(command.limit),
      months_charged: command.monthsCharged,
      owner: command.owner,
      active: command.isActive,
      basis: command.basis,
      credit_savings: command.creditSavings,
      alert_percents: command.alertPercents,
      set_by: command.author,
      set_at: command.now,
      operation: command.change.kind,
      idempotency: command.idempotency,
    },
  });
};

/** The default is in force for any question, also for one that was asked a moment before it was written down. */
const SINCE_EVER = instantOf(0);

const publishPriceBook = (command: PublishPriceBook, state: PolicyState): PolicyResult => {
  const earlier = state.priceBooks.find(({ version }) => version === command.book.version);
  if (earlier !== undefined) {
    if (earlier.sha256 === command.bookSha256) return accepted();
    return refused({ code: 'idempotency_conflict', firstRevision: earlier.revision }); // Published books are immutable.
  }
  if (state.priceBooks.length >= PRICE_BOOKS_MAX) return refused({ code: 'quota_exceeded', limit: PRICE_BOOKS_MAX });
  return accepted({
    type: 'price_book_published',
    payload: {
      version: command.book.version,
      book: command.book,
      book_sha256: command.bookSha256,
      published_by: command.author,
      published_at: command.now,
      idempotency: command.idempotency,
    },
  });
};

/**
 * Decides an administrator's command over `policy-<tenant>`. Accepted without entries: the same was said before.
 * `accounts` is what limits are compared with, so that none is set below what is committed (G5).
 */
// eslint-disable-next-line complexity -- one case per command
export const decidePolicy = (command: PolicyCommand, state: PolicyState, accounts: Accounts): PolicyResult => {
  switch (command.kind) {
    case 'publish_default_policy':
      if (state.versions.length > 0) return accepted();
      return accepted(
        published(
          { ...command, message: 'built-in default', author: 'verdict' },
          { version: 1, effectiveFrom: SINCE_EVER, rolledBackTo: null, ...FOR_ALL },
        ),
      );
    case 'publish_policy':
      return guarded(state, 'policy', command.idempotency, () => publish(command, state));
    case 'roll_back_policy':
      return guarded(state, 'policy_rollback', command.idempotency, () => rollBack(command, state));
    case 'set_rollout':
      return guarded(state, 'policy_rollout', command.idempotency, () => decideVersions(command, state));
    case 'cancel_version':
      return guarded(state, 'policy_cancel', command.idempotency, () => decideVersions(command, state));
    case 'grant_credit':
      return guarded(state, 'credit', command.idempotency, () => decideCredits(command, state.credits, accounts));
    case 'revoke_credit':
      return guarded(state, 'credit_revoke', command.idempotency, () =>
        decideCredits(command, state.credits, accounts),
      );
    case 'grant_waiver':
      return guarded(state, 'exception', command.idempotency, () => decideWaivers(command, state.waivers));
    case 'revoke_waiver':
      return guarded(state, 'exception_revoke', command.idempotency, () => decideWaivers(command, state.waivers));
    case 'set_budget':
      return guarded(state, BUDGET_OPERATIONS[command.change.kind], command.idempotency, () =>
        setBudget(command, state, accounts),
      );
    case 'publish_price_book':
      return guarded(state, 'price_book', command.idempotency, () => publishPriceBook(command, state));
    case 'create_integration':
    case 'rotate_integration_secret':
    case 'retire_integration_secret':
    case 'revoke_integration':
      return guarded(state, INTEGRATION_OPERATIONS[command.kind], command.idempotency, () =>
        decideIntegrations(command, state.integrations),
      );
  }
};
