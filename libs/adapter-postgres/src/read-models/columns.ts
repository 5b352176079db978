import { int4Array, int8Array } from '../journals/binary-arrays.js';

export type Parameter = Buffer | string | readonly (string | null)[];

/** The values of one column: texts, which travel as one text that SQL splits, or an array that the driver takes as it is. */
export type Packed = { readonly texts: readonly string[] } | { readonly array: Buffer | readonly (string | null)[] };

/** One column of a bulk write: the values of every row, and how SQL reads one of them. */
export interface Column<Row> {
  readonly name: string;
  readonly type: 'texts' | 'text[]' | 'int8[]' | 'int4[]';
  readonly pack: (rows: readonly Row[]) => Packed;
  readonly read: (element: string) => string;
}

/** Postgres' text holds every character but U+0000; the log has the original. */
export const storable = (text: string): string =>
  text.includes('\u0000') ? text.replaceAll('\u0000', '\ufffd') : text;
const asIs = (element: string): string => element;

export const text = <Row>(name: string, of: (row: Row) => string): Column<Row> => ({
  name,
  type: 'texts',
  pack: (rows) => ({ texts: rows.map(of) }),
  read: asIs,
});

/** Text or null; any text, also the empty one. */
export const nullable = <Row>(name: string, of: (row: Row) => string | null): Column<Row> => ({
  name,
  type: 'text[]',
  pack: (rows) => ({ array: rows.map(of).map((value) => (value === null ? null : storable(value))) }),
  read: asIs,
});

/** Text that is never empty, or null: cheaper than `nullable`. */
export const optional = <Row>(name: string, of: (row: Row) => string | null): Column<Row> => ({
  name,
  type: 'texts',
  pack: (rows) => ({ texts: rows.map((row) => of(row) ?? '') }),
  read: (element) => `nullif(${element}, '')`,
});

export const money = <Row>(name: string, of: (row: Row) => string | null): Column<Row> => ({
  ...optional(name, of),
  read: (element) => `nullif(${element}, '')::numeric`,
});

export const revision = <Row>(name: string, of: (row: Row) => bigint): Column<Row> => ({
  name,
  type: 'int8[]',
  pack: (rows) => ({ array: int8Array(rows.map(of)) }),
  read: asIs,
});

/** A revision or null; rarely set, so it travels as text. */
export const optionalRevision = <Row>(name: string, of: (row: Row) => bigint | null): Column<Row> => ({
  ...optional(name, (row: Row) => of(row)?.toString() ?? null),
  read: (element) => `nullif(${element}, '')::bigint`,
});

export const integer = <Row>(name: string, of: (row: Row) => number): Column<Row> => ({
  name,
  type: 'int4[]',
  pack: (rows) => ({ array: int4Array(rows.map(of)) }),
  read: asIs,
});

export const flag = <Row>(name: string, of: (row: Row) => boolean): Column<Row> => ({
  name,
  type: 'int4[]',
  pack: (rows) => ({ array: int4Array(rows.map((row) => (of(row) ? 1 : 0))) }),
  read: (element) => `${element} = 1`,
});

/** A list of any texts, in order. */
export const list = <Row>(name: string, of: (row: Row) => readonly string[]): Column<Row> => ({
  name,
  type: 'texts',
  pack: (rows) => ({ texts: rows.map((row) => JSON.stringify(of(row).map(storable))) }),
  read: (element) => `ARRAY(SELECT json_array_elements_text(${element}::json))`,
});

/** Lists of any texts, each as one text that `parseList` reads. */
export const lists = <Row>(name: string, of: (row: Row) => readonly (readonly string[])[]): Column<Row> =>
  list(name, (row) => of(row).map((each) => JSON.stringify(each)));

/** The list that a text of a column of `lists` is. */
export const parseList = (text: string): readonly string[] => JSON.parse(text) as readonly string[];

/** A list of codes without spaces, in order: cheaper than `list`. */
export const words = <Row>(name: string, of: (row: Row) => readonly string[]): Column<Row> => ({
  name,
  type: 'texts',
  pack: (rows) => ({ texts: rows.map((row) => of(row).join(' ')) }),
  read: (element) => `string_to_array(${element}, ' ')`,
});

export interface BulkStatement {
  readonly name: string;
  readonly text: string;
  readonly values: Parameter[];
}

const SEPARATOR = '\u001f';

/** A text that none of the values contains, and that cannot overlap with itself. */
const separatorFor = (columns: readonly Packed[]): string => {
  let separator = SEPARATOR;
  const isTaken = (): boolean =>
    columns.some((column) => 'texts' in column && column.texts.some((value) => value.includes(separator)));
  for (let attempt = 1; isTaken(); attempt += 1) separator = `${SEPARATOR}${String(attempt)}\u001e`;
  return separator;
};

/** Splitting on the server is far cheaper than encoding each value here. One empty text would split into no text. */
const element = ({ type }: { readonly type: Column<unknown>['type'] }, parameter: string): string =>
  type === 'texts' ? `coalesce(nullif(string_to_array(${parameter}, $1), '{}'), '{""}')` : `${parameter}::${type}`;

/** `FROM` item whose columns are named as the table's: as many parameters as columns, however many rows. */
const source = <Row>(columns: readonly Column<Row>[]): string => {
  const elements = columns.map((column, index) => element(column, `$${String(index + 2)}`));
  return `unnest(${elements.join(', ')}) AS u (${columns.map(({ name }) => name).join(', ')})`;
};

/** The separator, then one parameter per column. */
const packed = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Parameter[] => {
  const values = columns.map(({ pack }) => pack(rows));
  const separator = separatorFor(values);
  return [
    separator,
    ...values.map((value) => ('texts' in value ? storable(value.texts.join(separator)) : value.array)),
  ];
};
const reading = <Row>({ name, read }: Column<Row>): string => read(`u.${name}`);

export interface BulkTable<Row> {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly Column<Row>[];
}

/** Columns that SQL computes, from `u`, the new row, and what is joined to it. */
export interface Computed {
  readonly columns: Readonly<Record<string, string>>;
  readonly join: string;
}

export const insertStatement = <Row>(
  { schema, table, columns }: BulkTable<Row>,
  rows: readonly Row[],
  { columns: more, join }: Computed = { columns: {}, join: '' },
): BulkStatement => ({
  name: `${schema}_insert_${table}`,
  text: `INSERT INTO ${schema}.${table} (${[...columns.map(({ name }) => name), ...Object.keys(more)].join(', ')})
SELECT ${[...columns.map(reading), ...Object.values(more)].join(', ')} FROM ${source(columns)} ${join}`,
  values: packed(columns, rows),
});

/** Sets the columns behind the first `keys` of them, in rows that agree in those and fulfil `where`. */
export const updateStatement = <Row>(
  { schema, table, columns }: BulkTable<Row>,
  rows: readonly Row[],
  { keys, where = 'true' }: { readonly keys: number; readonly where?: string },
): BulkStatement => ({
  name: `${schema}_update_${table}_${columns
    .slice(keys)
    .map(({ name }) => name)
    .join('_')}`.slice(0, 63),
  text: `UPDATE ${schema}.${table} AS t SET ${columns
    .slice(keys)
    .map((column) => `${column.name} = ${reading(column)}`)
    .join(', ')}
FROM ${source(columns)} WHERE ${columns
    .slice(0, keys)
    .map(({ name }) => `t.${name} = u.${name}`)
    .join(' AND ')} AND ${where}`,
  values: packed(columns, rows),
});
