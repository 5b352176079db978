import type { Client } from 'pg';

export interface TableComparison {
  readonly table: string;
  readonly liveRows: number;
  readonly rebuiltRows: number;
  /** Rows that only one side has, or that differ. */
  readonly differing: number;
  /** Keys of the first of them. */
  readonly examples: readonly string[];
}

const KEYS = {
  decisions: ['tenant_id', 'decision_id'],
  approvals: ['tenant_id', 'approval_id'],
  settlements: ['tenant_id', 'decision_id'],
  bookings: ['tenant_id', 'decision_id', 'revision'],
  exceptions: ['tenant_id', 'exception_id'],
  policy_changes: ['tenant_id', 'revision'],
  integrations: ['tenant_id', 'integration_id'],
  integration_proofs: ['tenant_id', 'proof_id'],
  keyed_answers: ['tenant_id', 'answer_id'],
  high_water: ['consumer', 'journal'],
} as const;

const EXAMPLES_MAX = 10;
const PORTION = 2_000;

interface Row {
  /** Text that orders as the server ordered the rows. */
  readonly key: Buffer;
  readonly name: string;
  readonly content: string;
}

/** Rows of one side in key order, portion by portion. Marks that are still 0 say the same as marks that are missing. */
async function* rowsOf(client: Client, schema: string, table: keyof typeof KEYS): AsyncGenerator<Row> {
  const [first, second] = KEYS[table];
  const cursor = `compare_${table}`;
  const where = table === 'high_water' ? 'WHERE next_revision > 0' : '';
  const order = `${first}, ${second}`;
  await client.query(
    `DECLARE ${cursor} NO SCROLL CURSOR FOR
     SELECT ${first}::text AS a, ${second}::text AS b, t::text AS content FROM ${schema}.${table} AS t ${where} ORDER BY ${order}`,
  );
  const isNumber = second === 'revision';
  for (;;) {
    const { rows } = await client.query<{ a: string; b: string; content: string }>(
      `FETCH FORWARD ${String(PORTION)} FROM ${cursor}`,
    );
    if (rows.length === 0) break;
    for (const { a, b, content } of rows) {
      yield { key: Buffer.from(`${a}\u0000${isNumber ? b.padStart(19, '0') : b}`), name: `${a} ${b}`, content };
    }
  }
  await client.query(`CLOSE ${cursor}`);
}

interface Tally {
  liveRows: number;
  rebuiltRows: number;
  differing: number;
  readonly examples: string[];
}

const differ = (tally: Tally, name: string): void => {
  tally.differing += 1;
  if (tally.examples.length < EXAMPLES_MAX) tally.examples.push(name);
};

const count = (tally: Tally, live: Row | undefined, rebuilt: Row | undefined): void => {
  if (live !== undefined) tally.liveRows += 1;
  if (rebuilt !== undefined) tally.rebuiltRows += 1;
  const either = live ?? rebuilt;
  if (either !== undefined && live?.content !== rebuilt?.content) differ(tally, either.name);
};

const nextOf = async (rows: AsyncGenerator<Row>): Promise<Row | undefined> => {
  const step = await rows.next();
  return step.done === true ? undefined : step.value;
};

/** -1, 0 or 1: which side has the smaller key; a side that has ended has the larger one. */
const sideOf = (live: Row | undefined, rebuilt: Row | undefined): number => {
  if (live === undefined) return 1;
  return rebuilt === undefined ? -1 : Buffer.compare(live.key, rebuilt.key);
};

const compareTable = async (
  live: Client,
  rebuilt: Client,
  table: keyof typeof KEYS,
  schemas: Schemas,
): Promise<TableComparison> => {
  const tally: Tally = { liveRows: 0, rebuiltRows: 0, differing: 0, examples: [] };
  const liveRows = rowsOf(live, schemas.live, table);
  const rebuiltRows = rowsOf(rebuilt, schemas.rebuilt, table);
  let [a, b] = await Promise.all([nextOf(liveRows), nextOf(rebuiltRows)]);
  while (a !== undefined || b !== undefined) {
    const side = sideOf(a, b);
    count(tally, side <= 0 ? a : undefined, side >= 0 ? b : undefined);
    if (side <= 0) a = await nextOf(liveRows);
    if (side >= 0) b = await nextOf(rebuiltRows);
  }
  return { table, ...tally };
};

export interface Schemas {
  readonly live: string;
  readonly rebuilt: string;
}

/** Compares all tables row by row, in flat memory. Both clients are in a transaction: each side is seen at one moment. */
export const compareTables = async (
  live: Client,
  rebuilt: Client,
  schemas: Schemas,
): Promise<readonly TableComparison[]> => {
  const compared: TableComparison[] = [];
  for (const table of [
    'decisions',
    'approvals',
    'settlements',
    'bookings',
    'exceptions',
    'policy_changes',
    'integrations',
    'integration_proofs',
    'keyed_answers',
    'high_water',
  ] as const) {
    compared.push(await compareTable(live, rebuilt, table, schemas));
  }
  return compared;
};
