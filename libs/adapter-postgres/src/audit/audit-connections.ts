import { AuditStoreUnavailable } from '@verdict/application';
import type { PoolClient, QueryResultRow } from 'pg';
import { openPool } from '../shared/pool.js';
import { connectionConfig, failureOf } from '../journals/connections.js';
import { messageOf } from '../shared/errors.js';

type Value = Buffer | string | number | boolean | null | readonly (Buffer | string | number | null)[];
export type Ask = <Row extends QueryResultRow>(text: string, values?: readonly Value[]) => Promise<readonly Row[]>;

export interface AuditConnections {
  readonly ask: Ask;
  /** Runs `work` in one transaction on one connection. */
  readonly transaction: <Answer>(work: (ask: Ask) => Promise<Answer>) => Promise<Answer>;
  close(): Promise<void>;
}

/** A statement that is wrong is a defect of ours; all else means that the server is away or busy. */
const told = (error: unknown): unknown => {
  const failure = failureOf(error);
  if (failure === 'definite' || failure === 'duplicate') return error;
  return new AuditStoreUnavailable(messageOf(error), { cause: error });
};

const driver = async <Answer>(call: () => Promise<Answer>): Promise<Answer> => {
  try {
    return await call();
  } catch (error) {
    throw told(error);
  }
};

const askOn =
  (client: Pick<PoolClient, 'query'>): Ask =>
  <Row extends QueryResultRow>(text: string, values: readonly Value[] = []) =>
    driver(async () => (await client.query<Row>(text, [...values])).rows);

export const openAuditConnections = (url: string, max: number): AuditConnections => {
  const pool = openPool({ ...connectionConfig(url, 'verdict-audit'), max });
  return {
    ask: askOn(pool),
    transaction: async (work) => {
      const client = await driver(() => pool.connect());
      try {
        await driver(() => client.query('BEGIN'));
        const answer = await work(askOn(client));
        await driver(() => client.query('COMMIT'));
        client.release();
        return answer;
      } catch (error) {
        client.release(true); // Whatever state it is in, closing it rolls back.
        throw error;
      }
    },
    close: () => pool.end(),
  };
};
