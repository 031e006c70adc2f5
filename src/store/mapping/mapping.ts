/** The mapping of one index: from JSON, to JSON, merged with another, and grown by documents. */
import type { FieldType } from '../../query/field-types.ts';
import { StoreError } from '../errors.ts';
import { type DateParser, DYNAMIC_DATE_FORMATS, dateParser } from './date-formats.ts';
import { type DynamicTemplate, type DynamicType, parseDynamicTemplates } from './dynamic-templates.ts';
import { isObjectType, storedType } from './elastic-types.ts';
import { compileField, type FieldCompiler } from './field-parameters.ts';
import { AliasNode, type Dynamic, type FieldNode, type Json, type Node, ObjectNode } from './nodes.ts';

/** Settings of the index that bound its mapping. */
export interface MappingLimits {
  /** `index.mapping.total_fields.limit` */
  readonly totalFields: number;
  /** `index.mapping.depth.limit` */
  readonly depth: number;
}

const UNLIMITED: MappingLimits = { totalFields: Number.POSITIVE_INFINITY, depth: Number.POSITIVE_INFINITY };

const DEFAULT_LIMITS: MappingLimits = { totalFields: 1000, depth: 20 };

/** Of names with all their parents, in characters: longer ones are not mapped by documents. */
const MAX_PATH = 1024;

const ROOT_PARAMETERS = new Set([
  'dynamic',
  'dynamic_templates',
  'dynamic_date_formats',
  'date_detection',
  'numeric_detection',
  'properties',
  'runtime',
  'subobjects',
  'enabled',
  '_meta',
  '_source',
  '_routing',
  '_field_names',
  '_all',
  '_size',
  '_data_stream_timestamp',
  '_doc_count',
  '_tier',
  'include_in_all',
]);

/** Fields of the store itself, which documents can not have. */
const METADATA_FIELDS = new Set([
  '_id',
  '_index',
  '_source',
  '_version',
  '_seq_no',
  '_primary_term',
  '_ignored',
  '_type',
  '_routing',
  '_field_names',
  '_nested_path',
  '_doc_count',
  '_tier',
  '_seq',
  '_score',
  '_doc',
  '_rest',
]);

export class IndexMapping {
  readonly root = new ObjectNode('', undefined);
  /** Goes up with every change. */
  version = 0;
  limits: MappingLimits;
  /** As `SnapshotIndex` has them. Multi-fields that share their parent's column are in both. Never replaced, only added to. */
  readonly fields = new Map<string, FieldType>();
  readonly aliases = new Map<string, string>();
  readonly nested = new Set<string>();
  /** Fields with values that stand in no document (`null_value`, `constant_keyword`), and those they are copied to. */
  readonly madeValues = new Set<string>();
  /** All fields that have a column, for those that documents without a value have too. */
  readonly constants: FieldNode[] = [];
  /** Fields, objects, aliases and multi-fields: what `total_fields.limit` counts. */
  total = 0;
  private parameters: Record<string, unknown> = {};
  private dynamicTemplates: DynamicTemplate[] = [];
  private detectsDates = true;
  private detectsNumbers = false;
  private dynamicDates: readonly { readonly format: string; readonly parse: DateParser }[] = defaultDates;
  private readonly changes = new Map<string, Json>();
  private readonly copies: FieldNode[] = [];

  /** @throws StoreError mapper_parsing_exception */
  constructor(mappings: Json = {}, limits: MappingLimits = DEFAULT_LIMITS) {
    this.limits = limits;
    this.mergeInto(unwrapType(mappings));
    this.version = 0;
  }

  /** A mapping from its own JSON: limits count for what comes later. */
  static restore(mappings: Json, limits: MappingLimits = DEFAULT_LIMITS): IndexMapping {
    const mapping = new IndexMapping(mappings, UNLIMITED);
    mapping.limits = limits;
    return mapping;
  }

  /** False: documents are kept and nothing of them is searchable. */
  get isEnabled(): boolean {
    return this.parameters['enabled'] !== false && this.parameters['enabled'] !== 'false';
  }

  /**
   * Adds what a put-mapping request says. Nothing is changed when it throws.
   * @throws StoreError illegal_argument_exception when a field would change its type
   */
  merge(mappings: Json): void {
    const given = unwrapType(mappings);
    const trial = IndexMapping.restore(this.toJSON(), {
      ...this.limits,
      totalFields: Number.POSITIVE_INFINITY,
    });
    trial.mergeInto(given);
    if (trial.total > this.limits.totalFields && trial.total > this.total) throw tooManyFields(this.limits);
    this.apply(given);
  }

  /** Adds what `takeChanges` of another copy said; limits do not count, as they held there. */
  apply(changes: Json): void {
    const limits = this.limits;
    this.limits = UNLIMITED;
    try {
      this.mergeInto(changes);
    } finally {
      this.limits = limits;
    }
  }

  /** What documents added since the last call, as a body for `apply`; undefined: nothing. */
  takeChanges(): Json | undefined {
    if (this.changes.size === 0) return undefined;
    const properties = Object.fromEntries(this.changes);
    this.changes.clear();
    return { properties };
  }

  /** As `GET _mapping` shows it: names in order. */
  toJSON(): Json {
    const properties = propertiesOf(this.root);
    return Object.keys(properties).length === 0 ? { ...this.parameters } : { ...this.parameters, properties };
  }

  /** The node at a dotted path. */
  node(path: string): Node | undefined {
    let node: Node = this.root;
    for (const name of path.split('.')) {
      const child: Node | undefined = node.shape === 'object' ? node.children.get(name) : undefined;
      if (child === undefined) return undefined;
      node = child;
    }
    return node;
  }

  /** Does this object take fields that it does not know? */
  dynamicOf(node: ObjectNode): Dynamic {
    for (let at: ObjectNode | undefined = node; at !== undefined; at = at.parent) {
      if (at.dynamic !== undefined) return at.dynamic;
    }
    return 'true';
  }

  /**
   * The node that a document's key has in an object, made if it has to be. `detect` says what the value is, only
   * asked when it matters; undefined: it has none. 'skip': nothing is to be kept of it but `_source`; 'rest': it can not be
   * mapped (limits, a conflict with a field, a name that is none).
   * @throws StoreError strict_dynamic_mapping_exception
   */
  resolve(parent: ObjectNode, key: string, detect: () => Detected | undefined): Node | 'skip' | 'rest' {
    const names = key.split('.');
    if (names.includes('') || (parent.parent === undefined && METADATA_FIELDS.has(key))) return 'rest';
    let object = parent;
    for (const [index, name] of names.entries()) {
      const isLast = index === names.length - 1;
      const child = object.children.get(name);
      if (child === undefined) {
        const detected = isLast ? detect() : objectDetected;
        if (detected === undefined) return 'skip';
        const made = this.addDynamic(object, name, detected);
        if (typeof made === 'string' || isLast) return made;
        if (made.shape !== 'object') return 'rest';
        object = made;
      } else if (isLast) return child;
      else if (child.shape === 'object') object = child;
      else return child.shape === 'field' && child.type === 'unindexed' ? 'skip' : 'rest';
    }
    return 'rest';
  }

  private addDynamic(
    parent: ObjectNode,
    name: string,
    detected: Detected,
  ): ObjectNode | FieldNode | 'skip' | 'rest' {
    const dynamic = this.dynamicOf(parent);
    if (dynamic === 'false') return 'skip';
    const path = parent.path === '' ? name : `${parent.path}.${name}`;
    if (dynamic === 'strict') throw strictMapping(path, parent.path);
    if (
      this.total >= this.limits.totalFields ||
      parent.depth + 1 > this.limits.depth ||
      path.length > MAX_PATH
    ) {
      return 'rest';
    }
    const { type, mapping } = this.typed(detected);
    let definition: Json | undefined;
    for (const template of this.dynamicTemplates) {
      if (!template.matches(path, name, type)) continue;
      const made = template.mapping(name, String(mapping['type']));
      if (type === 'object' && isScalar(made)) continue;
      definition = made['type'] === undefined && type !== 'object' ? { ...mapping, ...made } : made;
      if (type === 'date' && mapping['format'] !== undefined && definition['format'] === undefined) {
        definition = { ...definition, format: mapping['format'] };
      }
      break;
    }
    if (definition === undefined && dynamic === 'strict_allow_templates')
      throw strictMapping(path, parent.path);
    if (definition === undefined && dynamic === 'false_allow_templates') return 'skip';
    definition ??= mapping;
    const before = this.total;
    let node: Node;
    try {
      node = this.addProperty(parent, name, definition);
    } catch (error) {
      // A template that makes no valid mapping is found out only here; the document must not suffer.
      if (!(error instanceof StoreError)) throw error;
      node = this.addProperty(parent, name, mapping);
    }
    if (node.shape === 'alias' || this.total === before) return 'rest';
    this.linkCopies();
    this.version++;
    this.changes.set(path, definition);
    return node;
  }

  /** Dynamic mapping's own choice: strings are keywords, without a twin. */
  private typed(detected: Detected): { type: DynamicType; mapping: Json } {
    if (detected.type === 'unsigned_long') return { type: 'long', mapping: { type: 'unsigned_long' } };
    if (detected.type !== 'string') return { type: detected.type, mapping: dynamicMappings[detected.type] };
    const text = detected.text;
    const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text);
    if (this.detectsDates && !isNumber && text.length <= 64 && /\d/.test(text)) {
      for (const { format, parse } of this.dynamicDates) {
        if (parse(text) === undefined) continue;
        return { type: 'date', mapping: format === '' ? dynamicMappings.date : { type: 'date', format } };
      }
    }
    if (this.detectsNumbers && isNumber) {
      const type = /^[+-]?\d{1,18}$/.test(text) ? 'long' : 'double';
      return { type, mapping: dynamicMappings[type] };
    }
    return { type: 'string', mapping: dynamicMappings.string };
  }

  private mergeInto(given: Json): void {
    for (const key of Object.keys(given)) {
      if (ROOT_PARAMETERS.has(key)) continue;
      throw parsing(`Root mapping definition has unsupported parameters:  [${key} : ${show(given[key])}]`);
    }
    const { properties, ...parameters } = given;
    if ('dynamic_templates' in parameters)
      this.dynamicTemplates = parseDynamicTemplates(parameters['dynamic_templates']);
    if ('dynamic' in parameters) this.root.dynamic = parseDynamic(parameters['dynamic']);
    if ('date_detection' in parameters) this.detectsDates = isTrue(parameters['date_detection']);
    if ('numeric_detection' in parameters) this.detectsNumbers = isTrue(parameters['numeric_detection']);
    if (Array.isArray(parameters['dynamic_date_formats'])) {
      this.dynamicDates = parameters['dynamic_date_formats'].map((format) => dynamicDate(String(format)));
    }
    this.parameters = { ...this.parameters, ...parameters };
    this.addProperties(this.root, properties);
    this.linkCopies();
    if (this.total > this.limits.totalFields) throw tooManyFields(this.limits);
    this.version++;
  }

  private addProperties(parent: ObjectNode, properties: unknown): void {
    if (properties === undefined || properties === null) return;
    if (!isJson(properties)) {
      if (Array.isArray(properties) && properties.length === 0) return;
      throw parsing('Expected map for property [properties]');
    }
    for (const [name, definition] of Object.entries(properties)) {
      if (!isJson(definition)) {
        throw parsing(
          `Expected map for property [fields] on field [${name}] but got a class java.lang.String`,
        );
      }
      this.addProperty(parent, name, definition);
    }
    parent.forgetShortcuts();
  }

  private addProperty(parent: ObjectNode, name: string, definition: Json): Node {
    const names = name.split('.');
    if (names.includes('')) throw parsing(`field name cannot be an empty string`);
    let object = parent;
    for (const part of names.slice(0, -1)) object = this.objectIn(object, part, {});
    const last = names[names.length - 1]!;
    const type = typeOf(last, definition);
    if (isObjectType(type) && definition['enabled'] !== false && definition['enabled'] !== 'false') {
      return this.objectIn(object, last, definition);
    }
    return this.fieldIn(object, last, type, definition);
  }

  private objectIn(parent: ObjectNode, name: string, definition: Json): ObjectNode {
    let object = parent.children.get(name);
    const path = parent.path === '' ? name : `${parent.path}.${name}`;
    const isNested = definition['type'] === 'nested';
    if (object === undefined) {
      if (parent.depth + 1 > this.limits.depth) {
        throw illegal(
          `Limit of mapping depth [${this.limits.depth}] has been exceeded due to object field [${path}]`,
        );
      }
      object = new ObjectNode(path, parent);
      object.isNested = isNested;
      if (isNested) this.nested.add(path);
      parent.children.set(name, object);
      parent.remember(name, object);
      this.total++;
    } else if (object.shape !== 'object') {
      throw illegal(`can't merge a non object mapping [${path}] with an object mapping`);
    } else if (definition['type'] !== undefined && isNested !== object.isNested) {
      const [from, to] = isNested ? ['non-nested', 'nested'] : ['nested', 'non-nested'];
      throw illegal(`cannot change object mapping from ${from} to ${to}`);
    }
    const { properties, ...parameters }: Record<string, unknown> = definition;
    if ('dynamic' in parameters) object.dynamic = parseDynamic(parameters['dynamic']);
    if (parameters['type'] === 'object') delete parameters['type'];
    object.json = { ...object.json, ...parameters };
    this.addProperties(object, properties);
    return object;
  }

  private fieldIn(parent: ObjectNode, name: string, type: string, definition: Json): Node {
    const path = parent.path === '' ? name : `${parent.path}.${name}`;
    const old = parent.children.get(name);
    if (type === 'alias') return this.aliasIn(parent, name, path, definition, old);
    if (old?.shape === 'object') {
      throw illegal(`can't merge a non object mapping [${path}] with an object mapping`);
    }
    if (old?.shape === 'alias') throw cannotChange(path, 'alias', type);
    if (storedType(type, definition) === undefined && !isObjectType(type)) {
      throw parsing(
        `The mapper type [${type}] declared on field [${name}] does not exist. It might have been created within a future version or requires a plugin to be installed. Check the documentation.`,
      );
    }
    if (old !== undefined && old.elasticType !== type) throw cannotChange(path, old.elasticType, type);
    const field = compileField(this.compiler, path, type, definition, old);
    if (old === undefined) {
      parent.children.set(name, field);
      parent.remember(name, field);
      this.total++;
      this.fields.set(path, field.type);
      if (field.elasticType === 'constant_keyword') this.constants.push(field);
    }
    if (field.nullValue !== undefined || field.elasticType === 'constant_keyword')
      for (const made of [path, ...[field.json['copy_to'] ?? []].flat()]) this.madeValues.add(String(made));
    if (field.json['copy_to'] !== undefined && !this.copies.includes(field)) this.copies.push(field);
    return field;
  }

  private aliasIn(
    parent: ObjectNode,
    name: string,
    path: string,
    definition: Json,
    old: Node | undefined,
  ): AliasNode {
    if (old !== undefined && old.shape !== 'alias') {
      throw cannotChange(path, old.shape === 'object' ? 'object' : old.elasticType, 'alias');
    }
    const target = definition['path'];
    if (typeof target !== 'string')
      throw parsing(`The [path] property must be specified for field [${name}].`);
    const alias = new AliasNode(path, definition);
    parent.children.set(name, alias);
    parent.remember(name, alias);
    this.aliases.set(path, target);
    if (old === undefined) this.total++;
    return alias;
  }

  /** What `compileField` does to the index for multi-fields. */
  private readonly compiler: FieldCompiler = {
    shareColumn: (path, type, of) => {
      if (!this.fields.has(path)) this.total++;
      this.fields.set(path, type);
      this.aliases.set(path, of);
    },
    ownColumn: (field) => {
      if (!this.fields.has(field.path)) this.total++;
      this.fields.set(field.path, field.type);
    },
  };

  /** `copy_to`: the targets may be mapped later than their sources, or by documents. */
  private linkCopies(): void {
    for (const field of this.copies) {
      const targets = field.json['copy_to'];
      for (const path of Array.isArray(targets) ? targets : [targets]) {
        if (typeof path !== 'string' || path === field.path) continue;
        const target = this.node(path);
        if (target?.shape !== 'field' || field.also?.includes(target)) continue;
        field.also = [...(field.also ?? []), target];
      }
    }
  }
}

/** What a value in a document is. Strings come with their text. */
export type Detected =
  | { readonly type: Exclude<DynamicType, 'string' | 'date'> | 'unsigned_long' }
  | { readonly type: 'string'; readonly text: string };

const objectDetected: Detected = { type: 'object' };

const dynamicMappings: Readonly<Record<DynamicType, Json>> = {
  string: { type: 'keyword' },
  long: { type: 'long' },
  double: { type: 'float' },
  boolean: { type: 'boolean' },
  date: { type: 'date' },
  object: { type: 'object' },
};

const dynamicDate = (format: string): { format: string; parse: DateParser } => {
  const isDefault = format === 'strict_date_optional_time';
  try {
    return {
      format: isDefault ? '' : `${format}||epoch_millis`,
      parse: dateParser(format),
    };
  } catch (error) {
    throw parsing((error as Error).message);
  }
};
const defaultDates = DYNAMIC_DATE_FORMATS.map(dynamicDate);

function propertiesOf(object: ObjectNode): Record<string, unknown> {
  const properties: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const name of [...object.children.keys()].sort()) {
    const child = object.children.get(name)!;
    if (child.shape !== 'object') properties[name] = child.json;
    else if (child.children.size > 0) properties[name] = { ...child.json, properties: propertiesOf(child) };
    else properties[name] = { type: 'object', ...child.json };
  }
  return { ...properties };
}

/** Elasticsearch 6 and older have the type's name around: `{"doc": {"properties": …}}`. */
export function unwrapType(mappings: Json): Json {
  const keys = Object.keys(mappings);
  const inner = keys.length === 1 ? mappings[keys[0]!] : undefined;
  return isJson(inner) && !ROOT_PARAMETERS.has(keys[0]!) && (keys[0] === '_doc' || hasRootParameter(inner))
    ? inner
    : mappings;
}

const hasRootParameter = (json: Json): boolean => Object.keys(json).every((key) => ROOT_PARAMETERS.has(key));

function typeOf(name: string, definition: Json): string {
  const type = definition['type'];
  if (typeof type === 'string') return type;
  const looksLikeObject = ['properties', 'dynamic', 'enabled', 'subobjects'].some((key) => key in definition);
  if (type === undefined && looksLikeObject) return 'object';
  throw parsing(`No type specified for field [${name}]`);
}

function isScalar(definition: Json): boolean {
  const type = definition['type'];
  if (typeof type !== 'string' || isObjectType(type)) return false;
  const kept = storedType(type, {});
  return kept !== 'flattened' && kept !== 'unindexed';
}

function parseDynamic(value: unknown): Dynamic {
  const text = String(value).toLowerCase();
  switch (text) {
    case 'true':
    case 'false':
    case 'strict':
    case 'runtime':
    case 'strict_allow_templates':
    case 'false_allow_templates':
      return text;
  }
  throw parsing(`Could not convert [dynamic] to boolean: ${show(value)}`);
}

const isTrue = (value: unknown): boolean => value === true || value === 'true';
const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const parsing = (reason: string): StoreError =>
  new StoreError(400, 'mapper_parsing_exception', `Failed to parse mapping: ${reason}`);
const illegal = (reason: string): StoreError => new StoreError(400, 'illegal_argument_exception', reason);
const cannotChange = (path: string, from: string, to: string): StoreError =>
  illegal(`mapper [${path}] cannot be changed from type [${from}] to [${to}]`);
const tooManyFields = (limits: MappingLimits): StoreError =>
  illegal(`Limit of total fields [${limits.totalFields}] has been exceeded`);
const strictMapping = (path: string, parent: string): StoreError =>
  new StoreError(
    400,
    'strict_dynamic_mapping_exception',
    `mapping set to strict, dynamic introduction of [${path.slice(parent === '' ? 0 : parent.length + 1)}] within [${parent === '' ? '_doc' : parent}] is not allowed`,
  );
