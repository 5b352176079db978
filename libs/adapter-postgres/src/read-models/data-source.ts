import { DataSource } from 'typeorm';
import { withClient } from '../shared/admin.js';
import { codeOf } from '../shared/errors.js';
import { READ_MODEL_ENTITIES } from './entities.js';
import { READ_MODEL_MIGRATIONS } from './migrations.js';
import { MIGRATION_LOCK } from './schema.js';

export interface DataSourceTerms {
  readonly url: string;
  readonly schema: string;
  readonly applicationName: string;
  readonly poolSize: number;
}

const CONNECT_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 10_000;

/** TypeORM on the read models' schema: entities, migrations and queries. The hot writes do not go through it. */
export const dataSourceOf = ({ url, schema, applicationName, poolSize }: DataSourceTerms): DataSource =>
  new DataSource({
    type: 'postgres',
    url,
    schema,
    applicationName,
    poolSize,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    entities: READ_MODEL_ENTITIES,
    migrations: READ_MODEL_MIGRATIONS,
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'all',
    installExtensions: false,
    poolErrorHandler: () => undefined, // An idle connection died: the pool has dropped it already.
    extra: { options: `-c search_path=${schema} -c statement_timeout=${String(STATEMENT_TIMEOUT_MS)} -c jit=off` },
  });

const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * Brings the read models' schema to this release; repeating it changes nothing, and processes that start at once wait for
 * each other.
 *
 * @throws Error when the role of `url` may not create the schema: `allowReadModels` grants that.
 */
export const migrateReadModels = async (url: string, schema: string): Promise<void> => {
  await withClient(url, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]); // Ends with the connection, however that ends.
    const found = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
    if (found.rowCount === 0) {
      await client.query(`CREATE SCHEMA ${client.escapeIdentifier(schema)}`).catch((error: unknown) => {
        if (codeOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
        throw new Error(
          `the database role may not create the schema ${schema}: run allowReadModels as an administrator`,
          { cause: error },
        );
      });
    }
    const source = dataSourceOf({ url, schema, applicationName: 'verdict-migrate', poolSize: 1 });
    await source.initialize();
    try {
      await source.runMigrations();
    } finally {
      await source.destroy();
    }
  });
};
