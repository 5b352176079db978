import { withClient } from '../shared/admin.js';

/** Any number that nobody else uses: two processes that start at once migrate one after the other. */
const MIGRATION_LOCK = 7_316_004_217;

/** One step per release that changed the schema; a published step never changes. */
const MIGRATIONS = [
  `CREATE TABLE run_task.inbox (
  tenant_id text COLLATE "C" NOT NULL,
  integration_id text COLLATE "C" NOT NULL,
  task_result_id text COLLATE "C" NOT NULL,
  task text NOT NULL,
  sealed_token text, -- Dropped when the task is finished.
  arrived_at_ms bigint NOT NULL,
  result text,
  holder text COLLATE "C",
  held_until timestamptz NOT NULL DEFAULT '-infinity',
  finished_at timestamptz,
  PRIMARY KEY (tenant_id, integration_id, task_result_id),
  CHECK ((finished_at IS NULL) = (sealed_token IS NOT NULL))
);
CREATE INDEX inbox_open ON run_task.inbox (arrived_at_ms) WHERE finished_at IS NULL;
CREATE INDEX inbox_finished ON run_task.inbox (finished_at) WHERE finished_at IS NOT NULL;`,
  // What is there begins anew, in the lane of new tasks: the peer hears once more that it is running.
  `ALTER TABLE run_task.inbox
  ADD COLUMN lane text COLLATE "C" NOT NULL DEFAULT 'quick' CHECK (lane IN ('quick', 'plan')),
  ADD COLUMN attempt integer NOT NULL DEFAULT 0,
  ADD COLUMN claimed_at timestamptz; -- Newest of a tenant: when it was served last.
DROP INDEX run_task.inbox_open;
CREATE INDEX inbox_due ON run_task.inbox (lane, tenant_id, held_until, arrived_at_ms) WHERE finished_at IS NULL;
CREATE INDEX inbox_held ON run_task.inbox (holder) WHERE finished_at IS NULL AND holder IS NOT NULL;
CREATE INDEX inbox_served ON run_task.inbox (tenant_id, claimed_at);`,
];

/**
 * Brings the schema `run_task` to this release, as the service role, which owns it; repeating it changes nothing.
 *
 * @throws Error when the database was migrated by a later release: an older one must not write there.
 */
export const migrateRunTasks = async (url: string): Promise<void> => {
  await withClient(url, async (client) => {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await client.query('CREATE SCHEMA IF NOT EXISTS run_task');
    await client.query(
      'CREATE TABLE IF NOT EXISTS run_task.versions (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    const { rows } = await client.query<{ version: number }>(
      'SELECT coalesce(max(version), 0) AS version FROM run_task.versions',
    );
    const version = rows[0]?.version ?? 0;
    if (version > MIGRATIONS.length)
      throw new Error(
        `the schema run_task has version ${String(version)}, this release knows ${String(MIGRATIONS.length)}`,
      );
    for (const [index, sql] of MIGRATIONS.entries()) {
      if (index < version) continue;
      await client.query(sql);
      await client.query('INSERT INTO run_task.versions (version) VALUES ($1)', [index + 1]);
    }
    await client.query('COMMIT');
  });
};
