import {
  type Budget,
  balanceOf,
  budgetAccount,
  type BudgetId,
  budgetIdOf,
  earlierAdminAnswer,
  formatUsd4,
  type GateState,
  type Instant,
  jcsText,
  type Json,
  max,
  microUsd,
  type MicroUsd,
  type PolicyCommand,
  type PolicyDiff,
  policyDiff,
  type PolicyDocument,
  type PolicyRole,
  type PolicyVersion,
  type PriceBook,
  type PublishedPriceBook,
  type Rollout,
  sha256Hex,
  type SetBudget,
  termsOf,
  type VersionStatus,
  versionStatus,
} from '@verdict/domain';
import { asCanonical, asLedgerJson } from '../journals/entries.codec.js';
import type { PageRequest } from '../ports/read-models.js';
import { revisionPlace } from '../shared/page.js';
import { keyedBy, type RequestMeta } from '../shared/request.js';
import { done, problemOf, type UseCaseResult } from '../shared/refusal.js';
import {
  type PolicyAdminDeps,
  type PolicyList,
  PolicyWriter,
  type ShownPage,
  type Written,
  type WrittenState,
} from './policy-writer.js';

const textHash = (value: unknown) => sha256Hex(jcsText(asCanonical(value)));

export interface ShownPolicy {
  readonly version: PolicyVersion;
  readonly status: VersionStatus;
  readonly isInForce: boolean;
}

const shownPolicy = ({ policy }: GateState, version: PolicyVersion, now: Instant): ShownPolicy => {
  const status = versionStatus(policy, version, now);
  return { version, status, isInForce: status === 'in_force' };
};
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

const VERSIONS: PolicyList<PolicyVersion, ShownPolicy> = {
  name: 'policy_versions',
  itemsOf: ({ versions }) => versions,
  placeOf: ({ revision }) => revisionPlace(revision),
  show: shownPolicy,
};
/** By ids, which sort by the time they were made: the revision of a budget is that of its latest change. */
const BUDGETS: PolicyList<Budget, ShownBudget> = {
  name: 'budgets',
  itemsOf: ({ budgets }) => budgets.values(),
  placeOf: ({ terms }) => terms.budget_id,
  show: shownBudget,
};
const PRICE_BOOKS: PolicyList<PublishedPriceBook, PublishedPriceBook> = {
  name: 'price_books',
  itemsOf: ({ priceBooks }) => priceBooks,
  placeOf: ({ revision }) => revisionPlace(revision),
  show: (_state, book) => book,
};

/** null: a new budget. */
type BudgetInput = Omit<SetBudget, 'kind' | 'budgetId' | 'author' | 'now' | 'idempotency'> & {
  readonly budgetId: BudgetId | null;
};

/** Policy, budgets and price books of a tenant: commands of administrators, and what stands. */
export class PolicyAdmin {
  private readonly writer: PolicyWriter;

  constructor(deps: PolicyAdminDeps) {
    this.writer = new PolicyWriter(deps);
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
      readonly expectedVersion: string | null;
      readonly rollout: Rollout | null;
      readonly role: PolicyRole;
    },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & ShownPolicy>> {
    const now = this.writer.now();
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
        rollout: input.rollout === null ? null : { ...input.rollout },
        role: input.role,
      }),
    };
    return this.shown(command, await this.writer.write(command, meta, 'policy'), now);
  }

  async rollBackPolicy(
    input: { readonly toVersion: number; readonly message: string; readonly expectedVersion: string | null },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & ShownPolicy>> {
    const now = this.writer.now();
    const command: PolicyCommand = {
      kind: 'roll_back_policy',
      ...input,
      author: meta.caller.subject,
      now,
      idempotency: keyedBy(meta, { operation: 'rollback', to_version: input.toVersion, message: input.message }),
    };
    return this.shown(command, await this.writer.write(command, meta, 'policy'), now);
  }

  async setRollout(
    input: { readonly version: number; readonly cohortPercent: number; readonly expectedVersion: string | null },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & ShownPolicy>> {
    const asked = { operation: 'rollout', version: input.version, cohort_percent: input.cohortPercent };
    const command = { kind: 'set_rollout', ...input, ...this.by(meta, asked) } as const;
    return this.versionOf(await this.writer.write(command, meta, 'policy_rollout'), input.version);
  }

  async cancelVersion(
    input: { readonly version: number; readonly expectedVersion: string | null },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & ShownPolicy>> {
    const { version } = input;
    const command = { kind: 'cancel_version', ...input, ...this.by(meta, { operation: 'cancel', version }) } as const;
    return this.versionOf(await this.writer.write(command, meta, 'policy_cancel'), version);
  }

  /** What differs between two versions; undefined members of a change are places that are not there. */
  async diff(tenantId: string, from: number, to: number): Promise<UseCaseResult<PolicyDiff>> {
    const versions = await this.policyVersions(tenantId);
    if (versions.kind === 'problem') return versions;
    const textOf = (number: number) =>
      versions.value.find(({ version }) => version.version === number)?.version.document;
    const [before, after] = [textOf(from), textOf(to)];
    if (before === undefined || after === undefined) return problemOf('not_found');
    return done(policyDiff(asLedgerJson(before), asLedgerJson(after)));
  }

  private by(meta: RequestMeta, asked: Json) {
    return { author: meta.caller.subject, now: this.writer.now(), idempotency: keyedBy(meta, asked) };
  }

  private versionOf(written: UseCaseResult<WrittenState>, number: number): UseCaseResult<Written & ShownPolicy> {
    if (written.kind === 'problem') return written;
    const { state, entry, isReplayed } = written.value;
    const version = state.policy.versions.find((each) => each.version === number);
    if (version === undefined) return problemOf('not_found');
    return done({ entry, isReplayed, ...shownPolicy(state, version, this.writer.now()) });
  }

  private shown(
    command: PolicyCommand,
    written: UseCaseResult<WrittenState>,
    now: Instant,
  ): UseCaseResult<Written & ShownPolicy> {
    if (written.kind === 'problem') return written;
    const { state, entry, isReplayed } = written.value;
    const version = this.versionAt(state, 'policy', command);
    if (version === undefined) throw new Error('a policy was written and is not there');
    return done({ entry, isReplayed, ...shownPolicy(state, version, now) });
  }

  async setBudget(input: BudgetInput, meta: RequestMeta): Promise<UseCaseResult<Written & ShownBudget>> {
    const now = this.writer.now();
    const budgetId = input.budgetId ?? budgetIdOf(this.writer.uuid());
    const asked: Json = {
      budget_id: input.budgetId,
      scope: input.scope,
      period: input.period,
      limit_usd: formatUsd4(input.limit),
      months_charged: input.monthsCharged,
      owner: input.owner,
      active: input.isActive,
      basis: input.basis,
      credit_savings: input.creditSavings,
      alert_percents: input.alertPercents,
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
    const written = await this.writer.write(command, meta, 'budget');
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
      now: this.writer.now(),
      idempotency: keyedBy(meta, { operation: 'price_book', book_sha256: bookSha256 }),
    };
    const written = await this.writer.write(command, meta, 'price_book');
    if (written.kind === 'problem') return written;
    const published = written.value.state.policy.priceBooks.find(({ version }) => version === book.version);
    if (published === undefined) throw new Error('a price book was written and is not there');
    return done({ entry: written.value.entry, isReplayed: written.value.isReplayed, published });
  }

  /** All of them, oldest first. */
  policyVersions(tenantId: string): Promise<UseCaseResult<readonly ShownPolicy[]>> {
    return this.writer.read(tenantId, (state, now) =>
      state.policy.versions.map((version) => shownPolicy(state, version, now)),
    );
  }

  /** Newest first. */
  listPolicyVersions(tenantId: string, page: PageRequest): Promise<UseCaseResult<ShownPage<ShownPolicy>>> {
    return this.writer.page(VERSIONS, tenantId, page);
  }

  /** Newest first. */
  listBudgets(tenantId: string, page: PageRequest): Promise<UseCaseResult<ShownPage<ShownBudget>>> {
    return this.writer.page(BUDGETS, tenantId, page);
  }

  findBudget(tenantId: string, budgetId: string): Promise<UseCaseResult<ShownBudget>> {
    return this.writer.find(tenantId, (state, now) => {
      const budget = state.policy.budgets.get(budgetId);
      return budget === undefined ? undefined : shownBudget(state, budget, now);
    });
  }

  /** Newest first. */
  listPriceBooks(tenantId: string, page: PageRequest): Promise<UseCaseResult<ShownPage<PublishedPriceBook>>> {
    return this.writer.page(PRICE_BOOKS, tenantId, page);
  }

  findPriceBook(tenantId: string, version: string): Promise<UseCaseResult<PublishedPriceBook>> {
    return this.writer.find(tenantId, ({ policy }) => policy.priceBooks.find((book) => book.version === version));
  }
}
