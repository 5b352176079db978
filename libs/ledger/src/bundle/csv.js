const DECIMAL = /^-?[0-9]+(\.[0-9]+)?$/;
const FORMULA_START = /^[=+\-@\t\r]/;
const NEEDS_QUOTES = /[",\r\n]/;
/**
 * One CSV cell. A text that a spreadsheet would run as a formula (it begins with = + - @, tab or CR) gets an apostrophe
 * before it; a plain decimal number such as -12.5000 stays a number.
 * @source RFC 4180; OWASP "CSV Injection" for the characters
 */
export const csvCell = (text) => {
    const safe = FORMULA_START.test(text) && !DECIMAL.test(text) ? `'${text}` : text;
    return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
/** One CSV record with its CRLF. */
export const csvRecord = (cells) => `${cells.map(csvCell).join(',')}\r\n`;
//# sourceMappingURL=csv.js.map