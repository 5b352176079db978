import { Controller, Inject } from '@nestjs/common';
import {
  type DecisionView,
  entryReferenceOf,
  findDecision,
  journalName,
  originOf,
  type Platform,
  type RecordedEntry,
  recordedDecision,
  verdictAnswer,
} from '@verdict/application';
import { DecisionIdParams, DecisionsQuery, ROUTES } from '@verdict/contracts';
import { type Call, Endpoint, problem, TheCall, waitForMinEntry } from '@verdict/nest-kit';
import { PLATFORM } from './tokens.js';

/** Where a decision stands, from what three journals say of it. */
const stateOf = ({ row, approvalStatus, settlement }: DecisionView): string => {
  if (settlement !== null) return 'settled';
  if (row.holdState === 'superseded') return 'superseded';
  if (approvalStatus !== null) return approvalStatus === 'pending' ? 'pending_approval' : approvalStatus;
  if (row.decision === 'REQUIRE_APPROVAL') return row.isDryRun ? 'not_permitted' : 'pending_approval';
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

@Controller()
export class DecisionsController {
  constructor(@Inject(PLATFORM) private readonly platform: Platform) {}

  @Endpoint(ROUTES.listDecisions)
  async list(@TheCall() call: Call) {
    const { limit, cursor, ...filter } = call.query(DecisionsQuery);
    const { tenantId } = call;
    await waitForMinEntry(this.platform, tenantId, call.minEntry);
    const { readModels } = this.platform;
    const page = await readModels.listDecisions(
      tenantId,
      {
        projectId: filter.project_id,
        environmentClass: filter.environment_class,
        decision: filter.decision,
        source: filter.source,
      },
      { limit, cursor },
    );
    if (page.kind === 'cursor_invalid') throw problem('cursor_invalid');
    const { decisions } = await readModels.highWater(tenantId);
    return { items: page.rows.map(summaryOf), next_cursor: page.nextCursor, as_of: { decisions: Number(decisions) } };
  }

  @Endpoint(ROUTES.getDecision)
  async one(@TheCall() call: Call) {
    const { view, entry } = await this.find(call);
    const recorded = recordedDecision(entry);
    const now = this.platform.clock.nowMs();
    const at = {
      origin: this.originOf(call.tenantId),
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

  private async find(call: Call): Promise<{ readonly view: DecisionView; readonly entry: RecordedEntry }> {
    const { decision_id: id } = call.params(DecisionIdParams);
    const { tenantId } = call;
    await waitForMinEntry(this.platform, tenantId, call.minEntry);
    const view = await findDecision(this.platform, tenantId, id);
    if (view === undefined) throw problem('not_found');
    for await (const entry of this.platform.log.read(journalName('decisions', tenantId), view.row.revision, 1))
      return { view, entry };
    throw problem('log_unavailable');
  }
}
