import { addTag, isRawJson } from '../../event/event.ts';
import { FieldReferenceError, getter, parseFieldReference, setter } from '../../event/field-reference.ts';
import { parseJson } from '../../event/json.ts';
import { textOf } from '../../event/sprintf.ts';
import type { Event, FieldValue } from '../../kernel/event-types.ts';
import type { OptionValues } from '../../kernel/options.ts';
import { defineFilter, type FilterContext, type ReportProblem } from '../../kernel/plugin.ts';
import { compileDissect, DissectError, isDissectFailure, parseDissect } from '../../lib/text/dissect.ts';

const options = {
  mapping: {
    type: 'hash',
    default: {},
    description: 'Fields with the pattern that takes their text apart.',
  },
  convert_datatype: {
    type: 'hash',
    default: {},
    description: 'Fields with the type, `int` or `float`, that their text is converted to afterwards.',
  },
  tag_on_failure: {
    type: 'array',
    default: ['_dissectfailure'],
    description: 'Tags of events whose text does not fit its pattern.',
  },
} as const;
type DissectOptions = OptionValues<typeof options>;

/** Takes text apart at delimiters. */
export const dissect = defineFilter({
  kind: 'filter',
  name: 'dissect',
  summary: 'Takes text apart at fixed delimiters; faster than grok, without regular expressions.',
  options,
  examples: [
    {
      title: 'Parts joined again, parts skipped, a number',
      config: `dissect {
  mapping => { "message" => "%{ts} %{+ts} %{+ts} %{src} %{} %{prog}[%{pid}]: %{msg}" }
  convert_datatype => { "pid" => "int" }
}`,
      input: {
        message: 'Apr 26 12:20:02 localhost skipped systemd[1]: Starting system activity accounting tool.',
      },
      output: {
        ts: 'Apr 26 12:20:02',
        src: 'localhost',
        prog: 'systemd',
        pid: 1,
        msg: 'Starting system activity accounting tool.',
      },
    },
    {
      title: 'Padding, and a field that is named in the text',
      config: 'dissect { mapping => { "message" => "%{level->} %{?key}=%{&key}" } }',
      input: { message: 'WARN    cpu=95.4' },
      output: { level: 'WARN', cpu: '95.4' },
    },
    {
      title: 'Text that does not fit is tagged',
      config: 'dissect { mapping => { "message" => "[%{when}] %{what}" } }',
      input: { message: 'no brackets' },
      output: { message: 'no brackets', when: null, tags: ['_dissectfailure'] },
    },
  ],
  differences: [
    'A first field that is empty stays empty, and the next one begins behind the delimiter; Logstash puts the delimiter into the next field.',
    'Two fields without a delimiter between them, which never match, are a config error.',
    'Common options are applied after `convert_datatype`, once; Logstash applies them after each matching pattern.',
  ],
  validate: check,
  reads(given) {
    const fields = [...Object.keys(given.mapping), ...Object.keys(given.convert_datatype)];
    for (const pattern of Object.values(given.mapping)) {
      for (const { kind, name } of fieldsIfValid(String(pattern))) {
        if (kind === 'append' || kind === 'indirect') fields.push(name);
      }
    }
    return [...new Set(fields)];
  },
  cutsTexts: true,
  writes(given) {
    const fields = Object.values(given.mapping).flatMap((pattern) =>
      fieldsIfValid(String(pattern)).flatMap(({ kind, name }) =>
        kind === 'normal' || kind === 'append' ? [name] : [],
      ),
    );
    return [...new Set(fields)];
  },
  create(given, context) {
    return { filter: compile(given, context) };
  },
});

function fieldsIfValid(pattern: string) {
  try {
    return pattern === '' ? [] : parseDissect(pattern).fields;
  } catch (error) {
    if (error instanceof DissectError) return [];
    throw error;
  }
}

function check(given: DissectOptions, report: ReportProblem): void {
  const name = (option: string, field: string): void => {
    try {
      parseFieldReference(field);
    } catch (error) {
      if (!(error instanceof FieldReferenceError)) throw error;
      report('error', option, error.message, 'write `name` or `[outer][inner]`');
    }
  };
  for (const [field, pattern] of Object.entries(given.mapping)) {
    name('mapping', field);
    try {
      if (pattern !== '') parseDissect(String(pattern));
    } catch (error) {
      if (!(error instanceof DissectError)) throw error;
      report('error', 'mapping', `\`${String(pattern)}\`: ${error.message}`);
    }
  }
  for (const [field, type] of Object.entries(given.convert_datatype)) {
    name('convert_datatype', field);
    if (!CONVERTERS.has(String(type).toLowerCase())) {
      report(
        'error',
        'convert_datatype',
        `\`${String(type)}\` is no datatype for ${field}`,
        'use `int` or `float`',
      );
    }
  }
}

function compile(given: DissectOptions, context: FilterContext): (event: Event) => boolean {
  const matches = context.counter('matches');
  const failures = context.counter('failures');
  const tags = given.tag_on_failure.map(String);
  const convert = compileConversions(given);
  const mappings = Object.entries(given.mapping)
    .filter(([, pattern]) => pattern !== '')
    .map(([field, pattern]) => ({
      read: getter(parseFieldReference(field)),
      dissect: compileDissect(String(pattern)),
    }));
  const failed = (event: Event): void => {
    failures.add(1);
    for (const tag of tags) addTag(event, tag);
  };
  return (event) => {
    let matched = false;
    for (const { read, dissect } of mappings) {
      const value = read(event);
      // Logstash counts a missing field, but does not tag it.
      if (value === undefined) {
        failures.add(1);
        continue;
      }
      const text = typeof value === 'string' ? value : textOf(value);
      let fits = false;
      try {
        fits = text !== '' && dissect(event, text);
      } catch (error) {
        if (!isDissectFailure(error)) throw error;
        context.logger.warn({ exception: (error as Error).message }, 'dissect: a field can not be set');
      }
      if (fits) {
        matched = true;
        matches.add(1);
      } else failed(event);
    }
    if (convert) convert(event);
    return matched;
  };
}

// ---- conversions -------------------------------------------------------------------------------------------

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;
/** Numbers of more digits than this are left as they are. */
const MAX_DIGITS = 400;

/** Undefined: the text is no number. */
const CONVERTERS: ReadonlyMap<string, (text: string) => FieldValue> = new Map([
  ['int', toInteger],
  ['float', toDecimal],
]);

function toInteger(text: string): FieldValue {
  if (/^-?[1-9]\d{0,14}$/.test(text)) return Number(text);
  const match = NUMBER.exec(text);
  if (!match || (match[2] === '' && !match[3])) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const point = whole.length + Number(exponent);
  if (point > MAX_DIGITS || point < -MAX_DIGITS) return undefined;
  const digits = (whole + fraction).padEnd(point, '0').slice(0, Math.max(0, point)) || '0';
  const value = BigInt(digits) * (sign === '-' ? -1n : 1n);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Exact: what a double can not hold stays as written. */
function toDecimal(text: string): FieldValue {
  const match = NUMBER.exec(text);
  if (!match || (match[2] === '' && !match[3]) || text.length > MAX_DIGITS) return undefined;
  const [, sign, whole = '', fraction = '', exponent] = match;
  const digits = whole.replace(/^0+(?=\d)/, '') || '0';
  return parseJson(
    `${sign === '-' ? '-' : ''}${digits}${fraction ? `.${fraction}` : ''}${exponent ? `e${exponent}` : ''}`,
  );
}

function compileConversions(given: DissectOptions): ((event: Event) => void) | undefined {
  const steps = Object.entries(given.convert_datatype).map(([field, type]) => {
    const reference = parseFieldReference(field);
    return {
      read: getter(reference),
      write: setter(reference),
      convert: CONVERTERS.get(String(type).toLowerCase())!,
      noValue: `_dataconversionnullvalue_${field}_${String(type)}`,
      noNumber: `_dataconversionuncoercible_${field}_${String(type)}`,
    };
  });
  if (steps.length === 0) return undefined;
  return (event) => {
    for (const { read, write, convert, noValue, noNumber } of steps) {
      const value = read(event);
      if (value === undefined || value === null) {
        addTag(event, noValue);
        continue;
      }
      const made = convert(numeralOf(value));
      if (made === undefined) addTag(event, noNumber);
      else write(event, made);
    }
  };
}

function numeralOf(value: FieldValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'object' && value !== null && isRawJson(value) ? value.rawJSON : '';
}
