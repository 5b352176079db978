import { type ApprovalsEntry, approvalsAnswerOf, assertNever } from '@verdict/domain';
import type { RecordedEntry } from '../journals/entry-log.js';
import type { Revision } from '../ports/journals.js';
import type { ApprovalRowChange, RowChange, StoredApprovalRow } from './changes.js';
import { approvalsEntry } from './entries.codec.js';
import { keyedAnswer } from './keyed-answers.projection.js';

type Requested = Extract<ApprovalsEntry, { type: 'approval_requested' }>['payload'];

/** The person behind a pipeline asked as much as the pipeline did. */
const askers = ({ requester }: Requested): readonly string[] =>
  requester.on_behalf_of === null || requester.on_behalf_of === requester.subject
    ? [requester.subject]
    : [requester.subject, requester.on_behalf_of].sort();

const approvalRow = (tenantId: string, revision: Revision, requested: Requested): StoredApprovalRow => ({
  tenantId,
  approvalId: requested.approval_id,
  decisionId: requested.decision_id,
  revision,
  status: 'pending',
  projectId: requested.binding.project_id,
  requester: requested.requester.subject,
  excludedVoters: requested.terms.is_separation_required ? askers(requested) : [],
  approvedBy: [],
  approvedStages: [],
  quorum: requested.terms.quorum,
  ticket: requested.ticket,
  filedRevision: null,
  requestedAt: requested.requested_at,
  approveBy: requested.approve_by,
  useBy: null,
  isSeparationRequired: requested.terms.is_separation_required,
  sinceRevision: revision,
});

/** Makes the update of an approval's row that the entry at this revision means. */
type Changed = (approvalId: string, change: ApprovalRowChange) => readonly RowChange[];

type Later = Exclude<ApprovalsEntry, { type: 'approval_requested' | 'approval_request_filed' | 'vote_cast' }>;

/** What an approval comes to, once it is no longer a matter of filing and voting. */
const outcome = (changed: Changed, entry: Later): readonly RowChange[] => {
  switch (entry.type) {
    case 'approval_granted':
      return changed(entry.payload.approval_id, { kind: 'granted', useBy: entry.payload.use_by });
    case 'approval_denied':
      return changed(entry.payload.approval_id, { kind: 'ended', status: 'denied' });
    case 'approval_expired':
      return changed(entry.payload.approval_id, { kind: 'ended', status: 'expired' });
    case 'approval_withdrawn':
      return changed(entry.payload.approval_id, { kind: 'ended', status: 'withdrawn' });
    case 'token_consumed':
    case 'grant_used_up':
      return changed(entry.payload.approval_id, { kind: 'ended', status: 'consumed' });
    case 'token_issued':
    case 'token_refused':
      return [];
    default:
      return assertNever(entry);
  }
};

const ofApproval = (tenantId: string, revision: Revision, entry: ApprovalsEntry): readonly RowChange[] => {
  const changed: Changed = (approvalId, change) => [
    { op: 'update', table: 'approvals', tenantId, approvalId, change, revision },
  ];
  switch (entry.type) {
    case 'approval_requested':
      return [{ op: 'insert', table: 'approvals', row: approvalRow(tenantId, revision, entry.payload) }];
    case 'approval_request_filed': {
      const { approval_id: id, filed_by: by, on_behalf_of: onBehalfOf = null, ticket, justification } = entry.payload;
      return changed(id, { kind: 'filed', by, onBehalfOf, ticket, isJustified: justification !== null });
    }
    case 'vote_cast': {
      const { approval_id: id, voter: by, vote, stage_id: stage, stages = [stage] } = entry.payload;
      return changed(id, { kind: 'voted', by, vote, stages });
    }
    default:
      return outcome(changed, entry);
  }
};

/** Row changes of one entry of `approvals-<tenant>`. Throws TypeError for a type that this release does not know. */
export const projectApprovals = (tenantId: string, recorded: RecordedEntry): readonly RowChange[] => {
  const entry = approvalsEntry(recorded);
  return [
    ...ofApproval(tenantId, recorded.revision, entry),
    ...keyedAnswer({ tenantId, kind: 'approvals' }, recorded, approvalsAnswerOf(entry)),
  ];
};
