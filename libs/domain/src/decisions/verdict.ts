import type { Mode } from '../policy/policy.document.js';
import type { DecisionRecorded, Finding, Outcome } from './decisions.entries.js';
import { codesOf, type FindingItem } from './findings.js';
import { type HoldRule, outcomeOf } from './outcome.js';
import { inAnswerOrder, type ReasonCode } from './reason-codes.js';

/** What a mode makes of findings. */
export interface Verdict {
  readonly finding: Finding;
  readonly outcome: Outcome;
  readonly hold: HoldRule;
  readonly reasons: readonly ReasonCode[];
  readonly wouldBe: DecisionRecorded['would_be'];
}

const CONTEXT_CODES = {
  shadow: 'shadow_mode_cost_context_override',
  soft: 'soft_mode_cost_context_escalation',
  hard: 'hard_mode_cost_context_closed',
} as const satisfies Record<Mode, ReasonCode>;

const strongest = (items: readonly FindingItem[]): Finding => {
  if (items.some(({ strength }) => strength === 'violation')) return 'violation';
  return items.length > 0 ? 'approval' : 'clean';
};

/** An approval that was denied a moment ago is not asked for again, in soft mode either. Contract section 11.5. */
const cellOf = (mode: Mode, finding: Finding, codes: readonly ReasonCode[]) => {
  const cell = outcomeOf(mode, finding);
  return mode === 'soft' && codes.includes('approval_denied_recently')
    ? { outcome: 'DENY' as const, hold: 'none' as const, reason: null }
    : cell;
};

const withModeCodes = (mode: Mode, finding: Finding, codes: readonly ReasonCode[]): readonly ReasonCode[] => {
  const { reason } = cellOf(mode, finding, codes);
  return [
    ...codes,
    ...(codes.includes('computed_context_unavailable') ? [CONTEXT_CODES[mode]] : []),
    ...(reason === null ? [] : [reason]),
  ];
};

/** ALLOW with money of credits in it has a name of its own. */
const named = (outcome: Outcome, hold: HoldRule, usesCredits: boolean): Outcome =>
  outcome === 'ALLOW' && hold !== 'none' && usesCredits ? 'ALLOW_WITH_CREDITS' : outcome;

const FUNDING: ReadonlySet<ReasonCode> = new Set([
  'credit_waterfall_used',
  'reserved_credit_waterfall_used',
  'emergency_credit_waterfall_used',
]);
/** Credits that were looked at and not drawn were not used. */
const usedOnly = (notes: readonly ReasonCode[], hold: HoldRule): readonly ReasonCode[] =>
  hold === 'none' ? notes.filter((code) => !FUNDING.has(code)) : notes;

interface Found {
  readonly finding: Finding;
  readonly codes: readonly ReasonCode[];
  readonly notes: readonly ReasonCode[];
}
const reasonsIn = (mode: Mode, { finding, codes, notes }: Found): readonly ReasonCode[] =>
  inAnswerOrder([...withModeCodes(mode, finding, codes), ...usedOnly(notes, cellOf(mode, finding, codes).hold)]);

/** What shadow mode let pass although hard mode had not, with all that its answer had said. */
const wouldBe = (mode: Mode, found: Found, isBare: boolean): Verdict['wouldBe'] => {
  const { finding, codes } = found;
  if (mode !== 'shadow' || finding === 'clean') return null;
  const { outcome: decision } = cellOf('hard', finding, codes);
  return isBare
    ? { decision, reason_codes: reasonsIn('hard', { ...found, notes: [] }) }
    : { decision, has_notes: true, reason_codes: reasonsIn('hard', found) };
};

export interface VerdictTerms {
  /** Money of credits is in what funds the change. */
  readonly usesCredits: boolean;
  /** Of a decision that was recorded before what would have been had notes. */
  readonly isWouldBeBare: boolean;
}

/**
 * From findings to outcome and hold, by the mode of the matrix.
 *
 * @source contract section 7.2
 */
export const verdictOf = (
  mode: Mode,
  items: readonly FindingItem[],
  notes: readonly ReasonCode[],
  { usesCredits, isWouldBeBare }: VerdictTerms,
): Verdict => {
  const finding = strongest(items);
  const codes = [...codesOf(items, 'violation'), ...codesOf(items, 'approval')];
  const { outcome, hold } = cellOf(mode, finding, codes);
  const found = { finding, codes, notes };
  return {
    finding,
    outcome: named(outcome, hold, usesCredits),
    hold,
    reasons: reasonsIn(mode, found),
    wouldBe: wouldBe(mode, found, isWouldBeBare),
  };
};
