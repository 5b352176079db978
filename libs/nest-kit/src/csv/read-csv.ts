import { isUtf8 } from 'node:buffer';
import { CsvError, parse } from 'csv-parse/sync';

/** A record of a CSV text: its cells by the names of the first line, and the line it begins in, the first being 1. */
export interface CsvRecord {
  readonly line: number;
  readonly cells: ReadonlyMap<string, string>;
}

export type CsvReading =
  | { readonly kind: 'records'; readonly records: readonly CsvRecord[] }
  | { readonly kind: 'malformed'; readonly line: number; readonly detail: string };

interface Row {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** Line breaks within a record are in quoted cells: the record began so many lines before it ended. */
const breaksIn = (record: readonly string[]): number =>
  record.reduce((count, cell) => count + (cell.match(/\r\n|\n|\r/g)?.length ?? 0), 0);

const malformed = (error: unknown): CsvReading => {
  if (!(error instanceof CsvError)) throw error;
  const line = 'lines' in error && typeof error.lines === 'number' ? error.lines : 1;
  return { kind: 'malformed', line, detail: error.message };
};

/**
 * Reads CSV with a header line. Cells are as written; an empty cell is one that is not there.
 * @returns `malformed` for quotes that do not end, lines of another width, names of columns that come twice, no UTF-8.
 * @source RFC 4180
 */
export const readCsv = (bytes: Uint8Array, recordsMax: number): CsvReading => {
  if (!isUtf8(bytes)) return { kind: 'malformed', line: 1, detail: 'the text is not UTF-8' };
  let rows: readonly Row[];
  try {
    // One more than allowed is enough to see that there are too many.
    const options = { bom: true, info: true, skip_empty_lines: true, to: recordsMax + 2 } as const;
    const parsed: unknown = parse(Buffer.from(bytes), options);
    // eslint-disable-next-line no-restricted-syntax -- with `info` the parser gives each record beside its place, which its types do not say
    rows = parsed as Row[];
  } catch (error) {
    return malformed(error);
  }
  const [head, ...records] = rows;
  if (head === undefined) return { kind: 'malformed', line: 1, detail: 'there is no line of column names' };
  const names = head.record.map((name) => name.trim());
  if (new Set(names).size < names.length) return { kind: 'malformed', line: 1, detail: 'a column comes twice' };
  return {
    kind: 'records',
    records: records.map(({ record, info }) => ({
      line: info.lines - breaksIn(record),
      cells: new Map(record.flatMap((cell, at) => (cell === '' ? [] : [[names[at] ?? '', cell] as const]))),
    })),
  };
};
