import {
  type JournalKind,
  type JournalName,
  parseJournalName,
  ProjectionsUnavailable,
  type RelayStore,
  type Revision,
} from '@verdict/application';
import type { QueryResultRow } from 'pg';
import { openPool } from '../shared/pool.js';
import { int8Array, textArray } from '../journals/binary-arrays.js';
import { messageOf } from '../shared/errors.js';
import { migrateRelay } from './migrate-relay.js';

export interface OpenRelayStore extends RelayStore {
  close(): Promise<void>;
}

/** A crash of the server may lose the last marks and leases: entries are published again, and somebody takes the lease. */
const SESSION =
  '-c synchronous_commit=off -c statement_timeout=5000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=5000';
const CONNECTIONS_MAX = 2;

/** Kept by the server's clock: those of the processes may differ. */
const LEASE = `INSERT INTO relay.leases AS held (kind, holder, until)
VALUES ($1, $2, now() + $3::bigint * interval '1 millisecond')
ON CONFLICT (kind) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE held.holder = excluded.holder OR held.until < now()
RETURNING 1`;
const RELEASE = 'DELETE FROM relay.leases WHERE kind = $1 AND holder = $2';
const MARKS = 'SELECT journal, next_revision FROM relay.marks WHERE kind = $1';
/** Sorted, so that two processes never wait for each other in a circle. */
const ADVANCE = `INSERT INTO relay.marks AS kept (journal, kind, next_revision)
SELECT journal, kind, next FROM unnest($1::text[], $2::text[], $3::int8[]) AS u (journal, kind, next) ORDER BY journal
ON CONFLICT (journal) DO UPDATE SET next_revision = excluded.next_revision
WHERE kept.next_revision < excluded.next_revision`;

/** Opens the RelayStore port on Postgres; migrates its schema first. `url`: the service role, as for the read models. */
export const openRelayStore = async (url: string): Promise<OpenRelayStore> => {
  await migrateRelay(url);
  const pool = openPool({
    ...{ connectionString: url, application_name: 'verdict-relay', max: CONNECTIONS_MAX, options: SESSION },
    ...{ connectionTimeoutMillis: 3_000, keepAlive: true },
  });
  const ask = async <Row extends QueryResultRow>(text: string, values: readonly unknown[]): Promise<readonly Row[]> => {
    try {
      return (await pool.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw new ProjectionsUnavailable(`the relay's marks cannot be reached: ${messageOf(error)}`, { cause: error });
    }
  };
  return {
    lease: async (kind, holder, ttlMs) => (await ask(LEASE, [kind, holder, ttlMs])).length > 0,
    release: async (kind, holder) => {
      await ask(RELEASE, [kind, holder]);
    },
    marks: async (kind: JournalKind) => {
      const rows = await ask<{ journal: string; next_revision: string }>(MARKS, [kind]);
      return new Map(rows.map(({ journal, next_revision: next }) => [journal, BigInt(next)]));
    },
    advance: async (marks: ReadonlyMap<JournalName, Revision>) => {
      const journals = [...marks.keys()];
      const kinds = journals.map((journal) => parseJournalName(journal)?.kind ?? journal);
      await ask(ADVANCE, [textArray(journals), textArray(kinds), int8Array([...marks.values()])]);
    },
    close: () => pool.end(),
  };
};
