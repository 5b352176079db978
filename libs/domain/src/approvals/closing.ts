import { accepted } from '../shared/entry.js';
import type { ApprovalsResult, CloseGrant, CloseSuperseded } from './approvals.commands.js';
import type { ApprovalsEntry } from './approvals.entries.js';
import type { ApprovalsState } from './approvals.state.js';
import { isSuperseded } from './ending.js';

/** Says that a grant has no use left; once. */
export const closeGrant = (command: CloseGrant, state: ApprovalsState): ApprovalsResult => {
  const approval = state.approvals.get(command.approvalId);
  if (approval?.status !== 'granted' || approval.uses?.isUsedUp !== true) return accepted();
  return accepted<ApprovalsEntry>({
    type: 'grant_used_up',
    payload: {
      approval_id: approval.approvalId,
      decision_id: approval.decisionId,
      uses: approval.uses.count,
      last_use: approval.uses.lastUse,
      used_up_at: command.now,
    },
  });
};

/** Who takes back what nobody took back. */
const NOBODY = 'verdict';

/** Takes a request back that was superseded; once. */
export const closeSuperseded = (command: CloseSuperseded, state: ApprovalsState): ApprovalsResult => {
  const approval = state.approvals.get(command.approvalId);
  if (approval === undefined || !isSuperseded(approval)) return accepted();
  return accepted<ApprovalsEntry>({
    type: 'approval_withdrawn',
    payload: {
      approval_id: approval.approvalId,
      decision_id: approval.decisionId,
      withdrawn_by: NOBODY,
      withdrawn_at: command.now,
      cause: 'superseded',
    },
  });
};
