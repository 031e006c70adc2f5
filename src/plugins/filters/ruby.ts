import { readFileSync } from 'node:fs';
import { addTag } from '../../event/event.ts';
import type { Event } from '../../kernel/event-types.ts';
import type { OptionValues } from '../../kernel/options.ts';
import { defineFilter } from '../../kernel/plugin.ts';
import { analyseRuby, type RubyAnalysis, type RubySource } from '../../lib/ruby/compile.ts';
import { createRubyRunner } from '../../lib/ruby/runner.ts';

const options = {
  init: { type: 'string', description: 'Code that runs once at start; sets instance variables, requires.' },
  code: {
    type: 'string',
    description: 'Code that runs for every event, with `event` and `new_event_block`.',
  },
  path: {
    type: 'path',
    description: 'A script that defines `filter(event)`, and may define `register(params)` and tests.',
  },
  script_params: {
    type: 'hash',
    default: {},
    description: "What the script's `register` gets.",
  },
  tag_on_exception: {
    type: 'any',
    default: '_rubyexception',
    description: 'Tag (or list of tags) of events whose code raised an exception.',
  },
  tag_with_exception_message: {
    type: 'boolean',
    default: false,
    description: 'Adds a second tag, with the message of the exception behind the first.',
  },
  timeout_millis: {
    type: 'number',
    default: 2000,
    min: 1,
    description: 'Code that takes longer for one event is ended.',
  },
  tag_on_timeout: {
    type: 'string',
    default: '_rubytimeout',
    description: 'Tag of events whose code was ended; they are otherwise as they came.',
  },
} as const;
type RubyOptions = OptionValues<typeof options>;

/** Runs Ruby code on events. */
export const ruby = defineFilter({
  kind: 'filter',
  name: 'ruby',
  summary: 'Runs Ruby code on every event: compiled to JavaScript, or in CRuby as WebAssembly.',
  options,
  changesCount: true,
  state: (given) => (analysisOf(given).shared ? 'shared' : 'none'),
  reads: (given) => analysisOf(given).compiled?.reads ?? 'all',
  examples: [
    {
      title: 'A field from another',
      config: `ruby { code => 'event.set("kilobytes", (event.get("bytes") / 1024.0).round(1))' }`,
      input: { bytes: 15824 },
      output: { kilobytes: 15.5 },
    },
    {
      title: 'Every field of a map, moved to the top',
      config: `ruby { code => 'event.remove("data").each { |name, value| event.set("[#{name}]", value) }' }`,
      input: { data: { user: 'ada', port: 22 } },
      output: { user: 'ada', port: 22, data: null },
    },
    {
      title: 'Further events',
      config: `ruby { code => 'copy = event.clone; copy.set("kind", "copy"); new_event_block.call(copy)' }`,
      input: { message: 'hello' },
      output: [{ message: 'hello', kind: 'copy' }, { message: 'hello' }],
    },
    {
      title: 'An exception',
      config: `ruby { code => 'event.get("missing").upcase' tag_with_exception_message => true }`,
      input: { message: 'hello' },
      output: {
        message: 'hello',
        tags: ['_rubyexception', "_rubyexception: undefined method 'upcase' for nil"],
      },
    },
  ],
  differences: [
    'Ruby is CRuby 3.4, not JRuby: Java classes, threads, sockets and gems are not there.',
    'Code is ended after `timeout_millis`, and the event tagged with `tag_on_timeout`.',
    'A Float without a fraction that another filter or input stored (`1.0`) is an Integer to Ruby; within the code it stays a Float.',
    'Times that an earlier Ruby filter stored in fields other than `@timestamp` are text to later ones.',
    'Filters that set instance variables for every event run on one worker.',
    '`event.get` of a list or map is a copy; text changed in place changes the event, as in Logstash.',
  ],
  validate(given, report) {
    if (given.code === undefined && given.path === undefined) {
      report(
        'error',
        '',
        'it takes either code or path',
        'give the option code with inline Ruby, or path with a script',
      );
      return;
    }
    if (given.code !== undefined && given.path !== undefined)
      report('error', 'path', 'code and path exclude each other', 'remove one of them');
    let analysis: RubyAnalysis;
    try {
      analysis = analysisOf(given);
    } catch (error) {
      report('error', 'path', `the script can not be read: ${(error as Error).message}`);
      return;
    }
    for (const { option, line, column, message } of analysis.errors.slice(0, 5))
      report('error', option, `Ruby syntax error in line ${line}, column ${column}: ${message}`);
  },
  create(given, context) {
    const { logger } = context;
    const times = context.timeFields ?? [];
    const source = sourceOf(given);
    const analysis = times.length > 0 ? analyseRuby(source, times) : analysisOf(given);
    const tags = (
      Array.isArray(given.tag_on_exception) ? given.tag_on_exception : [given.tag_on_exception]
    ).map(String);
    return createRubyRunner({
      source,
      analysis,
      params: given.script_params,
      times,
      timeoutMillis: given.timeout_millis,
      logger,
      raised(event: Event, message: string, kind: string) {
        for (const tag of tags) {
          addTag(event, tag);
          if (given.tag_with_exception_message) addTag(event, `${tag}: ${message}`);
        }
        logger.error(
          { message, class: kind, ...(source.path ? { script: source.path } : {}) },
          'Ruby exception occurred',
        );
      },
      timedOut(event: Event) {
        addTag(event, given.tag_on_timeout);
        logger.error({ timeout_millis: given.timeout_millis }, 'Ruby code took too long and was ended');
      },
    });
  },
});

function sourceOf(given: RubyOptions): RubySource {
  if (given.path === undefined || given.code !== undefined) return { init: given.init, code: given.code };
  return { path: given.path, source: readFileSync(given.path, 'utf8') };
}

/** Options are asked about several times; the text decides. */
const analyses = new Map<string, RubyAnalysis>();

function analysisOf(given: RubyOptions): RubyAnalysis {
  const source = sourceOf(given);
  const key = JSON.stringify(source);
  let analysis = analyses.get(key);
  if (analysis === undefined) {
    analysis = analyseRuby(source);
    if (analyses.size >= 200) analyses.clear();
    analyses.set(key, analysis);
  }
  return analysis;
}
