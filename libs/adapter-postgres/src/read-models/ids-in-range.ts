import type { JournalKind, Revision } from '@verdict/application';
import type { DataSource } from 'typeorm';

const HEADLINES = {
  policy: { table: 'policy_changes', id: 'summary_id' },
  decisions: { table: 'decisions', id: 'decision_id' },
  approvals: { table: 'approvals', id: 'approval_id' },
  reservations: { table: 'settlements', id: 'decision_id' },
} as const satisfies Record<JournalKind, { readonly table: string; readonly id: string }>;

const FETCH = 'FETCH FORWARD 2000 FROM ids';

export interface IdRange {
  readonly tenantId: string;
  readonly kind: JournalKind;
  readonly from: Revision;
  readonly to: Revision;
}

/**
 * Sorted ids of a range, sorted by the server and fetched in portions: flat memory here, and no transaction stays open
 * while the caller takes its time.
 */
export async function* idsInRange(
  source: DataSource,
  schema: string,
  { tenantId, kind, from, to }: IdRange,
): AsyncGenerator<string> {
  const { table, id } = HEADLINES[kind];
  const runner = source.createQueryRunner();
  try {
    await runner.connect();
    await runner.startTransaction();
    const columns = `SELECT ${id} AS id FROM ${schema}.${table}`;
    await runner.query(
      `DECLARE ids NO SCROLL CURSOR WITH HOLD FOR ${columns} WHERE tenant_id = $1 AND revision >= $2 AND revision < $3 ORDER BY ${id}`,
      [tenantId, from.toString(), to.toString()],
    );
    await runner.commitTransaction();
    for (;;) {
      const rows = (await runner.query(FETCH)) as readonly { readonly id: string }[];
      for (const row of rows) yield row.id;
      if (rows.length === 0) break;
    }
    await runner.query('CLOSE ids');
  } finally {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    await runner.query('CLOSE ALL').catch(() => undefined); // Whoever stopped early leaves nothing to the next user.
    await runner.release();
  }
}
