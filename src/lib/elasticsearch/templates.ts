/**
 * The index templates that are installed unless the user has one: how fields of `logstash-*` (or, with ECS,
 * `ecs-logstash-*`) are indexed. In two forms: legacy (`_template`, Elasticsearch 7) and composable
 * (`_index_template`, Elasticsearch 8 and OpenSearch).
 */
import { readFile } from 'node:fs/promises';
import { MillraceError } from '../../kernel/errors.ts';
import type { EcsMode } from '../../kernel/plugin.ts';

export type TemplateApi = 'legacy' | 'composable';

/** A JSON object as a template is. */
export type Json = { [name: string]: unknown };

/** A fresh copy of the default template. */
export function defaultTemplate(ecs: EcsMode, api: TemplateApi): Json {
  const prefix = ecs === 'disabled' ? 'logstash' : 'ecs-logstash';
  const index_patterns = [`${prefix}-*`];
  const settings = { 'index.refresh_interval': '5s', number_of_shards: 1 };
  const mappings = structuredClone(ecs === 'disabled' ? classicMappings : ecsMappings);
  if (api === 'legacy') return { index_patterns, order: 0, version: 80001, settings, mappings };
  return {
    index_patterns,
    priority: 200,
    version: 80001,
    template: { settings, mappings },
    _meta: { description: `Index template of the elasticsearch output for ${prefix}` },
  };
}

/** @throws MillraceError ERR_CONFIG naming the file */
export async function readTemplate(path: string): Promise<Json> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new MillraceError(
      'ERR_CONFIG',
      `template: \`${path}\` can not be used: ${(error as Error).message}`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MillraceError('ERR_CONFIG', `template: \`${path}\` holds no JSON object`);
  return value as Json;
}

/** The settings inside of a template of either form, made if there are none. */
export function templateSettings(template: Json, api: TemplateApi): Json {
  const holder =
    'template' in template && typeof template['template'] === 'object'
      ? (template['template'] as Json)
      : 'settings' in template || api === 'legacy'
        ? template
        : ((template['template'] = {}) as Json);
  return (holder['settings'] ??= {}) as Json;
}

/** Settings that Elasticsearch as a service does not take. */
export function withoutShards(template: Json, api: TemplateApi): void {
  const settings = templateSettings(template, api);
  for (const name of ['number_of_shards', 'number_of_replicas'])
    for (const key of [name, `index.${name}`]) delete settings[key];
}

/** Every text is searchable by word and, up to 256 characters, by its whole (`field.keyword`). */
const classicMappings = {
  dynamic_templates: [
    {
      message_field: {
        path_match: 'message',
        match_mapping_type: 'string',
        mapping: { type: 'text', norms: false },
      },
    },
    {
      string_fields: {
        match: '*',
        match_mapping_type: 'string',
        mapping: {
          type: 'text',
          norms: false,
          fields: { keyword: { type: 'keyword', ignore_above: 256 } },
        },
      },
    },
  ],
  properties: {
    '@timestamp': { type: 'date' },
    '@version': { type: 'keyword' },
    geoip: {
      dynamic: true,
      properties: {
        ip: { type: 'ip' },
        location: { type: 'geo_point' },
        latitude: { type: 'half_float' },
        longitude: { type: 'half_float' },
      },
    },
  },
};

/** A dynamic template for fields by their names, wherever they stand. */
const named = (name: string, match: string | string[], mapping: Json, types = '*'): Json[] =>
  (typeof match === 'string' ? [match] : match).map((path_match, index) => ({
    [index === 0 ? name : `${name}_${index + 1}`]: { path_match, match_mapping_type: types, mapping },
  }));

const address = { type: 'ip', ignore_malformed: true };
const whole = { type: 'long', ignore_malformed: true };
const words = { type: 'text', norms: false };

/**
 * ECS: texts are keywords, and fields have the types of the schema where a name tells. What does not fit is kept in
 * the document without being indexed.
 */
const ecsMappings = {
  date_detection: false,
  dynamic_templates: [
    ...named('message', ['message', 'error.message'], words, 'string'),
    ...named(
      'original',
      ['event.original', '*.original_payload'],
      { type: 'keyword', index: false, doc_values: false },
      'string',
    ),
    ...named('address', ['*.ip', '*.nat.ip'], address),
    ...named('port', ['*.port', '*.nat.port'], whole),
    ...named(
      'count',
      [
        '*.bytes',
        '*.packets',
        '*.pid',
        '*.status_code',
        'event.duration',
        'event.sequence',
        'event.severity',
        'file.size',
        'file.inode',
      ],
      whole,
    ),
    ...named('place', '*.geo.location', { type: 'geo_point', ignore_malformed: true }),
    ...named(
      'time',
      [
        'event.created',
        'event.ingested',
        'event.start',
        'event.end',
        'file.created',
        'file.mtime',
        'file.ctime',
        'file.accessed',
        'process.start',
        'process.end',
        '*.not_before',
        '*.not_after',
      ],
      { type: 'date', ignore_malformed: true },
      'string',
    ),
    ...named('text', '*', { type: 'keyword', ignore_above: 1024 }, 'string'),
  ],
  properties: {
    '@timestamp': { type: 'date' },
    '@version': { type: 'keyword', ignore_above: 1024 },
    ecs: { properties: { version: { type: 'keyword', ignore_above: 1024 } } },
    labels: { type: 'object' },
    tags: { type: 'keyword', ignore_above: 1024 },
    data_stream: {
      properties: {
        type: { type: 'keyword' },
        dataset: { type: 'keyword' },
        namespace: { type: 'keyword' },
      },
    },
  },
};
