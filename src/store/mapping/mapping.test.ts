import { expect, test } from 'vitest';
import { IndexMapping } from './mapping.ts';
import type { Json } from './nodes.ts';

const shown = (mappings: Json): Json => new IndexMapping(mappings).toJSON();

test('shows what it was given, names in order', () => {
  const mappings = {
    _meta: { version: '8.19.0' },
    dynamic: 'false',
    date_detection: false,
    properties: {
      b: { type: 'text', fields: { keyword: { type: 'keyword', ignore_above: 256 } } },
      a: {
        properties: {
          n: { type: 'nested', properties: { x: { type: 'scaled_float', scaling_factor: 10 } } },
          off: { type: 'object', enabled: false },
        },
      },
      z: { type: 'alias', path: 'b' },
    },
  };
  expect(shown(mappings)).toEqual(mappings);
  expect(Object.keys(shown(mappings)['properties'] as Json)).toEqual(['a', 'b', 'z']);
});

test('fields, aliases and nested objects as a snapshot has them', () => {
  const mapping = new IndexMapping({
    properties: {
      message: { type: 'text', fields: { keyword: { type: 'keyword' } } },
      command: { type: 'keyword', fields: { text: { type: 'match_only_text' } } },
      'dns.answers': { type: 'nested', properties: { ttl: { type: 'integer' } } },
      geo: { type: 'geo_point' },
      ip: { type: 'alias', path: 'source.ip' },
    },
  });
  expect(Object.fromEntries(mapping.fields)).toEqual({
    message: 'text',
    'message.keyword': 'keyword',
    command: 'keyword',
    'command.text': 'text',
    'dns.answers.ttl': 'long',
    geo: 'unindexed',
  });
  expect(Object.fromEntries(mapping.aliases)).toEqual({
    'message.keyword': 'message',
    'command.text': 'command',
    ip: 'source.ip',
  });
  expect([...mapping.nested]).toEqual(['dns.answers']);
});

test('old forms: the type around, string of Elasticsearch 1 and 2', () => {
  expect(shown({ _doc: { properties: { a: { type: 'long' } } } })).toEqual({
    properties: { a: { type: 'long' } },
  });
  expect(shown({ doc: { date_detection: false } })).toEqual({ date_detection: false });
  const old = new IndexMapping({
    _all: { enabled: true },
    properties: {
      a: { type: 'string', index: 'not_analyzed' },
      b: { type: 'string' },
      c: { type: 'string', index: 'no' },
    },
  });
  expect(Object.fromEntries(old.fields)).toEqual({ a: 'keyword', b: 'text', c: 'unindexed' });
});

test.each<[Json, string]>([
  [
    { properties: { a: { type: 'foo' } } },
    'Failed to parse mapping: The mapper type [foo] declared on field [a] does not exist.',
  ],
  [{ properties: { a: {} } }, 'Failed to parse mapping: No type specified for field [a]'],
  [
    { properties: { a: 'keyword' } },
    'Failed to parse mapping: Expected map for property [fields] on field [a]',
  ],
  [{ foo: 1 }, 'Failed to parse mapping: Root mapping definition has unsupported parameters:  [foo : 1]'],
  [
    { properties: { a: { type: 'date', format: 'qq' } } },
    'Failed to parse mapping: Error parsing [format] on field [a]',
  ],
  [{ dynamic: 'maybe' }, 'Failed to parse mapping: Could not convert [dynamic] to boolean'],
  [{ dynamic_templates: {} }, 'Failed to parse mapping: Dynamic template syntax error.'],
  [
    { dynamic_templates: [{ x: { match: 'a' } }] },
    'Failed to parse mapping: template [x] must have either mapping or runtime set',
  ],
])('refuses %j', (mappings, reason) => {
  expect(() => new IndexMapping(mappings)).toThrowError(
    expect.objectContaining({ type: 'mapper_parsing_exception', message: expect.stringContaining(reason) }),
  );
});

const base = {
  properties: { a: { type: 'keyword' }, o: { properties: { b: { type: 'long' } } }, n: { type: 'nested' } },
};

test('put-mapping adds', () => {
  const mapping = new IndexMapping(base);
  mapping.merge({
    properties: {
      a: { type: 'keyword', ignore_above: 10, fields: { t: { type: 'text' } } },
      'o.c': { type: 'ip' },
    },
  });
  expect(mapping.toJSON()).toEqual({
    properties: {
      a: { type: 'keyword', ignore_above: 10, fields: { t: { type: 'text' } } },
      n: { type: 'nested' },
      o: { properties: { b: { type: 'long' }, c: { type: 'ip' } } },
    },
  });
  expect(mapping.version).toBe(1);
});

test.each<[Json, string]>([
  [{ a: { type: 'long' } }, 'mapper [a] cannot be changed from type [keyword] to [long]'],
  [{ 'o.b': { type: 'double' } }, 'mapper [o.b] cannot be changed from type [long] to [double]'],
  [
    { a: { properties: { x: { type: 'long' } } } },
    "can't merge a non object mapping [a] with an object mapping",
  ],
  [{ o: { type: 'keyword' } }, "can't merge a non object mapping [o] with an object mapping"],
  [{ n: { type: 'object' } }, 'cannot change object mapping from nested to non-nested'],
  [{ o: { type: 'nested' } }, 'cannot change object mapping from non-nested to nested'],
  [{ a: { type: 'keyword', index: false } }, 'Cannot update parameter [index] from [true] to [false]'],
])('put-mapping refuses %j and changes nothing', (properties, reason) => {
  const mapping = new IndexMapping(base);
  expect(() => mapping.merge({ properties: { new: { type: 'long' }, ...properties } })).toThrowError(
    expect.objectContaining({ type: 'illegal_argument_exception', message: expect.stringContaining(reason) }),
  );
  expect(mapping.toJSON()).toEqual(new IndexMapping(base).toJSON());
  expect(mapping.version).toBe(0);
});

test('more fields than the limit are refused when a request brings them', () => {
  const limits = { totalFields: 2, depth: 20 };
  const mapping = new IndexMapping({ properties: { a: { type: 'long' } } }, limits);
  expect(() =>
    mapping.merge({ properties: { b: { type: 'text', fields: { k: { type: 'keyword' } } } } }),
  ).toThrowError('Limit of total fields [2] has been exceeded');
  expect(mapping.total).toBe(1);
});

test('a mapping that documents brought beyond its limit can be restored', () => {
  const limits = { totalFields: 1, depth: 20 };
  const text = { type: 'text', fields: { k: { type: 'keyword' } } };
  const mapping = new IndexMapping({ dynamic_templates: [{ t: { match: '*', mapping: text } }] }, limits);
  mapping.resolve(mapping.root, 'a', () => ({ type: 'string', text: 'x' }));
  expect(mapping.total).toBe(2);
  expect(IndexMapping.restore(mapping.toJSON(), limits).toJSON()).toEqual(mapping.toJSON());
  const other = new IndexMapping({}, limits);
  other.apply(mapping.takeChanges()!);
  expect(other.fields).toEqual(mapping.fields);
  expect(other.resolve(other.root, 'b', () => ({ type: 'long' }))).toBe('rest');
});

/** What dynamic mapping makes of a string. */
function dynamic(mappings: Json, path: string, text: string): unknown {
  const mapping = new IndexMapping(mappings);
  const node = mapping.resolve(mapping.root, path, () => ({ type: 'string', text }));
  return typeof node === 'string' || node.shape !== 'field' ? node : node.json;
}

test('detection of dates and numbers in strings', () => {
  expect(dynamic({}, 'a', '2026-11-20')).toEqual({ type: 'date' });
  expect(dynamic({}, 'a', '2026/11/20 10:00:00')).toEqual({
    type: 'date',
    format: 'yyyy/MM/dd HH:mm:ss||yyyy/MM/dd||epoch_millis',
  });
  expect(dynamic({}, 'a', '2026')).toEqual({ type: 'keyword' });
  expect(dynamic({ date_detection: false }, 'a', '2026-11-20')).toEqual({ type: 'keyword' });
  expect(dynamic({ numeric_detection: true }, 'a', '12')).toEqual({ type: 'long' });
  expect(dynamic({ numeric_detection: true }, 'a', '1.5')).toEqual({ type: 'float' });
  expect(dynamic({ dynamic_date_formats: ['MM/dd/yyyy'] }, 'a', '11/20/2026')).toEqual({
    type: 'date',
    format: 'MM/dd/yyyy||epoch_millis',
  });
});

test('dynamic templates: first that fits', () => {
  const templates = (...entries: Json[]): Json => ({
    dynamic_templates: entries.map((entry) => ({ t: entry })),
  });
  const ip = { mapping: { type: 'ip' } };
  expect(dynamic(templates({ ...ip, path_match: '*.ip' }), 'source.ip', 'x')).toEqual({ type: 'ip' });
  expect(
    dynamic(templates({ ...ip, path_match: ['a', '*.ip'], path_unmatch: 'host.*' }), 'host.ip', 'x'),
  ).toEqual({
    type: 'keyword',
  });
  expect(dynamic(templates({ ...ip, match: '^ip_\\d+$', match_pattern: 'regex' }), 'ip_12', 'x')).toEqual({
    type: 'ip',
  });
  expect(
    dynamic(
      templates({ ...ip, match_mapping_type: 'long' }, { ...ip, match: 'a*', unmatch: 'ab' }),
      'ab',
      'x',
    ),
  ).toEqual({
    type: 'keyword',
  });
  const strings = {
    match_mapping_type: 'string',
    mapping: { type: 'text', norms: false, fields: { keyword: { type: 'keyword', ignore_above: 256 } } },
  };
  expect(dynamic(templates(strings), 'a', 'x')).toEqual(strings.mapping);
  expect(
    dynamic(
      templates({ match: '*', mapping: { type: '{dynamic_type}', meta: { was: '{name}' } } }),
      'a',
      'x',
    ),
  ).toEqual({
    type: 'keyword',
    meta: { was: 'a' },
  });
});

test('a template for objects can keep them whole', () => {
  const mapping = new IndexMapping({
    dynamic_templates: [{ p: { path_match: '*.params', mapping: { type: 'flattened' } } }],
  });
  const node = mapping.resolve(mapping.root, 'aws.params', () => ({ type: 'object' }));
  expect(node).toMatchObject({ shape: 'field', type: 'flattened' });
});

test('names that objects have anyway are names of fields', () => {
  const mapping = new IndexMapping(
    JSON.parse('{"properties":{"__proto__":{"type":"keyword"},"constructor":{"type":"long"}}}'),
  );
  mapping.resolve(mapping.root, 'toString.__proto__', () => ({ type: 'boolean' }));
  expect(JSON.stringify(mapping.toJSON())).toBe(
    '{"properties":{"__proto__":{"type":"keyword"},"constructor":{"type":"long"},"toString":{"properties":{"__proto__":{"type":"boolean"}}}}}',
  );
});
