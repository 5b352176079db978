import { approvalIdOf } from '../shared/brands.js';
import { payloadHash } from '../shared/fingerprint.js';
import { NOTHING, usdOf } from '../shared/money.js';
import type { AskForChange, Evidence, PricedEvidence } from './ask-for-change.js';
import type { DecisionRecorded } from './decisions.entries.js';

const NO_APPROVAL = approvalIdOf(''); // Never recorded: a decision that needs no approval has no terms to name one.

/** What evidence alone came to; null: the larger claim stands in its place, and the entry does not say what it hid. */
const pricedEvidence = ({ cost, request }: DecisionRecorded): PricedEvidence | null => {
  const { monthly_delta_usd: monthly, hourly_delta_usd: hourly, completeness, priced, unpriced, lines } = cost;
  const claimed = request.declared_monthly_delta_usd;
  if (claimed !== null && (monthly === null || monthly === claimed)) return null;
  return {
    monthly: monthly === null ? NOTHING : usdOf(monthly),
    hourly: hourly === null ? NOTHING : usdOf(hourly),
    completeness,
    priced,
    unpriced,
    lines,
  };
};

/** Prices as recorded, whatever the book: what a plan held is not in the ledger, what it came to is. */
const recordedEvidence = (recorded: DecisionRecorded): Evidence | null | undefined => {
  const { cost } = recorded;
  if (cost.price_book === null)
    return cost.method === 'declared' && cost.completeness !== 'complete' ? undefined : null;
  const priced = pricedEvidence(recorded);
  return priced === null ? undefined : { priceWith: () => priced };
};

/**
 * The question that a decision answered, from its entry alone: time, ids, salt and what evidence came to are in it.
 *
 * @returns undefined where the entry does not hold enough: written before decisions recorded what evidence alone came to.
 * @source architecture guarantee G7
 */
export const recordedQuestion = (recorded: DecisionRecorded, tenantId: string): AskForChange | undefined => {
  const evidence = recordedEvidence(recorded);
  if (evidence === undefined) return undefined;
  const { environment_class: _decided, ...request } = recorded.request;
  const { declared_monthly_delta_usd: monthly, declared_hourly_delta_usd: hourly } = request;
  return {
    kind: 'ask_for_change',
    decisionId: recorded.decision_id,
    approvalId: recorded.approval?.approval_id ?? NO_APPROVAL,
    salt: recorded.salt,
    now: recorded.decided_at,
    key: { scope: recorded.key.scope, text: recorded.key.text, isDerived: recorded.key.is_derived },
    payloadHash: payloadHash({ tenantId, dryRun: recorded.dry_run, request }),
    request,
    requester: recorded.requester,
    isDryRun: recorded.dry_run,
    claim: { monthly: monthly === null ? null : usdOf(monthly), hourly: hourly === null ? null : usdOf(hourly) },
    evidence,
    expectedFingerprint: null,
    rememberedAnswer: null,
  };
};
