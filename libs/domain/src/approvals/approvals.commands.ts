import type { ApprovalId, DecisionId, Instant, Sha256Hex } from '../shared/brand.js';
import type { Keyed, PersonalText, Result } from '../shared/entry.js';
import type { EarlierAnswer, LookedUpAnswer } from '../shared/key-answers.js';
import type { ApprovalsEntry } from './approvals.entries.js';

/** The caller of a command, as the rules of separation and consumption need it. */
export interface ApprovalCaller {
  readonly subject: string;
  /** The person behind a pipeline, to whom duties belong as if they had called themselves. */
  readonly onBehalfOf?: string | null;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly isAdmin: boolean;
  /** Projects the identity may act for; null: all. */
  readonly projects: readonly string[] | null;
}

/** A token signed before the decision, so that deciding stays synchronous; it enters the ledger only if the vote completes. */
export interface SignedToken {
  readonly jti: string;
  readonly tokenSha256: Sha256Hex;
  readonly kid: string;
  readonly expiresAt: Instant;
}

export interface OpenRequest {
  readonly kind: 'open_request';
  readonly decisionId: DecisionId;
  readonly now: Instant;
}
export interface FileRequest {
  readonly kind: 'file_request';
  readonly decisionId: DecisionId;
  readonly caller: ApprovalCaller;
  readonly justification: PersonalText | null;
  readonly justificationLength: number;
  readonly ticket: string | null;
  readonly now: Instant;
  readonly idempotency: Keyed;
  readonly lookedUp?: LookedUpAnswer;
}
export interface CastVote {
  readonly kind: 'cast_vote';
  readonly approvalId: ApprovalId;
  readonly vote: 'approve' | 'deny';
  /** The stage to vote in; null: whichever admits the caller. */
  readonly stageId: string | null;
  readonly caller: ApprovalCaller;
  readonly notes: PersonalText | null;
  readonly ticket: string | null;
  readonly now: Instant;
  readonly idempotency: Keyed;
  readonly lookedUp?: LookedUpAnswer;
  /** null: no signing key is at hand; the vote stands, a token can be reissued later. */
  readonly token: SignedToken | null;
}
export interface Withdraw {
  readonly kind: 'withdraw';
  readonly approvalId: ApprovalId;
  readonly caller: ApprovalCaller;
  readonly now: Instant;
  readonly idempotency: Keyed;
  readonly lookedUp?: LookedUpAnswer;
}
export interface ReissueToken {
  readonly kind: 'reissue_token';
  readonly approvalId: ApprovalId;
  readonly caller: ApprovalCaller;
  readonly token: SignedToken;
  readonly now: Instant;
  readonly idempotency: Keyed;
  readonly lookedUp?: LookedUpAnswer;
}
/** Expires what is past its clock; late after an outage, never twice. */
export interface PassTime {
  readonly kind: 'pass_time';
  readonly now: Instant;
}
/** Says that a grant has no use left. */
export interface CloseGrant {
  readonly kind: 'close_grant';
  readonly approvalId: ApprovalId;
  readonly now: Instant;
}
/** Takes a request back whose decision was superseded: nobody needs to agree to it any more. */
export interface CloseSuperseded {
  readonly kind: 'close_superseded';
  readonly approvalId: ApprovalId;
  readonly now: Instant;
}
export type ApprovalsCommand =
  CloseGrant | CloseSuperseded | OpenRequest | FileRequest | CastVote | Withdraw | ReissueToken | PassTime;

export type ApprovalsRefusal =
  | { readonly code: 'decision_not_approvable' }
  | { readonly code: 'approval_not_found' }
  | { readonly code: 'approval_not_pending' }
  | { readonly code: 'approval_expired' }
  | { readonly code: 'approval_not_active' }
  | { readonly code: 'self_review_forbidden' }
  | { readonly code: 'not_eligible_reviewer' }
  | { readonly code: 'justification_required' }
  | { readonly code: 'reissue_limit_reached' }
  | { readonly code: 'forbidden' }
  | Extract<EarlierAnswer, { kind: 'refused' }>['refusal'];
/** `replay`: the key was answered before, by the entry at `revision`. */
export type ApprovalsResult = Result<ApprovalsEntry, ApprovalsRefusal> | Extract<EarlierAnswer, { kind: 'replay' }>;
