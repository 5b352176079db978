import {
  type ApprovalRow,
  type ApprovalVersionRow,
  changeApproval,
  type StoredApprovalRow,
  versionOf,
} from '@verdict/application';
import type { PoolClient, QueryResultRow } from 'pg';
import { textArray } from '../journals/binary-arrays.js';
import {
  type BulkStatement,
  type Column,
  type Computed,
  insertStatement,
  parseList,
  updateStatement,
} from './columns.js';
import { type ApprovalChanges, type RowBatch, rowKey } from './row-batch.js';
import {
  APPROVAL_CHANGE_COLUMNS,
  APPROVAL_COLUMNS,
  APPROVAL_VERSION_COLUMNS,
  BOOKING_COLUMNS,
  type Booked,
  DECISION_COLUMNS,
  EXCEPTION_COLUMNS,
  EXCEPTION_ENDING_COLUMNS,
  GRANT_USE_COLUMNS,
  HOLD_ENDING_COLUMNS,
  INTEGRATION_COLUMNS,
  INTEGRATION_ENDING_COLUMNS,
  INTEGRATION_PROOF_COLUMNS,
  KEYED_ANSWER_COLUMNS,
  POLICY_CHANGE_COLUMNS,
  SETTLED_COLUMNS,
  SETTLEMENT_COLUMNS,
} from './tables.js';

interface ApprovalRecord extends QueryResultRow {
  readonly tenant_id: string;
  readonly approval_id: string;
  readonly decision_id: string;
  readonly revision: string;
  readonly status: ApprovalRow['status'];
  readonly project_id: string;
  readonly requester: string;
  readonly excluded_voters: readonly string[];
  readonly approved_by: readonly string[];
  readonly approved_stages: readonly string[];
  readonly quorum: number;
  readonly ticket: string | null;
  readonly filed_revision: string | null;
  readonly requested_at: string;
  readonly approve_by: string;
  readonly use_by: string | null;
  readonly is_separation_required: boolean;
  readonly since_revision: string;
}

const approvalOf = (record: ApprovalRecord): StoredApprovalRow => ({
  tenantId: record.tenant_id,
  approvalId: record.approval_id,
  decisionId: record.decision_id,
  revision: BigInt(record.revision),
  status: record.status,
  projectId: record.project_id,
  requester: record.requester,
  excludedVoters: record.excluded_voters,
  approvedBy: record.approved_by,
  approvedStages: record.approved_stages.map(parseList),
  quorum: record.quorum,
  ticket: record.ticket,
  filedRevision: record.filed_revision === null ? null : BigInt(record.filed_revision),
  requestedAt: record.requested_at,
  approveBy: record.approve_by,
  useBy: record.use_by,
  isSeparationRequired: record.is_separation_required,
  sinceRevision: BigInt(record.since_revision),
});

/**
 * A settlement may be projected before its decision is: journals do not wait for each other. `OFFSET 0` has it looked up
 * once for both columns.
 */
const SETTLED = (schema: string): Computed => {
  const first = (table: string): string =>
    `(SELECT s.revision FROM ${schema}.${table} AS s WHERE s.tenant_id = u.tenant_id AND s.decision_id = u.decision_id
  ORDER BY s.revision LIMIT 1)`;
  return {
    columns: { is_settled: 'first.revision IS NOT NULL', settled_revision: 'first.revision' },
    join: `CROSS JOIN LATERAL (SELECT least(${first('settlements')}, ${first('bookings')}) AS revision OFFSET 0) AS first`,
  };
};

/** Of each decision the first entry that booked something for it. */
const firstOf = (booked: readonly Booked[]): readonly Booked[] => {
  const first = new Map<string, Booked>();
  for (const each of booked) {
    const key = rowKey(each.tenantId, each.decisionId);
    const known = first.get(key);
    if (known === undefined || each.revision < known.revision) first.set(key, each);
  }
  return [...first.values()];
};

/** Writes a batch in the caller's transaction, which has locked the marks of all journals that it touches. */
export class RowWriter {
  constructor(
    private readonly client: PoolClient,
    private readonly schema: string,
  ) {}

  async write(batch: RowBatch): Promise<void> {
    const settlements = [...batch.settlements.values()];
    await this.insert('settlements', SETTLEMENT_COLUMNS, settlements);
    await this.insert('bookings', BOOKING_COLUMNS, batch.bookings);
    await this.insert('decisions', DECISION_COLUMNS, [...batch.decisions.values()], SETTLED(this.schema));
    await this.insert('approvals', APPROVAL_COLUMNS, [...batch.approvals.values()]);
    await this.insert('exceptions', EXCEPTION_COLUMNS, [...batch.exceptions.values()]);
    await this.insert('policy_changes', POLICY_CHANGE_COLUMNS, batch.policyChanges);
    await this.insert('integrations', INTEGRATION_COLUMNS, [...batch.integrations.values()]);
    await this.insert('integration_proofs', INTEGRATION_PROOF_COLUMNS, batch.integrationProofs);
    await this.insert('keyed_answers', KEYED_ANSWER_COLUMNS, batch.keyedAnswers);
    await this.update('decisions', HOLD_ENDING_COLUMNS, [...batch.holdEndings.values()], `t.hold_state = 'held'`);
    await this.update('decisions', SETTLED_COLUMNS, firstOf([...settlements, ...batch.bookings]), 'NOT t.is_settled');
    await this.update('exceptions', EXCEPTION_ENDING_COLUMNS, [...batch.exceptionEndings.values()]);
    await this.update('integrations', INTEGRATION_ENDING_COLUMNS, [...batch.integrationEndings.values()]);
    const versions = await this.changeApprovals([...batch.approvalChanges.values()]);
    await this.insert('approval_versions', APPROVAL_VERSION_COLUMNS, [...batch.approvalVersions, ...versions]);
    await this.insert('grant_uses', GRANT_USE_COLUMNS, batch.grantUses);
  }

  /**
   * The rule is in `changeApproval` alone: rows are read, changed by it, and written back.
   * Answers what they have been.
   */
  private async changeApprovals(changes: readonly ApprovalChanges[]): Promise<readonly ApprovalVersionRow[]> {
    if (changes.length === 0) return [];
    const { rows } = await this.client.query<ApprovalRecord>({
      name: `${this.schema}_read_approvals`,
      text: `SELECT a.* FROM unnest($1::text[], $2::text[]) AS u (tenant_id, approval_id)
  JOIN ${this.schema}.approvals AS a ON a.tenant_id = u.tenant_id AND a.approval_id = u.approval_id`,
      values: [
        textArray(changes.map(({ tenantId }) => tenantId)),
        textArray(changes.map(({ approvalId }) => approvalId)),
      ],
    });
    const stored = new Map(
      rows.map((record) => [rowKey(record.tenant_id, record.approval_id), approvalOf(record)] as const),
    );
    const versions: ApprovalVersionRow[] = [];
    const changed = changes.flatMap((each) => {
      const found = stored.get(rowKey(each.tenantId, each.approvalId));
      if (found === undefined) return [];
      const after = each.changes.reduce((row, { change, revision }) => {
        versions.push(versionOf(row, revision));
        return changeApproval(row, change, revision);
      }, found);
      return [after];
    });
    await this.update('approvals', APPROVAL_CHANGE_COLUMNS, changed);
    return versions;
  }

  private async insert<Row>(
    table: string,
    columns: readonly Column<Row>[],
    rows: readonly Row[],
    more?: Computed,
  ): Promise<void> {
    if (rows.length > 0) await this.run(insertStatement({ schema: this.schema, table, columns }, rows, more));
  }

  private async update<Row>(
    table: string,
    columns: readonly Column<Row>[],
    rows: readonly Row[],
    where?: string,
  ): Promise<void> {
    const terms = where === undefined ? { keys: 2 } : { keys: 2, where };
    if (rows.length > 0) await this.run(updateStatement({ schema: this.schema, table, columns }, rows, terms));
  }

  private async run(statement: BulkStatement): Promise<void> {
    await this.client.query(statement);
  }
}
