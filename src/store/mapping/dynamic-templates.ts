/** `dynamic_templates`: which mapping a field gets that no mapping names yet. */
import { StoreError } from '../errors.ts';
import { globMatch } from '../glob-match.ts';
import type { Json } from './nodes.ts';

/** What a JSON value is to dynamic mapping. */
export type DynamicType = 'string' | 'long' | 'double' | 'boolean' | 'date' | 'object';

export interface DynamicTemplate {
  readonly name: string;
  matches(path: string, name: string, type: DynamicType): boolean;
  /** With `{name}` and `{dynamic_type}` filled in. */
  mapping(name: string, defaultType: string): Json;
}

const listOf = (value: unknown): readonly string[] =>
  value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String);

/** @throws StoreError mapper_parsing_exception */
export function parseDynamicTemplates(given: unknown): DynamicTemplate[] {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given))
    throw invalid('Dynamic template syntax error. An array of named objects is expected.');
  return given.map((entry: unknown) => {
    const named =
      typeof entry === 'object' && entry !== null && !Array.isArray(entry) ? Object.entries(entry) : [];
    if (named.length !== 1) throw invalid('A dynamic template must be defined with a name');
    const [name, body] = named[0]!;
    if (typeof body !== 'object' || body === null) {
      throw invalid(`Dynamic template syntax error. [${name}] must be an object.`);
    }
    return oneTemplate(name, body as Json);
  });
}

function oneTemplate(name: string, body: Json): DynamicTemplate {
  const mapping = body['mapping'] ?? body['runtime'];
  if (typeof mapping !== 'object' || mapping === null) {
    throw invalid(`template [${name}] must have either mapping or runtime set`);
  }
  const isRegex = body['match_pattern'] === 'regex';
  const compile = (option: string, regex: boolean): ((text: string) => boolean) | undefined => {
    const patterns = listOf(body[option]);
    if (patterns.length === 0) return undefined;
    const all = patterns.map((pattern) => (regex ? fullMatch(name, pattern) : globMatch(pattern)));
    return (text) => all.some((matches) => matches(text));
  };
  const match = compile('match', isRegex);
  const unmatch = compile('unmatch', isRegex);
  const pathMatch = compile('path_match', isRegex);
  const pathUnmatch = compile('path_unmatch', isRegex);
  const types = listOf(body['match_mapping_type']);
  const notTypes = listOf(body['unmatch_mapping_type']);
  if (!match && !unmatch && !pathMatch && !pathUnmatch && types.length === 0 && notTypes.length === 0) {
    throw invalid(
      `template must have match, path_match or match_mapping_type set ${JSON.stringify({ [name]: body })}`,
    );
  }
  return {
    name,
    matches: (path, field, type) =>
      (types.length === 0 || types.includes('*') || types.includes(type)) &&
      !notTypes.includes(type) &&
      (match === undefined || match(field)) &&
      (unmatch === undefined || !unmatch(field)) &&
      (pathMatch === undefined || pathMatch(path)) &&
      (pathUnmatch === undefined || !pathUnmatch(path)),
    mapping: (field, defaultType) => fillIn(mapping as Json, field, defaultType) as Json,
  };
}

function fillIn(value: unknown, name: string, type: string): unknown {
  if (typeof value === 'string') return value.replaceAll('{name}', name).replaceAll('{dynamic_type}', type);
  if (Array.isArray(value)) return value.map((inner) => fillIn(inner, name, type));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [fillIn(key, name, type), fillIn(inner, name, type)]),
  );
}

function fullMatch(template: string, pattern: string): (text: string) => boolean {
  try {
    const expression = new RegExp(`^(?:${pattern})$`, 'u');
    return (text) => expression.test(text);
  } catch {
    throw invalid(
      `Pattern [${pattern}] of type [regex] is invalid. Cannot create dynamic template [${template}].`,
    );
  }
}

const invalid = (reason: string): StoreError =>
  new StoreError(400, 'mapper_parsing_exception', `Failed to parse mapping: ${reason}`);
