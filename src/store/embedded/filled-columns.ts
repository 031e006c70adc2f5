/** Adds the names of the columns that a row's JSON fills. In strings a quote is escaped, so that none is mistaken. */
export function addFilledColumns(columns: string, into: Set<string>): void {
  let at = 1;
  for (;;) {
    // {"c17":… or ,"m4":…
    const start = columns.indexOf('"', at);
    if (start < 0) return;
    const kind = columns.charCodeAt(start + 1);
    if (kind !== 0x63 && kind !== 0x6d) {
      at = start + 1;
      continue;
    }
    let end = start + 2;
    for (let digit = columns.charCodeAt(end); digit >= 0x30 && digit <= 0x39; digit = columns.charCodeAt(end))
      end++;
    if (
      end > start + 2 &&
      columns.charCodeAt(end) === 0x22 &&
      columns.charCodeAt(end + 1) === 0x3a &&
      (columns.charCodeAt(start - 1) === 0x7b || columns.charCodeAt(start - 1) === 0x2c)
    )
      into.add(columns.slice(start + 1, end));
    at = end;
  }
}
