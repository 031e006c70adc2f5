/** Index templates: what a new index begins with. Composable ones win over legacy ones, as in Elasticsearch. */
import { isMap } from '../../event/event.ts';
import { StoreError } from '../errors.ts';
import { globMatch } from '../glob-match.ts';
import { DEFAULT_TEMPLATE } from './default-template.ts';
import { IndexMapping, type MappingLimits, unwrapType } from './mapping.ts';
import type { Json } from './nodes.ts';

/** Templates by name, as they were put. */
export interface StoredTemplates {
  readonly indexTemplates: ReadonlyMap<string, Json>;
  readonly componentTemplates: ReadonlyMap<string, Json>;
  readonly legacyTemplates: ReadonlyMap<string, Json>;
}

export interface ResolvedTemplate {
  /** Flat, with `index.` before their names, values as text. */
  readonly settings: Readonly<Record<string, string>>;
  readonly mappings: Json;
  readonly aliases: Readonly<Record<string, Json>>;
  /** Writes make a data stream, not an index. */
  readonly isDataStream: boolean;
  /** Of the composable template, for `_data_stream`. */
  readonly template: string | undefined;
}

/** What every data stream has, whatever its template says. */
const TIMESTAMP: Json = { mappings: { properties: { '@timestamp': { type: 'date' } } } };

/** What an index of this name begins with. */
export function resolveTemplate(name: string, stored: StoredTemplates): ResolvedTemplate {
  const composable = bestTemplate(name, stored.indexTemplates);
  if (composable !== undefined) {
    const [template, body] = composable;
    const isDataStream = isMap(body['data_stream']);
    const parts = partsOf(body, stored);
    return { ...merged(isDataStream ? [TIMESTAMP, ...parts] : parts), isDataStream, template };
  }
  const legacy = [...stored.legacyTemplates]
    .filter(([, body]) => matchesAny(patternsOf(body), name))
    .sort(([a, one], [b, other]) => orderOf(one) - orderOf(other) || (a < b ? -1 : 1))
    .map(([, body]) => body);
  return {
    ...merged(legacy.length > 0 ? legacy : [DEFAULT_TEMPLATE]),
    isDataStream: false,
    template: undefined,
  };
}

/**
 * A request's own settings, mappings and aliases over a template's (`PUT index`).
 * @throws StoreError when the body has something else
 */
export function withRequest(template: ResolvedTemplate, body: Json): ResolvedTemplate {
  for (const key of Object.keys(body)) {
    if (key === 'settings' || key === 'mappings' || key === 'aliases' || key === 'lifecycle') continue;
    throw new StoreError(400, 'parse_exception', `unknown key [${key}] for create index`);
  }
  return { ...template, ...merged([template as unknown as Json, body]) };
}

/** Flat settings, with `index.` before their names: `{index: {a: {b: 1}}}` and `{'a.b': 1}` are `index.a.b`. */
export function flatSettings(settings: unknown): Record<string, string> {
  const flat: Record<string, string> = {};
  const walk = (value: unknown, path: string): void => {
    if (isMap(value))
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
    else if (value !== undefined && value !== null) {
      flat[path.startsWith('index.') ? path : `index.${path}`] = Array.isArray(value)
        ? value.join(',')
        : String(value);
    }
  };
  walk(settings ?? {}, '');
  return flat;
}

/** As `GET _settings` shows them: `{index: {number_of_shards: '1'}}`. Names that are also a prefix stay dotted. */
export function nestedSettings(flat: Readonly<Record<string, string>>): Record<string, unknown> {
  const nested: Record<string, unknown> = {};
  for (const path of Object.keys(flat).sort()) {
    const names = path.split('.');
    let object = nested;
    for (let at = 0; ; at++) {
      const name = names[at]!;
      if (at === names.length - 1) {
        object[name] = flat[path];
        break;
      }
      const inner = Object.hasOwn(object, name) ? object[name] : (object[name] = {});
      if (!isMap(inner)) {
        object[names.slice(at).join('.')] = flat[path];
        break;
      }
      object = inner as Record<string, unknown>;
    }
  }
  return nested;
}

/** The limits that an index's settings give its mapping. */
export function limitsOf(settings: Readonly<Record<string, string>>): MappingLimits {
  const limit = (name: string, usual: number): number => {
    const value = Number(settings[`index.mapping.${name}`]);
    return Number.isSafeInteger(value) && value >= 0 ? value : usual;
  };
  return { totalFields: limit('total_fields.limit', 1000), depth: Math.min(limit('depth.limit', 20), 100) };
}

/**
 * Checks an `_index_template` before it is kept.
 * @throws StoreError in Elasticsearch's words
 */
export function validateIndexTemplate(name: string, body: Json, stored: StoredTemplates): void {
  checkKeys(body, INDEX_TEMPLATE_KEYS, 'index_template');
  const invalid = (cause: string): StoreError =>
    new StoreError(
      400,
      'invalid_index_template_exception',
      `index_template [${name}] invalid, cause [${cause}]`,
    );
  const patterns = patternsOf(body);
  if (patterns.length === 0) throw invalid('index patterns are missing');
  for (const pattern of patterns) checkPattern(pattern, invalid);
  const ignored = listOf(body['ignore_missing_component_templates']);
  const missing = listOf(body['composed_of']).filter(
    (component) => !stored.componentTemplates.has(component) && !ignored.includes(component),
  );
  if (missing.length > 0) {
    throw invalid(
      `index template [${name}] specifies component templates [${missing.join(', ')}] that do not exist`,
    );
  }
  const priority = priorityOf(body);
  for (const [other, otherBody] of stored.indexTemplates) {
    if (other === name || priorityOf(otherBody) !== priority) continue;
    const otherPatterns = patternsOf(otherBody);
    if (!patterns.some((pattern) => otherPatterns.some((its) => overlap(pattern, its)))) continue;
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `index template [${name}] has index patterns [${patterns.join(', ')}] matching patterns from existing templates [${other}] with patterns (${other} => [${otherPatterns.join(', ')}]) that have the same priority [${priority}], multiple index templates may not match during index creation, please use a different priority`,
    );
  }
  checkContent(partsOf(body, stored), (cause) =>
    invalid(`composable template [${name}] template after composition is invalid, cause [${cause}]`),
  );
}

/** @throws StoreError */
export function validateComponentTemplate(name: string, body: Json): void {
  checkKeys(body, COMPONENT_TEMPLATE_KEYS, 'component_template');
  if (!isMap(body['template'])) {
    throw new StoreError(400, 'x_content_parse_exception', '[1:2] [component_template] Required [template]');
  }
  checkContent(
    [body['template']],
    (cause) =>
      new StoreError(400, 'illegal_argument_exception', `invalid component template [${name}]: ${cause}`),
  );
}

/** Checks a legacy `_template`. @throws StoreError */
export function validateLegacyTemplate(name: string, body: Json): void {
  checkKeys(body, LEGACY_TEMPLATE_KEYS, 'put_index_template');
  if (patternsOf(body).length === 0) {
    throw new StoreError(
      400,
      'action_request_validation_exception',
      'Validation Failed: 1: index patterns are missing;',
    );
  }
  const invalid = (cause: string): StoreError =>
    new StoreError(
      400,
      'invalid_index_template_exception',
      `index_template [${name}] invalid, cause [${cause}]`,
    );
  for (const pattern of patternsOf(body)) checkPattern(pattern, invalid);
  checkContent([body], invalid);
}

const INDEX_TEMPLATE_KEYS = [
  'index_patterns',
  'template',
  'composed_of',
  'priority',
  'version',
  '_meta',
  'data_stream',
  'allow_auto_create',
  'ignore_missing_component_templates',
  'deprecated',
];
const COMPONENT_TEMPLATE_KEYS = ['template', 'version', '_meta', 'deprecated', 'allow_auto_create'];
const LEGACY_TEMPLATE_KEYS = [
  'index_patterns',
  'template',
  'order',
  'version',
  'settings',
  'mappings',
  'aliases',
];

function checkKeys(body: Json, known: readonly string[], parser: string): void {
  const unknown = Object.keys(body).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new StoreError(400, 'x_content_parse_exception', `[1:2] [${parser}] unknown field [${unknown}]`);
  }
}

function checkPattern(pattern: string, invalid: (cause: string) => StoreError): void {
  if (pattern === '') throw invalid('index_pattern must not be empty');
  if (pattern.startsWith('_')) throw invalid(`index_pattern [${pattern}] must not start with '_'`);
  if (pattern.includes(' ')) throw invalid(`index_pattern [${pattern}] must not contain a space`);
  if (pattern.includes('#')) throw invalid(`index_pattern [${pattern}] must not contain a '#'`);
  if (pattern !== pattern.toLowerCase()) throw invalid(`index_pattern [${pattern}] must be lowercase`);
}

function checkContent(parts: readonly Json[], invalid: (cause: string) => StoreError): void {
  try {
    const { mappings, settings } = merged(parts);
    new IndexMapping(mappings, limitsOf(settings));
  } catch (error) {
    if (error instanceof StoreError) throw invalid(error.message);
    throw error;
  }
}

/** The template with the highest priority that fits. */
function bestTemplate(name: string, templates: ReadonlyMap<string, Json>): [string, Json] | undefined {
  let best: [string, Json] | undefined;
  for (const entry of templates) {
    if (!matchesAny(patternsOf(entry[1]), name)) continue;
    if (best === undefined || priorityOf(entry[1]) > priorityOf(best[1])) best = entry;
  }
  return best;
}

/** Components in their order, then the template's own. */
function partsOf(body: Json, stored: StoredTemplates): Json[] {
  const components = listOf(body['composed_of']).map(
    (name) => stored.componentTemplates.get(name)?.['template'],
  );
  return [...components, body['template']].filter(isMap);
}

function merged(parts: readonly Json[]): Pick<ResolvedTemplate, 'settings' | 'mappings' | 'aliases'> {
  let settings: Record<string, string> = {};
  let mappings: Json = {};
  let aliases: Record<string, Json> = {};
  for (const part of parts) {
    settings = { ...settings, ...flatSettings(part['settings']) };
    if (isMap(part['mappings'])) mappings = mergeMappings(mappings, unwrapType(part['mappings']));
    if (isMap(part['aliases'])) aliases = { ...aliases, ...(part['aliases'] as Record<string, Json>) };
  }
  return { settings, mappings, aliases };
}

/** Objects grow together; a field's definition replaces the one before; dynamic templates replace those of their name. */
function mergeMappings(base: Json, over: Json): Json {
  const result: Record<string, unknown> = { ...base, ...over };
  if (isMap(base['properties']) && isMap(over['properties'])) {
    result['properties'] = mergeProperties(base['properties'], over['properties']);
  }
  if (isMap(base['_meta']) && isMap(over['_meta'])) result['_meta'] = { ...base['_meta'], ...over['_meta'] };
  if (Array.isArray(base['dynamic_templates']) && Array.isArray(over['dynamic_templates'])) {
    const byName = new Map<string, unknown>();
    for (const entry of [...base['dynamic_templates'], ...over['dynamic_templates']] as unknown[]) {
      byName.set(isMap(entry) ? (Object.keys(entry)[0] ?? '') : '', entry);
    }
    result['dynamic_templates'] = [...byName.values()];
  }
  return result;
}

function mergeProperties(base: Json, over: Json): Json {
  const result: Record<string, unknown> = { ...base };
  for (const [name, definition] of Object.entries(over)) {
    const before = Object.hasOwn(base, name) ? base[name] : undefined;
    result[name] =
      isMap(before) && isMap(definition) && isMap(before['properties']) && isMap(definition['properties'])
        ? {
            ...before,
            ...definition,
            properties: mergeProperties(before['properties'], definition['properties']),
          }
        : definition;
  }
  return result;
}

/** Is there a name that both patterns fit? */
function overlap(one: string, other: string): boolean {
  // Reachable places in `other` for every place in `one`; a star stands still or swallows the other's next character.
  const seen = new Set<number>();
  const stack: [number, number][] = [[0, 0]];
  while (stack.length > 0) {
    const [a, b] = stack.pop()!;
    if (a === one.length && b === other.length) return true;
    const key = a * (other.length + 1) + b;
    if (a > one.length || b > other.length || seen.has(key)) continue;
    seen.add(key);
    if (one[a] === '*') stack.push([a + 1, b], [a, b + 1]);
    if (other[b] === '*') stack.push([a, b + 1], [a + 1, b]);
    if (a < one.length && one[a] === other[b]) stack.push([a + 1, b + 1]);
  }
  return false;
}

const matchesAny = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => globMatch(pattern)(name));
/** Legacy templates of Elasticsearch 5 and older have one pattern, as `template`. */
const patternsOf = (body: Json): readonly string[] =>
  listOf(body['index_patterns'] ?? (typeof body['template'] === 'string' ? body['template'] : undefined));
const listOf = (value: unknown): readonly string[] =>
  value === undefined || value === null
    ? []
    : (Array.isArray(value) ? value : String(value).split(',')).map(String);
const priorityOf = (body: Json): number => Number(body['priority'] ?? 0) || 0;
const orderOf = (body: Json): number => Number(body['order'] ?? 0) || 0;
