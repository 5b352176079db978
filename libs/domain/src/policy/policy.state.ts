import type { AccountTerms, TermsOf } from '../accounts/accounts.js';
import type { PriceBook } from '../pricing/price-book.js';
import type { Instant, Sha256Hex } from '../shared/brand.js';
import type { Keyed } from '../shared/entry.js';
import { assertNever } from '../shared/entry.js';
import { type MicroUsd, NOTHING, usdOf } from '../shared/money.js';
import { PersistentMap } from '../shared/persistent-map.js';
import type { IntegrationEntry } from './integrations.entries.js';
import { evolveIntegrations, type Integrations, noIntegrations } from './integrations.state.js';
import type { PolicyDocument } from './policy.document.js';
import type { BudgetScope, BudgetTerms, PolicyEntry } from './policy.entries.js';

export interface PolicyVersion {
  readonly version: number;
  readonly revision: bigint;
  readonly document: PolicyDocument;
  readonly documentSha256: Sha256Hex;
  readonly effectiveFrom: Instant;
  readonly message: string;
  readonly author: string;
  readonly publishedAt: Instant;
  readonly rolledBackTo: number | null;
}

export interface PublishedPriceBook {
  readonly version: string;
  readonly revision: bigint;
  readonly book: PriceBook;
  readonly sha256: Sha256Hex;
  readonly publishedBy: string;
  readonly publishedAt: Instant;
}

export interface Budget {
  readonly terms: BudgetTerms;
  readonly limit: MicroUsd;
  readonly revision: bigint;
  readonly setBy: string;
  readonly setAt: Instant;
}

/** The answer to an administrator's keyed command: which entry it made, and from what payload. */
export interface AdminAnswer {
  readonly payloadHash: Sha256Hex;
  readonly revision: bigint;
}

export interface PolicyState {
  readonly versions: readonly PolicyVersion[];
  readonly budgets: PersistentMap<Budget>;
  /** Active budget ids by scope, so that a request finds its few among thousands. */
  readonly active: PersistentMap<readonly string[]>;
  readonly priceBooks: readonly PublishedPriceBook[];
  /** Limits of the exceptions `overage:<decision id>`. */
  readonly overages: PersistentMap<MicroUsd>;
  readonly integrations: Integrations;
  readonly answers: PersistentMap<AdminAnswer>;
}

export const noPolicy: PolicyState = {
  versions: [],
  budgets: PersistentMap.empty,
  active: PersistentMap.empty,
  priceBooks: [],
  overages: PersistentMap.empty,
  integrations: noIntegrations,
  answers: PersistentMap.empty,
};

/** The version in force: the latest `effective_from` that has come, ties to the higher version. Contract 8.1. */
export const policyInForce = (state: PolicyState, now: Instant): PolicyVersion | undefined =>
  state.versions.reduce<PolicyVersion | undefined>(
    (best, version) =>
      version.effectiveFrom <= now && (best === undefined || version.effectiveFrom >= best.effectiveFrom)
        ? version
        : best,
    undefined,
  );

/** The price book a policy names: a version, or the latest published. */
export const priceBookOf = (state: PolicyState, document: PolicyDocument): PublishedPriceBook | undefined =>
  document.pricing.price_book === 'latest'
    ? state.priceBooks.at(-1)
    : state.priceBooks.find(({ version }) => version === document.pricing.price_book);

/** The scopes that a request falls under, widest first. */
export const scopesOf = (projectId: string, environmentClass: string): readonly BudgetScope[] => [
  'tenant',
  `project:${projectId}`,
  `project:${projectId}/env:${environmentClass}`,
];

/** All active budgets that a request is charged to; all are charged, or none. */
export const matchingBudgets = (state: PolicyState, projectId: string, environmentClass: string): readonly Budget[] =>
  scopesOf(projectId, environmentClass).flatMap((scope) =>
    (state.active.get(scope) ?? []).flatMap((id) => {
      const budget = state.budgets.get(id);
      return budget === undefined ? [] : [budget];
    }),
  );

export const budgetAccount = (budgetId: string): string => `budget:${budgetId}`;
export const overageAccount = (decisionId: string): string => `overage:${decisionId}`;
export const PLAN_CEILING = 'ceiling:plan';
export const ENTERPRISE_CEILING = 'ceiling:enterprise';

const limitOf = (text: PolicyDocument['entitlements']['plan_ceiling_monthly_usd']): MicroUsd | null =>
  text === null ? null : usdOf(text);

/** Limit and period of any account, as the policy journal knows them. An unknown account has no room at all. */
export const termsOf = (state: PolicyState): TermsOf => {
  let known: { readonly at: Instant; readonly entitlements: PolicyDocument['entitlements'] | undefined } | undefined;
  const entitlementsAt = (at: Instant): PolicyDocument['entitlements'] | undefined => {
    if (known?.at !== at) known = { at, entitlements: policyInForce(state, at)?.document.entitlements };
    return known.entitlements;
  };
  return (account, at): AccountTerms => {
    if (account === PLAN_CEILING || account === ENTERPRISE_CEILING) {
      const entitlements = entitlementsAt(at);
      if (entitlements === undefined) return { limit: null, period: 'month' };
      const { plan_ceiling_monthly_usd: plan, enterprise_ceiling_monthly_usd: enterprise } = entitlements;
      return { limit: limitOf(account === PLAN_CEILING ? plan : enterprise), period: 'month' };
    }
    if (account.startsWith('budget:')) {
      const budget = state.budgets.get(account.slice('budget:'.length));
      return budget === undefined
        ? { limit: NOTHING, period: 'total' }
        : { limit: budget.limit, period: budget.terms.period };
    }
    return { limit: state.overages.get(account) ?? NOTHING, period: 'total' };
  };
};

const withAnswer = (state: PolicyState, scope: string, { key, payload_hash }: Keyed, revision: bigint): PolicyState =>
  key === null
    ? state
    : { ...state, answers: state.answers.set(adminKey(scope, key), { payloadHash: payload_hash, revision }) };

/** Key space of administrators' commands: one per operation. */
export const adminKey = (scope: string, key: string): string => `${scope}\n${key}`;

const setBudget = (state: PolicyState, budget: Budget): PolicyState => {
  const { budget_id: id, scope, active } = budget.terms;
  const without = (ids: readonly string[] | undefined): readonly string[] =>
    (ids ?? []).filter((other) => other !== id);
  const earlier = state.budgets.get(id)?.terms.scope ?? scope; // A budget that has moved is charged where it is now, and only there.
  const left = earlier === scope ? state.active : state.active.set(earlier, without(state.active.get(earlier)));
  const others = without(left.get(scope));
  return {
    ...state,
    budgets: state.budgets.set(id, budget),
    active: left.set(scope, active ? [...others, id].sort() : others),
  };
};

const foldIntegration = (state: PolicyState, entry: IntegrationEntry, revision: bigint): PolicyState => {
  const integrations = evolveIntegrations(state.integrations, entry, revision);
  return withAnswer({ ...state, integrations }, 'integration', entry.payload.idempotency, revision);
};

/** Folds one entry of `policy-<tenant>`. */
export const evolvePolicy = (state: PolicyState, entry: PolicyEntry, revision: bigint): PolicyState => {
  switch (entry.type) {
    case 'policy_published': {
      const { payload } = entry;
      const version: PolicyVersion = {
        version: payload.version,
        revision,
        document: payload.document,
        documentSha256: payload.document_sha256,
        effectiveFrom: payload.effective_from,
        message: payload.message,
        author: payload.author,
        publishedAt: payload.published_at,
        rolledBackTo: payload.rolled_back_to,
      };
      return withAnswer({ ...state, versions: [...state.versions, version] }, 'policy', payload.idempotency, revision);
    }
    case 'budget_set': {
      const { set_by: setBy, set_at: setAt, idempotency, ...terms } = entry.payload;
      const budget: Budget = { terms, limit: usdOf(terms.limit_usd), revision, setBy, setAt };
      return withAnswer(setBudget(state, budget), 'budget', idempotency, revision);
    }
    case 'price_book_published': {
      const {
        version,
        book,
        book_sha256: sha256,
        published_by: publishedBy,
        published_at: publishedAt,
        idempotency,
      } = entry.payload;
      const published: PublishedPriceBook = { version, revision, book, sha256, publishedBy, publishedAt };
      return withAnswer(
        { ...state, priceBooks: [...state.priceBooks, published] },
        'price_book',
        idempotency,
        revision,
      );
    }
    case 'exception_granted':
      return { ...state, overages: state.overages.set(entry.payload.exception_id, usdOf(entry.payload.limit_usd)) };
    case 'integration_created':
    case 'integration_secret_rotated':
    case 'integration_secret_retired':
    case 'integration_revoked':
      return foldIntegration(state, entry, revision);
    default:
      return assertNever(entry);
  }
};
