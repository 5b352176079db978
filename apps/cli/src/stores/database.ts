import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { wrongCall } from '../failure.js';
import { dataDirOf } from '../http/settings.js';
import type { Io } from '../io.js';
import { postgresUrlIn } from './urls.js';

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

export interface Database {
  /** As the role of the services. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** The standalone's own database, started for this command: two supervisors of one server would fight. */
const openEmbedded = async (dataDir: string): Promise<Database> => {
  const cluster = join(dataDir, 'postgres', 'data');
  if (!(await isThere(cluster))) {
    throw wrongCall(
      'data_dir_missing',
      `no database in ${dataDir}`,
      'name the folder with --data-dir, or set POSTGRES_URL',
    );
  }
  if (await isThere(join(dataDir, 'server.json'))) {
    throw wrongCall(
      'server_running',
      'the server of this data folder is running',
      'stop it first, or set POSTGRES_URL and name no folder',
    );
  }
  const { startEmbeddedPostgres } = await import('@verdict/adapter-postgres');
  const postgres = await startEmbeddedPostgres({ dataDir: cluster, log: () => undefined });
  return { url: postgres.serviceUrl, close: () => postgres.stop() };
};

/** The database of POSTGRES_URL, else that of a stopped standalone. A folder that was named wins, as every flag does. */
export const openDatabase = (io: Io, dataDir: string | undefined): Promise<Database> => {
  const url = postgresUrlIn(io, 'POSTGRES_URL');
  return url === undefined || dataDir !== undefined
    ? openEmbedded(dataDirOf(io, dataDir))
    : Promise.resolve({ url: url.href, close: () => Promise.resolve() });
};
