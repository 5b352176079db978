import type { ApprovalsEntry, DecisionsEntry, PolicyEntry, ReservationsEntry } from '@verdict/domain';

type TenantEntry = ApprovalsEntry | DecisionsEntry | PolicyEntry | ReservationsEntry;

/** Members of the payload that name what an entry is about, the first that is there. A forgotten type does not compile. */
const SUBJECTS = {
  decision_recorded: ['decision_id'],
  hold_reduced: ['decision_id'],
  decision_reanswered: ['decision_id'],
  hold_voided: ['decision_id'],
  hold_expired: ['decision_id'],
  approval_requested: ['approval_id'],
  approval_request_filed: ['approval_id'],
  vote_cast: ['approval_id'],
  approval_granted: ['approval_id'],
  approval_denied: ['approval_id'],
  approval_expired: ['approval_id'],
  approval_withdrawn: ['approval_id'],
  grant_used_up: ['approval_id'],
  token_issued: ['approval_id'],
  token_consumed: ['approval_id'],
  token_refused: ['approval_id', 'decision_id', 'jti'],
  actual_recorded: ['decision_id'],
  reservation_settled: ['decision_id'],
  drift_found: ['decision_id'],
  exception_opened: ['exception_id'],
  exception_resolved: ['exception_id'],
  reservation_assumed_spent: ['decision_id'],
  reservation_released: ['decision_id'],
  reservation_corrected: ['decision_id'],
  overdue_swept: ['sweep_id'],
  actual_costs_imported: ['import_id'],
  policy_published: ['version'],
  policy_rollout_set: ['version'],
  policy_cancelled: ['version'],
  budget_set: ['budget_id'],
  credit_granted: ['credit_id'],
  credit_revoked: ['credit_id'],
  waiver_granted: ['exception_id'],
  waiver_revoked: ['exception_id'],
  price_book_published: ['version'],
  exception_granted: ['exception_id'],
  integration_created: ['integration_id'],
  integration_secret_rotated: ['integration_id'],
  integration_secret_retired: ['integration_id'],
  integration_revoked: ['integration_id'],
} as const satisfies Record<TenantEntry['type'], readonly string[]>;

const isKnown = (type: string): type is keyof typeof SUBJECTS => Object.hasOwn(SUBJECTS, type);

const member = (payload: unknown, name: string): unknown =>
  typeof payload === 'object' && payload !== null ? Reflect.get(payload, name) : undefined;

/**
 * `ce_subject` of an entry: the id of the decision, approval request, budget, exception, price book, sweep or import that it
 * is about, or the version of a policy.
 *
 * @returns undefined when the entry names nothing (a refused token of nobody knows what), or its type is of a later
 * release: the attribute is optional and never empty.
 * @source protocols section 4.1
 */
export const subjectOf = ({
  type,
  payload,
}: {
  readonly type: string;
  readonly payload: unknown;
}): string | undefined => {
  if (!isKnown(type)) return undefined;
  for (const name of SUBJECTS[type]) {
    const value = member(payload, name);
    if (typeof value === 'number' || (typeof value === 'string' && value !== '')) return String(value);
  }
  return undefined;
};
