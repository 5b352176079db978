import { type Approval, type ApprovalsState, type Instant, mayReview, type Reviewer } from '@verdict/domain';
import { mayActFor } from '../shared/request.js';

/** The project whose change somebody has to agree to. */
export const projectOf = ({ requested }: Approval): string => requested.binding.project_id;

/** Place of a request in the queue: oldest first, ids deciding between equals. */
const placeOf = ({ requested, approvalId }: Approval): readonly [string, string] => [
  requested.requested_at,
  approvalId,
];

const isBefore = (a: readonly string[], b: readonly string[]): boolean => {
  const [aTime = '', aId = ''] = a;
  const [bTime = '', bId = ''] = b;
  return aTime < bTime || (aTime === bTime && aId < bId);
};

/**
 * What this person may decide, oldest first, and whether there is more. From the service's own state, which has every open
 * request and the votes on it: eligibility moves with each vote, and it filters before the limit.
 * @source contract sections 1 (pages), 4 and 11.2
 */
export const approvalQueue = (
  state: ApprovalsState,
  asks: {
    readonly reviewer: Reviewer;
    /** Projects the reviewer may act for; null: all. */
    readonly projects: readonly string[] | null;
    readonly now: Instant;
  },
  { limit, after = ['', ''] }: { readonly limit: number; readonly after: readonly string[] | undefined },
): { readonly approvals: readonly Approval[]; readonly last: readonly string[] | undefined } => {
  const waiting = [...state.open.keys()]
    .flatMap((id) => state.approvals.get(id) ?? [])
    .filter(
      (approval) =>
        isBefore(after, placeOf(approval)) &&
        mayActFor(asks, projectOf(approval)) &&
        mayReview(approval, asks.reviewer, asks.now),
    )
    .sort((a, b) => (isBefore(placeOf(a), placeOf(b)) ? -1 : 1));
  const approvals = waiting.slice(0, limit);
  const last = approvals.at(-1);
  return { approvals, last: waiting.length > limit && last !== undefined ? placeOf(last) : undefined };
};
