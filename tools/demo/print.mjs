const WIDTH = 12;

export const step = (number, title, about) => console.log(`\n${number}. ${title}\n   ${about}`);
export const field = (name, value) => console.log(`      ${name.padEnd(WIDTH)}${value}`);

/** Amounts of the API have four places; the last two are shown when they say something. */
export const usd = (amount) => (amount === null ? 'unknown' : amount.replace(/(\.\d\d\d*?)0+$/, '$1'));

export const table = (titles, rows, numberColumn) => {
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  for (const row of [titles, ...rows]) {
    const cells = row.map((text, column) =>
      column === numberColumn ? text.padStart(widths[column]) : text.padEnd(widths[column]),
    );
    console.log(`      ${cells.join('  ').trimEnd()}`);
  }
};
