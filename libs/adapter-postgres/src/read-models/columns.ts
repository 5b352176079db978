import { int4Array, int8Array, textArray } from '../journals/binary-arrays.js';

export type Parameter = Buffer | string | readonly (string | null)[];

/** One column of a bulk write: a parameter that holds its value of every row, and how SQL reads one element of it. */
export interface Column<Row> {
  readonly name: string;
  readonly arrayType: 'text[]' | 'int8[]' | 'int4[]';
  readonly pack: (rows: readonly Row[]) => Parameter;
  readonly read: (element: string) => string;
}

/** Postgres' text holds every character but U+0000; the log has the original. */
const storable = (text: string): string => (text.includes('\u0000') ? text.replaceAll('\u0000', '\ufffd') : text);
const texts = (values: readonly string[]): Buffer => textArray(values.map(storable));
const asIs = (element: string): string => element;

export const text = <Row>(name: string, of: (row: Row) => string): Column<Row> => ({
  name,
  arrayType: 'text[]',
  pack: (rows) => texts(rows.map(of)),
  read: asIs,
});

/** Text or null; any text, also the empty one. */
export const nullable = <Row>(name: string, of: (row: Row) => string | null): Column<Row> => ({
  name,
  arrayType: 'text[]',
  pack: (rows) => rows.map(of).map((value) => (value === null ? null : storable(value))),
  read: asIs,
});

/** Text that is never empty, or null: cheaper than `nullable`. */
export const optional = <Row>(name: string, of: (row: Row) => string | null): Column<Row> => ({
  name,
  arrayType: 'text[]',
  pack: (rows) => texts(rows.map((row) => of(row) ?? '')),
  read: (element) => `nullif(${element}, '')`,
});

export const money = <Row>(name: string, of: (row: Row) => string | null): Column<Row> => ({
  ...optional(name, of),
  read: (element) => `nullif(${element}, '')::numeric`,
});

export const revision = <Row>(name: string, of: (row: Row) => bigint): Column<Row> => ({
  name,
  arrayType: 'int8[]',
  pack: (rows) => int8Array(rows.map(of)),
  read: asIs,
});

export const integer = <Row>(name: string, of: (row: Row) => number): Column<Row> => ({
  name,
  arrayType: 'int4[]',
  pack: (rows) => int4Array(rows.map(of)),
  read: asIs,
});

export const flag = <Row>(name: string, of: (row: Row) => boolean): Column<Row> => ({
  name,
  arrayType: 'int4[]',
  pack: (rows) => int4Array(rows.map((row) => (of(row) ? 1 : 0))),
  read: (element) => `${element} = 1`,
});

/** A list of any texts, in order. */
export const list = <Row>(name: string, of: (row: Row) => readonly string[]): Column<Row> => ({
  name,
  arrayType: 'text[]',
  pack: (rows) => textArray(rows.map((row) => JSON.stringify(of(row).map(storable)))),
  read: (element) => `ARRAY(SELECT json_array_elements_text(${element}::json))`,
});

/** A list of codes without spaces, in order: cheaper than `list`. */
export const words = <Row>(name: string, of: (row: Row) => readonly string[]): Column<Row> => ({
  name,
  arrayType: 'text[]',
  pack: (rows) => texts(rows.map((row) => of(row).join(' '))),
  read: (element) => `string_to_array(${element}, ' ')`,
});

export interface BulkStatement {
  readonly name: string;
  readonly text: string;
  readonly values: Parameter[];
}

/** `FROM` item whose columns are named as the table's: as many parameters as columns, however many rows. */
const source = <Row>(columns: readonly Column<Row>[]): string => {
  const parameters = columns.map(({ arrayType }, index) => `$${String(index + 1)}::${arrayType}`);
  return `unnest(${parameters.join(', ')}) AS u (${columns.map(({ name }) => name).join(', ')})`;
};
const packed = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Parameter[] =>
  columns.map(({ pack }) => pack(rows));
const reading = <Row>({ name, read }: Column<Row>): string => read(`u.${name}`);

export interface BulkTable<Row> {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly Column<Row>[];
}

/** `more`: columns that SQL computes. */
export const insertStatement = <Row>(
  { schema, table, columns }: BulkTable<Row>,
  rows: readonly Row[],
  more: Readonly<Record<string, string>> = {},
): BulkStatement => ({
  name: `${schema}_insert_${table}`,
  text: `INSERT INTO ${schema}.${table} (${[...columns.map(({ name }) => name), ...Object.keys(more)].join(', ')})
SELECT ${[...columns.map(reading), ...Object.values(more)].join(', ')} FROM ${source(columns)}`,
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
