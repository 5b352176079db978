import type { Client } from 'pg';
import { withClient } from '../shared/admin.js';
import { LOG_MIGRATIONS } from './migrations.js';
import { ensureRoles, OWNER_ROLE } from './roles.js';

export interface MigrateLogOptions {
  /** Sets the password of `verdict_service`. Absent: the role keeps the one it has. */
  readonly servicePassword?: string;
}

/** Any number will do, as long as nobody else uses it: two processes that start at once migrate one after the other. */
const MIGRATION_LOCK = 7_316_004_211;

const prepare = async (client: Client): Promise<number> => {
  await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
  const member = await client.query(`SELECT 1 WHERE pg_has_role(current_user, $1, 'SET')`, [OWNER_ROLE]);
  if (member.rowCount === 0) await client.query(`GRANT ${OWNER_ROLE} TO CURRENT_USER`);
  await client.query(`CREATE SCHEMA IF NOT EXISTS log AUTHORIZATION ${OWNER_ROLE}`);
  await client.query(`SET LOCAL ROLE ${OWNER_ROLE}`);
  await client.query(
    'CREATE TABLE IF NOT EXISTS log.versions (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
  );
  const { rows } = await client.query<{ version: number }>(
    'SELECT coalesce(max(version), 0) AS version FROM log.versions',
  );
  return rows[0]?.version ?? 0;
};

/**
 * Brings the log's schema in the database of `adminUrl` to this release, in one transaction; repeating it changes
 * nothing. Also makes the roles `verdict_owner` (no login) and `verdict_service`.
 *
 * @throws Error when the database was migrated by a later release: an older one must not write there.
 * @source protocols section 7 rule 4
 */
export const migrateLog = async (adminUrl: string, { servicePassword }: MigrateLogOptions = {}): Promise<void> => {
  await ensureRoles(adminUrl, servicePassword);
  await withClient(adminUrl, async (client) => {
    await client.query('BEGIN');
    const version = await prepare(client);
    if (version > LOG_MIGRATIONS.length) {
      throw new Error(
        `the log's schema has version ${String(version)}, this release knows ${String(LOG_MIGRATIONS.length)}`,
      );
    }
    for (const [index, sql] of LOG_MIGRATIONS.entries()) {
      if (index < version) continue;
      await client.query(sql);
      await client.query('INSERT INTO log.versions (version) VALUES ($1)', [index + 1]);
    }
    await client.query('COMMIT');
  });
};
