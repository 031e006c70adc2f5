import { expect, test } from 'vitest';
import { DocumentReader } from './document.ts';
import { IndexMapping } from './mapping.ts';
import type { Json } from './nodes.ts';
import {
  flatSettings,
  limitsOf,
  nestedSettings,
  resolveTemplate,
  type StoredTemplates,
  validateComponentTemplate,
  validateIndexTemplate,
  validateLegacyTemplate,
  withRequest,
} from './templates.ts';

const stored = (parts: { index?: Json; component?: Json; legacy?: Json }): StoredTemplates => ({
  indexTemplates: new Map(Object.entries(parts.index ?? {})) as Map<string, Json>,
  componentTemplates: new Map(Object.entries(parts.component ?? {})) as Map<string, Json>,
  legacyTemplates: new Map(Object.entries(parts.legacy ?? {})) as Map<string, Json>,
});
const long = { type: 'long' };
const keyword = { type: 'keyword' };

test('components in their order, then the template’s own', () => {
  const templates = stored({
    component: {
      one: {
        template: {
          settings: { number_of_shards: 3, index: { mapping: { total_fields: { limit: 5000 } } } },
          mappings: {
            dynamic_templates: [{ a: { match: 'a', mapping: long } }, { b: { match: 'b', mapping: long } }],
            properties: {
              x: { properties: { y: long, z: long } },
              k: { type: 'text', fields: { k: keyword } },
            },
          },
          aliases: { all: {} },
        },
      },
      two: {
        template: {
          settings: { 'index.number_of_shards': '2' },
          mappings: { properties: { x: { properties: { z: keyword } } } },
        },
      },
    },
    index: {
      low: {
        index_patterns: ['logs-*'],
        priority: 1,
        template: { mappings: { properties: { never: long } } },
      },
      high: {
        index_patterns: ['logs-x-*', 'other'],
        priority: 200,
        composed_of: ['one', 'two', 'gone'],
        data_stream: {},
        template: {
          mappings: {
            dynamic_templates: [{ a: { match: 'A', mapping: keyword } }],
            properties: { k: keyword },
          },
        },
      },
    },
    legacy: { old: { index_patterns: ['*'], mappings: { properties: { never: long } } } },
  });
  const template = resolveTemplate('logs-x-1', templates);
  expect(template).toEqual({
    settings: { 'index.number_of_shards': '2', 'index.mapping.total_fields.limit': '5000' },
    mappings: {
      dynamic_templates: [{ a: { match: 'A', mapping: keyword } }, { b: { match: 'b', mapping: long } }],
      properties: { '@timestamp': { type: 'date' }, x: { properties: { y: long, z: keyword } }, k: keyword },
    },
    aliases: { all: {} },
    isDataStream: true,
    template: 'high',
  });
  expect(limitsOf(template.settings)).toEqual({ totalFields: 5000, depth: 20 });
  expect(
    withRequest(template, { settings: { number_of_shards: 1 }, mappings: { properties: { k: long } } }),
  ).toMatchObject({
    settings: { 'index.number_of_shards': '1' },
    mappings: { properties: { k: long, x: {} } },
    template: 'high',
  });
  expect(() => withRequest(template, { foo: 1 })).toThrowError('unknown key [foo] for create index');
});

test('legacy templates by order, old forms too', () => {
  const templates = stored({
    legacy: {
      b: { template: 'logstash-*', order: 1, mappings: { _default_: { properties: { a: keyword } } } },
      a: {
        index_patterns: ['logstash-*'],
        order: 0,
        mappings: { properties: { a: long, b: long } },
        settings: { x: 1 },
      },
    },
  });
  expect(resolveTemplate('logstash-2026.11.20', templates)).toMatchObject({
    mappings: { properties: { a: keyword, b: long } },
    settings: { 'index.x': '1' },
    isDataStream: false,
  });
});

test('the default: exact keywords, addresses, places that are only kept', () => {
  const { mappings, settings } = resolveTemplate('logstash-2026.11.20', stored({}));
  const mapping = new IndexMapping(mappings, limitsOf(settings));
  const documents = new DocumentReader(mapping, { number: (field) => [...field].length });
  const bytes = Buffer.from(
    '{"@timestamp":"2026-11-20T10:00:00Z","message":"a text","source":{"ip":"192.0.2.7","geo":{"location":{"lat":1,"lon":2}}},"event":{"code":4624},"client_ip":"::1","host":"h"}',
  );
  documents.read(bytes, 0, bytes.length);
  expect(Object.fromEntries(mapping.fields)).toMatchObject({
    '@timestamp': 'date',
    message: 'keyword',
    'source.ip': 'ip',
    'source.geo.location': 'unindexed',
    client_ip: 'ip',
    'event.code': 'keyword',
    'event.original': 'unindexed',
    host: 'keyword',
  });
});

test('settings, flat and nested', () => {
  const flat = flatSettings({ index: { a: { b: 1 }, list: ['x', 'y'] }, 'c.d': true, gone: null });
  expect(flat).toEqual({ 'index.a.b': '1', 'index.list': 'x,y', 'index.c.d': 'true' });
  expect(nestedSettings({ ...flat, 'index.a': '0' })).toEqual({
    index: { a: '0', 'a.b': '1', list: 'x,y', c: { d: 'true' } },
  });
});

test('what Elasticsearch refuses is refused in its words', () => {
  const templates = stored({ index: { there: { index_patterns: ['log*'], priority: 5 } } });
  const refused = (body: Json, type: string, message: string): void => {
    expect(() => validateIndexTemplate('t', body, templates)).toThrowError(
      expect.objectContaining({ status: 400, type, message: expect.stringContaining(message) }),
    );
  };
  const invalid = 'invalid_index_template_exception';
  refused({ index_patterns: [] }, invalid, 'index_template [t] invalid, cause [index patterns are missing]');
  refused({ index_patterns: ['A'] }, invalid, 'index_pattern [A] must be lowercase');
  refused(
    { index_patterns: ['x'], composed_of: ['a', 'b'] },
    invalid,
    'index template [t] specifies component templates [a, b] that do not exist',
  );
  refused(
    { index_patterns: ['*s-x'], priority: 5 },
    'illegal_argument_exception',
    'that have the same priority [5]',
  );
  refused({ index_patterns: ['x'], foo: 1 }, 'x_content_parse_exception', 'unknown field [foo]');
  refused(
    { index_patterns: ['x'], template: { mappings: { properties: { a: {} } } } },
    invalid,
    'No type specified for field [a]',
  );
  validateIndexTemplate(
    't',
    { index_patterns: ['ol*'], priority: 5, ignore_missing_component_templates: ['a'], composed_of: ['a'] },
    templates,
  );
  validateIndexTemplate('there', { index_patterns: ['log*'], priority: 5 }, templates);
  expect(() => validateComponentTemplate('c', {})).toThrowError('Required [template]');
  expect(() => validateComponentTemplate('c', { template: { mappings: { foo: 1 } } })).toThrowError(
    /unsupported parameters/,
  );
  expect(() => validateLegacyTemplate('l', {})).toThrowError(
    'Validation Failed: 1: index patterns are missing;',
  );
  validateLegacyTemplate('l', { template: 'logstash-*', mappings: { _doc: { properties: { a: long } } } });
});
