import type { PolicyDocument, Behaviour } from '../policy/policy.document.js';
import type { PublishedPriceBook } from '../policy/policy.state.js';
import { formatUsd4, formatUsd6, hourlyOfMonthly, type MicroUsd, monthlyOfHourly, NOTHING } from '../shared/money.js';
import type { AskForChange, PricedEvidence } from './ask-for-change.js';
import type { ChangeFacts, CostEvidence, CostSource } from './decisions.entries.js';
import type { ReasonCode } from './reason-codes.js';

/** What the cost says about the change: findings to approve or refuse, and notes that decide nothing. */
export interface AssessedCost {
  readonly evidence: CostEvidence;
  /** R: the known monthly delta, micro-USD; 0 when nothing is known, and then `completeness` says so. */
  readonly monthly: MicroUsd;
  readonly hourly: MicroUsd;
  /** What the evidence shows of the change; nothing where there is none. */
  readonly change: ChangeFacts;
  readonly approvals: readonly ReasonCode[];
  readonly violations: readonly ReasonCode[];
  readonly notes: readonly ReasonCode[];
}

/** What is known of a change that no evidence shows. */
export const NO_CHANGE_FACTS: ChangeFacts = { creates: 0, deletes: 0, replaces: 0, resource_types: [], updates: 0 };

interface Amounts {
  readonly monthly: MicroUsd;
  readonly hourly: MicroUsd;
}
const NO_AMOUNTS: Amounts = { monthly: NOTHING, hourly: NOTHING };
/** One figure: what it says, and how it is recorded. `amounts` null: nothing known. */
interface Figure {
  readonly method: CostSource['method'];
  readonly amounts: Amounts | null;
  readonly priced: PricedEvidence | null;
}

const ofEvidence = (method: 'price_book' | 'infracost', priced: PricedEvidence): Figure => ({
  method,
  priced,
  amounts: priced.completeness === 'unknown' ? null : { monthly: priced.monthly, hourly: priced.hourly },
});

const ofClaim = ({ claim }: AskForChange): readonly Figure[] => {
  const { method, hourly } = claim;
  // Whoever says what an hour costs has said what a month does.
  const monthly = claim.monthly ?? (hourly === null ? null : monthlyOfHourly(hourly));
  if (monthly === null) return [];
  return [{ method, priced: null, amounts: { monthly, hourly: hourly ?? hourlyOfMonthly(monthly) } }];
};

const sourceOf = ({ method, amounts, priced }: Figure): CostSource => ({
  // Members in canonical order, so that sealing has nothing to sort.
  completeness: priced?.completeness ?? 'complete',
  hourly_delta_usd: amounts === null ? null : formatUsd6(amounts.hourly),
  method,
  monthly_delta_usd: amounts === null ? null : formatUsd4(amounts.monthly),
  priced: priced?.priced ?? 0,
  unpriced: priced?.unpriced ?? 0,
});

const isApartBy = (percent: number, claim: MicroUsd, evidence: MicroUsd): boolean => {
  const distance = claim > evidence ? claim - evidence : evidence - claim;
  const size = evidence < 0n ? 0n - evidence : evidence;
  return distance * 100n > size * BigInt(percent);
};

/**
 * The evidence that counts, in the order of its strength: what the gate prices itself, else the caller's report. What no book
 * prices says what is changed; what it costs, a report says better.
 */
const evidenceOf = (command: AskForChange, book: PublishedPriceBook | undefined): readonly Figure[] => {
  const priced = book === undefined ? command.evidence?.withoutBook : command.evidence?.priceWith(book.book);
  const own = priced === undefined ? [] : [ofEvidence('price_book', priced)];
  const reports = command.report === null ? [] : [ofEvidence('infracost', command.report)];
  return book === undefined && priced?.completeness === 'unknown' ? [...reports, ...own] : [...own, ...reports];
};

const larger = (a: Figure, b: Figure): Figure =>
  a.amounts !== null && (b.amounts === null || a.amounts.monthly >= b.amounts.monthly) ? a : b;

/** The figure whose amount counts: a caller may know of more cost than the evidence shows, never of less. */
const counting = (first: Figure, others: readonly Figure[], percent: number) => {
  if (first.amounts === null) return { figure: others.reduce(larger, first), isApart: false };
  const { monthly } = first.amounts;
  const apart = others.filter(({ amounts }) => amounts !== null && isApartBy(percent, amounts.monthly, monthly));
  return { figure: apart.reduce(larger, first), isApart: apart.length > 0 };
};

const NO_COST = {
  method: 'none',
  completeness: 'unknown',
  priced: 0,
  unpriced: 0,
  price_book: null,
  lines: [],
} as const;

const recorded = (
  command: AskForChange,
  figures: readonly Figure[],
  told: Pick<CostEvidence, 'method' | 'completeness' | 'priced' | 'unpriced' | 'price_book' | 'lines'>,
  amounts: Amounts | null,
): CostEvidence => {
  // Members in canonical order, so that sealing has nothing to sort.
  const evidence: CostEvidence = {
    completeness: told.completeness,
    hourly_delta_usd: amounts === null ? null : formatUsd6(amounts.hourly),
    lines: told.lines,
    method: told.method,
    monthly_delta_usd: amounts === null ? null : formatUsd4(amounts.monthly),
    price_book: told.price_book,
    priced: told.priced,
    ...(command.isRemoval ? ({ removal: true } as const) : {}),
    sources: figures.map(sourceOf),
    unpriced: told.unpriced,
  };
  return command.claim.isInvalid ? { claim_invalid: true, ...evidence } : evidence;
};

interface Context {
  readonly book: PublishedPriceBook | undefined;
  readonly document: PolicyDocument;
  readonly behaves: Behaviour;
}

const unknownFindings = ({ completeness }: CostEvidence, { document, behaves }: Context) => {
  if (completeness === 'complete') return { approvals: [], violations: [] };
  const reason: ReasonCode = completeness === 'partial' ? 'cost_partial' : 'cost_unknown';
  return document.pricing.unknown[behaves] === 'violation'
    ? { approvals: [], violations: [reason] }
    : { approvals: [reason], violations: [] };
};

const isShowing = ({ creates, deletes, forgets = 0, replaces, updates, resource_types }: ChangeFacts): boolean =>
  creates + deletes + forgets + replaces + updates + resource_types.length > 0;
/** What is changed: by what the gate reads itself, else by the caller's report, for a plan that nobody can read shows nothing. */
const shownBy = (figures: readonly Figure[]): ChangeFacts =>
  [...figures]
    .sort((a, b) => Number(b.method === 'price_book') - Number(a.method === 'price_book'))
    .flatMap(({ priced }) => (priced === null ? [] : [priced.change]))
    .find(isShowing) ?? NO_CHANGE_FACTS;

const fromEvidence = (
  command: AskForChange,
  context: Context,
  first: Figure & { readonly priced: PricedEvidence },
  others: readonly Figure[],
): AssessedCost => {
  const { figure, isApart } = counting(first, others, context.document.pricing.mismatch_percent);
  const { priced } = first;
  const { book } = context;
  const isOurs = first.method === 'price_book' && book !== undefined;
  const told = {
    method: first.method,
    completeness: priced.completeness,
    priced: priced.priced,
    unpriced: priced.unpriced,
    price_book: isOurs ? { sha256: book.sha256, version: book.version } : null,
    lines: priced.lines,
  };
  const evidence = recorded(command, [first, ...others], told, figure.amounts);
  const { monthly, hourly } = figure.amounts ?? NO_AMOUNTS;
  return {
    monthly,
    hourly,
    evidence,
    change: shownBy([first, ...others]),
    ...unknownFindings(evidence, context),
    notes: isApart ? ['cost_declared_mismatch'] : [],
  };
};

const claimOnly = (command: AskForChange, { document, behaves }: Context, claim: Figure): AssessedCost => {
  const rule = document.pricing.declared[behaves];
  const told = { ...NO_COST, method: claim.method, completeness: 'complete' } as const;
  const { monthly, hourly } = claim.amounts ?? NO_AMOUNTS;
  return {
    monthly,
    hourly,
    evidence: recorded(command, [claim], told, claim.amounts),
    change: NO_CHANGE_FACTS,
    approvals: [],
    violations: rule === 'refuse' ? ['cost_declared_refused'] : [],
    notes: rule === 'flag' ? ['cost_declared_unverified'] : [],
  };
};

/** No evidence, or none that any book can price: a claim is kept, and the cost stays unknown. */
const withoutEvidence = (command: AskForChange, context: Context, claims: readonly Figure[]): AssessedCost => {
  const [claim] = claims;
  if (claim !== undefined && command.evidence === null) return claimOnly(command, context, claim);
  const amounts = claim?.amounts ?? null;
  const told = claim === undefined ? NO_COST : { ...NO_COST, method: claim.method };
  const evidence = recorded(command, claims, told, amounts);
  const { monthly, hourly } = amounts ?? NO_AMOUNTS;
  return {
    monthly,
    hourly,
    evidence,
    change: NO_CHANGE_FACTS,
    ...unknownFindings(evidence, context),
    notes: [],
  };
};

/** Whoever cleans up adds nothing, whether it is known what that saves or not: no finding of money keeps it from him. */
const withoutFindings = (assessed: AssessedCost): AssessedCost => ({ ...assessed, approvals: [], violations: [] });

const withInvalidClaim = (assessed: AssessedCost): AssessedCost => ({
  ...assessed,
  violations: [...assessed.violations, 'cost_annotation_invalid'],
});

/**
 * Where the amount of a change comes from: evidence beats claim, the larger counts where they are apart, and what is
 * unknown is a finding, never zero. An amount that is none is a violation. The review of a deletion has no finding: what
 * is unknown of it is recorded as unknown.
 *
 * @source contract section 5.5; protocols section 1.4 rule 7
 */
export const assessCost = (
  command: AskForChange,
  book: PublishedPriceBook | undefined,
  document: PolicyDocument,
  behaves: Behaviour,
): AssessedCost => {
  const context: Context = { book, document, behaves };
  const [first, ...reports] = evidenceOf(command, book);
  const claims = ofClaim(command);
  const assessed =
    first === undefined || first.priced === null
      ? withoutEvidence(command, context, claims)
      : fromEvidence(command, context, { ...first, priced: first.priced }, [...reports, ...claims]);
  if (command.isRemoval) return withoutFindings(assessed);
  return command.claim.isInvalid ? withInvalidClaim(assessed) : assessed;
};
