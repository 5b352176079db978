import type { AccountTerms, TermsOf } from '../accounts/accounts.js';
import type { PriceBook } from '../pricing/price-book.js';
import type { Instant, Sha256Hex } from '../shared/brand.js';
import { assertNever } from '../shared/entry.js';
import { type MicroUsd, NOTHING, usdOf } from '../shared/money.js';
import { PersistentMap } from '../shared/persistent-map.js';
import { adminKey, operationOf } from './admin-operations.js';
import { evolveIntegrations, type Integrations, noIntegrations } from './integrations.state.js';
import { cohortOf } from './cohort.js';
import { type Overages, withOverage } from './overages.js';
import type { PolicyDocument } from './policy.document.js';
import { type Credits, creditIdOf, evolveCredits, isCreditAccount, noCredits } from './credits.js';
import type {
  BudgetScope,
  BudgetTerms,
  PolicyEntry,
  PolicyRole,
  RecordedBudgetTerms,
  Rollout,
} from './policy.entries.js';
import { completeStored } from './stored-policy.js';
import { evolveWaivers, noWaivers, type Waivers } from './waivers.js';

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
  readonly role: PolicyRole;
  /** null: all projects. */
  readonly rollout: Rollout | null;
  readonly isCancelled: boolean;
  /** How often its rollout was set or it was cancelled since it was published. */
  readonly changes: number;
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
  readonly credits: Credits;
  readonly waivers: Waivers;
  /** By account. */
  readonly overages: Overages;
  readonly integrations: Integrations;
  readonly answers: PersistentMap<AdminAnswer>;
}

export const noPolicy: PolicyState = {
  versions: [],
  budgets: PersistentMap.empty,
  active: PersistentMap.empty,
  priceBooks: [],
  credits: noCredits,
  waivers: noWaivers,
  overages: PersistentMap.empty,
  integrations: noIntegrations,
  answers: PersistentMap.empty,
};

/** Versions of one role that were not cancelled: the latest `effective_from` first, ties by the higher version. */
const inPrecedence = (versions: readonly PolicyVersion[], role: PolicyRole): readonly PolicyVersion[] =>
  versions
    .filter((each) => each.role === role && !each.isCancelled)
    .reverse()
    .sort((a, b) => (a.effectiveFrom === b.effectiveFrom ? 0 : a.effectiveFrom > b.effectiveFrom ? -1 : 1));

type Precedence = Readonly<Record<PolicyRole, readonly PolicyVersion[]>>;
/** Every decision asks, the list changes with the policy, and it is a new one then. */
const precedences = new WeakMap<readonly PolicyVersion[], Precedence>();
const precedenceOf = ({ versions }: PolicyState): Precedence => {
  const known = precedences.get(versions);
  if (known !== undefined) return known;
  const made = { active: inPrecedence(versions, 'active'), challenger: inPrecedence(versions, 'challenger') };
  precedences.set(versions, made);
  return made;
};

const isForAll = ({ rollout }: PolicyVersion): boolean => rollout === null || rollout.cohort_percent >= 100;

/**
 * The version in force for everybody: the latest `effective_from` that has come, ties to the higher version. A version
 * that is only rolled out to a part of the projects is not. @source contract section 8.1
 */
export const policyInForce = (state: PolicyState, now: Instant): PolicyVersion | undefined =>
  precedenceOf(state).active.find((each) => each.effectiveFrom <= now && isForAll(each));

/**
 * The version that decides for a project: a rollout that has reached it goes before the previous full version.
 *
 * @source contract section 8.1
 */
export const policyFor = (state: PolicyState, now: Instant, projectId: string): PolicyVersion | undefined =>
  precedenceOf(state).active.find(
    ({ effectiveFrom, rollout }) =>
      effectiveFrom <= now && (rollout === null || cohortOf(rollout.salt, projectId) < rollout.cohort_percent),
  );

/** The challenger that is evaluated beside the policy in force, if there is one. */
export const challengerAt = (state: PolicyState, now: Instant): PolicyVersion | undefined =>
  precedenceOf(state).challenger.find(({ effectiveFrom }) => effectiveFrom <= now);

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
export const matchingBudgets = (state: PolicyState, projectId: string, environmentClass: string): readonly Budget[] => {
  const matching: Budget[] = [];
  for (const scope of scopesOf(projectId, environmentClass)) {
    for (const id of state.active.get(scope) ?? []) {
      const budget = state.budgets.get(id);
      if (budget !== undefined) matching.push(budget);
    }
  }
  return matching;
};

export const budgetAccount = (budgetId: string): string => `budget:${budgetId}`;
export const overageAccount = (decisionId: string): string => `overage:${decisionId}`;
export const isBudgetAccount = (account: string): boolean => account.startsWith('budget:');
export const isOverageAccount = (account: string): boolean => account.startsWith('overage:');
export const PLAN_CEILING = 'ceiling:plan';
export const ENTERPRISE_CEILING = 'ceiling:enterprise';

export const ALERT_PERCENTS: readonly number[] = [50, 80, 100];

/**
 * How often a monthly delta is charged within a period, unless the budget says otherwise.
 *
 * @source contract section 9.1
 */
export const MONTHS_CHARGED: Readonly<Record<BudgetTerms['period'], number>> = {
  month: 1,
  quarter: 3,
  year: 12,
  total: 1,
};

const limitOf = (text: PolicyDocument['entitlements']['plan_ceiling_monthly_usd']): MicroUsd | null =>
  text === null ? null : usdOf(text);

const ceilingTerms = (account: string, entitlements: PolicyDocument['entitlements'] | undefined): AccountTerms => {
  if (entitlements === undefined) return { limit: null, period: 'month' };
  const { plan_ceiling_monthly_usd: plan, enterprise_ceiling_monthly_usd: enterprise } = entitlements;
  return { limit: limitOf(account === PLAN_CEILING ? plan : enterprise), period: 'month' };
};

/**
 * Limit and period of any account, as the policy journal knows them. An unknown account has no room at all.
 * `version`: whose ceilings count; default: the version in force for everybody.
 */
export const termsOf = (state: PolicyState, version?: PolicyVersion): TermsOf => {
  let known: { readonly at: Instant; readonly entitlements: PolicyDocument['entitlements'] | undefined } | undefined;
  const entitlementsAt = (at: Instant): PolicyDocument['entitlements'] | undefined => {
    if (version !== undefined) return version.document.entitlements;
    if (known?.at !== at) known = { at, entitlements: policyInForce(state, at)?.document.entitlements };
    return known.entitlements;
  };
  return (account, at): AccountTerms => {
    if (account === PLAN_CEILING || account === ENTERPRISE_CEILING) return ceilingTerms(account, entitlementsAt(at));
    if (isBudgetAccount(account)) {
      const budget = state.budgets.get(account.slice('budget:'.length));
      return budget === undefined
        ? { limit: NOTHING, period: 'total' }
        : { limit: budget.limit, period: budget.terms.period };
    }
    if (isCreditAccount(account)) {
      return { limit: state.credits.grants.get(creditIdOf(account))?.total ?? NOTHING, period: 'total' };
    }
    return { limit: state.overages.get(account)?.limit ?? NOTHING, period: 'total' };
  };
};

/** Binds the key of the command that wrote an entry, within its operation. */
const withAnswer = (state: PolicyState, entry: PolicyEntry, revision: bigint): PolicyState => {
  const operation = operationOf(entry);
  if (operation === null || !('idempotency' in entry.payload)) return state;
  const { key, payload_hash: payloadHash } = entry.payload.idempotency;
  if (key === null) return state;
  return { ...state, answers: state.answers.set(adminKey(operation, key), { payloadHash, revision }) };
};

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

/** What entries of the first release did not say. */
const completeTerms = (terms: RecordedBudgetTerms): BudgetTerms => ({
  basis: 'allocation',
  credit_savings: false,
  alert_percents: ALERT_PERCENTS,
  ...terms,
});

/**
 * The budget as the entry at `revision` set it.
 *
 * @source contract section 9.1
 */
export const budgetOf = (
  payload: Extract<PolicyEntry, { type: 'budget_set' }>['payload'],
  revision: bigint,
): Budget => {
  const { set_by: setBy, set_at: setAt, idempotency: _, operation: _asked, ...recorded } = payload;
  const terms = completeTerms(recorded);
  return { terms, limit: usdOf(terms.limit_usd), revision, setBy, setAt };
};

const changeVersion = (
  state: PolicyState,
  version: number,
  change: (version: PolicyVersion) => PolicyVersion,
): PolicyState => ({
  ...state,
  versions: state.versions.map((each) =>
    each.version === version ? { ...change(each), changes: each.changes + 1 } : each,
  ),
});

// eslint-disable-next-line complexity, max-lines-per-function -- one case per entry type
const fold = (state: PolicyState, entry: PolicyEntry, revision: bigint): PolicyState => {
  switch (entry.type) {
    case 'policy_published': {
      const { payload } = entry;
      const version: PolicyVersion = {
        version: payload.version,
        revision,
        document: completeStored(payload.document),
        documentSha256: payload.document_sha256,
        effectiveFrom: payload.effective_from,
        message: payload.message,
        author: payload.author,
        publishedAt: payload.published_at,
        rolledBackTo: payload.rolled_back_to,
        role: payload.role ?? 'active',
        rollout: payload.rollout ?? null,
        isCancelled: false,
        changes: 0,
      };
      return { ...state, versions: [...state.versions, version] };
    }
    case 'policy_rollout_set': {
      const { version, cohort_percent } = entry.payload;
      return changeVersion(state, version, (each) => ({
        ...each,
        rollout: each.rollout === null ? null : { ...each.rollout, cohort_percent },
      }));
    }
    case 'policy_cancelled':
      return changeVersion(state, entry.payload.version, (each) => ({ ...each, isCancelled: true }));
    case 'credit_granted':
    case 'credit_revoked':
      return { ...state, credits: evolveCredits(state.credits, entry, revision) };
    case 'waiver_granted':
    case 'waiver_revoked':
      return { ...state, waivers: evolveWaivers(state.waivers, entry, revision) };
    case 'budget_set':
      return setBudget(state, budgetOf(entry.payload, revision));
    case 'price_book_published': {
      const {
        version,
        book,
        book_sha256: sha256,
        published_by: publishedBy,
        published_at: publishedAt,
      } = entry.payload;
      const published: PublishedPriceBook = { version, revision, book, sha256, publishedBy, publishedAt };
      return { ...state, priceBooks: [...state.priceBooks, published] };
    }
    case 'exception_granted':
      return { ...state, overages: withOverage(state.overages, entry.payload, revision) };
    case 'integration_created':
    case 'integration_secret_rotated':
    case 'integration_secret_retired':
    case 'integration_revoked':
      return { ...state, integrations: evolveIntegrations(state.integrations, entry, revision) };
    default:
      return assertNever(entry);
  }
};

/** Folds one entry of `policy-<tenant>`, and binds the key that its command had. */
export const evolvePolicy = (state: PolicyState, entry: PolicyEntry, revision: bigint): PolicyState =>
  withAnswer(fold(state, entry, revision), entry, revision);
