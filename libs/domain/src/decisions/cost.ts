import type { PolicyDocument, Behaviour } from '../policy/policy.document.js';
import type { PublishedPriceBook } from '../policy/policy.state.js';
import { formatUsd4, formatUsd6, hourlyOfMonthly, type MicroUsd, NOTHING } from '../shared/money.js';
import type { AskForChange } from './ask-for-change.js';
import type { CostEvidence } from './decisions.entries.js';
import type { ReasonCode } from './reason-codes.js';

/** What the cost says about the change: findings to approve or refuse, and notes that decide nothing. */
export interface AssessedCost {
  readonly evidence: CostEvidence;
  /** R: the known monthly delta, micro-USD; 0 when nothing is known, and then `completeness` says so. */
  readonly monthly: MicroUsd;
  readonly hourly: MicroUsd;
  readonly approvals: readonly ReasonCode[];
  readonly violations: readonly ReasonCode[];
  readonly notes: readonly ReasonCode[];
}

const differ = (claim: MicroUsd, evidence: MicroUsd, percent: number): boolean => {
  const distance = claim > evidence ? claim - evidence : evidence - claim;
  const size = evidence < 0n ? 0n - evidence : evidence;
  return distance * 100n > size * BigInt(percent);
};

interface Amounts {
  readonly monthly: MicroUsd;
  readonly hourly: MicroUsd;
}
const claimed = ({ claim }: AskForChange): Amounts | null => {
  if (claim.monthly === null) return null;
  return { monthly: claim.monthly, hourly: claim.hourly ?? hourlyOfMonthly(claim.monthly) };
};

const unknownFindings = (evidence: CostEvidence, document: PolicyDocument, behaves: Behaviour) => {
  if (evidence.completeness === 'complete') return { approvals: [], violations: [] };
  const reason: ReasonCode = evidence.completeness === 'partial' ? 'cost_partial' : 'cost_unknown';
  return document.pricing.unknown[behaves] === 'violation'
    ? { approvals: [], violations: [reason] }
    : { approvals: [reason], violations: [] };
};

const NO_COST: CostEvidence = {
  monthly_delta_usd: null,
  hourly_delta_usd: null,
  method: 'none',
  completeness: 'unknown',
  priced: 0,
  unpriced: 0,
  price_book: null,
  lines: [],
};

const fromClaim = (amounts: Amounts): CostEvidence => ({
  ...NO_COST,
  monthly_delta_usd: formatUsd4(amounts.monthly),
  hourly_delta_usd: formatUsd6(amounts.hourly),
  method: 'declared',
  completeness: 'complete',
});

const claimOnly = (amounts: Amounts, document: PolicyDocument, behaves: Behaviour): AssessedCost => {
  const rule = document.pricing.declared[behaves];
  return {
    ...amounts,
    evidence: fromClaim(amounts),
    approvals: [],
    violations: rule === 'refuse' ? ['cost_declared_refused'] : [],
    notes: rule === 'flag' ? ['cost_declared_unverified'] : [],
  };
};

/* eslint-disable complexity -- evidence, claim and what is unknown meet here, once */
const fromEvidence = (
  command: AskForChange,
  book: PublishedPriceBook,
  document: PolicyDocument,
  behaves: Behaviour,
): AssessedCost => {
  const priced = command.evidence?.priceWith(book.book);
  if (priced === undefined) throw new TypeError('evidence without a pricer');
  const claim = claimed(command);
  const nothingKnown = priced.completeness === 'unknown';
  const isApart =
    claim !== null && !nothingKnown && differ(claim.monthly, priced.monthly, document.pricing.mismatch_percent);
  // The larger counts: a caller may know of more cost than the plan shows, never of less.
  const counts = claim !== null && (nothingKnown || (isApart && claim.monthly > priced.monthly)) ? claim : priced;
  const evidence: CostEvidence = {
    monthly_delta_usd: nothingKnown && claim === null ? null : formatUsd4(counts.monthly),
    hourly_delta_usd: nothingKnown && claim === null ? null : formatUsd6(counts.hourly),
    method: 'price_book',
    completeness: priced.completeness,
    priced: priced.priced,
    unpriced: priced.unpriced,
    price_book: { version: book.version, sha256: book.sha256 },
    lines: priced.lines,
  };
  const known = nothingKnown && claim === null ? { monthly: NOTHING, hourly: NOTHING } : counts;
  const findings = unknownFindings(evidence, document, behaves);
  return {
    monthly: known.monthly,
    hourly: known.hourly,
    evidence,
    ...findings,
    notes: isApart ? ['cost_declared_mismatch'] : [],
  };
};
/* eslint-enable complexity */

/**
 * Where the amount of a change comes from: evidence beats claim, and what is unknown is a finding, never zero.
 * @source contract section 5.5
 */
export const assessCost = (
  command: AskForChange,
  book: PublishedPriceBook | undefined,
  document: PolicyDocument,
  behaves: Behaviour,
): AssessedCost => {
  if (command.evidence !== null && book !== undefined) return fromEvidence(command, book, document, behaves);
  const claim = claimed(command);
  // Evidence that no book can price leaves the claim, and the cost stays unknown.
  if (claim !== null && command.evidence === null) return claimOnly(claim, document, behaves);
  const evidence: CostEvidence = claim === null ? NO_COST : { ...fromClaim(claim), completeness: 'unknown' };
  const amounts = claim ?? { monthly: NOTHING, hourly: NOTHING };
  return { ...amounts, evidence, ...unknownFindings(evidence, document, behaves), notes: [] };
};
