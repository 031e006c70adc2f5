/** The type of a field as one letter, and in words. */
import classes from './discover.module.css';

const types: Readonly<Record<string, readonly [string, string]>> = {
  keyword: ['k', 'keyword: exact text'],
  text: ['t', 'text: searched by words'],
  long: ['#', 'whole number'],
  unsigned_long: ['#', 'whole number'],
  double: ['#', 'number'],
  date: ['d', 'time'],
  ip: ['ip', 'IP address'],
  boolean: ['b', 'true or false'],
  nested: ['{}', 'nested objects'],
  flattened: ['fl', 'flattened object'],
  unindexed: ['–', 'kept, but not searchable'],
};

export const typeName = (type: string): string => types[type]?.[1] ?? `of several types: ${type}`;

export function FieldType({ type }: { readonly type: string }) {
  const [letter, title] = types[type] ?? ['?', typeName(type)];
  return (
    <span className={classes['fieldType']} data-type={letter} title={title} role="img" aria-label={title}>
      {letter}
    </span>
  );
}
