import type { Client } from 'pg';
import { withClient } from '../shared/admin.js';
import { codeOf } from '../shared/errors.js';

/** Owns the log's tables and cannot log in, so nobody is the owner by accident. */
export const OWNER_ROLE = 'verdict_owner';
/** What the services connect as: SELECT, INSERT, and UPDATE of `journals.head`; nothing else. */
export const SERVICE_ROLE = 'verdict_service';

const ALREADY_THERE = new Set(['42710', '23505']); // Another process made it at the same moment.

const createRole = async (client: Client, role: string, login: 'LOGIN' | 'NOLOGIN'): Promise<void> => {
  const found = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  if (found.rowCount !== 0) return;
  try {
    await client.query(`CREATE ROLE ${role} ${login}`);
  } catch (error) {
    if (!ALREADY_THERE.has(codeOf(error) ?? '')) throw error;
  }
};

/** Makes the two roles if they are missing; sets the service's password when one is given. */
export const ensureRoles = async (adminUrl: string, servicePassword?: string): Promise<void> => {
  await withClient(adminUrl, async (client) => {
    await createRole(client, OWNER_ROLE, 'NOLOGIN');
    await createRole(client, SERVICE_ROLE, 'LOGIN');
    if (servicePassword === undefined) return;
    await client.query(`ALTER ROLE ${SERVICE_ROLE} PASSWORD ${client.escapeLiteral(servicePassword)}`);
  });
};
