import fc from 'fast-check';
import { expect, test } from 'vitest';
import { securityEvents } from '../../../bench/store-events.ts';
import { StoreError } from '../errors.ts';
import { DocumentReader, REST_FIELD } from './document.ts';
import { IndexMapping, type MappingLimits } from './mapping.ts';
import type { Json } from './nodes.ts';
import type { ColumnNumbers } from './row.ts';

/** Reads documents and shows columns by field: `{field: value}`, several values as arrays. */
function reader(mappings: Json = {}, limits?: MappingLimits) {
  const names: string[] = [];
  const columns: ColumnNumbers = {
    number(field, type) {
      const name = `${field} ${type}`;
      const at = names.indexOf(name);
      return at < 0 ? names.push(name) - 1 : at;
    },
  };
  const mapping = new IndexMapping(mappings, limits);
  const documents = new DocumentReader(mapping, columns);
  const read = (text: string) => {
    const bytes = Buffer.from(`xx${text}}}`);
    const { columns, time, ignored } = documents.read(bytes, 2, bytes.length - 2);
    const norm = columns.toString();
    // Numbers as text, so that no digit is lost on the way to the expectation.
    const exact = (_key: string, value: unknown, context?: { source?: string }): unknown =>
      typeof value === 'number' ? `#${context?.source}` : value;
    const raw = JSON.parse(norm, exact) as Record<string, unknown>;
    const row = Object.fromEntries(
      Object.entries(raw).map(([key, value]) => {
        expect(Array.isArray(value)).toBe(key.startsWith('m'));
        return [names[Number(key.slice(1))]!.split(' ')[0]!, value];
      }),
    );
    return { row, time, ignored };
  };
  return { read, mapping, names };
}

const row = (text: string, mappings: Json = {}) => reader(mappings).read(text).row;
const field = (definition: Json, value: string) => {
  const { row: columns, ignored } = reader({ properties: { f: definition } }).read(`{"f":${value}}`);
  return ignored === undefined ? (columns['f'] ?? 'none') : 'ignored';
};

test('dynamic mapping: exact keywords, longs, floats, booleans, ISO dates, objects', () => {
  const { read, mapping, names } = reader();
  const document = read(
    '{"@timestamp":"2026-11-20T10:00:00.123Z","s":"text","n":5,"d":1.5,"w":1.0,"b":true,"o":{"p":{"q":"x"}},"e":{},"z":null,"l":[],"m":[null,[7]],"num":"2024"}',
  );
  expect(document.row).toEqual({
    '@timestamp': '#1795168800123',
    s: 'text',
    n: '#5',
    d: '#1.5',
    w: '#1',
    b: true,
    'o.p.q': 'x',
    m: '#7',
    num: '2024',
  });
  expect(document.time).toBe(1_795_168_800_123);
  expect(document.ignored).toBeUndefined();
  expect(names).toContain('w double');
  expect(mapping.toJSON()).toEqual({
    properties: {
      '@timestamp': { type: 'date' },
      b: { type: 'boolean' },
      d: { type: 'float' },
      e: { type: 'object' },
      m: { type: 'long' },
      n: { type: 'long' },
      num: { type: 'keyword' },
      o: { properties: { p: { properties: { q: { type: 'keyword' } } } } },
      s: { type: 'keyword' },
      w: { type: 'float' },
    },
  });
});

test('what documents added can be merged elsewhere, once', () => {
  const { read, mapping } = reader();
  read('{"a":{"b":1},"c.d":"x"}');
  const other = new IndexMapping();
  other.apply(mapping.takeChanges()!);
  expect(other.toJSON()).toEqual(mapping.toJSON());
  expect(mapping.takeChanges()).toBeUndefined();
});

test('integers of 64 bits are exact, larger ones are kept aside', () => {
  const { read, names } = reader();
  expect(read('{"a":9223372036854775807,"b":18446744073709551615,"c":-9223372036854775808}').row).toEqual({
    a: '#9223372036854775807',
    b: '#18446744073709551615',
    c: '#-9223372036854775808',
  });
  expect(names).toContain('b unsigned_long');
  expect(read('{"a":9223372036854775808}')).toMatchObject({
    row: { [REST_FIELD]: '{"a":9223372036854775808}' },
    ignored: ['a'],
  });
});

test('names with dots are objects', () => {
  const { read } = reader();
  expect(read('{"a.b":1,"a":{"b":2,"c.d":"x"}}').row).toEqual({ 'a.b': ['#1', '#2'], 'a.c.d': 'x' });
  expect(read('{"a":{"c":{"d":"y"}},"a.c.d":"z"}').row).toEqual({ 'a.c.d': ['y', 'z'] });
});

test('arrays of objects: their values are put together, keywords once', () => {
  expect(row('{"a":[{"x":1,"t":"A"},{"x":2,"t":"A"},{"t":"B"},null]}')).toEqual({
    'a.x': ['#1', '#2'],
    'a.t': ['A', 'B'],
  });
  expect(row('{"a":["x","x"],"n":[1,1]}')).toEqual({ a: 'x', n: ['#1', '#1'] });
  const many = Array.from({ length: 100 }, (_, at) => `v${at % 40}`);
  expect(row(JSON.stringify({ a: many }))['a']).toHaveLength(40);
});

test('no value: null, empty arrays; an empty string is one', () => {
  expect(row('{"a":null,"b":[],"c":[null],"d":""}')).toEqual({ d: '' });
});

test('a value that does not fit stays findable, and never refuses the document', () => {
  const { read } = reader({
    properties: { n: { type: 'long' }, o: { properties: { p: { type: 'keyword' } } } },
  });
  const document = read('{"n":["x",5],"o":"scalar","k":1}');
  expect(document.row).toEqual({ n: '#5', k: '#1', [REST_FIELD]: '{"n":"x","o":"scalar"}' });
  expect(document.ignored).toEqual(['n', 'o']);
  expect(read('{"n":{"deep":{"x":[1,{"y":"z"}]}}}').row[REST_FIELD]).toBe('{"n.deep.x":1,"n.deep.x.y":"z"}');
  expect(read('{"k":{"a":1}}').ignored).toEqual(['k']);
  expect(read('{"k.a":1,"":2,"a..b":3,"_id":"x"}').ignored).toEqual(['k.a', '', 'a..b', '_id']);
});

test('keys in the order of the document before, in another one, and with escapes', () => {
  const { read } = reader();
  for (const text of ['{"a":1,"b":2,"c":3}', '{"a":1,"b":2,"c":3}', '{"b":4,"a":5,"bb":6,"c":7}', '{"c":8}'])
    expect(Object.entries(read(text).row).map(([key, value]) => [key, value])).toEqual(
      Object.entries(JSON.parse(text)).map(([key, value]) => [key, `#${value}`]),
    );
  expect(read(String.raw`{"x\\b":1}`).row).toEqual({ 'x\\b': '#1' });
  // A backspace, not the two characters of the key before.
  expect(read(String.raw`{"x\b":2}`).row).toEqual({ 'x\b': '#2' });
  expect(read(String.raw`{"q\"r":3}`).row).toEqual({ 'q"r': '#3' });
  expect(() => read('{"q"r":3}')).toThrow(StoreError);
});

test('strings: escapes, other alphabets, broken UTF-8, half surrogates', () => {
  const { read } = reader();
  expect(read('{"a":"x\\"\\\\\\n\\u0041é","\\u0062":"ü"}').row).toEqual({ a: 'x"\\\nAé', b: 'ü' });
  expect(read('{"a":"\\ud800!","b":"\\ud83d\\ude00"}').row).toEqual({ a: '\uFFFD!', b: '😀' });
  const bytes = Buffer.concat([Buffer.from('{"a":"x'), Buffer.from([0xff]), Buffer.from('"}')]);
  const documents = new DocumentReader(new IndexMapping(), { number: () => 1 });
  expect(documents.read(bytes, 0, bytes.length).columns.toString()).toBe('{"c1":"x\uFFFD"}');
});

test.each([
  ['long', '"5"', '#5'],
  ['long', '3.7', '#3'],
  ['long', '"-3.7"', '#-3'],
  ['long', '1e3', '#1000'],
  ['long', '-0', '#0'],
  ['long', '""', 'none'],
  ['long', '"x"', 'ignored'],
  ['long', 'true', 'ignored'],
  ['long', '1e300', 'ignored'],
  ['integer', '2147483648', 'ignored'],
  ['short', '-32768', '#-32768'],
  ['byte', '128', 'ignored'],
  ['unsigned_long', '18446744073709551615', '#18446744073709551615'],
  ['unsigned_long', '-1', 'ignored'],
  ['double', '"1.50"', '#1.5'],
  ['double', '1e400', 'ignored'],
  ['double', '"NaN"', 'ignored'],
  ['float', '1e39', 'ignored'],
  ['half_float', '70000', 'ignored'],
  ['boolean', '"true"', true],
  ['boolean', '""', false],
  ['boolean', '1', 'ignored'],
  ['keyword', 'true', 'true'],
  ['keyword', '1.50', '1.50'],
  ['keyword', '{"a":1}', 'ignored'],
  ['text', '5', '5'],
  ['ip', '"192.0.2.7"', '192.0.2.7'],
  ['ip', '"::FFFF:192.0.2.7"', '192.0.2.7'],
  ['ip', '"2001:DB8:0:0::1"', '2001:db8::1'],
  ['ip', '"192.0.2.07"', 'ignored'],
  ['ip', '"192.0.2.0/24"', 'ignored'],
  ['ip', '"fe80::1%eth0"', 'ignored'],
  ['date', '1700000000000', '#1700000000000'],
  ['date', '"1700000000000"', '#1700000000000'],
  ['date', '"2026-11-20"', '#1795132800000'],
  ['date', '"2026-11-20T10:00:00+01:00"', '#1795165200000'],
  ['date', '"2026-02-30T10:00:00.000Z"', 'ignored'],
  ['date', '""', 'ignored'],
  ['flattened', '{"a": [1, "x"]}', '{"a": [1, "x"]}'],
  ['flattened', '5', 'ignored'],
  ['geo_point', '{"lat":1,"lon":2}', 'none'],
  ['constant_keyword', '"a"', 'a'],
])('%s takes %s as %s', (type, value, expected) => {
  expect(field({ type }, value)).toBe(expected);
});

test('parameters: ignore_above, null_value, format, scaling_factor, enabled, index', () => {
  expect(field({ type: 'keyword', ignore_above: 3 }, '"abc"')).toBe('abc');
  expect(field({ type: 'keyword', ignore_above: 3 }, '"äöü"')).toBe('äöü');
  expect(field({ type: 'keyword', ignore_above: 3 }, '"abcd"')).toBe('ignored');
  expect(field({ type: 'keyword' }, JSON.stringify('x'.repeat(32_767)))).toBe('ignored');
  expect(field({ type: 'keyword' }, JSON.stringify('x'.repeat(32_766)))).toHaveLength(32_766);
  expect(field({ type: 'text' }, JSON.stringify('x'.repeat(40_000)))).toHaveLength(40_000);
  expect(field({ type: 'keyword', null_value: 'NULL' }, 'null')).toBe('NULL');
  expect(field({ type: 'long', null_value: -1 }, '[null]')).toBe('#-1');
  expect(field({ type: 'date', format: 'epoch_second' }, '1700000000')).toBe('#1700000000000');
  expect(field({ type: 'date', format: 'yyyy/MM/dd HH:mm' }, '"2026/11/20 10:00"')).toBe('#1795168800000');
  expect(field({ type: 'scaled_float', scaling_factor: 100 }, '0.127')).toBe('#0.13');
  expect(field({ enabled: false }, '{"anything":[1,{}]}')).toBe('none');
  expect(field({ type: 'keyword', index: false, doc_values: false }, '"x"')).toBe('none');
});

test('multi-fields of another kind, copy_to and constants have columns of their own', () => {
  const mappings = {
    properties: {
      m: { type: 'text', fields: { keyword: { type: 'keyword' }, n: { type: 'long' } } },
      a: { type: 'keyword', copy_to: 'all' },
      b: { type: 'keyword', copy_to: ['all'] },
      all: { type: 'keyword' },
      t: { type: 'constant_keyword', value: 'logs' },
    },
  };
  const { read, mapping } = reader(mappings);
  expect(read('{"m":"5","a":"x","b":"y"}').row).toEqual({
    m: '5',
    'm.n': '#5',
    a: 'x',
    b: 'y',
    all: ['x', 'y'],
    t: 'logs',
  });
  expect(read('{"t":"metrics"}')).toMatchObject({ row: { t: 'logs' }, ignored: ['t'] });
  expect(mapping.aliases.get('m.keyword')).toBe('m');
  expect(mapping.fields.get('m.keyword')).toBe('keyword');
});

test('dynamic: false keeps nothing, strict refuses', () => {
  expect(
    row('{"a":1,"o":{"b":2}}', { dynamic: false, properties: { o: { dynamic: true, properties: {} } } }),
  ).toEqual({
    'o.b': '#2',
  });
  const strict = reader({ dynamic: 'strict', properties: { a: { type: 'long' } } });
  expect(strict.read('{"a":1}').row).toEqual({ a: '#1' });
  expect(() => strict.read('{"b":1}')).toThrowError(
    'mapping set to strict, dynamic introduction of [b] within [_doc] is not allowed',
  );
});

test('fields beyond the limit share one column by their full paths', () => {
  const { read, mapping } = reader({}, { totalFields: 3, depth: 20 });
  const document = read('{"a":1,"o":{"b":"x","c":"y","d":{"e":[1,2]}},"f":[null,"z"]}');
  expect(document.row).toEqual({
    a: '#1',
    'o.b': 'x',
    [REST_FIELD]: '{"o.c":"y","o.d.e":[1,2],"f":"z"}',
  });
  expect(document.ignored).toEqual(['o.c', 'o.d', 'f']);
  expect(mapping.total).toBe(3);
});

test('depth is bounded: by the mapping for fields, at a thousand for all', () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  const { read, mapping } = reader();
  expect(read(nested(30)).ignored).toHaveLength(1);
  expect(mapping.total).toBe(20);
  expect(read(nested(900)).ignored).toHaveLength(1);
  expect(() => read(nested(1100))).toThrowError(/nested too deeply/);
  expect(() => read(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`)).toThrowError(/nested too deeply/);
});

test.each([
  ['', '[1:1] failed to parse: the document is empty'],
  ['[1]', '[1:1] failed to parse: the document is no JSON object'],
  ['{"a":1', '[1:7] failed to parse: the document has neither a comma nor an end behind a value'],
  ['{"a":"x', '[1:8] failed to parse: the document ends within a string'],
  ['{"a"', '[1:5] failed to parse: the document has no colon behind a name'],
  ['{"a', '[1:4] failed to parse: the document ends within a string'],
  ['{"a":01}', '[1:7] failed to parse: the document has neither a comma nor an end behind a value'],
  ['{"a":tru}', '[1:9] failed to parse: the document has something that is no value'],
  ['{"a":"\n"}', '[1:7] failed to parse: the document has a control character in a string'],
  ['{"a":1}{"b":2}', '[1:8] failed to parse: the document has more behind its end'],
  ['{"a":1,}', '[1:8] failed to parse: the document has no name of a field where there should be one'],
])('refuses %j', (text, reason) => {
  const documents = new DocumentReader(new IndexMapping(), { number: () => 0 });
  // Another document follows: nothing of it may be read.
  const bytes = Buffer.from(`${text}\n{"x":"y"}`);
  expect(() => documents.read(bytes, 0, bytes.length - 10)).toThrowError(
    expect.objectContaining({ type: 'document_parsing_exception', status: 400, message: reason }),
  );
});

/** What is searchable of a document, the slow way: the scalars of every path, as sets of texts. */
function leaves(value: unknown, path: string, into: Map<string, Set<string>>): Map<string, Set<string>> {
  if (Array.isArray(value)) for (const inner of value) leaves(inner, path, into);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value))
      leaves(inner, path === '' ? key : `${path}.${key}`, into);
  } else if (value !== null) {
    const values = into.get(path) ?? new Set();
    into.set(path, values.add(typeof value === 'number' ? `#${value}` : String(value)));
  }
  return into;
}

test('property: every scalar of any document is in its column or in the rest', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'ä"\\');
  const { tree } = fc.letrec((tie) => ({
    tree: fc.dictionary(names, tie('value'), { maxKeys: 4 }),
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'grapheme' }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      tie('tree'),
    ),
  }));
  fc.assert(
    fc.property(fc.array(tree, { minLength: 1, maxLength: 5 }), fc.boolean(), (documents, spaced) => {
      const { read } = reader({ date_detection: false });
      for (const document of documents) {
        const { row: columns } = read(JSON.stringify(document, null, spaced ? 1 : undefined));
        const { [REST_FIELD]: rest, ...typed } = columns;
        const found = leaves(rest === undefined ? {} : JSON.parse(rest as string), '', new Map());
        for (const [path, value] of Object.entries(typed)) {
          const values = found.get(path) ?? new Set();
          for (const one of Array.isArray(value) ? value : [value]) values.add(String(one).replace(/^#/, ''));
          found.set(path, values);
        }
        for (const [path, values] of leaves(document, '', new Map())) {
          const stored = [...(found.get(path) ?? [])].map((text) => text.replace(/^#/, ''));
          for (const value of values) {
            const plain = value.replace(/^#/, '');
            expect(stored.includes(plain) || plain === '').toBe(true);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('property: bytes that are no JSON are refused, and nothing else is thrown', () => {
  const documents = new DocumentReader(new IndexMapping(), { number: () => 0 });
  const event = securityEvents(1000);
  fc.assert(
    fc.property(
      fc.nat(500),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      fc.nat(),
      (n, changes, cut) => {
        const bytes = Buffer.from(event(n).source);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        const end = cut % 3 === 0 ? cut % bytes.length : bytes.length;
        let isJson = true;
        try {
          JSON.parse(bytes.toString('utf8', 0, end));
        } catch {
          isJson = false;
        }
        try {
          documents.read(bytes, 0, end);
          expect(isJson).toBe(true);
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          expect(isJson).toBe(false);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('what a kind of documents fills: one value and several, also after `takeFilled`', () => {
  const documents = new DocumentReader(new IndexMapping(), { number: () => 7 });
  const read = (text: string): void => void documents.read(Buffer.from(text), 0, text.length);
  read('{"a":["x","y"]}');
  expect(documents.takeFilled()).toEqual(['m7']);
  read('{"a":"z"}');
  read('{"a":"z"}');
  expect(documents.takeFilled()).toEqual(['c7']);
  expect([...documents.takeKinds().values()].map((columns) => [...columns])).toEqual([['m7', 'c7']]);
});
