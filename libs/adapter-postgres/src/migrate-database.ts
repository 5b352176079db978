import { migrateAudit } from './audit/migrate-audit.js';
import { migrateLog, type MigrateLogOptions } from './journals/migrate-log.js';
import { allowReadModels } from './read-models/schema.js';

/**
 * Does everything in the database of `adminUrl` that needs its administrator, so that services start with the role
 * `verdict_service` alone; repeating it changes nothing. The read models' tables are that role's own: it makes them.
 *
 * @throws Error when the database was migrated by a later release: an older one must not write there.
 */
export const migrateDatabase = async (adminUrl: string, options: MigrateLogOptions = {}): Promise<void> => {
  await migrateLog(adminUrl, options);
  await allowReadModels(adminUrl);
  await migrateAudit(adminUrl);
};
