/** What a new index is made of: the request's body over the templates that its name fits. */
import { StoreError } from '../errors.ts';
import type { Catalogue, Json } from './catalogue.ts';
import { mergeSettings } from './index-settings.ts';
import { patternOf } from './indices.ts';

export interface NewIndex {
  readonly mapping: Json;
  readonly settings: Json;
  readonly aliases: Readonly<Record<string, Json>>;
  /** The template makes data streams. */
  readonly isDataStream: boolean;
}

export function resolveNewIndex(catalogue: Catalogue, name: string, body: Json): NewIndex {
  const layers: Json[] = [];
  const best = bestTemplate(catalogue, name);
  if (best) {
    for (const component of listOf(best.body['composed_of'])) {
      const found = catalogue.objects('component_template').get(component);
      if (found) layers.push(objectOf(found['template']));
    }
    layers.push(objectOf(best.body['template']));
  } else {
    const legacy = [...catalogue.objects('template')]
      .filter(([, template]) => fits(template, name))
      .sort(([, a], [, b]) => Number(a['order'] ?? 0) - Number(b['order'] ?? 0));
    for (const [, template] of legacy) layers.push(template);
  }
  layers.push(body);
  let mapping: Json = {};
  const aliases: Record<string, Json> = {};
  for (const layer of layers) {
    mapping = mergeMappings(mapping, mappingsOf(objectOf(layer['mappings'])));
    for (const [alias, options] of Object.entries(objectOf(layer['aliases'])))
      aliases[alias.replaceAll('{index}', name)] = objectOf(options);
  }
  return {
    mapping,
    settings: mergeSettings(...layers.map((layer) => objectOf(layer['settings']))),
    aliases,
    isDataStream: best !== undefined && typeof best.body['data_stream'] === 'object',
  };
}

function bestTemplate(catalogue: Catalogue, name: string): { body: Json } | undefined {
  let best: { body: Json; priority: number } | undefined;
  for (const body of catalogue.objects('index_template').values()) {
    if (!fits(body, name)) continue;
    const priority = Number(body['priority'] ?? 0);
    if (!best || priority > best.priority) best = { body, priority };
  }
  return best;
}

const fits = (template: Json, name: string): boolean =>
  listOf(template['index_patterns'] ?? template['template']).some((pattern) => patternOf(pattern).test(name));

/** Templates of old clients have the type's name around. */
function mappingsOf(mappings: Json): Json {
  const [only, ...more] = Object.keys(mappings);
  if (only === undefined || more.length > 0 || (only !== '_doc' && only !== 'doc')) return mappings;
  return objectOf(mappings[only]);
}

function mergeMappings(a: Json, b: Json): Json {
  const merged: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const before = merged[key];
    if (key === 'dynamic_templates' && Array.isArray(before) && Array.isArray(value))
      merged[key] = mergeDynamic(before, value);
    else if (isObject(before) && isObject(value) && !changesType(before, value))
      merged[key] = mergeMappings(before, value);
    else merged[key] = value;
  }
  return merged;
}

const changesType = (before: Json, value: Json): boolean =>
  typeof value['type'] === 'string' && value['type'] !== before['type'];

function mergeDynamic(before: readonly unknown[], value: readonly unknown[]): unknown[] {
  const names = new Set(value.map((one) => Object.keys(objectOf(one))[0]));
  return [...before.filter((one) => !names.has(Object.keys(objectOf(one))[0])), ...value];
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objectOf = (value: unknown): Json => {
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  throw new StoreError(400, 'parse_exception', `expected an object but found [${JSON.stringify(value)}]`);
};
const objectsOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];
const listOf = (value: unknown): readonly string[] => objectsOf(value).map(String);
