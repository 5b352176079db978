import type { ApprovalId, DecisionId, Instant, Sha256Hex } from '../shared/brand.js';
import { BoundedMap } from '../shared/bounded-map.js';
import { max, type MicroUsd, microUsd, NOTHING, usdOf } from '../shared/money.js';
import { PersistentMap } from '../shared/persistent-map.js';
import type { DecisionRecorded, Source } from './decisions.entries.js';

/** An approval that later requests may use instead of a token. Contract section 11.5. */
export interface Grant {
  readonly decisionId: DecisionId;
  readonly approvalId: ApprovalId;
  readonly source: Source;
  readonly environmentClass: string;
  readonly fingerprint: Sha256Hex;
  readonly subjectHash: Sha256Hex;
  /** Codes and rule ids that the approver saw, not what a waiver had removed; a grant clears no others. */
  readonly reasons: readonly string[];
  readonly rules: readonly string[];
  /** Under which the rules said what the approver saw. */
  readonly policyVersion: number;
  readonly capMonthly: MicroUsd;
  readonly capHourly: MicroUsd;
  /** What `overage:<decision>` may fund. */
  readonly unfunded: MicroUsd;
  readonly usesMax: number;
  readonly uses: number;
  readonly usedMonthly: MicroUsd;
  readonly usedHourly: MicroUsd;
  /** null: nobody has agreed yet. */
  readonly useBy: Instant | null;
  /** When somebody agreed: after a denial of an equal change, or before it. null: nobody has, or nobody knows when. */
  readonly grantedAt: Instant | null;
}

/** Grants that may still be used, and fingerprints that were denied. All leave when their hold ends. */
export interface Grants {
  readonly byDecision: PersistentMap<Grant>;
  readonly bySubject: PersistentMap<readonly DecisionId[]>;
  /** When the newest approval of a fingerprint was denied. */
  readonly denied: BoundedMap<Instant>;
}

/** Denials a tenant's state remembers at least. */
export const DENIALS_KEPT = 10_000;

export const noGrants: Grants = {
  byDecision: PersistentMap.empty,
  bySubject: PersistentMap.empty,
  denied: BoundedMap.ofCapacity(DENIALS_KEPT),
};

const seenRules = ({
  rules_matched: matched = [],
  exceptions_used: used = [],
}: DecisionRecorded): readonly string[] => {
  const waived = new Set(used.flatMap((exception) => exception.waived));
  return matched.filter((id) => !waived.has(id));
};

const grantOf = (recorded: DecisionRecorded): Grant | null => {
  const { approval, request } = recorded;
  if (approval?.channel !== 'grant') return null;
  return {
    decisionId: recorded.decision_id,
    approvalId: approval.approval_id,
    source: request.source,
    environmentClass: request.environment_class,
    fingerprint: recorded.request_fingerprint,
    subjectHash: recorded.subject_hash,
    reasons: recorded.reason_codes,
    rules: seenRules(recorded),
    policyVersion: recorded.policy_version,
    capMonthly: usdOf(approval.cap_monthly_delta_usd),
    capHourly: usdOf(approval.cap_hourly_delta_usd),
    unfunded: usdOf(approval.unfunded_usd),
    usesMax: approval.grant_uses_max ?? 1,
    uses: 0,
    usedMonthly: NOTHING,
    usedHourly: NOTHING,
    useBy: null,
    grantedAt: null,
  };
};

const amountOf = (text: DecisionRecorded['cost']['monthly_delta_usd' | 'hourly_delta_usd']): MicroUsd =>
  text === null ? NOTHING : max(NOTHING, usdOf(text));

/** What is left of a grant after a use; nothing once the last one is gone. */
const afterUse = (grants: Grants, recorded: DecisionRecorded): Grants => {
  const use = recorded.grant_use ?? null;
  const grant = use === null ? undefined : grants.byDecision.get(use.decision_id);
  if (use === null || grant === undefined) return grants;
  if (use.is_last) return withoutGrant(grants, use.decision_id);
  const used: Grant = {
    ...grant,
    uses: use.use,
    usedMonthly: microUsd(grant.usedMonthly + amountOf(recorded.cost.monthly_delta_usd)),
    usedHourly: microUsd(grant.usedHourly + amountOf(recorded.cost.hourly_delta_usd)),
  };
  return { ...grants, byDecision: grants.byDecision.set(use.decision_id, used) };
};

/** Remembers what a decision may become, and what it used. */
export const withDecision = (grants: Grants, recorded: DecisionRecorded): Grants => {
  const used = afterUse(grants, recorded);
  const grant = grantOf(recorded);
  if (grant === null) return used;
  const { decisionId, subjectHash } = grant;
  return {
    ...used,
    byDecision: used.byDecision.set(decisionId, grant),
    bySubject: used.bySubject.set(subjectHash, [...(used.bySubject.get(subjectHash) ?? []), decisionId]),
  };
};

/** A decision whose hold has ended can be used no more. */
export const withoutGrant = (grants: Grants, decisionId: DecisionId): Grants => {
  const grant = grants.byDecision.get(decisionId);
  if (grant === undefined) return grants;
  const others = (grants.bySubject.get(grant.subjectHash) ?? []).filter((id) => id !== decisionId);
  return {
    ...grants,
    byDecision: grants.byDecision.delete(decisionId),
    bySubject:
      others.length === 0
        ? grants.bySubject.delete(grant.subjectHash)
        : grants.bySubject.set(grant.subjectHash, others),
  };
};

/** Somebody has agreed: usable until `useBy`. */
export const withGranted = (
  grants: Grants,
  decisionId: DecisionId,
  agreed: Pick<Grant, 'useBy' | 'grantedAt'>,
): Grants => {
  const grant = grants.byDecision.get(decisionId);
  return grant === undefined
    ? grants
    : { ...grants, byDecision: grants.byDecision.set(decisionId, { ...grant, ...agreed }) };
};

/** Somebody has denied: the same question is not asked again for a while. */
export const withDenied = (grants: Grants, decisionId: DecisionId, at: Instant): Grants => {
  const grant = grants.byDecision.get(decisionId);
  return grant === undefined ? grants : { ...grants, denied: grants.denied.set(grant.fingerprint, at) };
};
