import type { DecisionView, ReadPoint, Revision } from '@verdict/application';
import type { SelectQueryBuilder } from 'typeorm';
import { wasVersion } from './approvals-at.js';
import {
  ApprovalEntity,
  ApprovalVersionEntity,
  BookingEntity,
  DecisionEntity,
  SettlementEntity,
  type StoredDecision,
} from './entities.js';
import { type FilterValue, inSpan, sortedInSpan, type Span, withFilters } from './page-of.js';
import { AT_APPROVALS, AT_DECISIONS, AT_RESERVATIONS, atPoint, type Tables } from './point.js';

const newestBooking = (schema: string): string => `SELECT max(newest.revision) FROM ${schema}.bookings AS newest
  WHERE newest.tenant_id = d.tenant_id AND newest.decision_id = d.decision_id AND newest.revision <= ${AT_RESERVATIONS}`;

/** Decisions of a tenant, each with what the other journals had said of it at the point. */
export const decisionsAt = (
  { source, schema }: Tables,
  tenantId: string,
  point: ReadPoint,
): SelectQueryBuilder<StoredDecision> =>
  source
    .getRepository(DecisionEntity)
    .createQueryBuilder('d')
    .leftJoinAndMapOne(
      'd.approval',
      ApprovalEntity.options.name,
      'a',
      `a.tenantId = d.tenantId AND a.approvalId = d.approvalId AND a.revision <= ${AT_APPROVALS}`,
    )
    .leftJoinAndMapOne('d.approvalVersion', ApprovalVersionEntity.options.name, 'v', wasVersion('v', 'a'))
    .leftJoinAndMapOne(
      'd.settlement',
      SettlementEntity.options.name,
      's',
      `s.tenantId = d.tenantId AND s.decisionId = d.decisionId AND s.revision <= ${AT_RESERVATIONS}`,
    )
    .leftJoinAndMapOne(
      'd.booking',
      BookingEntity.options.name,
      'b',
      `b.tenantId = d.tenantId AND b.decisionId = d.decisionId AND b.revision = (${newestBooking(schema)})`,
    )
    .where('d.tenantId = :tenantId', { tenantId })
    .setParameters(atPoint(point));

const isAfter = (revision: Revision | null, at: Revision): boolean => revision !== null && revision > at;

/** A row that `decisionsAt` found, as it was at the point. */
export const decisionViewAt =
  (point: ReadPoint) =>
  ({ isSettled: _, settledRevision: __, holdEndedRevision, ...stored }: StoredDecision): DecisionView => {
    const { approval, approvalVersion, settlement, booking, ...row } = stored;
    return {
      row: { ...row, holdState: isAfter(holdEndedRevision, point.decisions) ? 'held' : row.holdState },
      approvalStatus: (approvalVersion ?? approval)?.status ?? null,
      settlement: settlement ?? null,
      booking: booking ?? null,
    };
  };

/**
 * Holds that were neither ended nor settled at the point: those that still are not, and those that came to an end since.
 * Each is a short look-up by an index of its own, in the order of the list.
 */
export const heldAt = (
  tables: Tables,
  tenantId: string,
  { filter, span }: { readonly filter: Readonly<Record<string, FilterValue>>; readonly span: Span },
): SelectQueryBuilder<StoredDecision> => {
  const query = decisionsAt(tables, tenantId, span.page.point);
  const wasHeld = `(c.holdState = 'held' OR c.holdEndedRevision > ${AT_DECISIONS})`;
  const wasUnsettled = `(NOT c.isSettled OR c.settledRevision > ${AT_RESERVATIONS})`;
  const some = (condition: string) =>
    withFilters(
      query.subQuery().select('c.revision').from(DecisionEntity, 'c').where('c.tenantId = :tenantId'),
      'c',
      filter,
    ).andWhere(condition);
  const candidates = [
    inSpan(some(`c.holdState = 'held' AND NOT c.isSettled`), 'c', span).getQuery(),
    sortedInSpan(some(`c.holdEndedRevision > ${AT_DECISIONS} AND ${wasUnsettled}`), 'c', span),
    sortedInSpan(some(`c.settledRevision > ${AT_RESERVATIONS} AND ${wasHeld}`), 'c', span),
  ];
  return inSpan(query.andWhere(`d.revision IN (${candidates.join(' UNION ')})`), 'd', span);
};
