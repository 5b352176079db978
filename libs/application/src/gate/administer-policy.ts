import {
  type Budget,
  balanceOf,
  budgetAccount,
  type BudgetId,
  budgetIdOf,
  earlierAdminAnswer,
  formatUsd4,
  type GateRefusal,
  type GateState,
  instantOf,
  type Instant,
  jcsText,
  type Json,
  max,
  microUsd,
  type MicroUsd,
  type PolicyCommand,
  type PolicyDocument,
  policyInForce,
  type PolicyRefusal,
  type PolicyVersion,
  type PriceBook,
  type PublishedPriceBook,
  sha256Hex,
  type SetBudget,
  termsOf,
} from '@verdict/domain';
import { asCanonical } from '../journals/entries.codec.js';
import type { EntryLog } from '../journals/entry-log.js';
import { journalName, originOf } from '../journals/kinds.js';
import type { CommittedEntry } from '../journals/service-definition.js';
import type { ServiceHost } from '../journals/service-host.js';
import type { Clock, Ids } from '../ports/system.js';
import { contextOf, keyedBy, type RequestMeta } from '../shared/request.js';
import { done, notCommitted, problemOf, type UseCaseResult } from '../shared/refusal.js';
import type { GateAnswer, GateCommand } from './gate-service.js';
import { type EntryReference, entryReferenceOf } from './verdict-answer.js';

export interface PolicyAdminDeps {
  readonly gate: ServiceHost<GateState, GateCommand, GateAnswer>;
  readonly log: EntryLog;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logHost: string;
}

interface Written {
  /** null: nothing was written, because the same stands there already. */
  readonly entry: EntryReference | null;
  readonly isReplayed: boolean;
}

export const refusalProblem = (refusal: PolicyRefusal | GateRefusal): UseCaseResult<never> => {
  switch (refusal.code) {
    case 'precondition_required':
      return problemOf('precondition_required', { detail: 'name the version you edited with If-Match' });
    case 'version_conflict':
      return problemOf('version_conflict', { extra: { current_etag: `"${String(refusal.currentVersion)}"` } });
    case 'idempotency_conflict':
      return problemOf('idempotency_conflict', {
        detail: 'the key or version stands for something else already',
        extra: { differing_fields: [] },
      });
    case 'limit_below_committed':
      return problemOf('limit_below_committed', { extra: { least_limit_usd: formatUsd4(refusal.leastLimit) } });
    case 'quota_exceeded':
      return problemOf('quota_exceeded', { extra: { limit: refusal.limit } });
    case 'budget_scope_taken':
      return problemOf('validation_failed', {
        errors: [
          {
            pointer: '/scope',
            code: 'validation_failed',
            detail: `the budget ${refusal.budgetId} has this scope and period`,
          },
        ],
      });
    case 'not_found':
      return problemOf('not_found');
    case 'fingerprint_mismatch':
    case 'policy_missing':
      return problemOf('internal_error', { detail: 'a question was answered to an administrator' });
  }
};

const textHash = (value: unknown) => sha256Hex(jcsText(asCanonical(value)));

export interface ShownPolicy {
  readonly version: PolicyVersion;
  readonly isInForce: boolean;
}
export interface ShownBudget {
  readonly budget: Budget;
  readonly spent: MicroUsd;
  readonly held: MicroUsd;
  readonly headroom: MicroUsd;
  readonly effectiveLimit: MicroUsd;
}

const shownBudget = (state: GateState, budget: Budget, now: Instant): ShownBudget => {
  const account = budgetAccount(budget.terms.budget_id);
  const { spent, held, headroom } = balanceOf(state.accounts, account, termsOf(state.policy)(account, now), now);
  const committed = microUsd(spent + held);
  return { budget, spent, held, headroom: headroom ?? microUsd(0n), effectiveLimit: max(budget.limit, committed) };
};

/** Policy, budgets and price books of a tenant: commands of administrators, and what stands. */
export class PolicyAdmin {
  constructor(private readonly deps: PolicyAdminDeps) {}

  private now(): Instant {
    return instantOf(this.deps.clock.nowMs());
  }

  private async write(
    command: PolicyCommand,
    meta: RequestMeta,
    scope: string,
  ): Promise<UseCaseResult<Written & { readonly state: GateState }>> {
    const { tenantId } = meta.caller;
    const outcome = await this.deps.gate.execute(tenantId, command, contextOf(meta, this.deps.ids.uuid()));
    if (outcome.kind !== 'committed') return notCommitted(outcome);
    if (outcome.answer.kind === 'refused') return refusalProblem(outcome.answer.refusal);
    const { state } = await this.deps.gate.current(tenantId);
    const committed: CommittedEntry | undefined = outcome.entries[0];
    if (committed !== undefined) {
      return done({ entry: entryReferenceOf(committed.origin, committed.entry), isReplayed: false, state });
    }
    const earlier = earlierAdminAnswer(state.policy, scope, command.idempotency);
    if (earlier?.kind !== 'replay') return done({ entry: null, isReplayed: false, state });
    return done({ entry: await this.entryAt(tenantId, earlier.revision), isReplayed: true, state });
  }

  private async entryAt(tenantId: string, revision: bigint): Promise<EntryReference> {
    for await (const entry of this.deps.log.read(journalName('policy', tenantId), revision, 1)) {
      return entryReferenceOf(originOf(this.deps.logHost, tenantId, 'policy'), entry);
    }
    throw new Error('an entry was folded and is not in the log');
  }

  /** The version that an earlier call under this key made, or the newest. */
  private versionAt(state: GateState, scope: string, command: PolicyCommand): PolicyVersion | undefined {
    const earlier = earlierAdminAnswer(state.policy, scope, command.idempotency);
    const made =
      earlier?.kind === 'replay'
        ? state.policy.versions.find(({ revision }) => revision === earlier.revision)
        : undefined;
    return made ?? state.policy.versions.at(-1);
  }

  async publishPolicy(
    input: {
      readonly document: PolicyDocument;
      readonly message: string;
      readonly effectiveFrom: Instant | null;
      readonly expectedVersion: number | null;
    },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & ShownPolicy>> {
    const now = this.now();
    const documentSha256 = textHash(input.document);
    const command: PolicyCommand = {
      kind: 'publish_policy',
      ...input,
      documentSha256,
      author: meta.caller.subject,
      now,
      idempotency: keyedBy(meta, {
        operation: 'publish',
        document_sha256: documentSha256,
        message: input.message,
        effective_from: input.effectiveFrom,
      }),
    };
    return this.shown(command, await this.write(command, meta, 'policy'), now);
  }

  async rollBackPolicy(
    input: { readonly toVersion: number; readonly message: string; readonly expectedVersion: number | null },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & ShownPolicy>> {
    const now = this.now();
    const command: PolicyCommand = {
      kind: 'roll_back_policy',
      ...input,
      author: meta.caller.subject,
      now,
      idempotency: keyedBy(meta, { operation: 'rollback', to_version: input.toVersion, message: input.message }),
    };
    return this.shown(command, await this.write(command, meta, 'policy'), now);
  }

  private shown(
    command: PolicyCommand,
    written: UseCaseResult<Written & { readonly state: GateState }>,
    now: Instant,
  ): UseCaseResult<Written & ShownPolicy> {
    if (written.kind === 'problem') return written;
    const { state, entry, isReplayed } = written.value;
    const version = this.versionAt(state, 'policy', command);
    if (version === undefined) throw new Error('a policy was written and is not there');
    return done({
      entry,
      isReplayed,
      version,
      isInForce: policyInForce(state.policy, now)?.version === version.version,
    });
  }

  async setBudget(
    input: Pick<
      SetBudget,
      'change' | 'scope' | 'period' | 'limit' | 'monthsCharged' | 'owner' | 'isActive' | 'whenCommitted'
    > & { readonly budgetId: BudgetId | null },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & ShownBudget>> {
    const now = this.now();
    const budgetId = input.budgetId ?? budgetIdOf(this.deps.ids.uuid());
    const asked: Json = {
      budget_id: input.budgetId,
      scope: input.scope,
      period: input.period,
      limit_usd: formatUsd4(input.limit),
      months_charged: input.monthsCharged,
      owner: input.owner,
      active: input.isActive,
      when_committed: input.whenCommitted,
    };
    const command: PolicyCommand = {
      kind: 'set_budget',
      ...input,
      budgetId,
      author: meta.caller.subject,
      now,
      idempotency: keyedBy(meta, asked),
    };
    const written = await this.write(command, meta, 'budget');
    if (written.kind === 'problem') return written;
    const { state, entry, isReplayed } = written.value;
    const earlier = earlierAdminAnswer(state.policy, 'budget', command.idempotency);
    const made = [...state.policy.budgets.values()].find(
      ({ revision }) => isReplayed && revision === earlier?.revision,
    );
    const budget = made ?? state.policy.budgets.get(budgetId);
    if (budget === undefined)
      return problemOf('version_conflict', { detail: 'the budget this key made has changed since' });
    return done({ entry, isReplayed, ...shownBudget(state, budget, now) });
  }

  async publishPriceBook(
    book: PriceBook,
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & { readonly published: PublishedPriceBook }>> {
    const bookSha256 = textHash(book);
    const command: PolicyCommand = {
      kind: 'publish_price_book',
      book,
      bookSha256,
      author: meta.caller.subject,
      now: this.now(),
      idempotency: keyedBy(meta, { operation: 'price_book', book_sha256: bookSha256 }),
    };
    const written = await this.write(command, meta, 'price_book');
    if (written.kind === 'problem') return written;
    const published = written.value.state.policy.priceBooks.find(({ version }) => version === book.version);
    if (published === undefined) throw new Error('a price book was written and is not there');
    return done({ entry: written.value.entry, isReplayed: written.value.isReplayed, published });
  }

  /** What stands now, with everything acknowledged before the call. */
  private async read<Value>(
    tenantId: string,
    show: (state: GateState, now: Instant) => Value,
  ): Promise<UseCaseResult<Value>> {
    try {
      const { state } = await this.deps.gate.caughtUp(tenantId);
      return done(show(state, this.now()));
    } catch {
      return problemOf('log_unavailable', { detail: 'the log cannot be read' });
    }
  }

  policyVersions(tenantId: string): Promise<UseCaseResult<readonly ShownPolicy[]>> {
    return this.read(tenantId, (state, now) => {
      const inForce = policyInForce(state.policy, now)?.version;
      return state.policy.versions.map((version) => ({ version, isInForce: version.version === inForce }));
    });
  }

  budgets(tenantId: string): Promise<UseCaseResult<readonly ShownBudget[]>> {
    return this.read(tenantId, (state, now) =>
      [...state.policy.budgets.values()]
        .sort((a, b) => (a.revision < b.revision ? -1 : 1))
        .map((budget) => shownBudget(state, budget, now)),
    );
  }

  priceBooks(tenantId: string): Promise<UseCaseResult<readonly PublishedPriceBook[]>> {
    return this.read(tenantId, (state) => state.policy.priceBooks);
  }
}
