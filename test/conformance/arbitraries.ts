/** Arbitrary events for properties, and what every event must look like at any time. */
import fc from 'fast-check';
import type { Event, Fields, FieldValue } from '../../src/kernel/event-types.ts';

const strange = [
  '',
  ' ',
  '\n',
  '\0',
  'é',
  '\ud83d\ude00',
  '\ud800',
  '%{message}',
  '%{[a][b]}',
  '%{+yyyy}',
  '[a][b]',
  'x'.repeat(3000),
];

const scalar: fc.Arbitrary<FieldValue> = fc.oneof(
  { weight: 4, arbitrary: fc.string() },
  { weight: 2, arbitrary: fc.constantFrom(...strange) },
  { weight: 2, arbitrary: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })) },
  { weight: 1, arbitrary: fc.bigInt().filter((value) => value > 2n ** 53n || value < -(2n ** 53n)) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('1.00000000000000000001', '1e400')
      .map((text) => JSON.rawJSON(text) as unknown as FieldValue),
  },
  { weight: 2, arbitrary: fc.constantFrom(null, true, false) },
);

/** Names that mean something to JavaScript, to field references, or to nobody. */
const oddNames = [
  '',
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  'length',
  '0',
  'a.b',
  'a[b',
  '[a]',
  ' ',
  '@metadata',
];

const hashOf = (names: fc.Arbitrary<string>, values: fc.Arbitrary<FieldValue>): fc.Arbitrary<FieldValue> =>
  fc.array(fc.tuple(names, values), { maxLength: 5 }).map((pairs) => Object.fromEntries(pairs));

/** Any JSON-like value; hashes have these names, odd ones, and (as in real events) removed fields. */
export function anyValue(names: readonly string[]): fc.Arbitrary<FieldValue> {
  const name = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('a', 'b', ...names) },
    fc.constantFrom(...oddNames),
  );
  const { value } = fc.letrec<{ value: FieldValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'value' },
      { weight: 4, arbitrary: scalar },
      { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 4 }) },
      { weight: 1, arbitrary: hashOf(name, fc.option(tie('value'), { nil: undefined, freq: 8 })) },
    ),
  }));
  return value;
}

const reserved: fc.Arbitrary<Fields> = fc.record(
  {
    '@timestamp': fc.constantFrom<FieldValue>('2026-11-20T10:00:00.000Z', '2026-11-20T10:00:00.123456789Z'),
    '@version': fc.constant<FieldValue>('1'),
    tags: fc.oneof(
      // Events own their lists.
      fc.constantFrom<FieldValue>([], ['one', 'two'], 'one', undefined).map((tags) => structuredClone(tags)),
      anyValue([]),
    ),
  },
  { requiredKeys: ['@timestamp', '@version'] },
);

/** Events with some of these fields, of any value, and removed ones among them. */
export function anyFields(
  names: readonly string[],
  values: fc.Arbitrary<FieldValue> = anyValue(names),
): fc.Arbitrary<Fields> {
  const name = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('message', ...names) },
    { weight: 1, arbitrary: fc.constantFrom(...oddNames.filter((each) => each !== '@metadata')) },
  );
  const others = fc.array(fc.tuple(name, fc.option(values, { nil: undefined, freq: 10 })), { maxLength: 8 });
  return fc
    .tuple(reserved, others)
    .map(([base, pairs]) => Object.fromEntries([...Object.entries(base), ...pairs]));
}

/** Says what is wrong with a value that no event may hold; undefined when all is well. */
export function problemIn(value: unknown, path = ''): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : `${path} is ${value}`;
    case 'object':
      return value === null || JSON.isRawJSON(value) ? undefined : problemInObject(value, path);
    default:
      return `${path} is ${typeof value}`;
  }
}

function problemInObject(value: object, path: string): string | undefined {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      if (!Object.hasOwn(value, index)) return `${path}[${index}] is a hole`;
      const problem = problemIn(value[index], `${path}[${index}]`);
      if (problem) return problem;
    }
    return undefined;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `${path} is no plain object`;
  for (const [name, inner] of Object.entries(value)) {
    // A field that was removed.
    const problem = inner === undefined ? undefined : problemIn(inner, `${path}[${name}]`);
    if (problem) return problem;
  }
  return undefined;
}

/** Years of more than four digits have a sign. */
const ISO = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3,9})?Z$/;

/** The same for a whole event. */
export function problemInEvent({ fields, metadata }: Event): string | undefined {
  const time = fields['@timestamp'];
  if (time !== undefined && (typeof time !== 'string' || !ISO.test(time)))
    return `@timestamp is ${String(time)}`;
  return problemIn(fields) ?? (metadata === undefined ? undefined : problemIn(metadata, '[@metadata]'));
}

/** Text for comparison: names in order, removed fields gone, every digit of numbers kept. */
export function comparable(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value))
    return JSON.stringify(value) ?? 'undefined';
  if (Array.isArray(value)) return `[${value.map(comparable).join(',')}]`;
  const pairs = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return `{${pairs
    .map(([name, inner]) => `${JSON.stringify(name)}:${comparable(inner)}`)
    .sort()
    .join(',')}}`;
}
