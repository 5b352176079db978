import type { ApprovalRow, ReadPoint } from '@verdict/application';
import type { SelectQueryBuilder } from 'typeorm';
import { ApprovalEntity, ApprovalVersionEntity, GrantUseEntity, type StoredApproval } from './entities.js';
import { type FilterValue, inSpan, sortedInSpan, type Span, withFilters } from './page-of.js';
import { AT_APPROVALS, AT_DECISIONS, atPoint, type Tables } from './point.js';

/** `version` is what `approval` was at the point, which it is no longer. */
export const wasVersion = (version: string, approval: string): string =>
  [
    `${version}.tenantId = ${approval}.tenantId`,
    `${version}.approvalId = ${approval}.approvalId`,
    `${version}.sinceRevision <= ${AT_APPROVALS}`,
    `${version}.untilRevision > ${AT_APPROVALS}`,
  ].join(' AND ');

const newestUse = (schema: string): string => `SELECT max(newest.revision) FROM ${schema}.grant_uses AS newest
  WHERE newest.tenant_id = a.tenant_id AND newest.approval_id = a.approval_id AND newest.revision <= ${AT_DECISIONS}`;

/** Approvals of a tenant, each with what it was at the point, and how it had been used by then. */
export const approvalsAt = (
  { source, schema }: Tables,
  tenantId: string,
  point: ReadPoint,
): SelectQueryBuilder<StoredApproval> =>
  source
    .getRepository(ApprovalEntity)
    .createQueryBuilder('a')
    .leftJoinAndMapOne('a.version', ApprovalVersionEntity.options.name, 'v', wasVersion('v', 'a'))
    .leftJoinAndMapOne(
      'a.lastUse',
      GrantUseEntity.options.name,
      'g',
      `g.tenantId = a.tenantId AND g.approvalId = a.approvalId AND g.revision = (${newestUse(schema)})`,
    )
    .where('a.tenantId = :tenantId', { tenantId })
    .setParameters(atPoint(point));

/** A row that `approvalsAt` found, as it was at the point. */
export const approvalRowAt = ({
  isSeparationRequired: _,
  sinceRevision: __,
  version,
  lastUse,
  ...row
}: StoredApproval): ApprovalRow => {
  if (version === undefined || version === null) return { ...row, lastUse: lastUse ?? null };
  const { sinceRevision: ___, untilRevision: ____, ...was } = version;
  return { ...row, ...was, lastUse: lastUse ?? null };
};

/** Approvals of a page; those of a status are those that still have it, and those that have changed since. */
export const approvalsOfPage = (
  tables: Tables,
  tenantId: string,
  {
    status,
    filter,
    span,
  }: {
    readonly status: string | undefined;
    readonly filter: Readonly<Record<string, FilterValue>>;
    readonly span: Span;
  },
): SelectQueryBuilder<StoredApproval> => {
  const query = approvalsAt(tables, tenantId, span.page.point);
  if (status === undefined) return inSpan(withFilters(query, 'a', filter), 'a', span);
  const some = () => query.subQuery().select('c.revision').from(ApprovalEntity, 'c').where('c.tenantId = :tenantId');
  const still = some().andWhere(`c.status = :status AND c.sinceRevision <= ${AT_APPROVALS}`);
  const since = some().innerJoin(
    ApprovalVersionEntity.options.name,
    'w',
    `${wasVersion('w', 'c')} AND w.status = :status`,
  );
  const candidates = [
    inSpan(withFilters(still, 'c', filter), 'c', span).getQuery(),
    sortedInSpan(withFilters(since, 'c', filter), 'c', span),
  ];
  return inSpan(query.andWhere(`a.revision IN (${candidates.join(' UNION ')})`, { status }), 'a', span);
};
