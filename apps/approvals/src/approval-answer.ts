import type { ApprovalChange, Sealer } from '@verdict/application';
import { type Approval, type PersonalText, progressOf } from '@verdict/domain';

/** Opens the text at `path` of an entry for those who may read it; text whose key was destroyed is gone. */
export const openText = (
  text: PersonalText | null,
  at: { readonly tenantId: string; readonly entryId: string; readonly path: string },
  sealer: Sealer,
): string | null => {
  if (text === null) return null;
  if ('$seal' in text) return text.$seal.text;
  return sealer.open({ tenantId: at.tenantId, sealed: text.$sealed, aad: `${at.entryId}/${at.path}` }) ?? null;
};

/** One request as the API shows it. */
export const approvalAnswer = (approval: Approval, justification: string | null) => {
  const { requested } = approval;
  const { binding, terms, requester } = requested;
  return {
    approval_id: approval.approvalId,
    decision_id: approval.decisionId,
    status: approval.status,
    requester: requester.subject,
    on_behalf_of: requester.on_behalf_of,
    source: binding.source,
    project_id: binding.project_id,
    environment: binding.environment_label,
    environment_class: binding.environment_class,
    action: binding.action,
    resource_reference: binding.resource_reference,
    request_fingerprint: binding.request_fingerprint,
    reason_codes: requested.reason_codes,
    monthly_delta_usd: requested.monthly_delta_usd,
    hourly_delta_usd: requested.hourly_delta_usd,
    hold_usd: requested.hold_usd,
    unfunded_usd: terms.unfunded_usd,
    max_monthly_delta_usd: terms.cap_monthly_delta_usd,
    max_hourly_delta_usd: terms.cap_hourly_delta_usd,
    justification,
    ticket: requested.ticket,
    channel: terms.channel ?? ('token' as const),
    uses: terms.channel === 'grant' ? { used: approval.uses?.count ?? 0, max: terms.grant_uses_max ?? 1 } : null,
    progress: progressOf(approval),
    requested_at: requested.requested_at,
    approve_by: requested.approve_by,
    use_by: approval.useBy,
  };
};

export const voteAnswer = ({ approval, token, entry, isReplayed }: ApprovalChange) => ({
  status: approval.status,
  approval_id: approval.approvalId,
  decision_id: approval.decisionId,
  progress: progressOf(approval),
  approval_token: token?.text ?? null,
  token_expires_at: token?.expiresAt ?? null,
  use_by: approval.useBy,
  replayed: isReplayed,
  entry,
});
