import {
  type Evidence,
  type InfracostEvidence,
  isRawObject,
  NO_BOOK,
  NO_CHANGE_FACTS,
  NOTHING,
  type Plan,
  type PlanReading,
  type PriceBook,
  type PricedEvidence,
  type PricedLine,
  pricePlan,
  type RawJson,
  rawJsonText,
  readInfracost,
  readPlan,
  readResourceChanges,
  type RecordedRequest,
  sha256Hex,
} from '@verdict/domain';
import { done, problemOf, type UseCaseResult } from '../shared/refusal.js';

/** Documents about a change that others define, as the strict reader read them; undefined: not sent. */
export interface SentDocuments {
  readonly plan?: RawJson | undefined;
  readonly resourceChanges?: RawJson | undefined;
  readonly infracost?: RawJson | undefined;
}

/** What they come to, and their hashes, which idempotency compares. */
export interface ReadEvidence {
  readonly evidence: Evidence | null;
  readonly report: PricedEvidence | null;
  readonly options: RecordedRequest['options'];
}

const UNPRICEABLE: PricedEvidence = {
  monthly: NOTHING,
  hourly: NOTHING,
  completeness: 'unknown',
  priced: 0,
  unpriced: 0,
  lines: [],
  change: NO_CHANGE_FACTS,
};

const pricedPlan = (plan: Plan, book: PriceBook): PricedEvidence => {
  const { monthlyDelta, hourlyDelta, completeness, priced, unpriced, lines, counts, resourceTypes } = pricePlan(
    plan,
    book,
  );
  return {
    monthly: monthlyDelta ?? NOTHING,
    hourly: hourlyDelta ?? NOTHING,
    completeness,
    priced,
    unpriced,
    lines,
    change: {
      // Members in canonical order, so that sealing has nothing to sort.
      creates: counts.create,
      deletes: counts.delete,
      ...(counts.forget > 0 ? { forgets: counts.forget } : {}),
      replaces: counts.replace,
      resource_types: resourceTypes,
      updates: counts.update,
    },
  };
};

/**
 * Evidence that prices once per book, however often the decision is repeated: pricing is the slowest part of an answer.
 * Without a book it still shows what is changed, which rules, routes and risk look at.
 */
export const pricedOnce = (priceWith: (book: PriceBook) => PricedEvidence): Evidence => {
  let known: { readonly book: PriceBook; readonly priced: PricedEvidence } | undefined;
  const priced = (book: PriceBook): PricedEvidence => {
    if (known?.book !== book) known = { book, priced: priceWith(book) };
    return known.priced;
  };
  return {
    priceWith: priced,
    get withoutBook() {
      return priced(NO_BOOK);
    },
  };
};

const countOf = (lines: readonly PricedLine[], action: PricedLine['action']): number =>
  lines.filter((line) => line.action === action).reduce((sum, { count }) => sum + count, 0);

const reported = (evidence: InfracostEvidence): PricedEvidence => ({
  monthly: evidence.monthlyDelta ?? NOTHING,
  hourly: evidence.hourlyDelta ?? NOTHING,
  completeness: evidence.completeness,
  priced: evidence.priced,
  unpriced: evidence.unpriced,
  lines: evidence.lines,
  change: {
    creates: countOf(evidence.lines, 'create'),
    deletes: countOf(evidence.lines, 'delete'),
    replaces: countOf(evidence.lines, 'replace'),
    resource_types: evidence.resourceTypes,
    updates: countOf(evidence.lines, 'update'),
  },
});

const invalid = (pointer: string, detail: string, code = 'validation_failed'): UseCaseResult<never> =>
  problemOf(code, { errors: [{ pointer, code, detail }] });

/** A plan of another major version is evidence that cannot be read: cost unknown. What is no plan at all is refused. */
const evidenceOf = (reading: PlanReading, place: string): UseCaseResult<Evidence> => {
  if (reading.kind === 'plan') return done(pricedOnce((book) => pricedPlan(reading.plan, book)));
  if (reading.code === 'plan_format_unsupported') return done({ priceWith: () => UNPRICEABLE });
  return invalid(`${place}${reading.pointer}`, reading.detail);
};

const planEvidence = ({ plan, resourceChanges }: SentDocuments): UseCaseResult<Evidence | null> => {
  if (plan !== undefined) {
    if (!isRawObject(plan)) return invalid('/plan', 'a plan is what terraform show -json printed: an object');
    return evidenceOf(readPlan(plan), '/plan');
  }
  return resourceChanges === undefined
    ? done(null)
    : evidenceOf(readResourceChanges(resourceChanges), '/resource_changes');
};

/** A report in another currency is refused, never converted; one that cannot be read means that the cost is unknown. */
const reportEvidence = ({ infracost }: SentDocuments): UseCaseResult<PricedEvidence | null> => {
  if (infracost === undefined) return done(null);
  const reading = readInfracost(infracost);
  if (reading.kind === 'report') return done(reported(reading.evidence));
  if (reading.code === 'currency_unsupported') {
    return invalid(`/infracost${reading.pointer}`, reading.detail, 'currency_unsupported');
  }
  if (reading.code === 'report_version_unsupported') return done(UNPRICEABLE);
  return invalid(`/infracost${reading.pointer}`, reading.detail);
};

const hashed = (name: string, document: RawJson | undefined): RecordedRequest['options'] =>
  document === undefined ? {} : { [name]: sha256Hex(rawJsonText(document)) };

/**
 * Reads the documents of a request. A plan goes before bare resource changes; a report stands beside either.
 *
 * @returns evidence, or 422 with the pointer of the first defect.
 * @source contract sections 5.1, 5.5, 6.2 (options)
 */
export const readEvidence = (documents: SentDocuments): UseCaseResult<ReadEvidence> => {
  const evidence = planEvidence(documents);
  if (evidence.kind === 'problem') return evidence;
  const report = reportEvidence(documents);
  if (report.kind === 'problem') return report;
  return done({
    evidence: evidence.value,
    report: report.value,
    options: {
      ...hashed('resource_changes_sha256', documents.plan ?? documents.resourceChanges),
      ...hashed('infracost_sha256', documents.infracost),
    },
  });
};
