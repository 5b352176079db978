import { Client } from 'pg';

export interface Marks {
  /** Next revision that the read models need, by journal. */
  readonly projected: ReadonlyMap<string, bigint>;
  /** Next revision that the relay publishes, by journal. */
  readonly relayed: ReadonlyMap<string, bigint>;
  readonly parked: readonly string[];
}

interface Row {
  readonly journal: string;
  readonly next_revision: string;
}

const asMap = (rows: readonly Row[]): ReadonlyMap<string, bigint> =>
  new Map(rows.map(({ journal, next_revision: next }) => [journal, BigInt(next)]));

/** How far read models and relays are, straight from their tables. */
export const marksIn = async (url: string): Promise<Marks> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const projected = await client.query<Row>(
      `SELECT journal, next_revision FROM read_model.high_water WHERE consumer = 'read_models'`,
    );
    const relayed = await client.query<Row>('SELECT journal, next_revision FROM relay.marks');
    const parked = await client.query<Row>('SELECT journal FROM read_model.parked_journals ORDER BY journal');
    return {
      projected: asMap(projected.rows),
      relayed: asMap(relayed.rows),
      parked: parked.rows.map(({ journal }) => journal),
    };
  } finally {
    await client.end();
  }
};
