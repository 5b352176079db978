import { type HeldLeg, type TermsOf, withHeld } from '../accounts/accounts.js';
import {
  type Budget,
  matchingBudgets,
  policyInForce,
  type PolicyState,
  type PolicyVersion,
  priceBookOf,
  termsOf,
} from '../policy/policy.state.js';
import type { Behaviour, Mode, PolicyDocument } from '../policy/policy.document.js';
import type { Sha256Hex } from '../shared/brand.js';
import { classOf } from '../shared/environment.js';
import { requestFingerprint, subjectHash } from '../shared/fingerprint.js';
import { plusSeconds } from '../shared/instant.js';
import {
  formatUsd4,
  formatUsd6,
  max,
  type MicroUsd,
  microUsd,
  NOTHING,
  roundHalfEven,
  usdOf,
} from '../shared/money.js';
import type { AskForChange } from './ask-for-change.js';
import { assessCost, type AssessedCost } from './cost.js';
import type { ApprovalTerms, DecisionRecorded, Finding, Outcome } from './decisions.entries.js';
import { autoApprovalKey, type GateState } from './decisions.state.js';
import { outcomeOf } from './outcome.js';
import { inAnswerOrder, type ReasonCode } from './reason-codes.js';
import { balancesAfter, fund, type Waterfall } from './waterfall.js';

interface Place {
  readonly version: PolicyVersion;
  readonly document: PolicyDocument;
  readonly environmentClass: string;
  readonly behaves: Behaviour;
  readonly isEnvironmentUnknown: boolean;
  readonly mode: Mode;
  readonly budgets: readonly Budget[];
  readonly terms: TermsOf;
}

/** Everything that follows from the policy in force and the environment's name. */
const placeOf = (command: AskForChange, version: PolicyVersion, policy: PolicyState): Place => {
  const { document } = version;
  const { environment_raw: raw, environment_label: label, source } = command.request;
  const found = classOf(raw, label, document.environments.classes);
  const row = document.mode_matrix[source];
  return {
    version,
    document,
    environmentClass: found.environmentClass,
    behaves: found.behavesAs,
    isEnvironmentUnknown: found.isUnknown,
    mode: row[found.environmentClass] ?? row['default'] ?? 'soft',
    budgets: matchingBudgets(policy, command.request.project_id, found.environmentClass),
    terms: termsOf(policy),
  };
};

interface ApprovalNeed {
  readonly approvals: readonly ReasonCode[];
  readonly notes: readonly ReasonCode[];
  readonly autoApproved: MicroUsd | null;
}

/** The need that policy states for the class, and what auto-approval clears of it. Contract section 8.3. */
const approvalNeed = (command: AskForChange, state: GateState, place: Place, cost: AssessedCost): ApprovalNeed => {
  if (!place.document.approval.required[place.behaves]) return { approvals: [], notes: [], autoApproved: null };
  const { below_monthly_usd: below, cumulative_monthly_usd: cumulative } = place.document.entitlements.auto_approve;
  const isSmall = cost.approvals.length === 0 && cost.monthly <= usdOf(below);
  if (!isSmall) return { approvals: ['approval_required'], notes: [], autoApproved: null };
  const amount = max(NOTHING, cost.monthly);
  const used = state.autoApproved.get(autoApprovalKey(command.requester, command.now)) ?? NOTHING;
  return used + amount <= usdOf(cumulative)
    ? { approvals: [], notes: ['auto_approved_below_threshold'], autoApproved: amount }
    : { approvals: ['approval_required', 'auto_approve_cap_reached'], notes: [], autoApproved: null };
};

const strongest = (violations: readonly ReasonCode[], approvals: readonly ReasonCode[]): Finding => {
  if (violations.length > 0) return 'violation';
  return approvals.length > 0 ? 'approval' : 'clean';
};

const capOf = (
  delta: MicroUsd,
  document: PolicyDocument,
): { readonly percent: bigint; readonly absolute: MicroUsd; readonly base: MicroUsd } => ({
  percent: BigInt(document.approval.replan_tolerance.percent),
  absolute: usdOf(document.approval.replan_tolerance.absolute_usd),
  base: max(NOTHING, delta),
});

/** Cap = max(0, delta) x (1 + percent) + absolute. Contract section 11.3. */
const approvalTerms = (command: AskForChange, place: Place, cost: AssessedCost, unfunded: MicroUsd): ApprovalTerms => {
  const { approval } = place.document;
  const monthly = capOf(cost.monthly, place.document);
  const hourly = capOf(cost.hourly, place.document);
  const raised = (base: MicroUsd, percent: bigint, unit: bigint): bigint =>
    roundHalfEven(base * (100n + percent), 100n * unit) * unit;
  return {
    approval_id: command.approvalId,
    approve_by_seconds: approval.approve_by_seconds,
    use_by_seconds: approval.use_by_seconds,
    token_ttl_seconds: approval.token_ttl_seconds,
    quorum: 1,
    is_separation_required: approval.separation[place.behaves],
    justification_length_min: approval.justification.required[place.behaves] ? approval.justification.min_length : 0,
    consumer: approval.consumer,
    cap_monthly_delta_usd: formatUsd4(microUsd(raised(monthly.base, monthly.percent, 100n) + monthly.absolute)),
    cap_hourly_delta_usd: formatUsd6(
      microUsd(raised(hourly.base, hourly.percent, 1n) + roundHalfEven(hourly.absolute, 730n)),
    ),
    unfunded_usd: formatUsd4(unfunded),
  };
};

interface Verdict {
  readonly finding: Finding;
  readonly outcome: Outcome;
  readonly reasons: readonly ReasonCode[];
  readonly legs: readonly HeldLeg[];
  readonly total: MicroUsd;
  readonly exposure: MicroUsd;
  readonly wouldBe: DecisionRecorded['would_be'];
}

/** What shadow mode let pass although hard mode had not. */
const wouldBe = (mode: Mode, finding: Finding, codes: readonly ReasonCode[]): DecisionRecorded['would_be'] => {
  if (mode !== 'shadow' || finding === 'clean') return null;
  const { outcome, reason } = outcomeOf('hard', finding);
  return { decision: outcome, reason_codes: inAnswerOrder(reason === null ? codes : [...codes, reason]) };
};

const verdictOf = (command: AskForChange, place: Place, cost: AssessedCost, found: Found): Verdict => {
  const finding = strongest(found.violations, found.approvals);
  const { outcome, hold, reason } = outcomeOf(place.mode, finding);
  const codes = [...found.violations, ...found.approvals, ...found.notes];
  const holds = hold !== 'none' && !command.isDryRun;
  return {
    finding,
    outcome,
    reasons: inAnswerOrder([
      ...codes,
      ...(reason === null ? [] : [reason]),
      ...(command.isDryRun ? (['dry_run'] as const) : []),
    ]),
    legs: holds ? found.waterfall.legs : [],
    total: holds ? found.waterfall.funded : NOTHING,
    exposure:
      place.mode === 'shadow' && finding !== 'clean' && !command.isDryRun ? max(NOTHING, cost.monthly) : NOTHING,
    wouldBe: wouldBe(place.mode, finding, [...found.violations, ...found.approvals]),
  };
};

interface Found {
  readonly waterfall: Waterfall;
  readonly violations: readonly ReasonCode[];
  readonly approvals: readonly ReasonCode[];
  readonly notes: readonly ReasonCode[];
  readonly autoApproved: MicroUsd | null;
}

const findings = (command: AskForChange, state: GateState, place: Place, cost: AssessedCost): Found => {
  const isBudgetRequired = place.document.entitlements.require_budget[place.behaves];
  const { budgets, terms } = place;
  const waterfall = fund({ monthly: cost.monthly, isBudgetRequired, now: command.now, budgets, terms }, state.accounts);
  const need = approvalNeed(command, state, place, cost);
  const isAboveHardDeny = cost.monthly > usdOf(place.document.entitlements.hard_deny_above_monthly_usd);
  // A cost that is not known is not "no change".
  const fundingNotes =
    cost.evidence.completeness === 'complete'
      ? waterfall.notes
      : waterfall.notes.filter((note) => note !== 'no_cost_change');
  return {
    waterfall,
    violations: [
      ...cost.violations,
      ...waterfall.violations,
      ...(isAboveHardDeny ? (['hard_deny_threshold_exceeded'] as const) : []),
    ],
    approvals: [...cost.approvals, ...need.approvals],
    notes: [
      ...cost.notes,
      ...fundingNotes,
      ...need.notes,
      ...(place.isEnvironmentUnknown ? (['environment_unknown_strict'] as const) : []),
    ],
    autoApproved: need.autoApproved,
  };
};

const isPermitted = (outcome: Outcome): boolean => outcome === 'ALLOW' || outcome === 'ALLOW_WITH_CREDITS';

/** The fingerprint binds the amounts that the decision used, so it can only be made once the change is priced. */
const hashesOf = (
  command: AskForChange,
  cost: AssessedCost,
): { readonly fingerprint: Sha256Hex; readonly subject: Sha256Hex } => ({
  fingerprint: requestFingerprint(command.request, cost.evidence),
  subject: subjectHash(command.request),
});

const isRequired = (verdict: Verdict, command: AskForChange): boolean =>
  verdict.outcome === 'REQUIRE_APPROVAL' && !command.isDryRun;

/**
 * Evaluates a change on one state: cost, funding, thresholds, approval need, mode. Pure: the same command on the same
 * state gives the same record, byte for byte (G7). The only comparison with a limit is in the waterfall (G5).
 * Returns undefined while the tenant has no policy at all.
 */
// eslint-disable-next-line max-lines-per-function -- one line per member of the record
export const evaluate = (command: AskForChange, state: GateState, generation: number): DecisionRecorded | undefined => {
  const version = policyInForce(state.policy, command.now);
  if (version === undefined) return undefined;
  const place = placeOf(command, version, state.policy);
  const cost = assessCost(command, priceBookOf(state.policy, place.document), place.document, place.behaves);
  const found = findings(command, state, place, cost);
  const verdict = verdictOf(command, place, cost, found);
  const { fingerprint, subject } = hashesOf(command, cost);
  const ttl = place.document.execution.decision_ttl_seconds;
  // Members in canonical order, so that sealing has nothing to sort.
  return {
    approval: isRequired(verdict, command) ? approvalTerms(command, place, cost, found.waterfall.unfunded) : null,
    auto_approved_usd:
      found.autoApproved !== null && isPermitted(verdict.outcome) && !command.isDryRun && place.mode !== 'shadow'
        ? formatUsd4(found.autoApproved)
        : null,
    balances_after: balancesAfter(
      { budgets: place.budgets, terms: place.terms, now: command.now },
      withHeld(state.accounts, verdict.legs),
    ),
    cost: cost.evidence,
    decided_at: command.now,
    decision: verdict.outcome,
    decision_id: command.decisionId,
    dry_run: command.isDryRun,
    expires_at: plusSeconds(command.now, ttl),
    exposure_usd: formatUsd4(verdict.exposure),
    finding: verdict.finding,
    hold: {
      legs: verdict.legs.map(({ account, amount }) => ({ account, amount_usd: formatUsd4(amount) })),
      total_usd: formatUsd4(verdict.total),
      unfunded_usd: formatUsd4(found.waterfall.unfunded),
    },
    key: { scope: command.key.scope, text: command.key.text, is_derived: command.key.isDerived, generation },
    mode: place.mode,
    mode_scope: `${command.request.source}:${place.environmentClass}`,
    payload_hash: command.payloadHash,
    policy_document_sha256: version.documentSha256,
    policy_version: version.version,
    reason_codes: verdict.reasons,
    request: { ...command.request, environment_class: place.environmentClass },
    request_fingerprint: fingerprint,
    requester: command.requester,
    salt: command.salt,
    subject_hash: subject,
    supersedes: null,
    ttl_seconds: ttl,
    warnings: warningsOf(found, place.budgets.length),
    waterfall: found.waterfall.stages,
    would_be: verdict.wouldBe,
  };
};

const warningsOf = (found: Found, budgetCount: number): readonly string[] => [
  ...(budgetCount === 0 ? ['no budget covers this project: only the ceilings are charged'] : []),
  ...(found.notes.includes('environment_unknown_strict')
    ? ['the environment is not known to the policy and counts as prod']
    : []),
  ...(found.notes.includes('cost_declared_mismatch')
    ? ['the declared amount differs from the priced one: the larger counts']
    : []),
];
