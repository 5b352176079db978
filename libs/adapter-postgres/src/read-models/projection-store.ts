import {
  journalName,
  type JournalName,
  type ParkedJournal,
  parseJournalName,
  type ProjectedSlice,
  type ProjectionStore,
  ProjectionsUnavailable,
  type Revision,
} from '@verdict/application';
import type { Pool, PoolClient } from 'pg';
import { openPool } from '../shared/pool.js';
import { int8Array, textArray } from '../journals/binary-arrays.js';
import { codeOf, messageOf } from '../shared/errors.js';
import { RowBatch, RowConflict } from './row-batch.js';
import { RowWriter } from './write-rows.js';

export interface ProjectionStoreTerms {
  readonly url: string;
  readonly schema: string;
  /** Owner of the marks: one name per set of tables. */
  readonly consumer: string;
  readonly applicationName: string;
}

const CONNECTIONS_MAX = 2;
/** A crash of the server may lose the last transactions: their marks are lost with them, so the entries come again. */
const SESSION =
  '-c synchronous_commit=off -c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=30000 ' +
  '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off';

/** The value is wrong (22), breaks a constraint (23) or a limit (54): the same entry will fail in the same way. */
const DEFINITE = /^(22|23|54)[0-9A-Z]{3}$/;
const isDefinite = (error: unknown): boolean =>
  error instanceof RowConflict ||
  error instanceof TypeError ||
  error instanceof RangeError ||
  DEFINITE.test(codeOf(error) ?? '');

/** Sorted, so that two processes never wait for each other in a circle. */
const inOrder = (journals: Iterable<JournalName>): readonly JournalName[] => [...new Set(journals)].sort();

/**
 * Marks that a transaction needs: those of its slices, and for reservations that of the tenant's decisions too, since a
 * settlement marks the row of its decision.
 */
const marksOf = (slices: readonly ProjectedSlice[]): readonly JournalName[] =>
  inOrder(
    slices.flatMap(({ journal }) => {
      const parsed = parseJournalName(journal);
      return parsed?.kind === 'reservations' ? [journal, journalName('decisions', parsed.tenantId)] : [journal];
    }),
  );

interface MarkRow {
  readonly journal: string;
  readonly next_revision: string;
}
const asMap = (rows: readonly MarkRow[]): Map<JournalName, Revision> =>
  new Map(rows.map(({ journal, next_revision: next }) => [journal, BigInt(next)]));

/** The ProjectionStore port on Postgres: raw `pg`, one prepared statement per table whatever the number of rows. */
export class PostgresProjectionStore implements ProjectionStore {
  private readonly pool: Pool;

  constructor(private readonly terms: ProjectionStoreTerms) {
    this.pool = openPool({
      connectionString: terms.url,
      application_name: terms.applicationName,
      max: CONNECTIONS_MAX,
      connectionTimeoutMillis: 3_000,
      keepAlive: true,
      options: SESSION,
    });
  }

  async marks(): Promise<ReadonlyMap<JournalName, Revision>> {
    const text = `SELECT journal, next_revision FROM ${this.terms.schema}.high_water WHERE consumer = $1`;
    return this.guarded(async () => asMap((await this.pool.query<MarkRow>(text, [this.terms.consumer])).rows));
  }

  apply(slices: readonly ProjectedSlice[]): Promise<ReadonlyMap<JournalName, Revision>> {
    if (slices.length === 0) return Promise.resolve(new Map());
    return this.guarded(async () => {
      const journals = marksOf(slices);
      const first = await this.transaction((client) => this.applyIn(client, journals, slices));
      if (first !== 'marks_missing') return first;
      await this.createMarks(journals);
      const second = await this.transaction((client) => this.applyIn(client, journals, slices));
      if (second !== 'marks_missing') return second;
      throw new ProjectionsUnavailable('marks were removed while they were made');
    });
  }

  async park({ journal, revision, error, since }: ParkedJournal): Promise<void> {
    const text = `INSERT INTO ${this.terms.schema}.parked_journals (consumer, journal, revision, error, since) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (consumer, journal) DO UPDATE SET revision = excluded.revision, error = excluded.error, since = excluded.since`;
    const reason = error.replaceAll('\u0000', '\ufffd');
    await this.guarded(() => this.pool.query(text, [this.terms.consumer, journal, revision.toString(), reason, since]));
  }

  async resume(journal: JournalName): Promise<void> {
    const text = `DELETE FROM ${this.terms.schema}.parked_journals WHERE consumer = $1 AND journal = $2`;
    await this.guarded(() => this.pool.query(text, [this.terms.consumer, journal]));
  }

  async parked(): Promise<readonly ParkedJournal[]> {
    const text = `SELECT journal, revision, error, since FROM ${this.terms.schema}.parked_journals WHERE consumer = $1 ORDER BY journal`;
    type Row = Omit<ParkedJournal, 'revision'> & { readonly revision: string };
    const { rows } = await this.guarded(() => this.pool.query<Row>(text, [this.terms.consumer]));
    return rows.map((row) => ({ ...row, revision: BigInt(row.revision) }));
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  private async applyIn(
    client: PoolClient,
    journals: readonly JournalName[],
    slices: readonly ProjectedSlice[],
  ): Promise<ReadonlyMap<JournalName, Revision> | 'marks_missing'> {
    const marks = await this.lockMarks(client, journals);
    if (marks.size < journals.length) return 'marks_missing';
    const batch = new RowBatch();
    const moved = new Set<JournalName>();
    for (const { journal, entries } of slices) {
      let next = marks.get(journal) ?? 0n;
      for (const { revision, changes } of entries) {
        if (revision < next) continue; // Seen before.
        if (revision > next) break; // A gap: the caller reads from `next` in the log and comes again.
        for (const change of changes) batch.add(change);
        next += 1n;
        moved.add(journal);
      }
      marks.set(journal, next);
    }
    if (moved.size > 0) {
      await new RowWriter(client, this.terms.schema).write(batch);
      await this.moveMarks(client, [...moved], marks);
    }
    return marks;
  }

  private async lockMarks(client: PoolClient, journals: readonly JournalName[]): Promise<Map<JournalName, Revision>> {
    const { rows } = await client.query<MarkRow>({
      name: `${this.terms.schema}_lock_marks`,
      text: `SELECT journal, next_revision FROM ${this.terms.schema}.high_water
 WHERE consumer = $1 AND journal = ANY ($2::text[]) ORDER BY journal FOR UPDATE`,
      values: [this.terms.consumer, textArray(journals)],
    });
    return asMap(rows);
  }

  private async moveMarks(
    client: PoolClient,
    journals: readonly JournalName[],
    marks: ReadonlyMap<JournalName, Revision>,
  ): Promise<void> {
    await client.query({
      name: `${this.terms.schema}_move_marks`,
      text: `UPDATE ${this.terms.schema}.high_water AS h SET next_revision = u.next
  FROM unnest($2::text[], $3::int8[]) AS u (journal, next) WHERE h.consumer = $1 AND h.journal = u.journal`,
      values: [
        this.terms.consumer,
        textArray(journals),
        int8Array(journals.map((journal) => marks.get(journal) ?? 0n)),
      ],
    });
  }

  /** In a transaction of its own: marks are then only ever locked in order, never made while others are held. */
  private async createMarks(journals: readonly JournalName[]): Promise<void> {
    const text = `INSERT INTO ${this.terms.schema}.high_water (consumer, journal, next_revision)
SELECT $1, j, 0 FROM unnest($2::text[]) AS j ORDER BY j ON CONFLICT DO NOTHING`;
    await this.pool.query(text, [this.terms.consumer, textArray(journals)]);
  }

  private async transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('BEGIN');
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((rollback: unknown) => {
        broken = rollback instanceof Error ? rollback : new Error(String(rollback));
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }

  private async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ProjectionsUnavailable || isDefinite(error)) throw error;
      throw new ProjectionsUnavailable(`the read models cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }
}
