import { Controller, Inject, Param, Query } from '@nestjs/common';
import { type DecisionView, entryReferenceOf, journalName, originOf, type Platform, type RecordedEntry, recordedDecision, verdictAnswer } from '@verdict/application';
import { DecisionIdParams, DecisionsQuery, ROUTES } from '@verdict/contracts';
import { Caller, type CallerIdentity, Endpoint, MinEntry, problem, readParams, waitForMinEntry } from '@verdict/nest-kit';
import { PLATFORM } from './tokens.js';

type MinEntryHeader = { readonly kind: string; readonly revision: bigint } | null;

/** Where a decision stands, from what three journals say of it. */
const stateOf = ({ row, approvalStatus, settlement }: DecisionView): string => {
  if (settlement !== null) return 'settled';
  if (row.holdState === 'superseded') return 'superseded';
  if (approvalStatus !== null) return approvalStatus === 'pending' ? 'pending_approval' : approvalStatus;
  if (row.decision === 'DENY') return 'not_permitted';
  return row.decision === 'REQUIRE_APPROVAL' && !row.isDryRun ? 'pending_approval' : 'permitted';
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
  async list(@Caller() caller: CallerIdentity, @Query() query: unknown, @MinEntry() min: MinEntryHeader) {
    const { limit, cursor, ...filter } = readParams(DecisionsQuery, query, 'query');
    await waitForMinEntry(this.platform, caller.tenantId, min);
    const { readModels } = this.platform;
    const page = await readModels.listDecisions(
      caller.tenantId,
      { projectId: filter.project_id, environmentClass: filter.environment_class, decision: filter.decision, source: filter.source },
      { limit, cursor },
    );
    if (page.kind === 'cursor_invalid') throw problem('cursor_invalid');
    const { decisions } = await readModels.highWater(caller.tenantId);
    return { items: page.rows.map(summaryOf), next_cursor: page.nextCursor, as_of: { decisions: Number(decisions) } };
  }

  @Endpoint(ROUTES.getDecision)
  async one(@Caller() caller: CallerIdentity, @Param() params: unknown, @MinEntry() min: MinEntryHeader) {
    const { view, entry } = await this.find(caller.tenantId, params, min);
    const recorded = recordedDecision(entry);
    const now = this.platform.clock.nowMs();
    const at = { origin: this.originOf(caller.tenantId), entry, isReplayed: false, isExpired: now >= Date.parse(recorded.expires_at) };
    return { ...verdictAnswer(recorded, at), state: stateOf(view) };
  }

  @Endpoint(ROUTES.getReceipt)
  async receipt(@Caller() caller: CallerIdentity, @Param() params: unknown, @MinEntry() min: MinEntryHeader) {
    const { entry } = await this.find(caller.tenantId, params, min);
    return {
      entry: entryReferenceOf(this.originOf(caller.tenantId), entry),
      recorded_at: entry.recordedAt,
      entry_base64: Buffer.from(entry.bytes).toString('base64'),
    };
  }

  private originOf(tenantId: string): string {
    return originOf(this.platform.logHost, tenantId, 'decisions');
  }

  private async find(tenantId: string, params: unknown, min: MinEntryHeader): Promise<{ readonly view: DecisionView; readonly entry: RecordedEntry }> {
    const { decision_id: id } = readParams(DecisionIdParams, params);
    await waitForMinEntry(this.platform, tenantId, min);
    const view = (await this.platform.readModels.findDecision(tenantId, id)) ?? (await this.findAtTip(tenantId, id));
    if (view === undefined) throw problem('not_found');
    for await (const entry of this.platform.log.read(journalName('decisions', tenantId), view.row.revision, 1)) return { view, entry };
    throw problem('log_unavailable');
  }

  /** An unknown id may be a moment old: the journal is read to its tip before it is called unknown. */
  private async findAtTip(tenantId: string, decisionId: string): Promise<DecisionView | undefined> {
    const [head] = await this.platform.log.heads([journalName('decisions', tenantId)]);
    if (head === undefined || head < 0n) return undefined;
    await waitForMinEntry(this.platform, tenantId, { kind: 'decisions', revision: head });
    return this.platform.readModels.findDecision(tenantId, decisionId);
  }
}
