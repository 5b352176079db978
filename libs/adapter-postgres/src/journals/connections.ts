import { Client } from 'pg';
import type { ClientConfig, QueryResultRow } from 'pg';
import { openPool } from '../shared/pool.js';
import { codeOf, constraintOf, sleep } from '../shared/errors.js';
import type { Statement } from './statements.js';

/** Rows of one statement, on a connection of the pool. */
export type Query = <Row extends QueryResultRow>(statement: Statement) => Promise<readonly Row[]>;

const STATEMENT_TIMEOUT_MS = 2_000;
/** Longer than the server's own, so that a live server answers first. */
const ANSWER_TIMEOUT_MS = 3_000;

/** @source protocols section 7 rule 7. The plan is made once: its shape does not depend on the parameters. */
const SESSION = {
  synchronous_commit: 'on',
  statement_timeout: String(STATEMENT_TIMEOUT_MS),
  lock_timeout: '1000',
  idle_in_transaction_session_timeout: '5000',
  plan_cache_mode: 'force_generic_plan',
  // Look-ups by key, always: a plan made while the tables are small would stay when they have grown.
  ...{ enable_seqscan: 'off', enable_hashjoin: 'off', enable_mergejoin: 'off' },
  jit: 'off',
} as const;

export const connectionConfig = (url: string, applicationName: string): ClientConfig => ({
  connectionString: url,
  application_name: applicationName,
  connectionTimeoutMillis: STATEMENT_TIMEOUT_MS,
  query_timeout: ANSWER_TIMEOUT_MS,
  keepAlive: true,
  options: Object.entries(SESSION)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' '),
});

export interface Connections {
  readonly query: Query;
  close(): Promise<void>;
}

/** At most `max` connections, opened on demand. One that fails is thrown away, whatever state it was in. */
export const openConnections = (config: ClientConfig, max: number): Connections => {
  const pool = openPool({ ...config, max });
  return {
    query: async <Row extends QueryResultRow>(statement: Statement) => (await pool.query<Row>(statement)).rows,
    close: () => pool.end(),
  };
};

export const openClient = async (config: ClientConfig): Promise<Client> => {
  const client = new Client(config);
  client.on('error', () => undefined); // Ends the client; its owner listens for that.
  await client.connect();
  return client;
};

/** Errors that say: this statement is wrong, and was not executed. Data, constraint, syntax and permission. */
const DEFINITE = /^(22|23|42)/;

/**
 * `duplicate`: an entry id is stored already. `definite`: wrong, and not executed. `locked`: not executed, since somebody
 * holds a row of the group. `doubtful`: executed or not.
 */
export type Failure = 'duplicate' | 'definite' | 'locked' | 'doubtful';
const LOCK_NOT_AVAILABLE = '55P03';

const isSqlState = (code: string | undefined): code is string => code !== undefined && /^[0-9A-Z]{5}$/.test(code);

export const failureOf = (error: unknown): Failure => {
  const code = codeOf(error);
  if (!isSqlState(code)) return 'doubtful';
  if (code === '23505' && constraintOf(error) === 'entries_entry_id_key') return 'duplicate';
  if (code === LOCK_NOT_AVAILABLE) return 'locked';
  return DEFINITE.test(code) ? 'definite' : 'doubtful';
};

export interface Patience {
  /** Repeats after the first try. */
  readonly repeats: number;
  /** Before the first repeat; doubles with each. */
  readonly backoffMs: number;
}

/** For reads: repeating them is always safe. Throws the last error. */
export const patiently = async <T>({ repeats, backoffMs }: Patience, work: () => Promise<T>): Promise<T> => {
  for (let repeat = 0; ; repeat += 1) {
    try {
      return await work();
    } catch (error) {
      const failure = failureOf(error);
      if (repeat >= repeats || failure === 'duplicate' || failure === 'definite') throw error;
    }
    await sleep(backoffMs * 2 ** repeat);
  }
};
