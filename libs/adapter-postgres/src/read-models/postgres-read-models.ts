import {
  type ApprovalRow,
  type DecisionFilter,
  type DecisionRow,
  type DecisionView,
  type ExceptionRow,
  type IntegrationRow,
  JOURNAL_KINDS,
  type JournalKind,
  type KeyedAnswerRow,
  journalName,
  type PageAt,
  type ProjectFilter,
  type ReadModels,
  type ReadPage,
  type ReadPoint,
  type Revision,
} from '@verdict/application';
import { type DataSource, In, type SelectQueryBuilder } from 'typeorm';
import {
  BookingEntity,
  ExceptionEntity,
  HighWaterEntity,
  IntegrationEntity,
  IntegrationProofEntity,
  KeyedAnswerEntity,
  SettlementEntity,
} from './entities.js';
import { approvalRowAt, approvalsAt, approvalsOfPage } from './approvals-at.js';
import { storable } from './columns.js';
import { decisionsAt, decisionViewAt, heldAt } from './decisions-at.js';
import { NOW } from './point.js';
import type { AnswerFinder } from './find-answers.js';
import { idsInRange } from './ids-in-range.js';
import { inSpan, pageOf, withFilters } from './page-of.js';

export interface ReadModelDeps {
  readonly source: DataSource;
  readonly answers: AnswerFinder;
  readonly schema: string;
  readonly consumer: string;
}

/** One proof of several integrations is odd, but legal: the public key of a cluster is no secret. */
const PROVED_MAX = 10;

/** The exception as it was when the reservations journal ended at `at`. */
const exceptionAt = (row: ExceptionRow, at: Revision): ExceptionRow =>
  row.resolvedRevision !== null && row.resolvedRevision > at
    ? { ...row, status: 'open', resolution: null, resolvedRevision: null }
    : row;

/** The ReadModels port on Postgres through TypeORM. */
export class PostgresReadModels implements ReadModels {
  constructor(private readonly deps: ReadModelDeps) {}

  listDecisions(tenantId: string, filter: DecisionFilter, page: PageAt): Promise<ReadPage<DecisionView>> {
    const { projectId, environmentClass, decision, source } = filter;
    const filters = { projectId, environmentClass, decision, source };
    const query = withFilters(decisionsAt(this.deps, tenantId, page.point), 'd', filters);
    const span = { order: 'newest_first', upTo: page.point.decisions, page } as const;
    return pageOf(inSpan(query, 'd', span), span, decisionViewAt(page.point));
  }

  async findDecision(tenantId: string, decisionId: string): Promise<DecisionView | undefined> {
    const query = decisionsAt(this.deps, tenantId, NOW).andWhere('d.decisionId = :decisionId', { decisionId });
    const found = await query.getOne();
    return found === null ? undefined : decisionViewAt(NOW)(found);
  }

  async bookingRevisions(tenantId: string, decisionId: string): Promise<readonly Revision[]> {
    const { source } = this.deps;
    const of = { where: { tenantId, decisionId }, select: { revision: true } } as const;
    const settled = await source.getRepository(SettlementEntity).find(of);
    const booked = await source.getRepository(BookingEntity).find({ ...of, order: { revision: 'ASC' } });
    return [...settled, ...booked].map(({ revision }) => revision); // Whatever follows a settlement is a correction of it.
  }

  async findAnswers(
    tenantId: string,
    keys: readonly { readonly scope: string; readonly text: string }[],
  ): Promise<readonly DecisionRow[]> {
    const found = await this.deps.answers.find(keys.map(({ scope, text }) => ({ tenantId, scope, text })));
    return found.filter((row) => row !== undefined);
  }

  async findKeyedAnswer(
    tenantId: string,
    { kind, scope, key }: Pick<KeyedAnswerRow, 'kind' | 'scope' | 'key'>,
  ): Promise<Pick<KeyedAnswerRow, 'revision' | 'payloadHash'> | undefined> {
    const found = await this.deps.source
      .getRepository(KeyedAnswerEntity)
      .createQueryBuilder('k')
      .where('k.tenantId = :tenantId AND k.kind = :kind', { tenantId, kind })
      // The first comparisons are those of the index, the second the exact ones.
      .andWhere('left(k.scope, 500) = left(:scope, 500) AND left(k.key, 500) = left(:key, 500)', {
        scope: storable(scope),
        key: storable(key),
      })
      .andWhere('k.scope = :scope AND k.key = :key')
      .orderBy('k.revision', 'DESC')
      .limit(1)
      .getOne();
    return found === null ? undefined : { revision: found.revision, payloadHash: found.payloadHash };
  }

  listApprovals(
    tenantId: string,
    filter: ProjectFilter & { readonly status?: string | undefined },
    page: PageAt,
  ): Promise<ReadPage<ApprovalRow>> {
    const span = { order: 'newest_first', upTo: page.point.approvals, page } as const;
    const terms = { status: filter.status, filter: { projectId: filter.projectId }, span };
    return pageOf(approvalsOfPage(this.deps, tenantId, terms), span, approvalRowAt);
  }

  async findApproval(tenantId: string, approvalId: string): Promise<ApprovalRow | undefined> {
    const query = approvalsAt(this.deps, tenantId, NOW).andWhere('a.approvalId = :approvalId', { approvalId });
    const found = await query.getOne();
    return found === null ? undefined : approvalRowAt(found);
  }

  listActiveReservations(tenantId: string, filter: ProjectFilter, page: PageAt): Promise<ReadPage<DecisionView>> {
    const span = { order: 'oldest_first', upTo: page.point.decisions, page } as const;
    const query = heldAt(this.deps, tenantId, { filter: { projectId: filter.projectId }, span });
    return pageOf(query, span, decisionViewAt(page.point));
  }

  listExceptions(
    tenantId: string,
    filter: { readonly kind?: string | undefined; readonly status?: string | undefined },
    page: PageAt,
  ): Promise<ReadPage<ExceptionRow>> {
    const { kind, status } = filter;
    const at = page.point.reservations;
    const query = this.deps.source
      .getRepository(ExceptionEntity)
      .createQueryBuilder('e')
      .where('e.tenantId = :tenantId', { tenantId });
    if (status !== undefined)
      query.andWhere(`CASE WHEN e.resolvedRevision > CAST(:at AS bigint) THEN 'open' ELSE e.status END = :status`, {
        at: at.toString(),
        status,
      });
    const span = { order: 'newest_first', upTo: at, page } as const;
    return pageOf(inSpan(withFilters(query, 'e', { kind }), 'e', span), span, (row) => exceptionAt(row, at));
  }

  findIntegrationsByProof(way: string, sha256: string): Promise<readonly IntegrationRow[]> {
    return this.activeIntegrations()
      .innerJoin(
        IntegrationProofEntity.options.name,
        'p',
        'p.tenantId = i.tenantId AND p.integrationId = i.integrationId',
      )
      .andWhere('p.way = :way AND p.sha256 = :sha256', { way, sha256 })
      .take(PROVED_MAX)
      .getMany();
  }

  async findIntegration(integrationId: string): Promise<IntegrationRow | undefined> {
    return (await this.deps.source.getRepository(IntegrationEntity).findOneBy({ integrationId })) ?? undefined;
  }

  listActiveIntegrations(kind: IntegrationRow['kind'], limit: number): Promise<readonly IntegrationRow[]> {
    return this.activeIntegrations().andWhere('i.kind = :kind', { kind }).take(limit).getMany();
  }

  async highWater(tenantId: string): Promise<ReadPoint> {
    const { source, consumer } = this.deps;
    const journals = JOURNAL_KINDS.map((kind) => journalName(kind, tenantId));
    const marks = await source.getRepository(HighWaterEntity).findBy({ consumer, journal: In(journals) });
    const last = (kind: JournalKind): Revision =>
      (marks.find(({ journal }) => journal === journalName(kind, tenantId))?.nextRevision ?? 0n) - 1n;
    return {
      policy: last('policy'),
      decisions: last('decisions'),
      approvals: last('approvals'),
      reservations: last('reservations'),
    };
  }

  idsInRange(tenantId: string, kind: JournalKind, from: Revision, to: Revision): AsyncIterable<string> {
    return idsInRange(this.deps.source, this.deps.schema, { tenantId, kind, from, to });
  }

  private activeIntegrations(): SelectQueryBuilder<IntegrationRow> {
    return this.deps.source
      .getRepository(IntegrationEntity)
      .createQueryBuilder('i')
      .where('NOT i.isRevoked')
      .orderBy('i.createdAt')
      .addOrderBy('i.integrationId');
  }
}
