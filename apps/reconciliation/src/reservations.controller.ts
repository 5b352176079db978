import { Controller, Inject, Param, Query } from '@nestjs/common';
import type { DecisionView, Platform, ReconcileReservation } from '@verdict/application';
import { DecisionIdParams, ExceptionsQuery, ReconcileBody, ReservationsQuery, ROUTES } from '@verdict/contracts';
import { formatUsd4, microUsd, NOTHING, type SettledLeg, usdOf, usdTextOf } from '@verdict/domain';
import {
  Answer,
  type AnswerHead,
  Caller,
  type CallerIdentity,
  Endpoint,
  IdempotencyKeyHeader,
  metaOf,
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
import { PLATFORM, RECONCILE_RESERVATION } from './tokens.js';

type MinEntryHeader = { readonly kind: string; readonly revision: bigint } | null;

/** What came back, counted once: a budget leg may carry each dollar once a month, a ceiling carries it once. */
const releasedOf = (legs: readonly SettledLeg[]) =>
  formatUsd4(
    legs
      .filter(({ account }) => account === 'ceiling:enterprise' || account.startsWith('overage:'))
      .reduce((sum, { released_usd }) => microUsd(sum + usdOf(released_usd)), NOTHING),
  );

@Controller()
export class ReservationsController {
  constructor(
    @Inject(RECONCILE_RESERVATION) private readonly reconcileReservation: ReconcileReservation,
    @Inject(PLATFORM) private readonly platform: Platform,
  ) {}

  @Endpoint(ROUTES.listActiveReservations)
  async active(@Caller() caller: CallerIdentity, @Query() query: unknown, @MinEntry() min: MinEntryHeader) {
    const { limit, cursor, project_id: projectId } = readParams(ReservationsQuery, query, 'query');
    await waitForMinEntry(this.platform, caller.tenantId, min);
    const { readModels } = this.platform;
    const page = await readModels.listActiveReservations(caller.tenantId, { projectId }, { limit, cursor });
    if (page.kind === 'cursor_invalid') throw problem('cursor_invalid');
    const { decisions, reservations } = await readModels.highWater(caller.tenantId);
    return {
      items: page.rows.map((view) => this.shown(view)),
      next_cursor: page.nextCursor,
      as_of: { decisions: Number(decisions), reservations: Number(reservations) },
    };
  }

  @Endpoint(ROUTES.listExceptions)
  async exceptions(@Caller() caller: CallerIdentity, @Query() query: unknown, @MinEntry() min: MinEntryHeader) {
    const { limit, cursor, kind } = readParams(ExceptionsQuery, query, 'query');
    await waitForMinEntry(this.platform, caller.tenantId, min);
    const { readModels } = this.platform;
    const page = await readModels.listExceptions(caller.tenantId, { kind }, { limit, cursor });
    if (page.kind === 'cursor_invalid') throw problem('cursor_invalid');
    const { reservations } = await readModels.highWater(caller.tenantId);
    const items = page.rows.map((row) => ({
      exception_id: row.exceptionId,
      kind: row.kind,
      decision_id: row.decisionId,
      expected_usd: row.expectedUsd,
      actual_usd: row.actualUsd,
      drift_usd: formatUsd4(microUsd(usdOf(usdTextOf(row.actualUsd)) - usdOf(usdTextOf(row.expectedUsd)))),
      amount_usd: row.amountUsd,
      owner: row.owner,
      status: row.status,
      opened_at: row.openedAt,
      due_at: row.dueAt,
    }));
    return { items, next_cursor: page.nextCursor, as_of: { reservations: Number(reservations) } };
  }

  @Endpoint(ROUTES.getReservation)
  async one(@Caller() caller: CallerIdentity, @Param() params: unknown, @MinEntry() min: MinEntryHeader) {
    const { decision_id: id } = readParams(DecisionIdParams, params);
    await waitForMinEntry(this.platform, caller.tenantId, min);
    const view = await this.platform.readModels.findDecision(caller.tenantId, id);
    if (view === undefined) throw problem('not_found');
    return this.shown(view);
  }

  @Endpoint(ROUTES.reconcile)
  async reconcile(
    @Caller() caller: CallerIdentity,
    @RequestContext() info: RequestInfo,
    @Param() params: unknown,
    @RawBody() bytes: Uint8Array,
    @IdempotencyKeyHeader() header: string | null,
    @Answer() answer: AnswerHead,
  ) {
    const body = readBody(ReconcileBody, bytes);
    const { decision_id: decisionId } = readParams(DecisionIdParams, params);
    const input = { decisionId, actual: body.actual_monthly_delta_usd, notes: body.notes ?? null };
    const { settled, entry, isReplayed } = unwrap(
      await this.reconcileReservation(input, metaOf(caller, info, oneKey(header, body.idempotency_key))),
    );
    answer.entry('reservations', BigInt(entry.revision));
    return {
      decision_id: settled.decision_id,
      status: settled.status,
      expected_usd: settled.expected_usd,
      actual_monthly_delta_usd: settled.actual_usd,
      drift_usd: settled.drift_usd,
      released_reserved_usd: releasedOf(settled.legs),
      overrun_usd: settled.overrun_usd,
      legs: settled.legs,
      reservation_active: false as const,
      exception_id: settled.exception_id,
      reconciled_at: settled.settled_at,
      trigger: settled.trigger,
      replayed: isReplayed,
      entry,
    };
  }

  private shown({ row, settlement }: DecisionView) {
    const held = row.holdState === 'superseded' ? 'voided' : row.holdState;
    return {
      decision_id: row.decisionId,
      status: settlement === null ? held : 'settled',
      project_id: row.projectId,
      environment_class: row.environmentClass,
      resource_reference: row.resourceReference,
      hold_usd: row.holdUsd,
      monthly_delta_usd: row.monthlyDeltaUsd,
      held_since: row.decidedAt,
      age_seconds: Math.max(0, Math.floor((this.platform.clock.nowMs() - Date.parse(row.decidedAt)) / 1000)),
      settlement:
        settlement === null
          ? null
          : {
              status: settlement.status,
              actual_usd: settlement.actualUsd,
              drift_usd: settlement.driftUsd,
              overrun_usd: settlement.overrunUsd,
              settled_at: settlement.settledAt,
            },
    };
  }
}
