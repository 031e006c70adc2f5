/**
 * Templates that are there from the beginning, as in Elasticsearch 8: what is written to `logs-*-*`, `metrics-*-*` and
 * `synthetics-*-*` makes a data stream. Names, patterns and priorities are Elasticsearch's; what fields become is the
 * store's own way (`default-template.ts`). One that is put under the same name takes its place until it is deleted.
 */
import type { StoredKind } from '../store.ts';
import { DEFAULT_TEMPLATE } from './default-template.ts';
import type { Json } from './nodes.ts';

/** Fills in `@timestamp` where a document has none; the only thing that a pipeline of the store does. */
export const LOGS_PIPELINE = 'logs@default-pipeline';

const VERSION = 16;

const managed = (description: string): Json => ({
  version: VERSION,
  _meta: { description: `${description} of Millrace's event store`, managed: true },
});

const indexTemplate = (type: string, composedOf: readonly string[]): Json => ({
  index_patterns: [`${type}-*-*`],
  priority: 100,
  data_stream: {},
  composed_of: composedOf,
  ignore_missing_component_templates: composedOf.filter((name) => name.endsWith('@custom')),
  allow_auto_create: true,
  ...managed(`template for ${type} data streams`),
});

const component = (template: Json, description: string): Json => ({ template, ...managed(description) });

const streamMappings = (type: string): Json => ({
  mappings: {
    properties: {
      '@timestamp': { type: 'date' },
      data_stream: {
        properties: {
          type: { type: 'constant_keyword', value: type },
          dataset: { type: 'constant_keyword' },
          namespace: { type: 'constant_keyword' },
        },
      },
    },
  },
});

const names = (type: string): string => `fields of ${type} data streams`;
const settingsOf = (type: string): string => `settings of ${type} data streams`;
const settings = (more: Json = {}): Json => ({
  settings: { index: { mapping: { total_fields: { limit: '2000' } }, ...more } },
});

const BUILT_IN: Readonly<Partial<Record<StoredKind, ReadonlyMap<string, Json>>>> = {
  index_template: new Map([
    ['logs', indexTemplate('logs', ['logs@mappings', 'logs@settings', 'logs@custom', 'ecs@mappings'])],
    ['metrics', indexTemplate('metrics', ['metrics@mappings', 'data-streams@mappings', 'metrics@settings'])],
    [
      'synthetics',
      indexTemplate('synthetics', ['synthetics@mappings', 'data-streams@mappings', 'synthetics@settings']),
    ],
  ]),
  component_template: new Map([
    ['logs@mappings', component(streamMappings('logs'), names('logs'))],
    ['logs@settings', component(settings({ default_pipeline: LOGS_PIPELINE }), settingsOf('logs'))],
    ['metrics@mappings', component(streamMappings('metrics'), names('metrics'))],
    ['metrics@settings', component(settings(), settingsOf('metrics'))],
    ['synthetics@mappings', component(streamMappings('synthetics'), names('synthetics'))],
    ['synthetics@settings', component(settings(), settingsOf('synthetics'))],
    ['data-streams@mappings', component(fieldsOf(DEFAULT_TEMPLATE), 'fields of all data streams')],
    ['ecs@mappings', component(fieldsOf(DEFAULT_TEMPLATE), 'fields of the Elastic Common Schema')],
  ]),
  ingest_pipeline: new Map([
    [
      LOGS_PIPELINE,
      {
        processors: [{ set: { field: '@timestamp', copy_from: '_ingest.timestamp', override: false } }],
        ...managed('pipeline for logs data streams'),
      },
    ],
  ]),
};

function fieldsOf({ mappings }: Json): Json {
  return { mappings };
}

const NOTHING: ReadonlyMap<string, Json> = new Map();

/** Objects of a kind with those that are built in. A stored one comes first, and wins where all else is equal. */
export function withBuiltIns(kind: StoredKind, stored: ReadonlyMap<string, Json>): ReadonlyMap<string, Json> {
  const builtIn = BUILT_IN[kind];
  if (!builtIn) return stored;
  const all = new Map(stored);
  for (const [name, body] of builtIn) if (!all.has(name)) all.set(name, body);
  return all;
}

export const isBuiltIn = (kind: StoredKind, name: string): boolean => (BUILT_IN[kind] ?? NOTHING).has(name);
