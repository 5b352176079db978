import { approvalIdOf } from '../shared/brands.js';
import { payloadHash } from '../shared/fingerprint.js';
import { NOTHING, usdOf } from '../shared/money.js';
import type { RuleEngine } from '../rules/rules.js';
import { type AskForChange, type Evidence, type PricedEvidence, REMOVAL_ACTION } from './ask-for-change.js';
import { NO_CHANGE_FACTS } from './cost.js';
import type { CostSource, DecisionRecorded } from './decisions.entries.js';
import { isOfReview } from './unit-facts.js';

/** Champion and challenger were asked by the same rules. */
const isClearedByApproval = ({ challenger, grant_use: use }: DecisionRecorded): boolean =>
  use?.cleared_by_approval === true || challenger?.cleared_by_approval === true;

/** What held when it was recorded, and does no more; where an entry says nothing of it, both come to the same. */
const rulesOf = (
  recorded: DecisionRecorded,
): Pick<
  AskForChange,
  'isChallengerSkipped' | 'isChallengerWithoutGrants' | 'isCountedAgain' | 'isUseAutoApproved' | 'isWouldBeBare'
> => ({
  ...(recorded.challenger?.evaluated === false ? { isChallengerSkipped: true } : {}),
  ...(recorded.challenger?.grant_used === true ? {} : { isChallengerWithoutGrants: true }),
  ...(recorded.counted_before === undefined ? { isCountedAgain: true } : {}),
  ...(isClearedByApproval(recorded) ? {} : { isUseAutoApproved: true }),
  ...(recorded.would_be === null || recorded.would_be.has_notes === true ? {} : { isWouldBeBare: true }),
});

const NO_APPROVAL = approvalIdOf(''); // Never recorded: a decision that needs no approval has no terms to name one.

type Alone = Omit<CostSource, 'method'>;

const pricedAs = ({ cost, change }: DecisionRecorded, source: Alone): PricedEvidence => ({
  monthly: source.monthly_delta_usd === null ? NOTHING : usdOf(source.monthly_delta_usd),
  hourly: source.hourly_delta_usd === null ? NOTHING : usdOf(source.hourly_delta_usd),
  completeness: source.completeness,
  priced: source.priced,
  unpriced: source.unpriced,
  lines: cost.lines,
  change: change ?? NO_CHANGE_FACTS,
});

const sourceOf = ({ cost }: DecisionRecorded, method: CostSource['method']): CostSource | undefined =>
  cost.sources?.find((source) => source.method === method);

/**
 * What evidence alone came to. Entries of the first release do not say it: there it is the amount of the decision, unless
 * a larger claim stands in its place.
 */
const priceBookAlone = (recorded: DecisionRecorded): Alone | undefined => {
  const { cost, request } = recorded;
  if (cost.sources !== undefined) return sourceOf(recorded, 'price_book');
  const claimed = request.declared_monthly_delta_usd;
  const isHidden = claimed !== null && (cost.monthly_delta_usd === null || cost.monthly_delta_usd === claimed);
  return isHidden ? undefined : cost;
};

const asRecorded = (priced: PricedEvidence): Evidence => ({ priceWith: () => priced });

const UNPRICEABLE: ReadonlySet<string> = new Set(['declared', 'annotation']);
/** Evidence that no book could price leaves only the claim behind, and the cost unknown. */
const wasUnpriceable = ({ cost }: DecisionRecorded): boolean =>
  cost.price_book === null && UNPRICEABLE.has(cost.method) && cost.completeness === 'unknown';

/** Prices as recorded, whatever the book: what a plan held is not in the ledger, what it came to is. */
const recordedEvidence = (recorded: DecisionRecorded): Evidence | null | undefined => {
  const withoutBook = recorded.cost.price_book === null ? sourceOf(recorded, 'price_book') : undefined;
  if (withoutBook !== undefined) {
    const priced = pricedAs(recorded, withoutBook);
    return { ...asRecorded(priced), withoutBook: priced };
  }
  if (recorded.cost.price_book === null && recorded.cost.method === 'price_book') return undefined;
  if (recorded.cost.price_book === null) {
    return wasUnpriceable(recorded) ? asRecorded(pricedAs(recorded, recorded.cost)) : null;
  }
  const alone = priceBookAlone(recorded);
  return alone === undefined ? undefined : asRecorded(pricedAs(recorded, alone));
};

const isClaim = ({ method }: CostSource): boolean => method === 'declared' || method === 'annotation';

const recordedClaim = ({ cost, request }: DecisionRecorded): AskForChange['claim'] => {
  const { declared_monthly_delta_usd: monthly } = request;
  // An hourly amount alone was no claim to releases before: then no source of the cost is one.
  const isClaimed = monthly !== null || cost.sources?.some(isClaim) === true;
  const hourly = isClaimed ? request.declared_hourly_delta_usd : null;
  const isAnnotation =
    request.source === 'k8s_admission' && cost.sources?.some(({ method }) => method === 'annotation');
  return {
    method: isAnnotation === true ? 'annotation' : 'declared',
    monthly: monthly === null ? null : usdOf(monthly),
    hourly: hourly === null ? null : usdOf(hourly),
    isInvalid: cost.claim_invalid ?? false,
  };
};

/** Entries of before deletions could not be refused for money do not say that they are one: they were decided as any. */
const wasRemoval = (recorded: DecisionRecorded): boolean =>
  recorded.cost.removal === true && isOfReview(recorded) && recorded.request.action === REMOVAL_ACTION;

/**
 * The question that a decision answered, from its entry alone: time, ids, salt and what evidence came to are in it.
 *
 * @param rules evaluates the conditions of rules, as when the decision was made.
 * @returns undefined where the entry does not hold enough: written before decisions recorded what evidence alone came to.
 * @source architecture guarantee G7
 */
export const recordedQuestion = (
  recorded: DecisionRecorded,
  tenantId: string,
  rules: RuleEngine,
): AskForChange | undefined => {
  const evidence = recordedEvidence(recorded);
  if (evidence === undefined) return undefined;
  const { environment_class: _decided, ...request } = recorded.request;
  const report = sourceOf(recorded, 'infracost');
  return {
    kind: 'ask_for_change',
    decisionId: recorded.decision_id,
    approvalId: recorded.approval?.approval_id ?? NO_APPROVAL,
    salt: recorded.salt,
    now: recorded.decided_at,
    key: { scope: recorded.key.scope, text: recorded.key.text, isDerived: recorded.key.is_derived },
    payloadHash: payloadHash({ tenantId, dryRun: recorded.dry_run, request }),
    request,
    requester: { kind: 'user', roles: [], groups: [], ...recorded.requester },
    isDryRun: recorded.dry_run,
    isRemoval: wasRemoval(recorded),
    channel: recorded.channel ?? 'token',
    claim: recordedClaim(recorded),
    evidence,
    report: report === undefined ? null : pricedAs(recorded, report),
    rules,
    expectedFingerprint: null,
    rememberedAnswer: null,
    ...rulesOf(recorded),
  };
};
