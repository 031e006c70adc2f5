import { addTag } from '../../event/event.ts';
import {
  formatFieldReference,
  parseFieldReference,
  readExpression,
  setter,
  step,
} from '../../event/field-reference.ts';
import { compileTemplate, fieldsRead } from '../../event/sprintf.ts';
import type { Event, FieldValue } from '../../kernel/event-types.ts';
import type { OptionValues } from '../../kernel/options.ts';
import { defineFilter } from '../../kernel/plugin.ts';
import { compileDateParser, type DateParser, readsTextOnly } from '../../lib/dates/parse.ts';
import { zoneOf } from '../../lib/dates/time-zone.ts';

const options = {
  match: {
    type: 'array',
    default: [],
    description:
      'The field, then the formats to try in order: ISO8601, UNIX, UNIX_MS, TAI64N or Joda patterns such as `dd/MMM/yyyy:HH:mm:ss Z`.',
  },
  timezone: {
    type: 'string',
    description:
      'Zone of text without one: IANA name or offset; sprintf allowed. This machine’s zone if not given.',
  },
  locale: {
    type: 'string',
    description:
      'Language of the names of months and days (`en`, `fr-FR`); if not given, this machine’s and English.',
  },
  target: { type: 'string', default: '@timestamp', description: 'Field that gets the time.' },
  tag_on_failure: {
    type: 'array',
    default: ['_dateparsefailure'],
    description: 'Tags of events whose field fits no format.',
  },
} as const;
type DateOptions = OptionValues<typeof options>;

/** Sets the time of an event from one of its fields. */
export const date = defineFilter({
  kind: 'filter',
  name: 'date',
  summary: 'Parses dates in fields and sets them as the time of the event.',
  options,
  examples: [
    {
      title: 'Apache',
      config: 'date { match => [ "timestamp", "dd/MMM/yyyy:HH:mm:ss Z" ] }',
      input: { timestamp: '25/Mar/2013:20:33:56 +0100' },
      output: { timestamp: '25/Mar/2013:20:33:56 +0100', '@timestamp': '2013-03-25T19:33:56.000Z' },
    },
    {
      title: 'Local time, several formats, another target',
      config:
        'date { match => [ "logdate", "MMM dd yyyy HH:mm:ss", "ISO8601", "UNIX" ] timezone => "Europe/Paris" target => "[event][created]" }',
      input: { logdate: 'Aug 13 2010 00:03:44' },
      output: { event: { created: '2010-08-12T22:03:44.000Z' } },
    },
    {
      title: 'What fits no format is tagged',
      config: 'date { match => [ "logdate", "ISO8601" ] }',
      input: { logdate: 'yesterday' },
      output: { logdate: 'yesterday', tags: ['_dateparsefailure'] },
    },
  ],
  differences: [
    'A weekday name beside a date is read but never moves the date to that weekday.',
    'A target that can not be written (a path through text) gives the failure tags; Logstash stops the pipeline.',
    'Time zone names in text (`z`) are the abbreviations that Joda knows; `zzzz` is a config error.',
  ],
  validate(given, report) {
    const [source, ...formats] = given.match.map(String);
    if (source === undefined || formats.length === 0) {
      report(
        'error',
        'match',
        'match needs a field and at least one format',
        'e.g. `[ "logdate", "ISO8601" ]`',
      );
    }
    const { timezone } = given;
    if (timezone !== undefined && !timezone.includes('%{') && zoneOf(timezone) === undefined)
      report(
        'error',
        'timezone',
        `\`${timezone}\` is not a time zone`,
        'e.g. `Europe/Berlin`, `UTC`, `+02:00`',
      );
    for (const [option, name] of [
      ['match', source],
      ['target', given.target],
    ] as const) {
      try {
        if (name !== undefined) parseFieldReference(name);
      } catch (error) {
        report('error', option, (error as Error).message);
      }
    }
    for (const format of formats) {
      try {
        compileDateParser(format, { timezone: 'UTC', locale: given.locale });
      } catch (error) {
        report('error', 'match', `\`${format}\`: ${(error as Error).message}`);
      }
    }
  },
  reads: (given) => [
    ...given.match.slice(0, 1).map((name) => formatFieldReference(parseFieldReference(String(name)))),
    ...fieldsRead(given.timezone ?? ''),
  ],
  writes: (given) => [formatFieldReference(parseFieldReference(given.target))],
  create(given, context) {
    const matches = context.counter('matches');
    const failures = context.counter('failures');
    const tags = given.tag_on_failure.map(String);
    const filter = compile(
      given,
      () => matches.add(1),
      (event) => {
        failures.add(1);
        for (const tag of tags) addTag(event, tag);
        return false;
      },
    );
    return { filter };
  },
});

/** One function for this filter alone, so that reading, parsing and writing are inlined into it. */
function compile(
  given: DateOptions,
  matched: () => void,
  failed: (event: Event) => boolean,
): (event: Event) => boolean {
  const [source, ...formats] = given.match.map(String);
  const target = parseFieldReference(given.target);
  const parsers = formats.map((format) => parserOf(format, given));
  const calls = parsers.map((_, at) => `p${at}(v, event)`).join(' ?? ');
  const code = `return function date(event) {
  if (event.cancelled) return false;
  const v = ${readExpression(parseFieldReference(source!))};
  if (v === undefined || v === null) return false;
  const time = ${calls};
  if (time === undefined) return failed(event);
  ${given.target === '@timestamp' ? 'event.fields["@timestamp"] = time;' : 'try { set(event, time); } catch { return failed(event); }'}
  matched();
  return true;
}`;
  const names = parsers.map((_, at) => `p${at}`);
  return new Function('step', 'set', 'matched', 'failed', ...names, code)(
    step,
    setter(target),
    matched,
    failed,
    ...parsers,
  ) as (event: Event) => boolean;
}

type EventParser = (value: FieldValue, event: Event) => string | undefined;

const MAX_ZONES = 1000;

function parserOf(format: string, { timezone, locale }: DateOptions): EventParser {
  if (timezone === undefined || !timezone.includes('%{') || !readsTextOnly(format))
    return compileDateParser(format, readsTextOnly(format) ? { timezone, locale } : {});
  const template = compileTemplate(timezone);
  const parsers = new Map<string, DateParser | undefined>();
  return (value, event) => {
    const zone = template.format(event);
    let parser = parsers.get(zone);
    if (parser === undefined && !parsers.has(zone)) {
      parser = zoneOf(zone) === undefined ? undefined : compileDateParser(format, { timezone: zone, locale });
      if (parsers.size >= MAX_ZONES) parsers.clear();
      parsers.set(zone, parser);
    }
    return parser?.(value);
  };
}
