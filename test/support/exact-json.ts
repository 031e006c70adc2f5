/** Comparing JSON whatever the order of names, but to the byte of its values. */

/** An event's JSON with its names sorted, and without some fields. Values are the same to the byte. */
export function sorted(line: string, without: readonly string[]): string {
  const event = exact(line);
  for (const name of without) delete event[name];
  return stable(event);
}

/** Parsed JSON whose numbers keep the text that they were written as. */
export function exact(text: string): Record<string, any> {
  const keep = (_name: string, value: unknown, { source }: { source: string }): unknown =>
    typeof value === 'number' ? JSON.rawJSON(source) : value;
  return JSON.parse(text, keep as never);
}

/** JSON with the names of every object sorted. */
export function stable(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stable).join(',')}]`;
  if (value === null || typeof value !== 'object' || JSON.isRawJSON(value)) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${stable(inner)}`).join(',')}}`;
}
