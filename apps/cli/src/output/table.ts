export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly isNumber?: boolean;
}

/** Names come from callers: a terminal must not obey what they contain. */
export const printable = (text: string): string =>
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?');

/** Aligned columns with two spaces between; no trailing blanks. */
export const table = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string => {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ value }) => printable(value(row)))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)));
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) =>
        columns[index]?.isNumber === true ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return `${cells.map(line).join('\n')}\n`;
};

/** Name and value, one pair a line; what is undefined is left out. */
export const facts = (pairs: readonly (readonly [string, string | undefined])[]): string => {
  const given = pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const width = Math.max(0, ...given.map(([name]) => name.length));
  return given.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}\n`).join('');
};

/** `1098.7400` as `1098.74`: at least two places, none that says nothing. */
export const usd = (amount: string | null): string =>
  amount === null ? 'unknown' : amount.replace(/(\.\d\d\d*?)0+$/, '$1');
/** The same with its sign: `+412.00`. */
export const signedUsd = (amount: string | null): string =>
  amount === null || amount.startsWith('-') ? usd(amount) : `+${usd(amount)}`;

/** `1 decision`, `2 decisions`. */
export const plural = (count: number, one: string): string => `${String(count)} ${one}${count === 1 ? '' : 's'}`;
