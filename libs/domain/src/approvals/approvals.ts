import { accepted, type PersonalText, refused } from '../shared/entry.js';
import type { Instant } from '../shared/brand.js';
import { charactersOf } from '../shared/characters.js';
import { plusSeconds } from '../shared/instant.js';
import { matchesTicket } from '../policy/ticket-pattern.js';
import type {
  ApprovalsCommand,
  ApprovalsRefusal,
  ApprovalsResult,
  CastVote,
  FileRequest,
  OpenRequest,
  PassTime,
  ReissueToken,
  SignedToken,
  Withdraw,
} from './approvals.commands.js';
import type { ApprovalsEntry } from './approvals.entries.js';
import type { Approval } from './approval.js';
import { type ApprovalsState, bindingOf } from './approvals.state.js';
import { closeGrant, closeSuperseded } from './closing.js';
import { expiredApprovals, isUsedUp } from './ending.js';
import { earlierOf } from './keyed-approvals.js';
import type { Ballot } from './tally.js';
import { ballotFor, isDeniedNow, isFulfilledNow, isOwnRequest, stageOf } from './voting.js';

export const REISSUES_MAX = 5;

const lengthOf = (text: PersonalText | null): number =>
  text !== null && '$seal' in text ? charactersOf(text.$seal.text) : 0;

const openRequest = (command: OpenRequest, state: ApprovalsState): ApprovalsResult => {
  const due = state.dueRequests.get(command.decisionId);
  if (due === undefined || due.recorded.approval === null) return accepted();
  const { recorded } = due;
  return accepted<ApprovalsEntry>({
    type: 'approval_requested',
    payload: {
      approval_id: due.recorded.approval.approval_id,
      decision_id: recorded.decision_id,
      decision: recorded.decision,
      reason_codes: recorded.reason_codes,
      requester: recorded.requester,
      binding: bindingOf(recorded),
      terms: due.recorded.approval,
      monthly_delta_usd: recorded.cost.monthly_delta_usd,
      hourly_delta_usd: recorded.cost.hourly_delta_usd,
      hold_usd: recorded.hold.total_usd,
      policy_version: recorded.policy_version,
      decision_revision: Number(due.revision),
      justification_length: recorded.request.justification_length,
      ticket: recorded.request.ticket,
      requested_at: command.now,
      // Runs from the decision: an outage of this service must not give a request more time than policy does.
      approve_by: plusSeconds(recorded.decided_at, due.recorded.approval.approve_by_seconds),
    },
  });
};

const fileRequest = (command: FileRequest, state: ApprovalsState): ApprovalsResult => {
  const approvalId = state.byDecision.get(command.decisionId);
  const approval = approvalId === undefined ? undefined : state.approvals.get(approvalId);
  if (approval === undefined || approval.status !== 'pending' || command.now >= approval.requested.approve_by) {
    return refused({ code: 'decision_not_approvable' });
  }
  return accepted<ApprovalsEntry>({
    type: 'approval_request_filed',
    payload: {
      approval_id: approval.approvalId,
      filed_by: command.caller.subject,
      ...(typeof command.caller.onBehalfOf === 'string' ? { on_behalf_of: command.caller.onBehalfOf } : {}),
      justification: command.justification,
      justification_length: command.justificationLength,
      ticket: command.ticket,
      filed_at: command.now,
      idempotency: command.idempotency,
    },
  });
};

/** What the policy asked for is there, with the request or with the vote: enough text, and a ticket of its pattern. */
const isJustified = ({ notes, ticket }: CastVote, { requested: { terms }, ...approval }: Approval): boolean => {
  const { justification_length_min: least, ticket_pattern: pattern = null } = terms;
  const isLong = approval.justificationLength >= least || lengthOf(notes) >= least;
  return isLong && (matchesTicket(pattern, approval.ticket) || matchesTicket(pattern, ticket));
};

/** A vote of a pipeline is one of the person behind it, too. */
const isTheirOwn = (approval: Approval, { subject, onBehalfOf }: CastVote['caller']): boolean =>
  isOwnRequest(approval, subject) || (typeof onBehalfOf === 'string' && isOwnRequest(approval, onBehalfOf));

const voteRefusal = (command: CastVote, approval: Approval | undefined): ApprovalsRefusal | undefined => {
  if (approval === undefined) return { code: 'approval_not_found' };
  if (approval.status === 'expired') return { code: 'approval_expired' };
  if (approval.status !== 'pending') return { code: 'approval_not_pending' };
  if (command.now >= approval.requested.approve_by) return { code: 'approval_expired' };
  if (isTheirOwn(approval, command.caller)) return { code: 'self_review_forbidden' };
  if (ballotFor(approval, command) === undefined) return { code: 'not_eligible_reviewer' };
  return command.vote === 'approve' && !isJustified(command, approval) ? { code: 'justification_required' } : undefined;
};

type TokenIssued = Extract<ApprovalsEntry, { type: 'token_issued' }>;
const issued = (approval: Approval, token: SignedToken, issuedTo: string, now: Instant): TokenIssued => ({
  type: 'token_issued',
  payload: {
    approval_id: approval.approvalId,
    decision_id: approval.decisionId,
    jti: token.jti,
    token_sha256: token.tokenSha256,
    kid: token.kid,
    issued_to: issuedTo,
    issued_at: now,
    expires_at: token.expiresAt,
    supersedes_jti: approval.token?.jti ?? null,
  },
});

const granting = (command: CastVote, approval: Approval): readonly ApprovalsEntry[] => {
  const granted: ApprovalsEntry = {
    type: 'approval_granted',
    payload: {
      approval_id: approval.approvalId,
      decision_id: approval.decisionId,
      unfunded_usd: approval.requested.terms.unfunded_usd,
      granted_at: command.now,
      use_by: plusSeconds(command.now, approval.requested.terms.use_by_seconds),
    },
  };
  return command.token === null || isGrantChannel(approval)
    ? [granted]
    : [granted, issued(approval, command.token, command.caller.subject, command.now)];
};

/** Reviews and run tasks have no token: the next request uses the grant itself. @source contract section 11.5 */
export const isGrantChannel = (approval: Approval): boolean => approval.requested.terms.channel === 'grant';

/** What a vote settles, if anything: a granted or a denied request. */
const settlingBy = (command: CastVote, before: Approval, ballot: Ballot): readonly ApprovalsEntry[] => {
  const approval = { ...before, votes: before.votes.set(command.caller.subject, ballot) };
  const { approvalId: approval_id, decisionId: decision_id } = approval;
  if (isDeniedNow(approval))
    return [{ type: 'approval_denied', payload: { approval_id, decision_id, denied_at: command.now } }];
  return isFulfilledNow(approval) ? granting(command, approval) : [];
};

const castVote = (command: CastVote, state: ApprovalsState): ApprovalsResult => {
  const approval = state.approvals.get(command.approvalId);
  const problem = voteRefusal(command, approval);
  if (problem !== undefined || approval === undefined) return refused(problem ?? { code: 'approval_not_found' });
  const ballot = ballotFor(approval, command);
  if (ballot === undefined) return refused({ code: 'not_eligible_reviewer' });
  const vote: ApprovalsEntry = {
    type: 'vote_cast',
    payload: {
      approval_id: approval.approvalId,
      stage_id: stageOf(approval, command.caller.subject, ballot),
      ...(ballot.stages.length > 1 ? { stages: ballot.stages } : {}),
      voter: command.caller.subject,
      vote: command.vote,
      notes: command.notes,
      ticket: command.ticket,
      voted_at: command.now,
      idempotency: command.idempotency,
    },
  };
  return accepted<ApprovalsEntry>(vote, ...settlingBy(command, approval, ballot));
};

const isRequesterOf = (approval: Approval, subject: string): boolean =>
  subject === approval.requested.requester.subject || subject === approval.requested.requester.on_behalf_of;

const withdraw = (command: Withdraw, approval: Approval): ApprovalsResult => {
  const isOpen = approval.status === 'pending' || approval.status === 'granted';
  // Whose last use is gone has nothing left to take back, though nothing says yet that it has ended.
  if (!isOpen || isUsedUp(approval)) return refused({ code: 'approval_not_pending' });
  const { approvalId: approval_id, decisionId: decision_id } = approval;
  return accepted<ApprovalsEntry>({
    type: 'approval_withdrawn',
    payload: {
      approval_id,
      decision_id,
      withdrawn_by: command.caller.subject,
      withdrawn_at: command.now,
      idempotency: command.idempotency,
    },
  });
};

const reissue = (command: ReissueToken, approval: Approval): ApprovalsResult => {
  if (approval.status !== 'granted' || approval.useBy === null || isGrantChannel(approval))
    return refused({ code: 'approval_not_active' });
  if (command.now >= approval.useBy) return refused({ code: 'approval_expired' });
  if ((approval.token?.issuedCount ?? 0) > REISSUES_MAX) return refused({ code: 'reissue_limit_reached' });
  const { type, payload } = issued(approval, command.token, command.caller.subject, command.now);
  return accepted<ApprovalsEntry>({ type, payload: { ...payload, idempotency: command.idempotency } });
};

/**
 * Who may take a request back, or have its token again; asked before the key, which may be somebody else's.
 * @source contract section 4: creator, requester; withdraw also an admin, reissue also an approving voter
 */
export const mayHandle = (
  { kind, caller }: Pick<Withdraw | ReissueToken, 'kind' | 'caller'>,
  approval: Approval,
): boolean => {
  if (isRequesterOf(approval, caller.subject)) return true;
  return kind === 'withdraw' ? caller.isAdmin : approval.votes.get(caller.subject)?.vote === 'approve';
};

const handle = (command: Withdraw | ReissueToken, state: ApprovalsState): ApprovalsResult => {
  const approval = state.approvals.get(command.approvalId);
  const earlier = earlierOf(command, state.answers);
  // It may have left memory; who may see the first answer is then asked by whoever reads it back.
  if (approval === undefined) return earlier ?? refused({ code: 'approval_not_found' });
  if (!mayHandle(command, approval)) return refused({ code: 'forbidden' });
  if (earlier !== undefined) return earlier;
  return command.kind === 'withdraw' ? withdraw(command, approval) : reissue(command, approval);
};

const expiryOf = (approval: Approval, now: Instant): ApprovalsEntry => {
  const { approvalId: approval_id, decisionId: decision_id, status } = approval;
  const cause = status === 'pending' ? 'approve_by_passed' : 'use_by_passed';
  return { type: 'approval_expired', payload: { approval_id, decision_id, cause, expired_at: now } };
};

const passTime = ({ now }: PassTime, state: ApprovalsState): ApprovalsResult => {
  const due = expiredApprovals(state, now).slice(0, EXPIRIES_MAX);
  return accepted<ApprovalsEntry>(...due.map((approval) => expiryOf(approval, now)));
};
/** One append holds 500 entries; what is left expires with the next tick. */
const EXPIRIES_MAX = 200;

const say = (command: FileRequest | CastVote, state: ApprovalsState): ApprovalsResult =>
  command.kind === 'file_request' ? fileRequest(command, state) : castVote(command, state);

/** Decides a command over `approvals-<tenant>`. Accepted without entries: nothing is due. */
export const decideApprovals = (command: ApprovalsCommand, state: ApprovalsState): ApprovalsResult => {
  switch (command.kind) {
    case 'open_request':
      return openRequest(command, state);
    case 'file_request':
    case 'cast_vote':
      return earlierOf(command, state.answers) ?? say(command, state);
    case 'withdraw':
    case 'reissue_token':
      return handle(command, state);
    case 'pass_time':
      return passTime(command, state);
    case 'close_grant':
      return closeGrant(command, state);
    case 'close_superseded':
      return closeSuperseded(command, state);
  }
};
