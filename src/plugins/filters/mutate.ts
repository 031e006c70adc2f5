import { addTag, cloneValue, isMap } from '../../event/event.ts';
import {
  access,
  type FieldReference,
  formatFieldReference,
  getField,
  isUnsafeName,
  parseFieldReference,
  readExpression,
  removeField,
  remover,
  step,
} from '../../event/field-reference.ts';
import { compileTemplate, fieldsRead, textOf } from '../../event/sprintf.ts';
import type { Event, Fields, FieldValue } from '../../kernel/event-types.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { OptionValues } from '../../kernel/options.ts';
import { defineFilter, type FieldUse, type ReportProblem } from '../../kernel/plugin.ts';
import { checkedSetter, isGuarded, setChecked } from '../../lib/checked-set.ts';
import { fromEuropean, toBoolean, toFloat, toInteger, toText } from '../../lib/convert-value.ts';
import { runGuarded } from '../../lib/regexp-guard.ts';
import { compileGsub, type Gsub, isDynamic } from '../../lib/text/ruby-gsub.ts';
import { rubyCapitalize, rubySplit, rubyStrip } from '../../lib/text/ruby-text.ts';

const options = {
  coerce: { type: 'hash', description: 'Values for fields that are there but null; sprintf allowed.' },
  rename: { type: 'hash', description: 'Old names and new names of fields; sprintf allowed in both.' },
  update: { type: 'hash', description: 'New values for fields that are there; sprintf allowed.' },
  replace: { type: 'hash', description: 'New values for fields, there or not; sprintf allowed.' },
  convert: {
    type: 'hash',
    description:
      'Fields and the type they shall have: integer, float, integer_eu, float_eu, string or boolean. Lists element by element; maps are left alone.',
  },
  gsub: {
    type: 'array',
    description:
      'Triples of field, regular expression (Ruby) and replacement, for text and lists of text; sprintf allowed.',
  },
  uppercase: { type: 'array', description: 'Fields whose text is put in upper case.' },
  capitalize: {
    type: 'array',
    description: 'Fields whose text gets a capital first letter, the rest small.',
  },
  lowercase: { type: 'array', description: 'Fields whose text is put in lower case.' },
  strip: { type: 'array', description: 'Fields whose text loses white space at both ends.' },
  split: { type: 'hash', description: 'Text fields to be split into lists, and their separators.' },
  join: { type: 'hash', description: 'Lists to be joined to text, and the separators.' },
  merge: {
    type: 'hash',
    description: 'Fields, and the fields (one or many) whose values are added to them.',
  },
  copy: { type: 'hash', description: 'Fields, and the fields that they are copied to.' },
  tag_on_failure: {
    type: 'string',
    default: '_mutate_error',
    description: 'Tag of events at which an operation failed; the operations after it are left out.',
  },
  timeout_millis: {
    type: 'number',
    default: 2000,
    min: 1,
    description:
      'How long one event may take, if an expression of `gsub` could run for ever; then the event counts as failed. Not in Logstash.',
  },
  remove: { type: 'array', obsolete: 'use `remove_field`', description: 'Removed fields.' },
} as const;
type MutateOptions = OptionValues<typeof options>;

const TYPES = ['integer', 'float', 'integer_eu', 'float_eu', 'string', 'boolean'];

/** Changes fields: renames, replaces, converts, substitutes, splits, joins, merges, copies. */
export const mutate = defineFilter({
  kind: 'filter',
  name: 'mutate',
  summary: 'Changes fields: renames, replaces, converts, substitutes, splits, joins, merges, copies.',
  options,
  examples: [
    {
      title: 'Operations run in a fixed order: rename, replace, convert, gsub …',
      config:
        'mutate { rename => { "HOSTORIP" => "client_ip" } replace => { "type" => "app_%{level}" } convert => { "bytes" => "integer" } gsub => [ "path", "/", "_" ] }',
      input: { HOSTORIP: '10.0.0.1', level: 'info', bytes: '1,024', path: 'a/b/c' },
      output: { HOSTORIP: null, client_ip: '10.0.0.1', type: 'app_info', bytes: 1024, path: 'a_b_c' },
    },
    {
      title: 'Lists',
      config: 'mutate { split => { "roles" => "," } merge => { "all" => "roles" } lowercase => [ "roles" ] }',
      input: { roles: 'Admin,User', all: 'Guest' },
      output: { roles: ['admin', 'user'], all: ['Guest', 'admin', 'user'] },
    },
    {
      title: 'What can not be converted is tagged',
      config: 'mutate { convert => { "bytes" => "integer" } }',
      input: { bytes: 'many' },
      output: { bytes: 'many', tags: ['_mutate_error'] },
    },
  ],
  differences: [
    'Text in ISO 8601 may be written to `@timestamp`; Logstash takes timestamps only.',
    '`convert` to float keeps all digits of text that has more than a double holds.',
    '`merge` of several fields into one text field adds all of them; Logstash adds the last only.',
    'A substitution that takes longer than `timeout_millis` for one event counts as failed.',
    'A `rename` whose target can not be written leaves the field where it was; Logstash loses it.',
  ],
  validate: checkOptions,
  reads: fieldsItReads,
  writes: fieldsItWrites,
  cutsTexts: ({ gsub, split, join, strip, replace, update }) =>
    [gsub, split, join, strip].some((operation) => operation !== undefined) ||
    [replace, update].some((hash) => Object.values(hash ?? {}).some((value) => String(value).includes('%{'))),
  create(given, context) {
    const filter = compile(given, context.logger);
    const gsubs = triplesOf(given.gsub).map(([, needle, replacement]) => compileGsub(needle, replacement));
    return gsubs.every((gsub) => gsub.linear)
      ? { filter }
      : { filterBatch: guarded(filter, given, context.logger) };
  },
});

/** Everything that `create` would stumble over, each with the option that it stands in. */
function checkOptions(given: MutateOptions, report: ReportProblem): void {
  const attempt = (option: string, action: () => unknown, hint?: string): void => {
    try {
      action();
    } catch (error) {
      report('error', option, (error as Error).message, hint);
    }
  };
  const name = (option: string, text: string): void =>
    attempt(option, () => isDynamic(text) || parseFieldReference(text), 'write `name` or `[outer][inner]`');
  for (const option of ['coerce', 'update', 'replace', 'rename', 'copy'] as const) {
    for (const [field, value] of pairsOf(given[option])) {
      name(option, field);
      if (option === 'copy') name(option, value);
      else attempt(option, () => compileTemplate(value));
      if (option === 'rename') name(option, value);
    }
  }
  for (const option of ['convert', 'split', 'join', 'merge'] as const)
    for (const field of Object.keys(given[option] ?? {})) name(option, field);
  for (const added of Object.values(given.merge ?? {}).flatMap(listOf)) name('merge', added);
  for (const option of ['uppercase', 'lowercase', 'capitalize', 'strip'] as const)
    for (const field of namesOf(given[option])) name(option, field);
  for (const type of Object.values(given.convert ?? {})) {
    if (!TYPES.includes(String(type)))
      report(
        'error',
        'convert',
        `Invalid conversion type '${String(type)}'`,
        `expected one of ${TYPES.join(', ')}`,
      );
  }
  if ((given.gsub ?? []).length % 3 !== 0)
    report(
      'error',
      'gsub',
      'Invalid gsub configuration',
      'gsub takes triples: field, expression, replacement',
    );
  for (const [field, needle, replacement] of triplesOf(given.gsub)) {
    name('gsub', field);
    attempt('gsub', () => compileGsub(needle, replacement));
  }
}

const listOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).map((each) => textOf(each as FieldValue));

/** Names and values of a hash option; values in text. */
const pairsOf = (hash: Record<string, unknown> | undefined): [string, string][] =>
  Object.entries(hash ?? {}).map(([name, value]) => [name, textOf(value as FieldValue)]);

const namesOf = (list: unknown[] | undefined): string[] => (list ?? []).map(String);

function triplesOf(list: unknown[] | undefined): [string, string, string][] {
  const triples: [string, string, string][] = [];
  const texts = namesOf(list);
  for (let at = 0; at + 2 < texts.length; at += 3) triples.push([texts[at]!, texts[at + 1]!, texts[at + 2]!]);
  return triples;
}

function fieldsItReads(given: MutateOptions): FieldUse {
  const names: string[] = [];
  const templates: string[] = [];
  for (const [old, made] of pairsOf(given.rename)) {
    if (isDynamic(old)) return 'all';
    names.push(old);
    templates.push(made);
  }
  for (const [name, value] of pairsOf(given.coerce)) {
    names.push(name);
    templates.push(value);
  }
  for (const [name, value] of pairsOf(given.update)) {
    if (isDynamic(name)) return 'all';
    names.push(name);
    templates.push(value);
  }
  for (const [name, value] of pairsOf(given.replace)) templates.push(name, value);
  for (const hash of [given.convert, given.split, given.join, given.copy])
    names.push(...Object.keys(hash ?? {}));
  for (const [name, needle, replacement] of triplesOf(given.gsub)) {
    names.push(name);
    templates.push(needle, replacement);
  }
  for (const list of [given.uppercase, given.capitalize, given.lowercase, given.strip])
    names.push(...namesOf(list));
  for (const [name, added] of Object.entries(given.merge ?? {})) names.push(name, ...listOf(added));
  return [...new Set([...names.map(canonical), ...templates.flatMap(fieldsRead)])];
}

function fieldsItWrites(given: MutateOptions): string[] {
  const names = [
    ...pairsOf(given.rename).map(([, made]) => made),
    ...Object.keys(given.replace ?? {}),
    ...Object.keys(given.merge ?? {}),
    ...pairsOf(given.copy).map(([, made]) => made),
  ];
  return [...new Set(names.filter((name) => !isDynamic(name)).map(canonical))];
}

const canonical = (name: string): string => formatFieldReference(parseFieldReference(name));

/**
 * Generates one function of straight-line code: fields at the top of the event are property accesses, so that each
 * place has its own inline cache, and operations that are not configured cost nothing.
 */
function compile(given: MutateOptions, logger: Logger): (event: Event) => boolean {
  const names: string[] = ['step'];
  const values: unknown[] = [step];
  const bind = (value: unknown): string => {
    names.push(`$${names.length}`);
    values.push(value);
    return names.at(-1)!;
  };
  const isPlain = ({ path, metadata }: FieldReference): boolean =>
    path.length === 1 && !metadata && !isUnsafeName(path[0]!);
  const write = (reference: FieldReference, value: string): string =>
    isPlain(reference) && !isGuarded(reference)
      ? `event.fields${access(reference.path[0]!)} = ${value};`
      : `${bind(checkedSetter(reference))}(event, ${value});`;
  const remove = (reference: FieldReference): string =>
    isPlain(reference)
      ? `event.fields${access(reference.path[0]!)} = undefined;`
      : `${bind(remover(reference))}(event);`;
  const text = (template: string): string => {
    const compiled = compileTemplate(template);
    return compiled.dynamic ? `${bind(compiled.format)}(event)` : JSON.stringify(template);
  };
  /** Reads a field, and if it is text or else a list, puts something else in its place. */
  const change = (name: string, onText: string, onList?: string): string => {
    const reference = parseFieldReference(name);
    const list = onList ? ` else if (Array.isArray(v)) { ${write(reference, onList)} }` : '';
    return `v = ${readExpression(reference)}; if (typeof v === "string") { ${write(reference, onText)} }${list}`;
  };
  const code: string[] = [];

  for (const [name, value] of pairsOf(given.coerce)) {
    const reference = parseFieldReference(name);
    code.push(`if (${readExpression(reference)} === null) { ${write(reference, text(value))} }`);
  }
  for (const [old, made] of pairsOf(given.rename)) {
    if (isDynamic(old) || isDynamic(made)) {
      code.push(`${bind(renameDynamic)}(event, ${text(old)}, ${text(made)});`);
      continue;
    }
    const from = parseFieldReference(old);
    const to = parseFieldReference(made);
    const steps = writesFirst(from, to) ? [write(to, 'v'), remove(from)] : [remove(from), write(to, 'v')];
    code.push(`v = ${readExpression(from)}; if (v !== undefined) { ${steps.join(' ')} }`);
  }
  for (const [name, value] of pairsOf(given.update)) {
    if (isDynamic(name)) code.push(`${bind(updateDynamic)}(event, ${text(name)}, ${text(value)});`);
    else {
      const reference = parseFieldReference(name);
      code.push(`if (${readExpression(reference)} !== undefined) { ${write(reference, text(value))} }`);
    }
  }
  for (const [name, value] of pairsOf(given.replace)) {
    code.push(
      isDynamic(name)
        ? `${bind(setChecked)}(event, ${text(name)}, ${text(value)});`
        : write(parseFieldReference(name), text(value)),
    );
  }
  for (const [name, type] of pairsOf(given.convert)) {
    const reference = parseFieldReference(name);
    const converter = bind(converterTo(type, logger));
    code.push(
      `v = ${readExpression(reference)}; if (v !== undefined && v !== null) { r = ${converter}(v); if (r !== v) { ${write(reference, 'r')} } }`,
    );
  }
  for (const [name, needle, replacement] of triplesOf(given.gsub)) {
    const gsub: Gsub = compileGsub(needle, replacement);
    if (gsub.fixed) {
      const call = `replace(${bind(gsub.fixed.regexp)}, ${bind(gsub.fixed.replacement)})`;
      code.push(change(name, `v.${call}`, `v.map((each) => typeof each === "string" ? each.${call} : each)`));
    } else {
      const run = bind(gsub.run);
      code.push(
        change(
          name,
          `${run}(event, v)`,
          `v.map((each) => typeof each === "string" ? ${run}(event, each) : each)`,
        ),
      );
    }
  }
  for (const [list, onText] of [
    [given.uppercase, 'v.toUpperCase()'],
    [given.capitalize, `${bind(rubyCapitalize)}(v)`],
    [given.lowercase, 'v.toLowerCase()'],
  ] as const) {
    const onList = `v.map((v) => typeof v === "string" ? ${onText} : v)`;
    for (const name of namesOf(list)) code.push(change(name, onText, onList));
  }
  for (const name of namesOf(given.strip))
    code.push(change(name, `${bind(rubyStrip)}(v)`, `v.map(${bind(stripElement)})`));
  for (const [name, separator] of pairsOf(given.split))
    code.push(change(name, `${bind(rubySplit)}(v, ${JSON.stringify(separator)})`));
  for (const [name, separator] of pairsOf(given.join)) {
    const reference = parseFieldReference(name);
    const joined = `${bind(joinList)}(v, ${JSON.stringify(separator)})`;
    code.push(`v = ${readExpression(reference)}; if (Array.isArray(v)) { ${write(reference, joined)} }`);
  }
  for (const [name, added] of Object.entries(given.merge ?? {})) {
    const reference = parseFieldReference(name);
    for (const each of listOf(added)) {
      code.push(
        `v = ${readExpression(reference)}; r = ${bind(merged)}(v, ${readExpression(parseFieldReference(each))}); if (r !== undefined) { ${write(reference, 'r')} }`,
      );
    }
  }
  for (const [name, target] of pairsOf(given.copy)) {
    const from = readExpression(parseFieldReference(name));
    const to = write(parseFieldReference(target), `${bind(cloneValue)}(v)`);
    code.push(`v = ${from}; if (v !== undefined && v !== null) { ${to} }`);
  }

  const tag = given.tag_on_failure;
  const failed = (event: Event, error: unknown): boolean => {
    logger.warn(
      { exception: error instanceof Error ? error.message : String(error) },
      'mutate: an operation failed',
    );
    addTag(event, tag);
    return false;
  };
  const body =
    code.length === 0
      ? 'return true;'
      : `let v, r;\ntry {\n${code.join('\n')}\nreturn true;\n} catch (error) { return ${bind(failed)}(event, error); }`;
  return new Function(...names, `return function mutate(event) {\n${body}\n}`)(...values) as (
    event: Event,
  ) => boolean;
}

/** Runs under a time limit; an event that exceeds it is tagged like one at which an operation failed. */
function guarded(
  filter: (event: Event) => boolean,
  given: MutateOptions,
  logger: Logger,
): (events: readonly Event[]) => Uint8Array {
  const limit = given.timeout_millis;
  return (events) => {
    const matched = new Uint8Array(events.length);
    const work = (at: number): void => {
      matched[at] = filter(events[at]!) ? 1 : 0;
    };
    let slow = runGuarded(events.length, limit, work);
    while (slow >= 0) {
      logger.warn({ gsub: given.gsub, timeout_millis: limit }, 'mutate: an expression took too long');
      addTag(events[slow]!, given.tag_on_failure);
      slow = runGuarded(events.length, limit, work, slow + 1);
    }
    return matched;
  };
}

/**
 * A rename writes before it removes, so that nothing is lost if writing throws; but not where one place lies within the
 * other, or where removing moves the other elements of a list.
 */
function writesFirst(from: FieldReference, to: FieldReference): boolean {
  const contains = (outer: FieldReference, inner: FieldReference): boolean =>
    outer.metadata === inner.metadata && outer.path.every((name, at) => inner.path[at] === name);
  return !contains(from, to) && !contains(to, from) && !/^-?\d+$/.test(from.path.at(-1) ?? '');
}

function renameDynamic(event: Event, old: string, made: string): void {
  const value = getField(event, old);
  if (value === undefined) return;
  if (writesFirst(parseFieldReference(old), parseFieldReference(made))) {
    setChecked(event, made, value);
    removeField(event, old);
  } else {
    removeField(event, old);
    setChecked(event, made, value);
  }
}

function updateDynamic(event: Event, name: string, value: string): void {
  if (getField(event, name) !== undefined) setChecked(event, name, value);
}

function converterTo(type: string, logger: Logger): (value: FieldValue) => FieldValue {
  const boolean = (value: FieldValue): FieldValue => {
    const converted = toBoolean(value);
    if (converted !== undefined) return converted;
    logger.warn({ value: toText(value) }, 'mutate: failed to convert into boolean');
    return value;
  };
  const converters: Record<string, (value: FieldValue) => FieldValue> = {
    integer: toInteger,
    integer_eu: (value) => toInteger(fromEuropean(value)),
    float: toFloat,
    float_eu: (value) => toFloat(fromEuropean(value)),
    string: toText,
    boolean,
  };
  const one = converters[type];
  if (one === undefined) throw new Error(`Invalid conversion type '${type}'`);
  return (value) => {
    if (typeof value !== 'object' || value === null) return one(value);
    if (Array.isArray(value))
      return value.map((each) => (each === null || each === undefined ? each : one(each)));
    return isMap(value) ? value : one(value);
  };
}

function stripElement(value: FieldValue): string {
  if (typeof value !== 'string') throw new Error('only text can be stripped');
  return rubyStrip(value);
}

function joinList(list: readonly FieldValue[], separator: string): string {
  return list.map((each) => (Array.isArray(each) ? joinList(each, separator) : toText(each))).join(separator);
}

/** What a field holds after another's value was added; undefined: a map and something else can not be merged. */
function merged(held: FieldValue, added: FieldValue): FieldValue {
  if (isMap(held) !== isMap(added)) return undefined;
  if (isMap(held)) return { ...held, ...(cloneValue(added) as Fields) };
  return [...elementsOf(held), ...(elementsOf(added).map(cloneValue) as FieldValue[])];
}

function elementsOf(value: FieldValue): readonly FieldValue[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}
