/** CSV as RFC 4180 has it, harmless to spreadsheets. */

const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Names of fields; only those that look like a formula and are none (`@timestamp`) stay as they are. */
export const csvHeader = (names: readonly string[]): string =>
  `${names.map((name) => (/^@\w[\w.]*$/.test(name) ? name : cell(name))).join(',')}\r\n`;

/** One line with its end. Text that a spreadsheet would run as a formula gets a `'` before it. */
export const csvLine = (cells: readonly string[]): string => `${cells.map(cell).join(',')}\r\n`;

function cell(text: string): string {
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || /^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
