/** Makes a field of its definition: `ignore_above`, `null_value`, `format`, multi-fields. */
import { isMap } from '../../event/event.ts';
import type { FieldType } from '../../query/field-types.ts';
import { StoreError } from '../errors.ts';
import { MAX_KEYWORD_BYTES } from './coerce.ts';
import { DEFAULT_DATE_FORMAT, dateParser } from './date-formats.ts';
import { isObjectType, storedType } from './elastic-types.ts';
import { FieldNode, type Json } from './nodes.ts';

/** Told of multi-fields. */
export interface FieldCompiler {
  /** `path` is another way to look at the column of `of`. */
  shareColumn(path: string, type: FieldType, of: string): void;
  ownColumn(field: FieldNode): void;
}

/** What can not be changed once it was said, with what it is when it was not. */
const FIXED: Readonly<Record<string, unknown>> = {
  index: true,
  doc_values: true,
  store: false,
  format: undefined,
  analyzer: 'default',
  normalizer: undefined,
  similarity: undefined,
  scaling_factor: undefined,
};

/**
 * A new field, or `old` with what the definition adds to it.
 * @throws StoreError mapper_parsing_exception, illegal_argument_exception
 */
export function compileField(
  compiler: FieldCompiler,
  path: string,
  elasticType: string,
  definition: Json,
  old: FieldNode | undefined,
): FieldNode {
  const kept = isObjectType(elasticType) ? 'unindexed' : storedType(elasticType, definition)!;
  const { fields, ...own } = definition;
  if (old !== undefined) checkFixed(old, own);
  const json = { type: elasticType, ...old?.json, ...own };
  const field = old ?? new FieldNode(path, elasticType, kept, json);
  field.json = json;
  readParameters(field, json);
  if (isMap(fields)) addMultiFields(compiler, field, fields);
  return field;
}

function readParameters(field: FieldNode, json: Json): void {
  const ignoreAbove = json['ignore_above'];
  if (ignoreAbove !== undefined) field.ignoreAbove = Number(ignoreAbove);
  field.longestCopy = longestCopy(field);
  field.nullValue = json['null_value'] ?? undefined;
  if (field.type === 'date') {
    const format = typeof json['format'] === 'string' ? json['format'] : DEFAULT_DATE_FORMAT;
    try {
      field.dates = dateParser(format);
    } catch (error) {
      throw parsing(`Error parsing [format] on field [${nameOf(field.path)}]: ${(error as Error).message}`);
    }
    field.isIso =
      /^(strict_)?date_optional_time(_nanos)?(\|\||$)/.test(format) || format.startsWith('iso8601');
  }
  if (field.elasticType === 'scaled_float') {
    field.scaling = Number(json['scaling_factor']);
    if (!(field.scaling > 0)) throw parsing(`Field [scaling_factor] is required`);
  }
  if (field.elasticType === 'constant_keyword' && json['value'] !== undefined)
    field.constant = String(json['value']);
}

function longestCopy(field: FieldNode): number {
  switch (field.elasticType) {
    case 'constant_keyword':
    case 'scaled_float':
    case 'half_float':
    case 'integer':
    case 'short':
    case 'byte':
      return 0;
  }
  if (field.type === 'long') return 18;
  if (field.type === 'double') return 16;
  const most = field.type === 'keyword' ? MAX_KEYWORD_BYTES : Number.MAX_SAFE_INTEGER;
  return Math.min(most, field.ignoreAbove) + 2;
}

/** Text and keywords look at one column in two ways; other types need another one. */
function addMultiFields(compiler: FieldCompiler, field: FieldNode, fields: Json): void {
  const shown: Record<string, unknown> = isMap(field.json['fields']) ? { ...field.json['fields'] } : {};
  for (const [name, definition] of Object.entries(fields)) {
    const path = `${field.path}.${name}`;
    const type = isMap(definition) ? definition['type'] : undefined;
    if (!isMap(definition) || typeof type !== 'string')
      throw parsing(`No type specified for field [${name}]`);
    if (isObjectType(type) || type === 'alias') throw parsing(`Type [${type}] cannot be used in multi field`);
    const kept = storedType(type, definition);
    if (kept === undefined)
      throw parsing(
        `The mapper type [${type}] declared on field [${name}] does not exist. It might have been created within a future version or requires a plugin to be installed. Check the documentation.`,
      );
    const before = shown[name];
    if (isMap(before) && before['type'] !== type) {
      throw illegal(`mapper [${path}] cannot be changed from type [${String(before['type'])}] to [${type}]`);
    }
    shown[name] = isMap(before) ? { ...before, ...definition } : definition;
    if (isText(kept) && isText(field.type)) compiler.shareColumn(path, kept, field.path);
    else if (!field.also?.some((other) => other.path === path)) {
      const other = new FieldNode(path, type, kept, definition);
      readParameters(other, definition);
      compiler.ownColumn(other);
      if (kept !== 'unindexed') field.also = [...(field.also ?? []), other];
    }
  }
  field.json = { ...field.json, fields: shown };
}

function checkFixed(old: FieldNode, definition: Json): void {
  for (const [parameter, usual] of Object.entries(FIXED)) {
    if (!(parameter in definition)) continue;
    const before = old.json[parameter] ?? usual;
    const after = definition[parameter];
    if (String(before) === String(after)) continue;
    throw illegal(
      `Mapper for [${old.path}] conflicts with existing mapper:\n\tCannot update parameter [${parameter}] from [${String(before)}] to [${String(after)}]`,
    );
  }
}

const isText = (type: FieldType): boolean => type === 'keyword' || type === 'text';
const nameOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);
const parsing = (reason: string): StoreError =>
  new StoreError(400, 'mapper_parsing_exception', `Failed to parse mapping: ${reason}`);
const illegal = (reason: string): StoreError => new StoreError(400, 'illegal_argument_exception', reason);
