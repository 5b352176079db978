import type { Client } from 'pg';
import { ensureRoles, SERVICE_ROLE } from '../journals/roles.js';
import { withClient } from '../shared/admin.js';
import { AUDIT_MIGRATIONS } from './migrations.js';

/** Any number that nobody else uses: two processes that start at once migrate one after the other. */
const MIGRATION_LOCK = 7_316_004_215;

const prepare = async (client: Client): Promise<number> => {
  await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
  const member = await client.query(`SELECT 1 WHERE pg_has_role(current_user, $1, 'SET')`, [SERVICE_ROLE]);
  if (member.rowCount === 0) await client.query(`GRANT ${SERVICE_ROLE} TO CURRENT_USER`);
  await client.query(`CREATE SCHEMA IF NOT EXISTS audit AUTHORIZATION ${SERVICE_ROLE}`);
  await client.query(`SET LOCAL ROLE ${SERVICE_ROLE}`);
  await client.query(
    'CREATE TABLE IF NOT EXISTS audit.versions (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
  );
  const { rows } = await client.query<{ version: number }>(
    'SELECT coalesce(max(version), 0) AS version FROM audit.versions',
  );
  return rows[0]?.version ?? 0;
};

/**
 * Brings the schema `audit` in the database of `adminUrl` to this release, in one transaction; repeating it changes
 * nothing. Its tables are the service's own: what proves anything is in the log and in the signed notes.
 *
 * @throws Error when the database was migrated by a later release: an older one must not write there.
 */
export const migrateAudit = async (adminUrl: string): Promise<void> => {
  await ensureRoles(adminUrl);
  await withClient(adminUrl, async (client) => {
    await client.query('BEGIN');
    const version = await prepare(client);
    if (version > AUDIT_MIGRATIONS.length) {
      throw new Error(
        `the schema audit has version ${String(version)}, this release knows ${String(AUDIT_MIGRATIONS.length)}`,
      );
    }
    for (const [index, sql] of AUDIT_MIGRATIONS.entries()) {
      if (index < version) continue;
      await client.query(sql);
      await client.query('INSERT INTO audit.versions (version) VALUES ($1)', [index + 1]);
    }
    await client.query('COMMIT');
  });
};
