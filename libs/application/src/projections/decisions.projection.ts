import { assertNever, type DecisionRecorded, usdOf } from '@verdict/domain';
import type { RecordedEntry } from '../journals/entry-log.js';
import type { Revision } from '../ports/journals.js';
import type { HoldEnd, RowChange, StoredDecisionRow } from './changes.js';
import { decisionsEntry } from './entries.codec.js';

const decisionRow = (tenantId: string, revision: Revision, recorded: DecisionRecorded): StoredDecisionRow => ({
  tenantId,
  decisionId: recorded.decision_id,
  revision,
  decidedAt: recorded.decided_at,
  expiresAt: recorded.expires_at,
  projectId: recorded.request.project_id,
  environmentClass: recorded.request.environment_class,
  source: recorded.request.source,
  resourceReference: recorded.request.resource_reference,
  decision: recorded.decision,
  reasonCodes: recorded.reason_codes,
  monthlyDeltaUsd: recorded.cost.monthly_delta_usd,
  holdUsd: recorded.hold.total_usd,
  requestFingerprint: recorded.request_fingerprint,
  keyScope: recorded.key.scope,
  keyText: recorded.key.text,
  payloadHash: recorded.payload_hash,
  approvalId: recorded.approval?.approval_id ?? null,
  isDryRun: recorded.dry_run,
  holdState: usdOf(recorded.hold.total_usd) > 0n ? 'held' : 'none',
  holdEndedRevision: null,
});

/** Only a later request that a grant admits names one. */
const grantUse = (
  tenantId: string,
  revision: Revision,
  { decision_id: decisionId, grant_use: grant }: DecisionRecorded,
): readonly RowChange[] => {
  if (grant === undefined || grant === null) return [];
  const { approval_id: approvalId, use, is_last: isLast } = grant;
  return [{ op: 'insert', table: 'grant_uses', row: { tenantId, approvalId, revision, decisionId, use, isLast } }];
};

const ended = (
  tenantId: string,
  { revision, payload }: { readonly revision: Revision; readonly payload: { readonly decision_id: string } },
  holdState: HoldEnd,
): readonly RowChange[] => [
  {
    ...{ op: 'update', table: 'decisions', tenantId, decisionId: payload.decision_id },
    ...{ holdState, holdEndedRevision: revision },
  },
];

/** Row changes of one entry of `decisions-<tenant>`. Throws TypeError for a type that this release does not know. */
export const projectDecisions = (tenantId: string, recorded: RecordedEntry): readonly RowChange[] => {
  const entry = decisionsEntry(recorded);
  const { revision } = recorded;
  switch (entry.type) {
    case 'decision_recorded':
      return [
        { op: 'insert', table: 'decisions', row: decisionRow(tenantId, revision, entry.payload) },
        ...grantUse(tenantId, revision, entry.payload),
      ];
    case 'hold_reduced': // The row says how the hold began, and whether it has ended: it has not.
    case 'decision_reanswered':
      return [];
    case 'hold_voided':
      return ended(
        tenantId,
        { revision, payload: entry.payload },
        entry.payload.cause === 'superseded' ? 'superseded' : 'voided',
      );
    case 'hold_expired':
      return ended(tenantId, { revision, payload: entry.payload }, 'expired');
    default:
      return assertNever(entry);
  }
};
