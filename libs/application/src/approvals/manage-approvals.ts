import {
  type Approval,
  type ApprovalCaller,
  type ApprovalId,
  type ApprovalsRefusal,
  type ApprovalsState,
  type CastVote,
  charactersOf,
  type DecisionId,
  type FileRequest,
  instantOf,
  type Instant,
  isGrantChannel,
  type Json,
  mayHandle,
  msOf,
  type PersonalText,
  plusSeconds,
  type ReissueToken,
  sha256Hex,
  type SignedToken,
  type Withdraw,
} from '@verdict/domain';
import { originOf } from '../journals/kinds.js';
import { KeyStoreUnavailable } from '../ports/key-store.js';
import type { PageRequest } from '../ports/read-models.js';
import type { Clock, Ids } from '../ports/system.js';
import type { Told } from '../shared/differing-members.js';
import { keyedBy, mayActFor, type RequestMeta } from '../shared/request.js';
import { done, notCommitted, problemOf, projectForbidden, type UseCaseResult } from '../shared/refusal.js';
import { answerBefore, keyNotLookedUp } from '../shared/under-key.js';
import { type AsOf, Walks } from '../shared/walk.js';
import { type EntryReference, entryReferenceOf } from '../gate/verdict-answer.js';
import { approvalQueue, projectOf } from './approval-queue.js';
import type { ApprovalTokens } from './approval-tokens.js';
import { firstAnswer, type FirstAnswerDeps, keyConflict } from './first-answers.js';
import { approvalsKeyOf, earlierIn, executeUnderApprovalsKey } from './under-approvals-key.js';

export interface ApprovalsDeps extends FirstAnswerDeps {
  readonly tokens: ApprovalTokens;
  readonly logHost: string;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** An approval after a command, with the token if this answer is the one that shows it. */
export interface ApprovalChange {
  readonly approval: Approval;
  readonly token: { readonly text: string; readonly expiresAt: Instant } | null;
  readonly entry: EntryReference | null;
  readonly isReplayed: boolean;
}

/** A page of the queue, and the revisions of the journals that its walk shows. */
export interface QueuePage {
  readonly approvals: readonly Approval[];
  readonly nextCursor: string | null;
  readonly asOf: AsOf;
}

export const approvalCallerOf = ({ caller }: RequestMeta): ApprovalCaller => ({
  subject: caller.subject,
  onBehalfOf: caller.onBehalfOf,
  roles: caller.actor.roles,
  groups: caller.groups,
  isAdmin: caller.actor.roles.includes('admin'),
  projects: caller.projects,
});
const sealable = (subject: string, text: string | null): PersonalText | null =>
  text === null ? null : { $seal: { subject, text } };

const refusalProblem = (refusal: ApprovalsRefusal): UseCaseResult<never> => {
  if (refusal.code === 'key_not_looked_up') return keyNotLookedUp();
  // To the outside an approval that is not there is simply not found; the consume route has its own code for it.
  return refusal.code === 'approval_not_found' ? problemOf('not_found') : problemOf(refusal.code);
};

/** Commands that change one approval. */
type Handled = FileRequest | CastVote | Withdraw | ReissueToken;
/** Who uses a key for what. */
type Asking = Pick<Handled, 'kind' | 'caller'>;

interface Change {
  /** What makes the command recognisable. */
  readonly asked: Told & Json;
  readonly meta: RequestMeta;
  readonly approval: Approval | undefined;
  readonly token: Signed | null;
  /** The answer where memory lacks the approval, and the key was never used. */
  readonly otherwise: UseCaseResult<never>;
}

interface Signed {
  readonly text: string;
  readonly signed: SignedToken;
}

/** Requests, votes and tokens of a tenant's approvals. */
export class ManageApprovals {
  private readonly walks: Walks<ApprovalsState>;

  constructor(private readonly deps: ApprovalsDeps) {
    this.walks = new Walks(deps.approvals, () => this.now());
  }

  private now(): Instant {
    return instantOf(this.deps.clock.nowMs());
  }

  /** A token for this approval, made before anybody knows whether the vote completes; unused ones are thrown away. */
  private async sign(tenantId: string, approval: Approval, now: Instant): Promise<Signed> {
    const { token_ttl_seconds: ttl, use_by_seconds: use } = approval.requested.terms;
    const useByMs = msOf(approval.useBy ?? plusSeconds(now, use));
    // Whole seconds, as JWT clocks tick; never later than the use-by.
    const expiresAtMs = Math.floor(Math.min(msOf(now) + ttl * 1000, useByMs) / 1000) * 1000;
    const jti = this.deps.ids.uuid();
    const { token, kid } = await this.deps.tokens.sign({ tenantId, approval, jti, issuedAtMs: msOf(now), expiresAtMs });
    return { text: token, signed: { jti, kid, tokenSha256: sha256Hex(token), expiresAt: instantOf(expiresAtMs) } };
  }

  /** Finds an approval, reading the causing journal to its tip before it says that there is none. */
  private async find(
    tenantId: string,
    select: (state: ApprovalsState) => Approval | undefined,
  ): Promise<Approval | undefined> {
    const known = select((await this.deps.approvals.current(tenantId)).state);
    if (known !== undefined) return known;
    await this.deps.approvals.caughtUp(tenantId); // Folds the decision; the turn after it opens the request.
    for (let turn = 0; turn < 3; turn += 1) {
      const { state } = await this.deps.approvals.caughtUp(tenantId);
      const found = select(state);
      if (found !== undefined || state.dueRequests.size === 0) return found;
    }
    return undefined;
  }

  /** `approval`: what the command is about, as it was a moment ago; undefined: memory does not have it. */
  private async change(
    command: Handled,
    { asked, meta, approval, token, otherwise }: Change,
  ): Promise<UseCaseResult<ApprovalChange>> {
    const { tenantId } = meta.caller;
    if (approval === undefined) return this.answeredBefore(command, { asked, meta, otherwise });
    if (!mayActFor(meta.caller, projectOf(approval))) return projectForbidden();
    const outcome = await executeUnderApprovalsKey(this.deps, command, meta);
    if (outcome.kind !== 'committed') return notCommitted(outcome);
    const { answer, entries } = outcome;
    const earlier = earlierIn(answer);
    if (earlier !== undefined) return this.repeated(command, earlier, { asked, meta });
    if (answer.kind === 'refused') return refusalProblem(answer.refusal);
    const changed = (await this.deps.approvals.current(tenantId)).state.approvals.get(approval.approvalId);
    const last = entries.at(-1);
    if (changed === undefined || last === undefined) return problemOf('not_found');
    const hasIssued = entries.some(({ entry }) => entry.type === 'token_issued');
    return done({
      approval: changed,
      token: hasIssued && token !== null ? { text: token.text, expiresAt: token.signed.expiresAt } : null,
      entry: entryReferenceOf(last.origin, last.entry),
      isReplayed: false,
    });
  }

  /** An approval that was settled long ago has left memory, and the key that was used then may come again. */
  private async answeredBefore(
    command: Asking,
    { asked, meta, otherwise }: Pick<Change, 'asked' | 'meta' | 'otherwise'>,
  ): Promise<UseCaseResult<ApprovalChange>> {
    const { answers } = (await this.deps.approvals.current(meta.caller.tenantId)).state;
    const earlier = await answerBefore(this.deps, approvalsKeyOf(command, meta), answers);
    return earlier === undefined ? otherwise : this.repeated(command, earlier.revision, { asked, meta });
  }

  /** The first answer again; the token was shown once, so it is not in it. */
  private async repeated(
    command: Asking,
    revision: bigint,
    { asked, meta }: Pick<Change, 'asked' | 'meta'>,
  ): Promise<UseCaseResult<ApprovalChange>> {
    const { tenantId } = meta.caller;
    const first = await firstAnswer(this.deps, tenantId, revision);
    if (first.keyed.payload_hash !== keyedBy(meta, asked).payload_hash) return keyConflict(first, asked);
    const { approval, last } = first;
    if (!mayActFor(meta.caller, projectOf(approval))) return projectForbidden();
    const { kind, caller } = command;
    if ((kind === 'withdraw' || kind === 'reissue_token') && !mayHandle({ kind, caller }, approval))
      return problemOf('forbidden');
    const entry = entryReferenceOf(originOf(this.deps.logHost, tenantId, 'approvals'), last);
    return done({ approval, token: null, entry, isReplayed: true });
  }

  async file(
    input: { readonly decisionId: DecisionId; readonly justification: string | null; readonly ticket: string | null },
    meta: RequestMeta,
  ): Promise<UseCaseResult<ApprovalChange>> {
    const { decisionId, justification, ticket } = input;
    const approval = await this.find(meta.caller.tenantId, (state) => {
      const id = state.byDecision.get(decisionId);
      return id === undefined ? undefined : state.approvals.get(id);
    });
    const asked = { operation: 'file', decision_id: decisionId, justification, ticket };
    const command = {
      kind: 'file_request' as const,
      decisionId,
      caller: approvalCallerOf(meta),
      justification: sealable(meta.caller.subject, justification),
      justificationLength: justification === null ? 0 : charactersOf(justification),
      ticket,
      now: this.now(),
      idempotency: keyedBy(meta, asked),
    };
    const otherwise = problemOf<never>('decision_not_approvable', { detail: 'this decision has no pending request' });
    return this.change(command, { asked, meta, approval, token: null, otherwise });
  }

  async vote(
    input: {
      readonly approvalId: ApprovalId;
      readonly vote: 'approve' | 'deny';
      readonly stageId: string | null;
      readonly notes: string | null;
      readonly ticket: string | null;
    },
    meta: RequestMeta,
  ): Promise<UseCaseResult<ApprovalChange>> {
    const { tenantId, subject } = meta.caller;
    const { approvalId, vote, stageId, notes, ticket } = input;
    const approval = await this.find(tenantId, (state) => state.approvals.get(approvalId));
    const now = this.now();
    const hasToken = vote === 'approve' && approval !== undefined && !isGrantChannel(approval);
    const token = hasToken ? await this.signIfPossible(tenantId, approval, now) : null;
    const stage = stageId === null ? {} : { stage_id: stageId };
    const asked = { operation: vote, approval_id: approvalId, ...stage, notes, ticket };
    const command = {
      kind: 'cast_vote' as const,
      approvalId,
      vote,
      stageId,
      caller: approvalCallerOf(meta),
      notes: sealable(subject, notes),
      ticket,
      now,
      idempotency: keyedBy(meta, asked),
      token: token?.signed ?? null,
    };
    return this.change(command, { asked, meta, approval, token, otherwise: problemOf('not_found') });
  }

  /** Without a key the vote stands all the same; a token can be reissued once the key is back. */
  private async signIfPossible(tenantId: string, approval: Approval, now: Instant): Promise<Signed | null> {
    try {
      return await this.sign(tenantId, approval, now);
    } catch (error) {
      if (error instanceof KeyStoreUnavailable) return null;
      throw error;
    }
  }

  async withdraw(approvalId: ApprovalId, meta: RequestMeta): Promise<UseCaseResult<ApprovalChange>> {
    const approval = await this.find(meta.caller.tenantId, (state) => state.approvals.get(approvalId));
    const asked = { operation: 'withdraw', approval_id: approvalId };
    const command = {
      kind: 'withdraw' as const,
      approvalId,
      caller: approvalCallerOf(meta),
      now: this.now(),
      idempotency: keyedBy(meta, asked),
    };
    return this.change(command, { asked, meta, approval, token: null, otherwise: problemOf('not_found') });
  }

  async reissue(approvalId: ApprovalId, meta: RequestMeta): Promise<UseCaseResult<ApprovalChange>> {
    const { tenantId } = meta.caller;
    const approval = await this.find(tenantId, (state) => state.approvals.get(approvalId));
    const now = this.now();
    const asked = { operation: 'reissue', approval_id: approvalId };
    const command = {
      kind: 'reissue_token' as const,
      approvalId,
      caller: approvalCallerOf(meta),
      now,
      idempotency: keyedBy(meta, asked),
    };
    const otherwise = problemOf<never>('not_found');
    if (approval === undefined) return this.answeredBefore(command, { asked, meta, otherwise });
    if (!mayActFor(meta.caller, projectOf(approval))) return projectForbidden();
    if (isGrantChannel(approval))
      return problemOf('approval_not_active', { detail: 'this approval is used by the next request, without a token' });
    const token = await this.signIfPossible(tenantId, approval, now);
    if (token === null) return problemOf('signing_key_unavailable');
    return this.change({ ...command, token: token.signed }, { asked, meta, approval, token, otherwise });
  }

  /** What the caller could decide when the walk began, with everything in it that was acknowledged before. */
  async queue({ caller }: Pick<RequestMeta, 'caller'>, page: PageRequest): Promise<UseCaseResult<QueuePage>> {
    const { tenantId, subject, actor, groups, projects } = caller;
    const walk = ['approval_queue', tenantId, subject];
    const read = await this.walks.view(walk, tenantId, page);
    if (read.kind === 'problem') return read;
    const { state, now, after } = read.value;
    const reviewer = { subject, roles: actor.roles, groups };
    const { approvals, last } = approvalQueue(state, { reviewer, projects, now }, { limit: page.limit, after });
    return done({
      approvals,
      nextCursor: last === undefined ? null : this.walks.next(walk, tenantId, read.value, last),
      asOf: this.walks.asOf(read.value),
    });
  }

  /** From here on everything is in memory that was acknowledged before. @throws LogUnreadable while the log is away. */
  async catchUp(tenantId: string): Promise<void> {
    await this.deps.approvals.caughtUp(tenantId);
  }

  /** An approval that is in memory, as folded so far. */
  async known(tenantId: string, approvalId: string): Promise<Approval | undefined> {
    return (await this.deps.approvals.current(tenantId)).state.approvals.get(approvalId);
  }

  /** One approval as it stands, from memory; undefined when it is not there or has left memory. */
  async show(tenantId: string, approvalId: ApprovalId): Promise<Approval | undefined> {
    return this.find(tenantId, (state) => state.approvals.get(approvalId));
  }
}
