/** Writes plugins as text of a config that people can read. */

/** A plugin as a value: `codec => json_lines`. */
interface NestedValue {
  readonly plugin: string;
}

/** @throws RangeError for text that the language has no way to write */
export function pluginText(name: string, options: Readonly<Record<string, unknown>>, indent = '  '): string {
  const lines = Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([option, value]) => `${indent}  ${option} => ${valueText(value, `${indent}  `)}\n`);
  return lines.length === 0 ? `${indent}${name} { }\n` : `${indent}${name} {\n${lines.join('')}${indent}}\n`;
}

function valueText(value: unknown, indent: string): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${value.map((each) => valueText(each, indent)).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    if (isNested(value)) return value.plugin;
    const entries = Object.entries(value).map(
      ([key, each]) => `${indent}  ${quoted(key)} => ${valueText(each, `${indent}  `)}\n`,
    );
    return entries.length === 0 ? '{ }' : `{\n${entries.join('')}${indent}}`;
  }
  return quoted(String(value));
}

const isNested = (value: object): value is NestedValue =>
  typeof (value as NestedValue).plugin === 'string' && Object.keys(value).length === 1;

/** Strings have no escapes: one kind of quotation marks must be missing. */
export function quoted(text: string): string {
  // A backslash there would be taken for one that protects the quotation mark.
  if (/\\(?:["']|$)/.test(text))
    throw new RangeError('a backslash may not stand at its end, or before " or \'');
  if (!text.includes('"')) return `"${text}"`;
  if (!text.includes("'")) return `'${text}'`;
  throw new RangeError('it may hold " or \', not both');
}
