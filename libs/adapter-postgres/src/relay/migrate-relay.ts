import { withClient } from '../shared/admin.js';

/** Any number that nobody else uses: two processes that start at once migrate one after the other. */
const MIGRATION_LOCK = 7_316_004_216;

/** One step per release that changed the schema; a published step never changes. Losing these tables costs duplicates only. */
const MIGRATIONS = [
  `CREATE TABLE relay.leases (
  kind text COLLATE "C" PRIMARY KEY,
  holder text COLLATE "C" NOT NULL,
  until timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE relay.marks (
  journal text COLLATE "C" PRIMARY KEY,
  kind text COLLATE "C" NOT NULL,
  next_revision bigint NOT NULL CHECK (next_revision >= 0)
) WITH (fillfactor = 50);
CREATE INDEX marks_by_kind ON relay.marks (kind);`,
];

/**
 * Brings the schema `relay` to this release, as the service role, which owns it; repeating it changes nothing.
 *
 * @throws Error when the database was migrated by a later release: an older one must not write there.
 */
export const migrateRelay = async (url: string): Promise<void> => {
  await withClient(url, async (client) => {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await client.query('CREATE SCHEMA IF NOT EXISTS relay');
    await client.query(
      'CREATE TABLE IF NOT EXISTS relay.versions (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    const { rows } = await client.query<{ version: number }>(
      'SELECT coalesce(max(version), 0) AS version FROM relay.versions',
    );
    const version = rows[0]?.version ?? 0;
    if (version > MIGRATIONS.length)
      throw new Error(
        `the schema relay has version ${String(version)}, this release knows ${String(MIGRATIONS.length)}`,
      );
    for (const [index, sql] of MIGRATIONS.entries()) {
      if (index < version) continue;
      await client.query(sql);
      await client.query('INSERT INTO relay.versions (version) VALUES ($1)', [index + 1]);
    }
    await client.query('COMMIT');
  });
};
