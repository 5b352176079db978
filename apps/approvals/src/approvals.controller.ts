import { Controller, Inject, Param, Query } from '@nestjs/common';
import { type ApprovalChange, type ApprovalRow, filedRequest, journalName, type ManageApprovals, type Page, type Platform, type RecordedEntry, recordedDecision, requestedApproval } from '@verdict/application';
import { ApprovalIdParams, ApprovalsQuery, EmptyBody, FileRequestBody, QueueQuery, ROUTES, VoteBody } from '@verdict/contracts';
import { type Approval, type ApprovalId, instantOf, PersistentMap } from '@verdict/domain';
import {
  Answer,
  type AnswerHead,
  Caller,
  type CallerIdentity,
  Endpoint,
  IdempotencyKeyHeader,
  metaOf,
  METRICS,
  type Metrics,
  MinEntry,
  oneKey,
  problem,
  RawBody,
  readBody,
  readParams,
  RequestContext,
  type RequestInfo,
  unwrap,
  waitForMinEntry,
} from '@verdict/nest-kit';
import { approvalAnswer, openText, voteAnswer } from './approval-answer.js';
import { MANAGE_APPROVALS, PLATFORM } from './tokens.js';

type MinEntryHeader = { readonly kind: string; readonly revision: bigint } | null;

@Controller()
export class ApprovalsController {
  constructor(
    @Inject(MANAGE_APPROVALS) private readonly approvals: ManageApprovals,
    @Inject(PLATFORM) private readonly platform: Platform,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  @Endpoint(ROUTES.fileApprovalRequest)
  async file(
    @Caller() caller: CallerIdentity,
    @RequestContext() info: RequestInfo,
    @RawBody() bytes: Uint8Array,
    @IdempotencyKeyHeader() header: string | null,
    @Answer() answer: AnswerHead,
  ) {
    const body = readBody(FileRequestBody, bytes);
    const input = { decisionId: body.decision_id, justification: body.justification ?? null, ticket: body.ticket ?? null };
    const change = unwrap(await this.approvals.file(input, metaOf(caller, info, oneKey(header, body.idempotency_key))));
    this.named(change, answer);
    return this.shown(caller.tenantId, change.approval);
  }

  @Endpoint(ROUTES.listApprovals)
  async list(@Caller() caller: CallerIdentity, @Query() query: unknown, @MinEntry() min: MinEntryHeader) {
    const { limit, cursor, status, project_id: projectId } = readParams(ApprovalsQuery, query, 'query');
    await waitForMinEntry(this.platform, caller.tenantId, min);
    return this.page(caller.tenantId, await this.platform.readModels.listApprovals(caller.tenantId, { status, projectId }, { limit, cursor }));
  }

  @Endpoint(ROUTES.approvalQueue)
  async queue(@Caller() caller: CallerIdentity, @Query() query: unknown, @MinEntry() min: MinEntryHeader) {
    const { limit, cursor } = readParams(QueueQuery, query, 'query');
    await waitForMinEntry(this.platform, caller.tenantId, min);
    const voter = { subject: caller.subject, now: new Date(this.platform.clock.nowMs()).toISOString() };
    return this.page(caller.tenantId, await this.platform.readModels.approvalQueue(caller.tenantId, voter, { limit, cursor }));
  }

  @Endpoint(ROUTES.getApproval)
  async one(@Caller() caller: CallerIdentity, @Param() params: unknown) {
    const { approval_id: id } = readParams(ApprovalIdParams, params);
    const approval = (await this.approvals.show(caller.tenantId, id)) ?? (await this.fromJournal(caller.tenantId, id));
    if (approval === undefined) throw problem('not_found');
    return this.shown(caller.tenantId, approval);
  }

  @Endpoint(ROUTES.approve)
  approve(
    @Caller() caller: CallerIdentity,
    @RequestContext() info: RequestInfo,
    @Param() params: unknown,
    @RawBody() bytes: Uint8Array,
    @IdempotencyKeyHeader() header: string | null,
    @Answer() answer: AnswerHead,
  ) {
    return this.vote('approve', { caller, info, params, bytes, header, answer });
  }

  @Endpoint(ROUTES.deny)
  deny(
    @Caller() caller: CallerIdentity,
    @RequestContext() info: RequestInfo,
    @Param() params: unknown,
    @RawBody() bytes: Uint8Array,
    @IdempotencyKeyHeader() header: string | null,
    @Answer() answer: AnswerHead,
  ) {
    return this.vote('deny', { caller, info, params, bytes, header, answer });
  }

  @Endpoint(ROUTES.withdrawApproval)
  async withdraw(
    @Caller() caller: CallerIdentity,
    @RequestContext() info: RequestInfo,
    @Param() params: unknown,
    @RawBody() bytes: Uint8Array,
    @Answer() answer: AnswerHead,
  ) {
    readBody(EmptyBody, bytes);
    const { approval_id: id } = readParams(ApprovalIdParams, params);
    const change = unwrap(await this.approvals.withdraw(id, metaOf(caller, info, null)));
    this.metrics.approvalRequests.inc(change.approval.requested.binding.source, 'withdrawn');
    this.named(change, answer);
    return voteAnswer(change);
  }

  @Endpoint(ROUTES.reissueToken)
  async reissue(
    @Caller() caller: CallerIdentity,
    @RequestContext() info: RequestInfo,
    @Param() params: unknown,
    @RawBody() bytes: Uint8Array,
    @Answer() answer: AnswerHead,
  ) {
    readBody(EmptyBody, bytes);
    const { approval_id: id } = readParams(ApprovalIdParams, params);
    const change = unwrap(await this.approvals.reissue(id, metaOf(caller, info, null)));
    this.metrics.approvalTokenEvents.inc('reissued');
    this.named(change, answer);
    return voteAnswer(change);
  }

  private async vote(
    vote: 'approve' | 'deny',
    call: {
      readonly caller: CallerIdentity;
      readonly info: RequestInfo;
      readonly params: unknown;
      readonly bytes: Uint8Array;
      readonly header: string | null;
      readonly answer: AnswerHead;
    },
  ) {
    const body = readBody(VoteBody, call.bytes);
    const { approval_id: approvalId } = readParams(ApprovalIdParams, call.params);
    const input = { approvalId, vote, notes: body.notes ?? null, ticket: body.ticket ?? null };
    const change = unwrap(await this.approvals.vote(input, metaOf(call.caller, call.info, oneKey(call.header, body.idempotency_key))));
    const { status, requested } = change.approval;
    if (!change.isReplayed && (status === 'granted' || status === 'denied')) this.metrics.approvalRequests.inc(requested.binding.source, status);
    if (change.token !== null) this.metrics.approvalTokenEvents.inc('issued');
    this.named(change, call.answer);
    return voteAnswer(change);
  }

  private named(change: ApprovalChange, answer: AnswerHead): void {
    if (change.entry !== null) answer.entry('approvals', BigInt(change.entry.revision));
  }

  private async entryAt(tenantId: string, kind: 'approvals' | 'decisions', revision: bigint): Promise<RecordedEntry | undefined> {
    for await (const entry of this.platform.log.read(journalName(kind, tenantId), revision, 1)) return entry;
    return undefined;
  }

  private async justificationOf(tenantId: string, approval: Approval): Promise<string | null> {
    const { sealer } = this.platform;
    if (approval.filedRevision !== null) {
      const filed = await this.entryAt(tenantId, 'approvals', approval.filedRevision);
      return filed === undefined
        ? null
        : openText(filedRequest(filed).justification, { tenantId, entryId: filed.id, path: 'justification' }, sealer);
    }
    const decided = await this.entryAt(tenantId, 'decisions', BigInt(approval.requested.decision_revision));
    return decided === undefined
      ? null
      : openText(recordedDecision(decided).request.justification, { tenantId, entryId: decided.id, path: 'request/justification' }, sealer);
  }

  private async shown(tenantId: string, approval: Approval) {
    return approvalAnswer(approval, await this.justificationOf(tenantId, approval));
  }

  /** An approval that has left the service's memory: its terms from the journal, where it stands from the read model. */
  private async fromJournal(tenantId: string, approvalId: ApprovalId): Promise<Approval | undefined> {
    const row = await this.platform.readModels.findApproval(tenantId, approvalId);
    return row === undefined ? undefined : this.fromRow(tenantId, row);
  }

  private async fromRow(tenantId: string, row: ApprovalRow): Promise<Approval | undefined> {
    const entry = await this.entryAt(tenantId, 'approvals', row.revision);
    if (entry === undefined) return undefined;
    const requested = requestedApproval(entry);
    return {
      approvalId: requested.approval_id,
      decisionId: requested.decision_id,
      status: row.status,
      requested,
      filedBy: row.excludedVoters,
      justificationLength: requested.justification_length,
      filedRevision: null,
      votes: PersistentMap.from(row.approvedBy.map((subject) => [subject, 'approve'])),
      useBy: row.useBy === null ? null : instantOf(Date.parse(row.useBy)),
      token: null,
      consumption: null,
      revision: row.revision,
    };
  }

  private async page(tenantId: string, page: Page<ApprovalRow>) {
    if (page.kind === 'cursor_invalid') throw problem('cursor_invalid');
    const items = await Promise.all(
      page.rows.map(async (row) => {
        const known = (await this.fromRow(tenantId, row)) ?? undefined;
        return known === undefined ? [] : [await this.shown(tenantId, known)];
      }),
    );
    const { approvals } = await this.platform.readModels.highWater(tenantId);
    return { items: items.flat(), next_cursor: page.nextCursor, as_of: { approvals: Number(approvals) } };
  }
}
