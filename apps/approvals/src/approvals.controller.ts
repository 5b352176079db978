import { Controller, Inject } from '@nestjs/common';
import {
  type ApprovalChange,
  type ApprovalRow,
  filedRequest,
  journalName,
  type ManageApprovals,
  type Platform,
  type RecordedEntry,
  readWalk,
  recordedDecision,
  requestedApproval,
} from '@verdict/application';
import {
  ApprovalIdParams,
  ApprovalsQuery,
  EmptyBody,
  FileRequestBody,
  QueueQuery,
  ROUTES,
  VoteBody,
} from '@verdict/contracts';
import type { Approval, ApprovalId } from '@verdict/domain';
import { type Call, Endpoint, METRICS, type Metrics, problem, TheCall, unwrap } from '@verdict/nest-kit';
import { approvalAnswer, openText, voteAnswer } from './approval-answer.js';
import { approvalOf } from './approval-of-row.js';
import { MANAGE_APPROVALS, PLATFORM } from './tokens.js';

@Controller()
export class ApprovalsController {
  constructor(
    @Inject(MANAGE_APPROVALS) private readonly approvals: ManageApprovals,
    @Inject(PLATFORM) private readonly platform: Platform,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  @Endpoint(ROUTES.fileApprovalRequest)
  async file(@TheCall() call: Call) {
    const body = call.body(FileRequestBody);
    const input = {
      decisionId: body.decision_id,
      justification: body.justification ?? null,
      ticket: body.ticket ?? null,
    };
    const change = this.named(unwrap(await this.approvals.file(input, call.meta(body.idempotency_key))), call);
    return this.shown(call.tenantId, change.approval);
  }

  @Endpoint(ROUTES.listApprovals)
  async list(@TheCall() call: Call) {
    const { limit, cursor, status, project_id: projectId } = call.query(ApprovalsQuery);
    const { tenantId } = call;
    const filter = { status, ...call.projectsFor(projectId) };
    const { rows, nextCursor, asOf } = unwrap(
      await readWalk(
        this.platform,
        {
          ...{ name: 'approval_requests', tenantId, filter, kinds: ['approvals', 'decisions'] },
          page: (at) => this.platform.readModels.listApprovals(tenantId, filter, at),
        },
        { limit, cursor },
      ),
    );
    const items = await Promise.all(rows.map((row) => this.shownRow(tenantId, row)));
    return { items: items.flat(), next_cursor: nextCursor, as_of: asOf };
  }

  @Endpoint(ROUTES.approvalQueue)
  async queue(@TheCall() call: Call) {
    const { limit, cursor } = call.query(QueueQuery);
    const page = unwrap(await this.approvals.queue(call.meta(), { limit, cursor }));
    const items = await Promise.all(page.approvals.map((approval) => this.shown(call.tenantId, approval)));
    return { items, next_cursor: page.nextCursor, as_of: page.asOf };
  }

  @Endpoint(ROUTES.getApproval)
  async one(@TheCall() call: Call) {
    const { approval_id: id } = call.params(ApprovalIdParams);
    await this.seeNamed(call);
    const approval = (await this.approvals.show(call.tenantId, id)) ?? (await this.fromJournal(call.tenantId, id));
    if (approval === undefined) throw problem('not_found');
    call.requireProject(approval.requested.binding.project_id);
    return this.shown(call.tenantId, approval);
  }

  @Endpoint(ROUTES.approve)
  approve(@TheCall() call: Call) {
    return this.vote('approve', call);
  }

  @Endpoint(ROUTES.deny)
  deny(@TheCall() call: Call) {
    return this.vote('deny', call);
  }

  @Endpoint(ROUTES.withdrawApproval)
  async withdraw(@TheCall() call: Call) {
    const meta = call.meta(call.body(EmptyBody).idempotency_key);
    const change = this.named(
      unwrap(await this.approvals.withdraw(call.params(ApprovalIdParams).approval_id, meta)),
      call,
    );
    return voteAnswer(change);
  }

  @Endpoint(ROUTES.reissueToken)
  async reissue(@TheCall() call: Call) {
    const meta = call.meta(call.body(EmptyBody).idempotency_key);
    const change = this.named(
      unwrap(await this.approvals.reissue(call.params(ApprovalIdParams).approval_id, meta)),
      call,
    );
    if (!change.isReplayed) this.metrics.approvalTokenEvents.inc('reissued');
    return voteAnswer(change);
  }

  /** The read models have what the caller wrote; what is in memory follows the log by itself, and may come after them. */
  private async seeNamed({ minEntry, tenantId }: Call): Promise<void> {
    if (minEntry !== null) await this.approvals.catchUp(tenantId);
  }

  private async vote(vote: 'approve' | 'deny', call: Call) {
    const body = call.body(VoteBody);
    const { approval_id: approvalId } = call.params(ApprovalIdParams);
    const { notes = null, ticket = null, stage_id: stageId = null } = body;
    const input = { approvalId, vote, stageId, notes, ticket };
    const change = this.named(unwrap(await this.approvals.vote(input, call.meta(body.idempotency_key))), call);
    if (change.token !== null) this.metrics.approvalTokenEvents.inc('issued');
    return voteAnswer(change);
  }

  private named(change: ApprovalChange, { answer }: Call): ApprovalChange {
    if (change.entry !== null) answer.entry('approvals', BigInt(change.entry.revision));
    return change;
  }

  private async entryAt(
    tenantId: string,
    kind: 'approvals' | 'decisions',
    revision: bigint,
  ): Promise<RecordedEntry | undefined> {
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
      : openText(
          recordedDecision(decided).request.justification,
          { tenantId, entryId: decided.id, path: 'request/justification' },
          sealer,
        );
  }

  private async shown(tenantId: string, approval: Approval) {
    return approvalAnswer(approval, await this.justificationOf(tenantId, approval));
  }

  /** An approval that has left the service's memory: its terms from the journal, where it stands from the read model. */
  private async fromJournal(tenantId: string, approvalId: ApprovalId): Promise<Approval | undefined> {
    const row = await this.platform.readModels.findApproval(tenantId, approvalId);
    return row === undefined ? undefined : this.fromRow(tenantId, row);
  }

  /** What a request asks for never changes, so it may come from memory; all else is as the row has it. */
  private async fromRow(tenantId: string, row: ApprovalRow): Promise<Approval | undefined> {
    const requested = (await this.approvals.known(tenantId, row.approvalId))?.requested;
    if (requested !== undefined) return approvalOf(row, requested);
    const entry = await this.entryAt(tenantId, 'approvals', row.revision);
    return entry === undefined ? undefined : approvalOf(row, requestedApproval(entry));
  }

  private async shownRow(tenantId: string, row: ApprovalRow) {
    const approval = await this.fromRow(tenantId, row);
    return approval === undefined ? [] : [await this.shown(tenantId, approval)];
  }
}
