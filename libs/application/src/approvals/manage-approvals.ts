import {
  type Approval,
  type ApprovalCaller,
  type ApprovalId,
  type ApprovalsRefusal,
  type ApprovalsState,
  charactersOf,
  type DecisionId,
  instantOf,
  type Instant,
  isGrantChannel,
  msOf,
  type PersonalText,
  plusSeconds,
  sha256Hex,
  type SignedToken,
} from '@verdict/domain';
import type { ServiceHost } from '../journals/service-host.js';
import type { CommittedEntry } from '../journals/service-definition.js';
import { KeyStoreUnavailable } from '../ports/key-store.js';
import type { PageRequest } from '../ports/read-models.js';
import type { Clock, Ids } from '../ports/system.js';
import { contextOf, keyedBy, mayActFor, type RequestMeta } from '../shared/request.js';
import { done, notCommitted, problemOf, projectForbidden, type UseCaseResult } from '../shared/refusal.js';
import { type AsOf, Walks } from '../shared/walk.js';
import { type EntryReference, entryReferenceOf } from '../gate/verdict-answer.js';
import { approvalQueue, projectOf } from './approval-queue.js';
import type { ApprovalTokens } from './approval-tokens.js';
import type { ApprovalsAnswer, ApprovalsServiceCommand } from './approvals-service.js';

export interface ApprovalsDeps {
  readonly approvals: ServiceHost<ApprovalsState, ApprovalsServiceCommand, ApprovalsAnswer>;
  readonly tokens: ApprovalTokens;
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
  roles: caller.actor.roles,
  groups: caller.groups,
  isAdmin: caller.actor.roles.includes('admin'),
  projects: caller.projects,
});
const sealable = (subject: string, text: string | null): PersonalText | null =>
  text === null ? null : { $seal: { subject, text } };

const refusalProblem = (refusal: ApprovalsRefusal): UseCaseResult<never> =>
  // To the outside an approval that is not there is simply not found; the consume route has its own code for it.
  refusal.code === 'approval_not_found' ? problemOf('not_found') : problemOf(refusal.code);

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

  private async change(
    command: ApprovalsServiceCommand,
    meta: RequestMeta,
    approvalId: ApprovalId,
    token: Signed | null,
  ): Promise<UseCaseResult<ApprovalChange>> {
    const { tenantId } = meta.caller;
    const outcome = await this.deps.approvals.execute(tenantId, command, contextOf(meta, this.deps.ids.uuid()));
    if (outcome.kind !== 'committed') return notCommitted(outcome);
    if (outcome.answer.kind === 'refused') return refusalProblem(outcome.answer.refusal);
    const approval = (await this.deps.approvals.current(tenantId)).state.approvals.get(approvalId);
    if (approval === undefined) return problemOf('not_found');
    const last: CommittedEntry | undefined = outcome.entries.at(-1);
    const hasIssued = outcome.entries.some(({ entry }) => entry.type === 'token_issued');
    return done({
      approval,
      token: hasIssued && token !== null ? { text: token.text, expiresAt: token.signed.expiresAt } : null,
      entry: last === undefined ? null : entryReferenceOf(last.origin, last.entry),
      isReplayed: last === undefined,
    });
  }

  async file(
    input: { readonly decisionId: DecisionId; readonly justification: string | null; readonly ticket: string | null },
    meta: RequestMeta,
  ): Promise<UseCaseResult<ApprovalChange>> {
    const approval = await this.find(meta.caller.tenantId, (state) => {
      const id = state.byDecision.get(input.decisionId);
      return id === undefined ? undefined : state.approvals.get(id);
    });
    if (approval === undefined)
      return problemOf('decision_not_approvable', { detail: 'this decision has no pending request' });
    if (!mayActFor(meta.caller, projectOf(approval))) return projectForbidden();
    const command: ApprovalsServiceCommand = {
      kind: 'file_request',
      decisionId: input.decisionId,
      caller: approvalCallerOf(meta),
      justification: sealable(meta.caller.subject, input.justification),
      justificationLength: input.justification === null ? 0 : charactersOf(input.justification),
      ticket: input.ticket,
      now: this.now(),
      idempotency: keyedBy(meta, {
        operation: 'file',
        decision_id: input.decisionId,
        justification: input.justification,
        ticket: input.ticket,
      }),
    };
    return this.change(command, meta, approval.approvalId, null);
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
    const approval = await this.find(tenantId, (state) => state.approvals.get(input.approvalId));
    if (approval === undefined) return problemOf('not_found');
    if (!mayActFor(meta.caller, projectOf(approval))) return projectForbidden();
    const now = this.now();
    const hasToken = input.vote === 'approve' && !isGrantChannel(approval);
    const token = hasToken ? await this.signIfPossible(tenantId, approval, now) : null;
    const command: ApprovalsServiceCommand = {
      kind: 'cast_vote',
      approvalId: input.approvalId,
      vote: input.vote,
      stageId: input.stageId,
      caller: approvalCallerOf(meta),
      notes: sealable(subject, input.notes),
      ticket: input.ticket,
      now,
      idempotency: keyedBy(meta, {
        operation: input.vote,
        approval_id: input.approvalId,
        ...(input.stageId === null ? {} : { stage_id: input.stageId }),
        notes: input.notes,
        ticket: input.ticket,
      }),
      token: token?.signed ?? null,
    };
    return this.change(command, meta, input.approvalId, token);
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
    if (approval === undefined) return problemOf('not_found');
    if (!mayActFor(meta.caller, projectOf(approval))) return projectForbidden();
    return this.change(
      {
        kind: 'withdraw',
        approvalId,
        caller: approvalCallerOf(meta),
        now: this.now(),
        idempotency: keyedBy(meta, { operation: 'withdraw', approval_id: approvalId }),
      },
      meta,
      approvalId,
      null,
    );
  }

  async reissue(approvalId: ApprovalId, meta: RequestMeta): Promise<UseCaseResult<ApprovalChange>> {
    const approval = await this.find(meta.caller.tenantId, (state) => state.approvals.get(approvalId));
    if (approval === undefined) return problemOf('not_found');
    if (!mayActFor(meta.caller, projectOf(approval))) return projectForbidden();
    if (isGrantChannel(approval))
      return problemOf('approval_not_active', { detail: 'this approval is used by the next request, without a token' });
    const now = this.now();
    const token = await this.signIfPossible(meta.caller.tenantId, approval, now);
    if (token === null) return problemOf('signing_key_unavailable');
    const command: ApprovalsServiceCommand = {
      kind: 'reissue_token',
      approvalId,
      caller: approvalCallerOf(meta),
      token: token.signed,
      now,
      idempotency: keyedBy(meta, { operation: 'reissue', approval_id: approvalId }),
    };
    return this.change(command, meta, approvalId, token);
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
