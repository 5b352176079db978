import { withClient } from '../shared/admin.js';
import { SERVICE_ROLE } from '../journals/roles.js';

/** Where the read models are; disposable, since the log makes them again. */
export const READ_MODEL_SCHEMA = 'read_model';
/** Where a rebuild makes the next ones. */
export const REBUILD_SCHEMA = 'read_model_rebuild';

/** Where the replaced ones are until nobody reads them. */
export const REPLACED_SCHEMA = 'read_model_replaced';

/** Two processes that start at once migrate one after the other; any number that nobody else uses will do. */
export const MIGRATION_LOCK = 7_316_004_212;
export const REBUILD_LOCK = 7_316_004_213;

/**
 * Lets the service role make and replace the schemas of the read models in the database of `adminUrl`; repeating it
 * changes nothing. The log stays out of its reach: what it may create are schemas of its own.
 */
export const allowReadModels = async (adminUrl: string): Promise<void> => {
  await withClient(adminUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
    const database = client.escapeIdentifier(rows[0]?.name ?? '');
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]); // Postgres refuses two grants at once.
    await client.query(`GRANT CREATE ON DATABASE ${database} TO ${SERVICE_ROLE}`);
    await client.query('COMMIT');
  });
};
