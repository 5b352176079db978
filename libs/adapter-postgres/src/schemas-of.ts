import { READ_MODEL_SCHEMA } from './read-models/schema.js';
import { withClient } from './shared/admin.js';

/** What a database is used for, by the tables it has. */
export interface Schemas {
  /** It can be a log. */
  readonly hasLog: boolean;
  /** Services have projected into it. */
  readonly hasReadModels: boolean;
  /** Checkpoints and exports are kept in it. */
  readonly hasAudit: boolean;
}

const FIND = `SELECT schemaname AS schema FROM pg_tables
 WHERE (schemaname, tablename) IN (('log', 'journals'), ($1, 'high_water'), ('audit', 'checkpoints'))`;

/** Looks, and changes nothing: services migrate at their start, `migrateDatabase` does as the administrator. */
export const schemasOf = async (url: string): Promise<Schemas> =>
  withClient(url, async (client) => {
    const { rows } = await client.query<{ schema: string }>(FIND, [READ_MODEL_SCHEMA]);
    const found = new Set(rows.map(({ schema }) => schema));
    return { hasLog: found.has('log'), hasReadModels: found.has(READ_MODEL_SCHEMA), hasAudit: found.has('audit') };
  });
