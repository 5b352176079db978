import { Controller, Inject } from '@nestjs/common';
import { type DecisionView, findDecision, type Platform, type ReconcileReservation } from '@verdict/application';
import { DecisionIdParams, ExceptionsQuery, ReconcileBody, ReservationsQuery, ROUTES } from '@verdict/contracts';
import { formatUsd4, microUsd, NOTHING, type SettledLeg, usdOf, usdTextOf } from '@verdict/domain';
import { type Call, Endpoint, problem, TheCall, unwrap, waitForMinEntry } from '@verdict/nest-kit';
import { PLATFORM, RECONCILE_RESERVATION } from './tokens.js';

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
  async active(@TheCall() call: Call) {
    const { limit, cursor, project_id: projectId } = call.query(ReservationsQuery);
    const { tenantId } = call;
    await waitForMinEntry(this.platform, tenantId, call.minEntry);
    const { readModels } = this.platform;
    const page = await readModels.listActiveReservations(tenantId, { projectId }, { limit, cursor });
    if (page.kind === 'cursor_invalid') throw problem('cursor_invalid');
    const { decisions, reservations } = await readModels.highWater(tenantId);
    return {
      items: page.rows.map((view) => this.shown(view)),
      next_cursor: page.nextCursor,
      as_of: { decisions: Number(decisions), reservations: Number(reservations) },
    };
  }

  @Endpoint(ROUTES.listExceptions)
  async exceptions(@TheCall() call: Call) {
    const { limit, cursor, kind } = call.query(ExceptionsQuery);
    const { tenantId } = call;
    await waitForMinEntry(this.platform, tenantId, call.minEntry);
    const { readModels } = this.platform;
    const page = await readModels.listExceptions(tenantId, { kind }, { limit, cursor });
    if (page.kind === 'cursor_invalid') throw problem('cursor_invalid');
    const { reservations } = await readModels.highWater(tenantId);
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
  async one(@TheCall() call: Call) {
    const { decision_id: id } = call.params(DecisionIdParams);
    await waitForMinEntry(this.platform, call.tenantId, call.minEntry);
    const view = await findDecision(this.platform, call.tenantId, id);
    if (view === undefined) throw problem('not_found');
    return this.shown(view);
  }

  @Endpoint(ROUTES.reconcile)
  async reconcile(@TheCall() call: Call) {
    const body = call.body(ReconcileBody);
    const { decision_id: decisionId } = call.params(DecisionIdParams);
    const input = { decisionId, actual: body.actual_monthly_delta_usd, notes: body.notes ?? null };
    const { settled, entry, isReplayed } = unwrap(
      await this.reconcileReservation(input, call.meta(body.idempotency_key)),
    );
    call.answer.entry('reservations', BigInt(entry.revision));
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
