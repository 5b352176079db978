/** Keys are compared as the client does: case, `-` and `_` do not count. */
const keyOf = (pair: string): string => (pair.split('=')[0] ?? '').trim().toLowerCase().replace(/[_-]/g, '');
const valueOf = (pair: string): string => pair.slice(pair.indexOf('=') + 1).trim();

/** @source protocols section 5 rule 12 */
const DEFAULTS = ['nodePreference=leader', 'keepAliveInterval=10000', 'defaultDeadline=10000'] as const;
const KEEP_ALIVE_TIMEOUT_MS = 10_000;
const GENERATIONS_MAX = 1_000;

/**
 * A client's channel settings are the key under which gRPC shares connections. With one millisecond more a new client
 * gets a connection of its own, instead of the broken one and its reconnection delay of up to two minutes.
 */
const keepAliveTimeout = (given: string | undefined, generation: number): string => {
  const ms = given === undefined ? KEEP_ALIVE_TIMEOUT_MS : Number.parseInt(valueOf(given), 10);
  return `keepAliveTimeout=${String(ms < 0 ? ms : ms + (generation % GENERATIONS_MAX))}`;
};

/**
 * The connection string of one client: what it leaves open is set here, since an append call keeps the settings of its
 * first use for ever.
 *
 * @param generation how many clients of this process came before.
 * @throws Error when it switches off that a refused append throws: the client then reports revision 1, whatever is true.
 */
export const connectionString = (url: string, generation: number, connectionName: string): string => {
  const queryAt = url.lastIndexOf('?');
  const base = queryAt < 0 ? url : url.slice(0, queryAt);
  const given = queryAt < 0 ? [] : url.slice(queryAt + 1).split('&');
  const find = (key: string): string | undefined => given.find((pair) => keyOf(pair) === key);
  const throwing = find('throwonappendfailure');
  if (throwing !== undefined && valueOf(throwing) === 'false') {
    throw new Error('throwOnAppendFailure has to stay true: without it a refused append reports a wrong revision');
  }
  const wanted = [...DEFAULTS, `connectionName=${encodeURIComponent(connectionName)}`];
  const pairs = [
    ...given.filter((pair) => pair !== '' && keyOf(pair) !== 'keepalivetimeout'),
    ...wanted.filter((pair) => find(keyOf(pair)) === undefined),
    keepAliveTimeout(find('keepalivetimeout'), generation),
  ];
  return `${base}?${pairs.join('&')}`;
};
