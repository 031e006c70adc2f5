import { addTag, cloneValue } from '../../event/event.ts';
import {
  FieldReferenceError,
  FieldSetError,
  getter,
  isUnsafeName,
  parseFieldReference,
} from '../../event/field-reference.ts';
import { compileTemplate, fieldsRead, type Template } from '../../event/sprintf.ts';
import type { Event, FieldValue } from '../../kernel/event-types.ts';
import type { OptionValues } from '../../kernel/options.ts';
import { defineFilter, type FilterContext, type ReportProblem } from '../../kernel/plugin.ts';
import { checkedSetter, FieldValueError, setChecked } from '../../lib/checked-set.ts';
import { RegexpError } from '../../lib/oniguruma.ts';
import { runGuarded } from '../../lib/regexp-guard.ts';
import {
  compileKeyValues,
  type KeyFilter,
  type KeyValueParser,
  type Pairs,
  setPair,
} from '../../lib/text/key-values.ts';
import { rubyCapitalize } from '../../lib/text/ruby-text.ts';

const TRANSFORMS = ['lowercase', 'uppercase', 'capitalize'] as const;
type Transform = (typeof TRANSFORMS)[number];

const options = {
  source: { type: 'field_reference', default: 'message', description: 'Field whose text is read.' },
  target: {
    type: 'field_reference',
    description: 'Field that gets all pairs as one map; the top of the event unless given.',
  },
  field_split: {
    type: 'string',
    default: ' ',
    description: 'Characters between pairs, as they stand in a character class.',
  },
  field_split_pattern: {
    type: 'string',
    description: 'Regular expression between pairs; wins over `field_split`.',
  },
  value_split: {
    type: 'string',
    default: '=',
    description: 'Characters between key and value, as they stand in a character class.',
  },
  value_split_pattern: {
    type: 'string',
    description: 'Regular expression between key and value; wins over `value_split`.',
  },
  whitespace: {
    type: 'string',
    oneOf: ['strict', 'lenient'],
    default: 'lenient',
    description: 'Whether spaces may stand around the splitter of key and value.',
  },
  include_brackets: {
    type: 'boolean',
    default: true,
    description: 'Take values in `( )`, `[ ]` and `< >` as one, without the brackets.',
  },
  include_keys: { type: 'array', default: [], description: 'Only these keys; sprintf allowed.' },
  exclude_keys: { type: 'array', default: [], description: 'All but these keys; sprintf allowed.' },
  default_keys: { type: 'hash', default: {}, description: 'Values of keys that the text does not have.' },
  prefix: { type: 'string', default: '', description: 'Put before each key; sprintf allowed.' },
  allow_duplicate_values: {
    type: 'boolean',
    default: true,
    description: 'Keep a value of a key that is already there; otherwise each value of a key is kept once.',
  },
  allow_empty_values: { type: 'boolean', default: false, description: 'Keep keys without a value.' },
  recursive: {
    type: 'boolean',
    default: false,
    description: 'Read pairs inside of values too, as maps within the map.',
  },
  trim_key: {
    type: 'string',
    description: 'Characters taken from both ends of keys, as in a character class.',
  },
  trim_value: {
    type: 'string',
    description: 'Characters taken from both ends of values, as in a character class.',
  },
  remove_char_key: { type: 'string', description: 'Characters taken out of keys, as in a character class.' },
  remove_char_value: {
    type: 'string',
    description: 'Characters taken out of values, as in a character class.',
  },
  transform_key: { type: 'string', oneOf: TRANSFORMS, description: 'Case of keys.' },
  transform_value: { type: 'string', oneOf: TRANSFORMS, description: 'Case of values.' },
  timeout_millis: {
    type: 'number',
    default: 30000,
    description: 'An event that takes longer is given up; 0: never. Checked only where it can take long.',
  },
  tag_on_timeout: {
    type: 'string',
    default: '_kv_filter_timeout',
    description: 'Tag of events that were given up.',
  },
  tag_on_failure: {
    type: 'array',
    default: ['_kv_filter_error'],
    description: 'Tags of events whose pairs can not be stored.',
  },
} as const;
type KvOptions = OptionValues<typeof options>;

/** Reads `key=value` pairs. */
export const kv = defineFilter({
  kind: 'filter',
  name: 'kv',
  cutsTexts: true,
  summary: 'Reads pairs such as `key=value` from text and stores them as fields.',
  ecs: true,
  options,
  examples: [
    {
      title: 'Pairs in a message',
      config: 'kv { }',
      input: { message: 'Connection refused ip=1.2.3.4 error="no route" port=[22]' },
      output: { ip: '1.2.3.4', error: 'no route', port: '22' },
    },
    {
      title: 'A query string, some keys, under a field',
      config: 'kv { source => "query" field_split => "&?" include_keys => [ "pin", "e" ] target => "args" }',
      input: { query: '?pin=12345~0&d=123&e=foo@bar.com' },
      output: { args: { pin: '12345~0', e: 'foo@bar.com' } },
    },
    {
      title: 'The same key twice',
      config: 'kv { value_split => ":" trim_value => "," transform_key => "lowercase" }',
      input: { message: 'To:anna, To:bert, CC:carl' },
      output: { to: ['anna', 'bert'], cc: 'carl' },
    },
  ],
  differences: [
    'Expressions that can not take long run without a time limit.',
    'With `recursive`, values are read twenty levels deep at most.',
    'A carriage return ends the last pair of a line, too.',
  ],
  validate: check,
  reads(given) {
    // Without a target a key such as `[a][b]` in the text goes into a map that is there.
    if (given.target === undefined) return 'all';
    const templates = [given.prefix, ...given.include_keys, ...given.exclude_keys];
    return [given.source, ...templates.flatMap((text) => fieldsRead(String(text)))];
  },
  writes: (given) => (given.target === undefined ? [] : [given.target]),
  create(given, context) {
    const run = new KvRun(given, context);
    return run.linear || given.timeout_millis <= 0
      ? { filter: (event: Event) => run.filter(event) }
      : { filterBatch: (events: readonly Event[]) => run.filterBatch(events) };
  },
});

function check(given: KvOptions, report: ReportProblem): void {
  for (const option of [
    'value_split',
    'field_split',
    'value_split_pattern',
    'field_split_pattern',
  ] as const) {
    if (given[option] === '') report('error', option, `\`${option}\` must not be empty`);
  }
  try {
    parserOf(given);
  } catch (error) {
    if (!(error instanceof RegexpError)) throw error;
    const [option, hint] = blame(given);
    report('error', option, error.message, hint);
  }
}

const CLASSES = [
  'field_split',
  'value_split',
  'trim_key',
  'trim_value',
  'remove_char_key',
  'remove_char_value',
] as const;

/** The option that makes the expressions wrong. */
function blame(given: KvOptions): [option: string, hint: string] {
  const patterns = ['field_split_pattern', 'value_split_pattern'] as const;
  const bare = {
    ...given,
    ...Object.fromEntries([...patterns, ...CLASSES.slice(2)].map((name) => [name, undefined])),
  };
  for (const name of [...patterns, ...CLASSES]) {
    const alone = { ...bare, field_split: ' ', value_split: '=', [name]: given[name] };
    try {
      parserOf(alone);
    } catch {
      const isClass = (CLASSES as readonly string[]).includes(name);
      return [
        name,
        isClass ? 'write `\\[`, `\\]` and `\\\\` for these characters' : 'a regular expression of Ruby',
      ];
    }
  }
  return ['', ''];
}

function parserOf(given: KvOptions): KeyValueParser {
  return compileKeyValues({
    fieldSplit: given.field_split,
    fieldSplitPattern: given.field_split_pattern,
    valueSplit: given.value_split,
    valueSplitPattern: given.value_split_pattern,
    whitespace: given.whitespace,
    includeBrackets: given.include_brackets,
    allowEmptyValues: given.allow_empty_values,
    allowDuplicateValues: given.allow_duplicate_values,
    recursive: given.recursive,
    trimKey: given.trim_key,
    trimValue: given.trim_value,
    removeCharKey: given.remove_char_key,
    removeCharValue: given.remove_char_value,
    transformKey: transformer(given.transform_key),
    transformValue: transformer(given.transform_value),
  });
}

function transformer(name: Transform | undefined): ((text: string) => string) | undefined {
  if (name === 'lowercase') return (text) => text.toLowerCase();
  if (name === 'uppercase') return (text) => text.toUpperCase();
  return name === 'capitalize' ? rubyCapitalize : undefined;
}

class KvRun {
  readonly #parser: KeyValueParser;
  readonly #read: (event: Event) => FieldValue;
  readonly #store: (event: Event, pairs: Pairs) => void;
  readonly #keyFilter: (event: Event) => KeyFilter;
  readonly #given: KvOptions;
  readonly #context: FilterContext;
  readonly #defaults: [string, FieldValue][];

  constructor(given: KvOptions, context: FilterContext) {
    this.#given = given;
    this.#context = context;
    this.#parser = parserOf(given);
    this.#read = getter(parseFieldReference(given.source));
    this.#store = given.target === undefined ? storeEach : checkedSetter(parseFieldReference(given.target));
    this.#keyFilter = compileKeyFilter(given);
    this.#defaults = Object.entries(given.default_keys) as [string, FieldValue][];
  }

  get linear(): boolean {
    return this.#parser.linear;
  }

  filter(event: Event): boolean {
    return this.#finish(event, this.#parse(event));
  }

  filterBatch(events: readonly Event[]): Uint8Array {
    const parsed: (Pairs | undefined)[] = events.map(() => undefined);
    const work = (index: number): void => {
      parsed[index] = this.#parse(events[index]!);
    };
    const limit = this.#given.timeout_millis;
    for (let slow = runGuarded(events.length, limit, work); slow >= 0; ) {
      addTag(events[slow]!, this.#given.tag_on_timeout);
      this.#context.logger.warn(
        { source: this.#given.source },
        'kv: reading took longer than timeout_millis',
      );
      slow = runGuarded(events.length, limit, work, slow + 1);
    }
    return Uint8Array.from(events, (event, index) => {
      const pairs = parsed[index];
      return pairs && this.#finish(event, pairs) ? 1 : 0;
    });
  }

  #parse(event: Event): Pairs {
    const pairs: Pairs = {};
    const value = this.#read(event);
    if (typeof value === 'string') this.#parser.parse(value, this.#keyFilter(event), pairs);
    else if (Array.isArray(value)) {
      const filter = this.#keyFilter(event);
      for (const element of value)
        if (typeof element === 'string') this.#parser.parse(element, filter, pairs);
    } else if (value !== undefined && value !== null) {
      this.#context.logger.warn(
        { source: this.#given.source },
        'kv: the source is neither text nor a list of text',
      );
    }
    return pairs;
  }

  #finish(event: Event, found: Pairs): boolean {
    const pairs = this.#defaults.length === 0 ? found : this.#withDefaults(found);
    if (isEmpty(pairs)) return false;
    try {
      this.#store(event, pairs);
      return true;
    } catch (error) {
      if (!isStoreError(error)) throw error;
      this.#context.logger.warn({ exception: (error as Error).message }, 'kv: a pair can not be stored');
      for (const tag of this.#given.tag_on_failure) addTag(event, String(tag));
      return false;
    }
  }

  #withDefaults(found: Pairs): Pairs {
    const pairs: Pairs = {};
    for (const [key, value] of this.#defaults) setPair(pairs, key, cloneValue(value));
    for (const key of Object.keys(found)) setPair(pairs, key, found[key]);
    return pairs;
  }
}

function isEmpty(pairs: Pairs): boolean {
  for (const _ in pairs) return false;
  return true;
}

const isStoreError = (error: unknown): boolean =>
  error instanceof FieldReferenceError || error instanceof FieldSetError || error instanceof FieldValueError;

/** Keys are field references, as for `event.set`. */
function storeEach(event: Event, pairs: Pairs): void {
  const { fields } = event;
  for (const key of Object.keys(pairs)) {
    if (
      key.includes('[') ||
      key.includes(']') ||
      key.startsWith('@') ||
      key === 'tags' ||
      isUnsafeName(key) ||
      key === ''
    ) {
      setChecked(event, key, pairs[key]);
    } else fields[key] = pairs[key];
  }
}

/** The same object for all events where nothing depends on the event. */
function compileKeyFilter(given: KvOptions): (event: Event) => KeyFilter {
  const include = given.include_keys.map((key) => compileTemplate(String(key)));
  const exclude = given.exclude_keys.map((key) => compileTemplate(String(key)));
  const prefix = compileTemplate(given.prefix);
  const make = (event: Event): KeyFilter => ({
    include: setOf(include, event),
    exclude: setOf(exclude, event),
    prefix: prefix.format(event),
  });
  if ([...include, ...exclude, prefix].some(({ dynamic }) => dynamic)) return make;
  const fixed = make({ fields: {}, metadata: undefined, cancelled: false });
  return () => fixed;
}

function setOf(templates: readonly Template[], event: Event): ReadonlySet<string> | undefined {
  return templates.length === 0 ? undefined : new Set(templates.map((template) => template.format(event)));
}
