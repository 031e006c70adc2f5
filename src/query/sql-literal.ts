/**
 * Text as a DuckDB string literal: the only way by which anything a user wrote gets into SQL. DuckDB knows no escapes
 * in '…' but the doubled quote; a NUL, which ends C strings, is put together by chr(). Lone surrogates, which are no
 * UTF-8, become U+FFFD as they do on their way into a column.
 */
export function sqlText(text: string): string {
  const quoted = `'${text.toWellFormed().replaceAll("'", "''")}'`;
  return quoted.includes('\0') ? `(${quoted.replaceAll('\0', "'||chr(0)||'")})` : quoted;
}

/** The place of a key (in an object in an object …) as a JSON pointer: any name is one, whatever is in it. */
export const sqlPointer = (...keys: readonly string[]): string =>
  sqlText(keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''));

/** A number, exactly as it is, with the type that it is compared in. */
export function sqlNumber(value: number | bigint, type: 'BIGINT' | 'UBIGINT' | 'DOUBLE'): string {
  if (type === 'DOUBLE') return `'${value}'::DOUBLE`;
  return `${value < 0 ? `(${value})` : value}::${type}`;
}
