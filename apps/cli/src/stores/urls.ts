import { wrongCall } from '../failure.js';
import type { Io } from '../io.js';

const PROTOCOLS = ['postgres:', 'postgresql:'];
/** Not `URL`: it names several hosts where there is a cluster without a name of its own. */
const EVENT_STORE = /^esdb(\+discover)?:\/\/\S+$/;

/** URLs come from the environment only: everybody on the machine can read arguments. */
export const postgresUrlIn = ({ env }: Io, name: string): URL | undefined => {
  const text = env[name] ?? '';
  if (text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !PROTOCOLS.includes(url.protocol)) {
    throw wrongCall('database_url_invalid', `${name} is not the URL of a Postgres database`);
  }
  return url;
};

export const eventStoreUrlIn = ({ env }: Io, name: string): string | undefined => {
  const text = env[name] ?? '';
  if (text === '') return undefined;
  if (!EVENT_STORE.test(text)) {
    throw wrongCall('eventstore_url_invalid', `${name} is not the URL of an EventStoreDB`, 'such as esdb://host:2113');
  }
  return text;
};
