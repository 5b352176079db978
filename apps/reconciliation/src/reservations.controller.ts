import { Controller, Inject } from '@nestjs/common';
import {
  type DecisionView,
  findDecision,
  type Platform,
  readWalk,
  type ReconcileReservation,
  type SweepReservations,
} from '@verdict/application';
import { DecisionIdParams, ReconcileBody, ReservationsQuery, ROUTES, SweepBody } from '@verdict/contracts';
import { formatUsd4, microUsd, NOTHING, type SettledLeg, usdOf } from '@verdict/domain';
import { type Call, Endpoint, METRICS, type Metrics, problem, TheCall, unwrap } from '@verdict/nest-kit';
import { PLATFORM, RECONCILE_RESERVATION, SWEEP_RESERVATIONS } from './tokens.js';

/** What came back, counted once: a budget leg may carry each dollar once a month, a ceiling carries it once. */
const releasedOf = (legs: readonly SettledLeg[]) =>
  formatUsd4(
    legs
      .filter(({ account }) => account === 'ceiling:enterprise' || account.startsWith('overage:'))
      .reduce((sum, { released_usd }) => microUsd(sum + usdOf(released_usd)), NOTHING),
  );

const statusOf = ({ row, settlement, booking }: DecisionView) => {
  if (booking !== null) return booking.status === 'released' ? 'released' : 'settled';
  if (settlement !== null) return 'settled';
  return row.holdState === 'superseded' ? 'voided' : row.holdState;
};

/** What is booked: what a sweep or a correction says, being newer than any settlement. */
const bookedOf = ({ settlement, booking }: DecisionView) => {
  const newest = booking ?? settlement;
  if (newest === null) return null;
  return {
    status: newest.status,
    actual_usd: newest.actualUsd,
    drift_usd: newest.driftUsd,
    overrun_usd: newest.overrunUsd,
    settled_at: 'bookedAt' in newest ? newest.bookedAt : newest.settledAt,
  };
};

const shown = (view: DecisionView, nowMs: number) => {
  const { row } = view;
  return {
    decision_id: row.decisionId,
    status: statusOf(view),
    project_id: row.projectId,
    environment_class: row.environmentClass,
    resource_reference: row.resourceReference,
    hold_usd: row.holdUsd,
    monthly_delta_usd: row.monthlyDeltaUsd,
    held_since: row.decidedAt,
    age_seconds: Math.max(0, Math.floor((nowMs - Date.parse(row.decidedAt)) / 1000)),
    settlement: bookedOf(view),
  };
};

@Controller()
export class ReservationsController {
  constructor(
    @Inject(RECONCILE_RESERVATION) private readonly reconcileReservation: ReconcileReservation,
    @Inject(SWEEP_RESERVATIONS) private readonly reservations: SweepReservations,
    @Inject(PLATFORM) private readonly platform: Platform,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  @Endpoint(ROUTES.listActiveReservations)
  async active(@TheCall() call: Call) {
    const { limit, cursor, project_id: projectId } = call.query(ReservationsQuery);
    const { tenantId } = call;
    const filter = call.projectsFor(projectId);
    const { rows, nextCursor, asOf, now } = unwrap(
      await readWalk(
        this.platform,
        {
          ...{ name: 'active_reservations', tenantId, filter: { ...filter }, kinds: ['decisions', 'reservations'] },
          page: (at) => this.platform.readModels.listActiveReservations(tenantId, filter, at),
        },
        { limit, cursor },
      ),
    );
    return {
      items: rows.map((view) => shown(view, Date.parse(now))),
      next_cursor: nextCursor,
      as_of: asOf,
    };
  }

  @Endpoint(ROUTES.getReservation)
  async one(@TheCall() call: Call) {
    const { decision_id: id } = call.params(DecisionIdParams);
    const view = await findDecision(this.platform, call.tenantId, id);
    if (view === undefined) throw problem('not_found');
    call.requireProject(view.row.projectId);
    return shown(view, this.platform.clock.nowMs());
  }

  @Endpoint(ROUTES.reconcile)
  async reconcile(@TheCall() call: Call) {
    const body = call.body(ReconcileBody);
    const isCorrection = body.correction ?? false;
    if (isCorrection && !call.caller.roles.includes('admin'))
      throw problem('forbidden', { detail: 'A correction needs the role admin.' });
    const { decision_id: decisionId } = call.params(DecisionIdParams);
    const { actual_monthly_delta_usd: actual, notes = null } = body;
    const { settled, entry, isReplayed } = unwrap(
      await this.reconcileReservation(
        { decisionId, actual, notes, isCorrection, trigger: 'manual' },
        call.meta(body.idempotency_key),
      ),
    );
    call.answer.entry('reservations', BigInt(entry.revision));
    if (isReplayed) this.metrics.reservationReconciliations.inc('replay', settled.status);
    return {
      decision_id: settled.decisionId,
      cause: settled.cause,
      status: settled.status,
      expected_usd: settled.expectedUsd,
      actual_monthly_delta_usd: settled.actualUsd,
      drift_usd: settled.driftUsd,
      released_reserved_usd: releasedOf(settled.legs),
      overrun_usd: settled.overrunUsd,
      legs: settled.legs,
      reservation_active: false as const,
      exception_id: settled.exceptionIds[0] ?? null,
      exception_ids: settled.exceptionIds,
      reconciled_at: settled.at,
      trigger: settled.trigger,
      replayed: isReplayed,
      entry,
    };
  }

  @Endpoint(ROUTES.sweepOverdue)
  async sweep(@TheCall() call: Call) {
    const { older_than_seconds: older = null, action = null, limit, idempotency_key: key } = call.body(SweepBody);
    const input = { olderThanSeconds: older, action, limit };
    const { swept, entry, isReplayed } = unwrap(await this.reservations.sweep(input, call.meta(key)));
    call.answer.entry('reservations', BigInt(entry.revision));
    return {
      action: swept.action,
      older_than_seconds: swept.older_than_seconds,
      released_count: swept.released_count,
      settled_count: swept.settled_count,
      total_released_usd: swept.total_released_usd,
      total_settled_usd: swept.total_settled_usd,
      decision_ids: swept.decision_ids,
      replayed: isReplayed,
      entry,
    };
  }
}
