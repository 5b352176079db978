import { type BalanceOf, balancesAt } from '../accounts/accounts.js';
import { challengerAt, policyFor, type PolicyVersion, priceBookOf } from '../policy/policy.state.js';
import { changeHashes } from '../shared/fingerprint.js';
import { plusSeconds } from '../shared/instant.js';
import { formatUsd4, max, NOTHING } from '../shared/money.js';
import { approvalTerms } from './approval-terms.js';
import type { AskForChange } from './ask-for-change.js';
import { type Assessable, assess, type Assessment } from './assess.js';
import { changeContext } from './change-context.js';
import { assessCost } from './cost.js';
import type { ChallengerVerdict, ChangeFacts, DecisionRecorded, Outcome } from './decisions.entries.js';
import type { GateState } from './decisions.state.js';
import { clearedBy, grantsFor, useOf, withRestOf } from './grant.js';
import type { Grant } from './grants.state.js';
import { placeOf } from './place.js';
import { balancesAfter } from './waterfall.js';

export const isPermitted = (outcome: Outcome): boolean => outcome === 'ALLOW' || outcome === 'ALLOW_WITH_CREDITS';

/** A change priced and placed under one version of the policy, and the hashes that bind it. */
export type PricedChange = Pick<Assessable, 'place' | 'cost' | 'fingerprint' | 'subject'>;

const pricedUnder = (command: AskForChange, version: PolicyVersion, { policy }: GateState): PricedChange => {
  const place = placeOf(command, version, policy);
  const cost = assessCost(command, priceBookOf(policy, place.document), place.document, place.behaves);
  // The fingerprint binds the amounts that the decision uses, so it can only be made once the change is priced.
  return { place, cost, ...changeHashes(command.request, cost.evidence) };
};

/** A priced change and what surrounds it: what every further step looks at. */
const assessableOf = (command: AskForChange, priced: PricedChange, { costDays }: GateState): Assessable => ({
  command,
  ...priced,
  context: changeContext(command, priced.place, priced.cost, costDays),
});

/** A change priced and placed under the version in force; undefined while the tenant has no policy at all. */
export const pricedNow = (command: AskForChange, state: GateState): PricedChange | undefined => {
  const version = policyFor(state.policy, command.now, command.request.project_id);
  return version === undefined ? undefined : pricedUnder(command, version, state);
};

interface Assessed {
  readonly assessment: Assessment;
  /** The balances that its hold comes on top of: without what it draws from another hold. */
  readonly balance: BalanceOf;
  readonly grant: Grant | null;
}

/**
 * A grant goes first (step 6): its hold is there for this change. One that does not permit is left for another change, and
 * the next oldest is tried: whoever agreed last may have seen more.
 */
const assessWithGrant = (asked: Assessable, state: GateState): Assessed | undefined => {
  for (const grant of grantsFor(asked, state)) {
    const assessment = assess(asked, state, grant);
    if (assessment === undefined || !isPermitted(assessment.verdict.outcome)) continue;
    const { accounts } = withRestOf(state, grant, assessment.legs);
    return { assessment, balance: balancesAt(accounts, asked.place.terms, asked.command.now), grant };
  }
  return undefined;
};

const assessedAlone = (asked: Assessable, state: GateState): Assessed | undefined => {
  const assessment = assess(asked, state, null);
  return assessment === undefined ? undefined : { assessment, balance: assessment.balance, grant: null };
};

/** What a change comes to on one state: by a grant that it fits, else by itself. */
const assessedOn = (asked: Assessable, state: GateState): Assessed | undefined =>
  assessWithGrant(asked, state) ?? assessedAlone(asked, state);

/** What a challenger says on the same state, grants and all; it holds nothing and uses no grant up. */
const challengerOpinion = (command: AskForChange, state: GateState, version: PolicyVersion): ChallengerVerdict => {
  const asked = assessableOf(command, pricedUnder(command, version, state), state);
  const assessed = (command.isChallengerWithoutGrants === true ? assessedAlone : assessedOn)(asked, state);
  const verdict = assessed?.assessment.verdict;
  return {
    decision: verdict?.outcome ?? null,
    evaluated: verdict !== undefined,
    ...(assessed?.grant ? { ...clearedBy(command), grant_used: true } : {}),
    reason_codes: verdict?.reasons ?? [],
    version: version.version,
  };
};

/** The challenger goes first where time is short (ADR 24). */
const challengerVerdict = (command: AskForChange, state: GateState): ChallengerVerdict | null => {
  const version = challengerAt(state.policy, command.now);
  if (version === undefined) return null;
  return command.isChallengerSkipped === true
    ? { decision: null, evaluated: false, reason_codes: [], version: version.version }
    : challengerOpinion(command, state, version);
};

/** The need for an approval is recorded with what it takes, unless nothing can be approved. */
const approvalOf = (asked: Assessable, { verdict, unfunded, route }: Assessment): DecisionRecorded['approval'] =>
  verdict.outcome === 'REQUIRE_APPROVAL' && !asked.command.isDryRun
    ? approvalTerms(asked.command, asked.place, { cost: asked.cost, unfunded, route })
    : null;

/** What was let through although policy said otherwise, or was not asked. */
const exposureOf = ({ command, place, cost }: Assessable, { verdict }: Assessment) =>
  place.mode === 'shadow' && verdict.finding !== 'clean' && !command.isDryRun ? max(NOTHING, cost.monthly) : NOTHING;

const autoApprovedOf = ({ command, place }: Assessable, { autoApproved, verdict }: Assessment) =>
  autoApproved !== null && isPermitted(verdict.outcome) && !command.isDryRun && place.mode !== 'shadow'
    ? formatUsd4(autoApproved)
    : null;

/**
 * Evaluates a change on one state: cost, context, funding, rules, thresholds, approval need, waivers, mode. Pure: the same
 * command on the same state gives the same record, byte for byte (G7). The only comparison with a limit is in the
 * waterfall (G5). Returns undefined while the tenant has no policy at all.
 *
 * @param priced the change as `pricedNow` made it under the same policy, for whoever has it already.
 * @source contract section 7.1
 */
export const evaluate = (
  command: AskForChange,
  state: GateState,
  generation: number,
  priced: PricedChange | undefined = pricedNow(command, state),
): DecisionRecorded | undefined => {
  if (priced === undefined) return undefined;
  const asked = assessableOf(command, priced, state);
  const assessed = assessedOn(asked, state);
  return assessed === undefined ? undefined : recordOf(asked, assessed, generation, state);
};

const requestIn = (
  environmentClass: DecisionRecorded['request']['environment_class'],
  {
    action,
    declared_hourly_delta_usd: hourly,
    declared_monthly_delta_usd: monthly,
    ...others
  }: AskForChange['request'],
): DecisionRecorded['request'] => ({
  action,
  declared_hourly_delta_usd: hourly,
  declared_monthly_delta_usd: monthly,
  environment_class: environmentClass,
  ...others,
});

/* eslint-disable max-lines-per-function -- one line per member of the record */
/** The record of an assessment. Members in canonical order, so that sealing has nothing to sort. */
const recordOf = (
  asked: Assessable,
  { assessment, balance, grant }: Assessed,
  generation: number,
  state: GateState,
): DecisionRecorded => {
  const { command, place, cost, context, fingerprint, subject } = asked;
  const { verdict, waterfall, rules, legs } = assessment;
  const { recorded: recordedContext, sha256: contextSha256 } = context.recorded();
  const ttl = place.document.execution.decision_ttl_seconds;
  const { requester } = command;
  return {
    approval: approvalOf(asked, assessment),
    auto_approved_usd: autoApprovedOf(asked, assessment),
    balances_after: balancesAfter({ budgets: place.budgets, balance }, legs),
    challenger: challengerVerdict(command, state),
    change: cost.change,
    channel: command.channel,
    computed_context: recordedContext,
    computed_context_sha256: contextSha256,
    cost: cost.evidence,
    decided_at: command.now,
    decision: verdict.outcome,
    decision_id: command.decisionId,
    dry_run: command.isDryRun,
    exceptions_used: assessment.exceptionsUsed,
    expires_at: plusSeconds(command.now, ttl),
    exposure_usd: formatUsd4(exposureOf(asked, assessment)),
    finding: verdict.finding,
    grant_use: grant === null ? null : useOf(grant, command),
    hold: {
      legs: legs.map(({ account, amount }) => ({ account, amount_usd: formatUsd4(amount) })),
      total_usd: formatUsd4(assessment.total),
      unfunded_usd: formatUsd4(assessment.unfunded),
    },
    key: { generation, is_derived: command.key.isDerived, scope: command.key.scope, text: command.key.text },
    mode: place.mode,
    mode_scope: `${command.request.source}:${place.environmentClass}`,
    obligations: rules.obligations,
    payload_hash: command.payloadHash,
    policy_document_sha256: place.version.documentSha256,
    policy_version: place.version.version,
    reason_codes: verdict.reasons,
    request: requestIn(place.environmentClass, command.request),
    request_fingerprint: fingerprint,
    requester: {
      groups: requester.groups,
      kind: requester.kind,
      on_behalf_of: requester.on_behalf_of,
      roles: requester.roles,
      subject: requester.subject,
    },
    risk: { class: context.risk.class, score: context.risk.score },
    rules: rules.traces,
    rules_matched: rules.matched,
    salt: command.salt,
    subject_hash: subject,
    supersedes: null,
    ttl_seconds: ttl,
    warnings: warningsOf(asked, assessment),
    waterfall: waterfall.stages,
    would_be: verdict.wouldBe,
  };
};

/* eslint-enable max-lines-per-function */

/** A saving that somebody may expect of it does not come. @source protocols section 3.1 */
const forgottenWarning = ({ forgets = 0 }: ChangeFacts): readonly string[] =>
  forgets > 0 ? [`resources that are forgotten run on and cost what they did: ${String(forgets)}`] : [];

const warningsOf = ({ place, cost }: Assessable, { notes, rules }: Assessment): readonly string[] => [
  ...rules.warnings,
  ...(place.budgets.length === 0 ? ['no budget covers this project: only the ceilings are charged'] : []),
  ...(notes.includes('environment_unknown_strict')
    ? ['the environment is not known to the policy and counts as prod']
    : []),
  ...(notes.includes('cost_declared_mismatch')
    ? ['the declared amount differs from the priced one: the larger counts']
    : []),
  ...forgottenWarning(cost.change),
];
