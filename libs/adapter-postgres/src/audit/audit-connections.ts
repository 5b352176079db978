import { AuditStoreUnavailable } from '@verdict/application';
import { Pool, type PoolClient, type QueryResultRow } from 'pg';
import { connectionConfig, failureOf } from '../journals/connections.js';
import { messageOf } from '../shared/errors.js';

type Value = Buffer | string | number | boolean | null | readonly (Buffer | string | number | null)[];
export type Ask = <Row extends QueryResultRow>(text: string, values?: readonly Value[]) => Promise<readonly Row[]>;

export interface AuditConnections {
  readonly ask: Ask;
  /** Runs `work` in one transaction on one connection. */
  transaction<Answer>(work: (ask: Ask) => Promise<Answer>): Promise<Answer>;
  close(): Promise<void>;
}

const askOn =
  (client: Pick<PoolClient, 'query'>): Ask =>
  async <Row extends QueryResultRow>(text: string, values: readonly Value[] = []) => (await client.query<Row>(text, [...values])).rows;

/** What the server says about a statement is a defect of ours; all else means that it is away or busy. */
const told = (error: unknown): unknown => {
  if (!(error instanceof Error) || error instanceof AuditStoreUnavailable) return error;
  const failure = failureOf(error);
  const isOurs = failure === 'definite' || failure === 'duplicate' || !isOfDriver(error);
  return isOurs ? error : new AuditStoreUnavailable(messageOf(error), { cause: error });
};

/** Errors of the driver and of the network carry a code, or are the driver's own time-outs. */
const isOfDriver = (error: Error): boolean => 'code' in error || /timeout|connection|terminated/i.test(error.message);

export const openAuditConnections = (url: string, max: number): AuditConnections => {
  const pool = new Pool({ ...connectionConfig(url, 'verdict-audit'), max, idleTimeoutMillis: 0 });
  pool.on('error', () => undefined); // An idle connection died: the pool has dropped it already.
  return {
    ask: async (text, values) => askOn(pool)<never>(text, values).catch((error: unknown) => Promise.reject(told(error))),
    transaction: async (work) => {
      let client: PoolClient | undefined;
      try {
        client = await pool.connect();
        await client.query('BEGIN');
        const answer = await work(askOn(client));
        await client.query('COMMIT');
        client.release();
        return answer;
      } catch (error) {
        client?.release(true); // Whatever state it is in, closing it rolls back.
        throw told(error);
      }
    },
    close: () => pool.end(),
  };
};
