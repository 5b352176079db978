import type { Journals } from '@verdict/application';
import { wrongCall } from '../failure.js';
import type { Io } from '../io.js';
import type { Database } from './database.js';
import { eventStoreUrlIn } from './urls.js';

export const LOG_KINDS = ['postgres', 'eventstoredb'] as const;
export type LogKind = (typeof LOG_KINDS)[number];

const APPLICATION = 'verdict-cli';

/** Which store is the log, as the services read it from VERDICT_LOG. */
const logKindIn = ({ env }: Io): LogKind => {
  const text = env['VERDICT_LOG'] ?? '';
  const kind = LOG_KINDS.find((each) => each === (text === '' ? 'postgres' : text));
  if (kind === undefined) throw wrongCall('log_kind_invalid', `VERDICT_LOG is one of ${LOG_KINDS.join(', ')}`);
  return kind;
};

export const openPostgresLog = async (url: string): Promise<Journals> => {
  const { openPostgresJournals, schemasOf } = await import('@verdict/adapter-postgres');
  const { hasLog } = await schemasOf(url);
  if (!hasLog) {
    throw wrongCall(
      'log_schema_missing',
      `the database ${decodeURIComponent(new URL(url).pathname.slice(1))} holds no log`,
      'run `verdict migrate` as its administrator, or let `journals copy` do it: see its help',
    );
  }
  return openPostgresJournals({ url, applicationName: APPLICATION });
};

export const openEventStoreLog = async (url: string): Promise<Journals> => {
  const { openEventStoreJournals } = await import('@verdict/adapter-eventstoredb');
  return openEventStoreJournals({ url, connectionName: APPLICATION });
};

/** The log of the services that use this database. */
export const openLog = async (io: Io, database: Database): Promise<Journals> => {
  if (logKindIn(io) === 'postgres') return openPostgresLog(database.url);
  const url = eventStoreUrlIn(io, 'EVENTSTORE_URL');
  if (url === undefined) throw wrongCall('eventstore_url_missing', 'VERDICT_LOG=eventstoredb needs EVENTSTORE_URL');
  return openEventStoreLog(url);
};
