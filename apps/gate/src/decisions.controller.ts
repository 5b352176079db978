import { Controller, Inject } from '@nestjs/common';
import {
  type DecisionView,
  type ExplainDecision,
  type Explained,
  entryReferenceOf,
  findDecision,
  journalName,
  LogUnreadable,
  originOf,
  type Platform,
  type RecordedEntry,
  readWalk,
  recordedDecision,
  verdictAnswer,
} from '@verdict/application';
import { DecisionIdParams, DecisionsQuery, ROUTES } from '@verdict/contracts';
import { type Call, Endpoint, problem, TheCall, unwrap } from '@verdict/nest-kit';
import { EXPLAIN_DECISION, PLATFORM } from './tokens.js';

/** Where a decision stands, from what three journals say of it. */
const stateOf = ({ row, approvalStatus, settlement }: DecisionView): string => {
  if (settlement !== null) return 'settled';
  if (row.holdState === 'superseded') return 'superseded';
  if (approvalStatus !== null) return approvalStatus === 'pending' ? 'pending_approval' : approvalStatus;
  // Nobody is asked by a dry run, nor by a member of a batch that was rolled back.
  if (row.decision === 'REQUIRE_APPROVAL') return row.approvalId === null ? 'not_permitted' : 'pending_approval';
  return row.decision === 'DENY' ? 'not_permitted' : 'permitted';
};

const summaryOf = (view: DecisionView) => ({
  decision_id: view.row.decisionId,
  revision: Number(view.row.revision),
  decision: view.row.decision,
  state: stateOf(view),
  reason_codes: view.row.reasonCodes,
  source: view.row.source,
  project_id: view.row.projectId,
  environment_class: view.row.environmentClass,
  resource_reference: view.row.resourceReference,
  monthly_delta_usd: view.row.monthlyDeltaUsd,
  hold_usd: view.row.holdUsd,
  request_fingerprint: view.row.requestFingerprint,
  dry_run: view.row.isDryRun,
  decided_at: view.row.decidedAt,
});

interface Found {
  readonly view: DecisionView;
  readonly entry: RecordedEntry;
}

const unreadable = (error: unknown): never => {
  if (error instanceof LogUnreadable) throw problem('log_unavailable');
  throw error;
};

const routingOf = ({ approval }: Explained['recorded']) =>
  approval === null
    ? null
    : {
        rule: approval.routing_rule ?? null,
        require: approval.route ?? null,
        channel: approval.channel ?? 'token',
        is_separation_required: approval.is_separation_required,
        approve_by_seconds: approval.approve_by_seconds,
        use_by_seconds: approval.use_by_seconds,
      };

/** A decision as it is shown, and what led to it. @source contract section 14.2 */
const explanation = (decision: object, { recorded, balancesBefore, flips, isReevaluated }: Explained) => {
  const { request } = recorded;
  return {
    decision,
    input: {
      action: request.action,
      resource_reference: request.resource_reference,
      project_id: request.project_id,
      metadata: request.metadata,
      declared_monthly_delta_usd: request.declared_monthly_delta_usd,
      declared_hourly_delta_usd: request.declared_hourly_delta_usd,
      options: request.options,
    },
    mode_path: {
      environment_raw: request.environment_raw,
      environment_label: request.environment_label,
      environment_class: request.environment_class,
      mode: recorded.mode,
      mode_scope: recorded.mode_scope,
    },
    rules: recorded.rules ?? [],
    routing: routingOf(recorded),
    balances_before: balancesBefore,
    flips,
    reevaluated: isReevaluated,
  };
};

@Controller()
export class DecisionsController {
  constructor(
    @Inject(PLATFORM) private readonly platform: Platform,
    @Inject(EXPLAIN_DECISION) private readonly explainDecision: ExplainDecision,
  ) {}

  @Endpoint(ROUTES.listDecisions)
  async list(@TheCall() call: Call) {
    const { limit, cursor, ...asked } = call.query(DecisionsQuery);
    const { tenantId } = call;
    const filter = {
      ...call.projectsFor(asked.project_id),
      environmentClass: asked.environment_class,
      decision: asked.decision,
      source: asked.source,
    };
    const { rows, nextCursor, asOf } = unwrap(
      await readWalk(
        this.platform,
        {
          ...{ name: 'decisions', tenantId, filter, kinds: ['decisions', 'approvals', 'reservations'] },
          page: (at) => this.platform.readModels.listDecisions(tenantId, filter, at),
        },
        { limit, cursor },
      ),
    );
    return { items: rows.map(summaryOf), next_cursor: nextCursor, as_of: asOf };
  }

  @Endpoint(ROUTES.getDecision)
  async one(@TheCall() call: Call) {
    return this.answerOf(call.tenantId, await this.find(call));
  }

  @Endpoint(ROUTES.explainDecision)
  async explain(@TheCall() call: Call) {
    const found = await this.find(call);
    const explained = await this.explainDecision(call.tenantId, found.entry).catch(unreadable);
    return explanation(this.answerOf(call.tenantId, found), explained);
  }

  private answerOf(tenantId: string, { view, entry }: Found) {
    const recorded = recordedDecision(entry);
    const now = this.platform.clock.nowMs();
    const at = {
      origin: this.originOf(tenantId),
      entry,
      isReplayed: false,
      isExpired: now >= Date.parse(recorded.expires_at),
    };
    return { ...verdictAnswer(recorded, at), state: stateOf(view) };
  }

  @Endpoint(ROUTES.getReceipt)
  async receipt(@TheCall() call: Call) {
    const { entry } = await this.find(call);
    return {
      entry: entryReferenceOf(this.originOf(call.tenantId), entry),
      recorded_at: entry.recordedAt,
      entry_base64: Buffer.from(entry.bytes).toString('base64'),
    };
  }

  private originOf(tenantId: string): string {
    return originOf(this.platform.logHost, tenantId, 'decisions');
  }

  private async find(call: Call): Promise<Found> {
    const { decision_id: id } = call.params(DecisionIdParams);
    const { tenantId } = call;
    const view = await findDecision(this.platform, tenantId, id);
    if (view === undefined) throw problem('not_found');
    call.requireProject(view.row.projectId);
    for await (const entry of this.platform.log.read(journalName('decisions', tenantId), view.row.revision, 1))
      return { view, entry };
    throw problem('log_unavailable');
  }
}
