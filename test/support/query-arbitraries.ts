/** Random documents and queries over a few fields of every type, from values that meet each other often. */
import fc from 'fast-check';
import type { Query } from '../../src/query/tree.ts';
import type { Mapping } from './query-table.ts';

export const randomMapping: Mapping = {
  k: 'keyword',
  'o.k': 'keyword',
  t: 'text',
  n: 'long',
  u: 'unsigned_long',
  f: 'double',
  b: 'boolean',
  d: 'date',
  ip: 'ip',
  fl: 'flattened',
  a: 'nested',
  'a.k': 'keyword',
  'a.n': 'long',
};

export const NOW: number = Date.UTC(2026, 10, 20, 12);

const strings = [
  ...[
    'a',
    'b',
    'A',
    'ab',
    'abc',
    'a b',
    'A-b',
    'foo bar',
    'Foo Bar baz',
    'x.y',
    "it's",
    '"',
    '\\',
    'a"b',
    '\\n',
    'a\nb',
  ],
  ...[
    '%',
    '_',
    'a%b',
    'a_b',
    '*',
    'a*b',
    '?',
    '!',
    "'; DROP TABLE t; --",
    '5',
    '5.0',
    '-1',
    '1e3',
    'true',
    'null',
    '',
  ],
  ...[
    'ä',
    'Ä',
    'straße',
    'İstanbul',
    'ΟΔΟΣ',
    '日本語',
    '😀',
    'a😀b',
    'é',
    'e\u0301',
    '\u0000',
    '\u2028',
    '","k":"a',
    ':',
    '{"k":1}',
  ],
  ...[
    '10.0.0.1',
    '10.0.0.0/8',
    '2001:db8::1',
    '2026-11-20',
    '2026-11-20T10:00:00.123Z',
    'http://a.b/c?d=e&f',
  ],
];
const string = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...strings) },
  {
    weight: 1,
    arbitrary: fc.string({
      unit: fc.constantFrom('a', 'b', 'A', ' ', '.', '_', '"', '\\', '1', 'ß', '😀'),
      maxLength: 6,
    }),
  },
);
const integer = fc.constantFrom(0, 1, 5, -1, 5.5, 100, 2 ** 31, 2 ** 53, -(2 ** 63), 1e21, 0.1, -0.5);
const address = fc.constantFrom(
  ...[
    '10.0.0.1',
    '10.0.0.255',
    '10.1.2.3',
    '9.255.255.255',
    '192.168.1.1',
    '::1',
    '2001:db8::1',
    '2001:db8:0:1::',
    '::ffff:10.0.0.1',
  ],
  ...['fe80::1:2:3:4', '1:2:3:4:5:6:7:8', '2001:DB8::00ff', '0.0.0.0', '255.255.255.255', 'no address', '::'],
);
const time = fc.constantFrom(
  ...[
    '2026-11-20',
    '2026-11-20T10:00:00Z',
    '2026-11-20T11:59:59.999Z',
    '2026-11-20T13:00:00+02:00',
    '2025-02-28',
    '2026',
    '2026-11',
  ],
  ...['1795176000000', 'no time', '2026-13-01'],
);
const json = fc.oneof(string, integer, fc.boolean(), fc.constant(null), address, time);

const many = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> =>
  fc.oneof({ weight: 3, arbitrary: one }, { weight: 1, arbitrary: fc.array(one, { maxLength: 3 }) });

export const randomDocument: fc.Arbitrary<Record<string, unknown>> = fc.record(
  {
    k: many(json),
    o: fc.record({ k: many(string) }, { requiredKeys: [] }),
    'o.k': string,
    t: many(string),
    n: many(fc.oneof(integer, string)),
    u: many(fc.oneof(integer, string)),
    f: many(fc.oneof(integer, string)),
    b: many(fc.oneof(fc.boolean(), fc.constantFrom('true', 'false', '', 'yes'))),
    d: many(fc.oneof(time, fc.constantFrom(NOW, 0, -1, 1.5))),
    ip: many(address),
    fl: fc.dictionary(fc.constantFrom('a', 'b', 'c.d', 'it"s', '\\'), many(string), { maxKeys: 3 }),
    a: many(fc.record({ k: many(string), n: many(fc.constantFrom(0, 1, 5, 100)) }, { requiredKeys: [] })),
    [`odd "key's`]: string,
  },
  { requiredKeys: [] },
);

const dateMath = fc.constantFrom(
  'now',
  'now-1d',
  'now/d',
  'now-1M/M',
  '2026-11-20||/M',
  '2026-11-20||+1d/d',
  '2026-11',
  '2026-11-20T10',
);
const value = fc.oneof(
  json.filter((each) => each !== null),
  dateMath,
  fc.constantFrom('10.0.0.0/8', '2001:db8::/32', '10.0.0.0/23', '::/0'),
);
const bound = fc.oneof(integer, string, address, time);
const field = fc.constantFrom(
  ...Object.keys(randomMapping).filter((name) => name !== 'a'),
  'fl.a',
  'fl.c.d',
  'o',
  'nowhere',
  'k.keyword',
);
/** Bounds of times that are none are errors, and those of one test fail the whole statement. */
const boundOf = (name: string): fc.Arbitrary<string | number> =>
  name === 'd' ? fc.oneof(dateMath, fc.constantFrom('2026-11-20T10:00:00Z', 0, NOW)) : bound;
const pattern = fc.oneof(
  string,
  string.map((text) => `*${text}*`),
  string.map((text) => `${text}*`),
  fc
    .array(fc.constantFrom('*', '?', 'a', 'b', '\\*', '\\?', '%', '_', '\\', '😀'), { maxLength: 5 })
    .map((parts) => parts.join('')),
);
const regexp = fc
  .array(
    fc.constantFrom(
      'a',
      'b',
      '.',
      '.*',
      '[a-c]',
      '[^a]',
      '(a|b)',
      'a?',
      '\\d+',
      '😀',
      '[😀-😂]',
      'ß',
      '"x y"',
      '@',
      '^',
      '$',
    ),
    { maxLength: 4 },
  )
  .map((parts) => parts.join(''));
const ignoreCase = fc.boolean();
const operator = fc.constantFrom('or' as const, 'and' as const);

const clause = (name: string) =>
  fc.oneof(
    fc.record({ type: fc.constant('exists' as const) }),
    fc.record({ type: fc.constant('term' as const), value, ignoreCase }),
    fc.record({ type: fc.constant('match' as const), text: value, operator }),
    fc.record({ type: fc.constant('phrase' as const), text: string, prefix: fc.boolean() }),
    fc.record({ type: fc.constant('prefix' as const), value: string, ignoreCase }),
    fc.record({ type: fc.constant('wildcard' as const), pattern, ignoreCase }),
    fc.record({ type: fc.constant('regexp' as const), pattern: regexp, ignoreCase }),
    fc.record(
      { type: fc.constant('range' as const), gte: boundOf(name), lt: boundOf(name) },
      { requiredKeys: ['type'] },
    ),
    fc.record(
      { type: fc.constant('range' as const), gt: boundOf(name), lte: boundOf(name) },
      { requiredKeys: ['type'] },
    ),
  );

export const randomQuery: fc.Arbitrary<Query> = fc.letrec<{ query: Query; leaf: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('leaf'),
    fc.record({ type: fc.constant('not' as const), of: tie('query') }),
    fc.record({ type: fc.constant('and' as const), of: fc.array(tie('query'), { maxLength: 3 }) }),
    fc.record(
      {
        type: fc.constant('or' as const),
        of: fc.array(tie('query'), { maxLength: 3 }),
        minimum: fc.integer({ min: 0, max: 3 }),
      },
      { requiredKeys: ['type', 'of'] },
    ),
    fc.record({
      type: fc.constant('or' as const),
      of: fc.array(tie('leaf'), { minLength: 20, maxLength: 40 }),
    }),
    fc.record({ type: fc.constant('nested' as const), path: fc.constant('a'), of: tie('query') }),
  ),
  leaf: fc.oneof(
    {
      weight: 8,
      arbitrary: field.chain((name) => clause(name).map((one) => ({ ...one, field: name }) as Query)),
    },
    fc.record({
      type: fc.constant('terms' as const),
      field,
      values: fc.array(value, { maxLength: 50 }),
    }) as fc.Arbitrary<Query>,
    fc.record({
      type: fc.constant('fields' as const),
      fields: fc.array(fc.constantFrom('*', 'k', 'o.*', '*.k', 'a.*', 'fl', 't'), {
        minLength: 1,
        maxLength: 2,
      }),
      clause: clause(''),
    }) as fc.Arbitrary<Query>,
    fc.record({ type: fc.constant('anywhere' as const), text: string }) as fc.Arbitrary<Query>,
    fc.record({
      type: fc.constant('anywhere' as const),
      text: pattern,
      pattern: fc.constant(true),
    }) as fc.Arbitrary<Query>,
    fc.record({
      type: fc.constant('ids' as const),
      values: fc.array(fc.constantFrom('0', '1', "'"), { maxLength: 3 }),
    }) as fc.Arbitrary<Query>,
    fc.constantFrom<Query>({ type: 'all' }, { type: 'none' }),
  ),
})).query;
