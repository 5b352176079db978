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
  type Page,
  type PageRequest,
  type ProjectFilter,
  type ReadModels,
  type Revision,
  type StoredApprovalRow,
} from '@verdict/application';
import { type DataSource, In, type SelectQueryBuilder } from 'typeorm';
import {
  ApprovalEntity,
  BookingEntity,
  DecisionEntity,
  ExceptionEntity,
  HighWaterEntity,
  IntegrationEntity,
  IntegrationProofEntity,
  KeyedAnswerEntity,
  SettlementEntity,
  type StoredDecision,
} from './entities.js';
import { storable } from './columns.js';
import type { AnswerFinder } from './find-answers.js';
import { idsInRange } from './ids-in-range.js';
import { pageOf, withFilters } from './page-of.js';

export interface ReadModelDeps {
  readonly source: DataSource;
  readonly answers: AnswerFinder;
  readonly schema: string;
  readonly consumer: string;
}

/** One proof of several integrations is odd, but legal: the public key of a cluster is no secret. */
const PROVED_MAX = 10;

const decisionView = ({ isSettled: _, approval, settlement, booking, ...row }: StoredDecision): DecisionView => ({
  row: { ...row },
  approvalStatus: approval?.status ?? null,
  settlement: settlement ?? null,
  booking: booking ?? null,
});
const approvalRow = ({ isSeparationRequired: _, ...row }: StoredApprovalRow): ApprovalRow => row;

const mapPage = <From, To>(page: Page<From>, change: (row: From) => To): Page<To> =>
  page.kind === 'page' ? { ...page, rows: page.rows.map(change) } : page;

/** The ReadModels port on Postgres through TypeORM. */
export class PostgresReadModels implements ReadModels {
  constructor(private readonly deps: ReadModelDeps) {}

  async listDecisions(tenantId: string, filter: DecisionFilter, page: PageRequest): Promise<Page<DecisionView>> {
    const { projectId, environmentClass, decision, source } = filter;
    const filters = { projectId, environmentClass, decision, source };
    const query = withFilters(this.decisionsOf(tenantId), 'd', filters);
    const walk = { list: 'decisions', tenantId, filter: filters, order: 'newest_first' } as const;
    return mapPage(await pageOf({ query, alias: 'd', walk }, page), decisionView);
  }

  async findDecision(tenantId: string, decisionId: string): Promise<DecisionView | undefined> {
    const found = await this.decisionsOf(tenantId).andWhere('d.decisionId = :decisionId', { decisionId }).getOne();
    return found === null ? undefined : decisionView(found);
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

  async listApprovals(
    tenantId: string,
    filter: ProjectFilter & { readonly status?: string | undefined },
    page: PageRequest,
  ): Promise<Page<ApprovalRow>> {
    const filters = { status: filter.status, projectId: filter.projectId };
    const query = withFilters(this.approvalsOf(tenantId), 'a', filters);
    const walk = { list: 'approvals', tenantId, filter: filters, order: 'newest_first' } as const;
    return mapPage(await pageOf({ query, alias: 'a', walk }, page), approvalRow);
  }

  async findApproval(tenantId: string, approvalId: string): Promise<ApprovalRow | undefined> {
    const found = await this.deps.source.getRepository(ApprovalEntity).findOneBy({ tenantId, approvalId });
    return found === null ? undefined : approvalRow(found);
  }

  async listActiveReservations(
    tenantId: string,
    filter: ProjectFilter,
    page: PageRequest,
  ): Promise<Page<DecisionView>> {
    const filters = { projectId: filter.projectId };
    const held = this.decisionsOf(tenantId).andWhere(`d.holdState = 'held'`).andWhere('NOT d.isSettled');
    const walk = { list: 'active_reservations', tenantId, filter: filters, order: 'oldest_first' } as const;
    return mapPage(await pageOf({ query: withFilters(held, 'd', filters), alias: 'd', walk }, page), decisionView);
  }

  listExceptions(
    tenantId: string,
    filter: { readonly kind?: string | undefined; readonly status?: string | undefined },
    page: PageRequest,
  ): Promise<Page<ExceptionRow>> {
    const filters = { kind: filter.kind, status: filter.status };
    const all = this.deps.source
      .getRepository(ExceptionEntity)
      .createQueryBuilder('e')
      .where('e.tenantId = :tenantId', { tenantId });
    const walk = { list: 'exceptions', tenantId, filter: filters, order: 'newest_first' } as const;
    return pageOf({ query: withFilters(all, 'e', filters), alias: 'e', walk }, page);
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

  async highWater(tenantId: string): Promise<Readonly<Record<JournalKind, Revision>>> {
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

  private decisionsOf(tenantId: string): SelectQueryBuilder<StoredDecision> {
    return this.deps.source
      .getRepository(DecisionEntity)
      .createQueryBuilder('d')
      .leftJoinAndMapOne(
        'd.approval',
        ApprovalEntity.options.name,
        'a',
        'a.tenantId = d.tenantId AND a.approvalId = d.approvalId',
      )
      .leftJoinAndMapOne(
        'd.settlement',
        SettlementEntity.options.name,
        's',
        's.tenantId = d.tenantId AND s.decisionId = d.decisionId',
      )
      .leftJoinAndMapOne(
        'd.booking',
        BookingEntity.options.name,
        'b',
        `b.tenantId = d.tenantId AND b.decisionId = d.decisionId AND b.revision = (${this.newestBooking})`,
      )
      .where('d.tenantId = :tenantId', { tenantId });
  }

  private get newestBooking(): string {
    return `SELECT max(newest.revision) FROM ${this.deps.schema}.bookings AS newest
  WHERE newest.tenant_id = d.tenant_id AND newest.decision_id = d.decision_id`;
  }

  private activeIntegrations(): SelectQueryBuilder<IntegrationRow> {
    return this.deps.source
      .getRepository(IntegrationEntity)
      .createQueryBuilder('i')
      .where('NOT i.isRevoked')
      .orderBy('i.createdAt')
      .addOrderBy('i.integrationId');
  }

  private approvalsOf(tenantId: string): SelectQueryBuilder<StoredApprovalRow> {
    return this.deps.source
      .getRepository(ApprovalEntity)
      .createQueryBuilder('a')
      .where('a.tenantId = :tenantId', { tenantId });
  }
}
