import { Client } from 'pg';

/** Runs work on one connection of its own, which is closed afterwards whatever happens. */
export const withClient = async <T>(url: string, work: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 3_000,
    application_name: 'verdict-admin',
  });
  client.on('error', () => undefined); // The pending query, or the next one, reports it.
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
};

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The same server, another database. */
export const urlOfDatabase = (url: string, database: string): string => {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
};

/** Makes the database if it is missing and returns the admin URL that leads to it. */
export const createDatabase = async (adminUrl: string, database: string): Promise<string> => {
  await withClient(adminUrl, async (client) => {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${quoted(database)}`);
  });
  return urlOfDatabase(adminUrl, database);
};

/** Removes the database with everything in it, and whoever is connected to it. */
export const dropDatabase = async (adminUrl: string, database: string): Promise<void> => {
  await withClient(adminUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${quoted(database)} WITH (FORCE)`));
};
