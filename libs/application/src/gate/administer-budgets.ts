import {
  type Accounts,
  askedToClose,
  balanceOf,
  type Budget,
  BUDGET_OPERATIONS,
  budgetAccount,
  type BudgetId,
  budgetIdOf,
  budgetOf,
  type ExpectedVersion,
  formatUsd4,
  type GateState,
  type Instant,
  type Json,
  max,
  microUsd,
  type MicroUsd,
  type SetBudget,
} from '@verdict/domain';
import type { PageRequest } from '../ports/read-models.js';
import { done, projectForbidden, type UseCaseResult } from '../shared/refusal.js';
import { keyedBy, type RequestMeta, type Viewer } from '../shared/request.js';
import { type SentMembers, sentToChangeBudget } from './differing-in-policy.js';
import { mayActOnScope } from './projects-of-terms.js';
import { type PolicyAdminDeps, type PolicyList, PolicyWriter, type ShownPage, type Written } from './policy-writer.js';

export interface ShownBudget {
  readonly budget: Budget;
  readonly spent: MicroUsd;
  readonly held: MicroUsd;
  readonly headroom: MicroUsd;
  readonly effectiveLimit: MicroUsd;
}

/** A budget under the terms it has here, and the money of now beside it. */
const shownBudget = (accounts: Accounts, budget: Budget, now: Instant): ShownBudget => {
  const terms = { limit: budget.limit, period: budget.terms.period };
  const { spent, held, headroom } = balanceOf(accounts, budgetAccount(budget.terms.budget_id), terms, now);
  const committed = microUsd(spent + held);
  return { budget, spent, held, headroom: headroom ?? microUsd(0n), effectiveLimit: max(budget.limit, committed) };
};

/** By ids, which sort by the time they were made: the revision of a budget is that of its latest change. */
const BUDGETS: PolicyList<Budget, ShownBudget> = {
  name: 'budgets',
  itemsOf: ({ policy }) => policy.budgets.values(),
  placeOf: ({ terms }) => terms.budget_id,
  show: ({ accounts }, budget, now) => shownBudget(accounts, budget, now),
  isFor: (viewer, { terms }) => mayActOnScope(viewer, terms.scope),
};

type Terms = Omit<SetBudget, 'kind' | 'budgetId' | 'change' | 'author' | 'now' | 'idempotency'>;
/** Terms of a budget to be, complete. */
export type NewBudget = Omit<Terms, 'whenCommitted'>;
type Changeable = Pick<Terms, 'monthsCharged' | 'owner' | 'isActive' | 'creditSavings' | 'alertPercents'>;
/** What a budget is to become. Members that are undefined stay as they are. */
export interface BudgetChange extends Pick<Terms, 'limit' | 'whenCommitted'> {
  readonly more: { readonly [Member in keyof Changeable]: Changeable[Member] | undefined };
}
/** A budget, and the version of it that its editor saw (If-Match); null: none was named. */
export interface EditedBudget {
  readonly budgetId: string;
  readonly expectedVersion: ExpectedVersion | null;
}

const termsOfBudget = ({ terms, limit }: Budget): Terms => ({
  scope: terms.scope,
  period: terms.period,
  basis: terms.basis,
  limit,
  monthsCharged: terms.months_charged,
  owner: terms.owner,
  isActive: terms.active,
  creditSavings: terms.credit_savings,
  alertPercents: terms.alert_percents,
  whenCommitted: 'refuse',
});

const changed = (current: Terms, { limit, whenCommitted, more }: BudgetChange): Terms => ({
  ...current,
  limit,
  whenCommitted,
  monthsCharged: more.monthsCharged ?? current.monthsCharged,
  owner: more.owner ?? current.owner,
  isActive: more.isActive ?? current.isActive,
  creditSavings: more.creditSavings ?? current.creditSavings,
  alertPercents: more.alertPercents ?? current.alertPercents,
});

type WrittenBudget = Promise<UseCaseResult<Written & ShownBudget>>;
interface Setting {
  readonly budgetId: BudgetId;
  readonly change: SetBudget['change'];
  readonly terms: Terms;
  /** What was sent, without what is filled in here: the same call means the same later, whatever has changed since. */
  readonly asked: Json;
  readonly sent: SentMembers;
}

/** Budgets of a tenant: commands of administrators, and what stands. */
export class BudgetsAdmin {
  private readonly writer: PolicyWriter;

  constructor(deps: PolicyAdminDeps) {
    this.writer = new PolicyWriter(deps);
  }

  create(input: NewBudget, meta: RequestMeta): WrittenBudget {
    const terms: Terms = { ...input, whenCommitted: 'refuse' };
    const sent: SentMembers = {
      scope: terms.scope,
      period: terms.period,
      limit_usd: formatUsd4(terms.limit),
      months_charged: terms.monthsCharged,
      owner: terms.owner,
      active: terms.isActive,
      basis: terms.basis,
      credit_savings: terms.creditSavings,
      alert_percents: terms.alertPercents,
    };
    const asked: Json = { ...sent, budget_id: null, when_committed: terms.whenCommitted };
    return this.set({ budgetId: budgetIdOf(this.writer.uuid()), change: { kind: 'create' }, terms, asked, sent }, meta);
  }

  async update({ budgetId, expectedVersion }: EditedBudget, change: BudgetChange, meta: RequestMeta): WrittenBudget {
    const found = await this.find(meta.caller, budgetId);
    if (found.kind === 'problem') return found;
    const { budget } = found.value;
    const { more, limit, whenCommitted } = change;
    const sent: SentMembers = {
      budget_id: budgetId,
      limit_usd: formatUsd4(limit),
      when_committed: whenCommitted,
      months_charged: more.monthsCharged ?? null,
      owner: more.owner ?? null,
      active: more.isActive ?? null,
      credit_savings: more.creditSavings ?? null,
      alert_percents: more.alertPercents ?? null,
    };
    const terms = changed(termsOfBudget(budget), change);
    const asked = sentToChangeBudget(sent);
    return this.set(
      { budgetId: budget.terms.budget_id, change: { kind: 'update', expectedVersion }, terms, asked, sent },
      meta,
    );
  }

  /** Nothing new is charged to it. */
  async close({ budgetId, expectedVersion }: EditedBudget, meta: RequestMeta): WrittenBudget {
    const found = await this.find(meta.caller, budgetId);
    if (found.kind === 'problem') return found;
    const { budget } = found.value;
    const terms: Terms = { ...termsOfBudget(budget), isActive: false, whenCommitted: 'ratchet' }; // What is held stays held.
    const sent: SentMembers = { budget_id: budgetId };
    const asked = askedToClose(budgetId);
    return this.set(
      { budgetId: budget.terms.budget_id, change: { kind: 'close', expectedVersion }, terms, asked, sent },
      meta,
    );
  }

  /** Newest first. */
  list(viewer: Viewer, page: PageRequest): Promise<UseCaseResult<ShownPage<ShownBudget>>> {
    return this.writer.page(BUDGETS, viewer, page);
  }

  async find(viewer: Viewer, budgetId: string): Promise<UseCaseResult<ShownBudget>> {
    const found = await this.writer.find(viewer.tenantId, ({ policy, accounts }: GateState, now) => {
      const budget = policy.budgets.get(budgetId);
      return budget === undefined ? undefined : shownBudget(accounts, budget, now);
    });
    if (found.kind === 'problem') return found;
    return mayActOnScope(viewer, found.value.budget.terms.scope) ? found : projectForbidden();
  }

  /** Answers with the terms that the entry has, also where somebody has changed them since. */
  private async set({ terms, asked, sent, ...which }: Setting, meta: RequestMeta): WrittenBudget {
    if (!mayActOnScope(meta.caller, terms.scope)) return projectForbidden();
    const now = this.writer.now();
    const by = { author: meta.caller.subject, now, idempotency: keyedBy(meta, asked) };
    const written = await this.writer.write({ kind: 'set_budget', ...which, ...terms, ...by }, meta, {
      operation: BUDGET_OPERATIONS[which.change.kind],
      sent,
    });
    if (written.kind === 'problem') return written;
    const { state, recorded, revision, entry, isReplayed } = written.value;
    if (recorded?.type !== 'budget_set' || revision === null) throw new Error('a budget was set and no entry says so');
    return done({ entry, isReplayed, ...shownBudget(state.accounts, budgetOf(recorded.payload, revision), now) });
  }
}
