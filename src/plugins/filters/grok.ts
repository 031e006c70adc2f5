import { addTag } from '../../event/event.ts';
import {
  FieldReferenceError,
  FieldSetError,
  formatFieldReference,
  type Getter,
  getter,
  parseFieldReference,
} from '../../event/field-reference.ts';
import type { Event, FieldValue } from '../../kernel/event-types.ts';
import type { OptionValues } from '../../kernel/options.ts';
import { defineFilter, type EcsMode, type FilterContext, type ReportProblem } from '../../kernel/plugin.ts';
import { FieldValueError } from '../../lib/checked-set.ts';
import { toText } from '../../lib/convert-value.ts';
import { type Apply, captureReference, compileApply } from '../../lib/grok/apply.ts';
import { compileGrok, GrokError, type GrokMatcher } from '../../lib/grok/compile.ts';
import type { GrokPatterns } from '../../lib/grok/expand.ts';
import { readPatternFiles } from '../../lib/grok/pattern-files.ts';
import { runGuarded } from '../../lib/regexp-guard.ts';

const options = {
  match: {
    type: 'hash',
    default: {},
    description: 'Fields with the pattern, or the list of patterns, that their text is matched against.',
  },
  patterns_dir: {
    type: 'array',
    default: [],
    description: 'Directories (or globs) of files with more patterns, one `NAME expression` a line.',
  },
  pattern_definitions: {
    type: 'hash',
    default: {},
    description: 'More patterns by name. They win over those in files, which win over the built-in ones.',
  },
  patterns_files_glob: {
    type: 'string',
    default: '*',
    description: 'Which files of `patterns_dir` are read.',
  },
  break_on_match: {
    type: 'boolean',
    default: true,
    description: 'Stop at the first pattern that matches; otherwise all patterns of all fields are tried.',
  },
  named_captures_only: {
    type: 'boolean',
    default: true,
    description: 'Store only what is named: `%{NAME}` without a field matches, but is not stored.',
  },
  keep_empty_captures: {
    type: 'boolean',
    default: false,
    description: 'Store captures that are empty (as empty text) or took no part in the match (as null).',
  },
  target: {
    type: 'string',
    description: 'Field under which the captures are stored; the top of the event unless given.',
  },
  tag_on_failure: {
    type: 'array',
    default: ['_grokparsefailure'],
    description: 'Tags of events that no pattern matches.',
  },
  timeout_millis: {
    type: 'number',
    default: 30000,
    description:
      'A match that takes longer is given up; 0: never. Checked only for patterns that can take long.',
  },
  timeout_scope: {
    type: 'string',
    oneOf: ['pattern', 'event'],
    default: 'pattern',
    description: 'Whether the limit is for each pattern or for all patterns of an event.',
  },
  tag_on_timeout: {
    type: 'string',
    default: '_groktimeout',
    description: 'Tag of events whose match was given up.',
  },
  overwrite: {
    type: 'array',
    default: [],
    description: 'Fields whose old value a capture replaces; of others, both become a list.',
  },
} as const;
type GrokFilterOptions = OptionValues<typeof options>;

/** Takes text apart by patterns. */
export const grok = defineFilter({
  kind: 'filter',
  name: 'grok',
  summary: 'Matches text against patterns and stores the named parts as fields.',
  ecs: true,
  options,
  examples: [
    {
      title: 'Named parts of a line',
      config:
        'grok { match => { "message" => "%{IP:client} %{WORD:method} %{URIPATHPARAM:request} %{NUMBER:bytes:int} %{NUMBER:duration:float}" } }',
      input: { message: '55.3.244.1 GET /index.html 15824 0.043' },
      output: { client: '55.3.244.1', method: 'GET', request: '/index.html', bytes: 15824, duration: 0.043 },
    },
    {
      title: 'Own patterns',
      config: `grok {
  pattern_definitions => { "QUEUE_ID" => "[0-9A-F]{10,11}" }
  match => { "message" => "%{SYSLOGBASE} %{QUEUE_ID:queue_id}: %{GREEDYDATA:message}" }
  overwrite => [ "message" ]
}`,
      input: { message: 'Jan  1 06:25:43 mail postfix/cleanup[21403]: BEF25A72965: message-id=<2013@mail>' },
      output: {
        timestamp: 'Jan  1 06:25:43',
        program: 'postfix/cleanup',
        pid: '21403',
        queue_id: 'BEF25A72965',
        message: 'message-id=<2013@mail>',
      },
    },
    {
      title: 'What no pattern matches is tagged',
      config: 'grok { match => { "message" => [ "^took %{NUMBER:seconds} s", "^%{WORD:state}$" ] } }',
      input: { message: 'no idea' },
      output: { message: 'no idea', tags: ['_grokparsefailure'] },
    },
  ],
  differences: [
    'Patterns of which it is known that they can not take long (nearly all) run without a time limit.',
    'Word boundaries look at the letters of all scripts before a word, behind it at ASCII letters, digits and `_`.',
    'Maps are matched as their JSON text; Logstash matches what Ruby prints for them.',
    'Unknown pattern names and expressions that are not valid are config errors with the name of the pattern.',
  ],
  validate(given, report) {
    check(given, report);
  },
  reads(given) {
    const overwrite = new Set(given.overwrite.map(String));
    const fields = Object.keys(given.match);
    for (const { captures } of matchersIfValid(given)) {
      for (const { field } of captures) if (!overwrite.has(field)) fields.push(storedAs(field, given.target));
    }
    return [...new Set(fields)];
  },
  cutsTexts: true,
  writes(given) {
    const fields = matchersIfValid(given).flatMap(({ captures }) =>
      captures.map(({ field }) => storedAs(field, given.target)),
    );
    return [...new Set(fields)];
  },
  create(given, context) {
    return createGrok(given, context);
  },
});

const storedAs = (field: string, target: string | undefined): string =>
  formatFieldReference(captureReference(field, target));

/** The definitions beside the built-in ones. @throws GrokError */
function ownPatterns(given: GrokFilterOptions): GrokPatterns {
  const files = readPatternFiles(given.patterns_dir.map(String), given.patterns_files_glob);
  const inline = Object.entries(given.pattern_definitions).map(([name, text]) => [
    name,
    String(text).replace(/\r?\n$/, ''),
  ]);
  return { ...files, ...Object.fromEntries(inline) };
}

const patternsOf = (value: unknown): string[] => (Array.isArray(value) ? value : [value]).map(String);

function compile(
  expression: string,
  given: GrokFilterOptions,
  patterns: GrokPatterns,
  ecs: EcsMode,
): GrokMatcher {
  return compileGrok(expression, { patterns, ecs, namedCapturesOnly: given.named_captures_only });
}

/** Not known when an option is checked: the pipeline's setting, unless the plugin's own. */
const ecsOf = (given: GrokFilterOptions): EcsMode =>
  (given as { ecs_compatibility?: EcsMode }).ecs_compatibility ?? 'disabled';

function matchersIfValid(given: GrokFilterOptions): GrokMatcher[] {
  try {
    const patterns = ownPatterns(given);
    return Object.values(given.match)
      .flatMap(patternsOf)
      .map((expression) => compile(expression, given, patterns, ecsOf(given)));
  } catch (error) {
    if (error instanceof GrokError) return [];
    throw error;
  }
}

function check(given: GrokFilterOptions, report: ReportProblem): void {
  const attempt = (option: string, action: () => void): void => {
    try {
      action();
    } catch (error) {
      if (error instanceof GrokError) report('error', option, error.message, error.hint);
      else if (error instanceof FieldReferenceError) report('error', option, error.message);
      else throw error;
    }
  };
  if (Object.keys(given.match).length === 0) {
    report('warning', 'match', 'without `match` every event is tagged as a failure');
  }
  let patterns: GrokPatterns = {};
  attempt('patterns_dir', () => {
    patterns = ownPatterns(given);
  });
  for (const [field, value] of Object.entries(given.match)) {
    attempt('match', () => void parseFieldReference(field));
    for (const expression of patternsOf(value)) {
      attempt('match', () => {
        const { captures } = compile(expression, given, patterns, ecsOf(given));
        for (const capture of captures) captureReference(capture.field, given.target);
      });
    }
  }
}

interface FieldPatterns {
  readonly field: string;
  readonly read: Getter;
  readonly matchers: readonly GrokMatcher[];
  readonly applies: readonly Apply[];
}

function createGrok(given: GrokFilterOptions, context: FilterContext) {
  const patterns = ownPatterns(given);
  const fields: FieldPatterns[] = Object.entries(given.match).map(([field, value]) => {
    const matchers = patternsOf(value).map((expression) => compile(expression, given, patterns, context.ecs));
    const applies = matchers.map((matcher) =>
      compileApply(matcher, {
        overwrite: given.overwrite.map(String),
        keepEmptyCaptures: given.keep_empty_captures,
        target: given.target,
      }),
    );
    return { field, read: getter(parseFieldReference(field)), matchers, applies };
  });
  const run = new GrokRun(given, context, fields);
  const guarded =
    given.timeout_millis > 0 && fields.some(({ matchers }) => matchers.some((matcher) => !matcher.linear));
  return guarded
    ? { filterBatch: (events: readonly Event[]) => run.filterBatch(events) }
    : { filter: (event: Event) => run.filter(event) };
}

/** One event's matches of one field, found under the clock and applied afterwards. */
interface Found {
  readonly apply: Apply;
  readonly match: RegExpExecArray;
}

class GrokRun {
  readonly #fields: readonly FieldPatterns[];
  readonly #breaks: boolean;
  readonly #failureTags: readonly string[];
  readonly #timeoutTag: string;
  readonly #limit: number;
  readonly #perEvent: boolean;
  readonly #context: FilterContext;
  readonly #matches: { add(n: number): void };
  readonly #failures: { add(n: number): void };

  constructor(given: GrokFilterOptions, context: FilterContext, fields: readonly FieldPatterns[]) {
    this.#fields = fields;
    this.#breaks = given.break_on_match;
    this.#failureTags = given.tag_on_failure.map(String);
    this.#timeoutTag = given.tag_on_timeout;
    this.#limit = given.timeout_millis;
    this.#perEvent = given.timeout_scope === 'event';
    this.#context = context;
    this.#matches = context.counter('matches');
    this.#failures = context.counter('failures');
  }

  filter(event: Event): boolean {
    let matched = false;
    for (const field of this.#fields) {
      const value = field.read(event);
      const found =
        typeof value === 'string'
          ? this.#matchText(field, value, event)
          : this.#matchAny(field, value, event);
      if (!found) continue;
      matched = true;
      if (this.#breaks) break;
    }
    return this.#finish(event, matched);
  }

  #finish(event: Event, matched: boolean): boolean {
    if (matched) this.#matches.add(1);
    else {
      this.#failures.add(1);
      for (const tag of this.#failureTags) addTag(event, tag);
    }
    return matched;
  }

  /** True if the last pattern that was tried matched. */
  #matchText({ matchers, applies }: FieldPatterns, text: string, event: Event): boolean {
    let matched = false;
    for (let index = 0; index < matchers.length; index++) {
      const match = matchers[index]!.exec(text);
      matched = match !== null;
      if (match === null) continue;
      if (!this.#apply(applies[index]!, event, match)) return false;
      if (this.#breaks) break;
    }
    return matched;
  }

  /** Lists: each element; a missing field: empty text; everything else: its text. */
  #matchAny(field: FieldPatterns, value: FieldValue, event: Event): boolean {
    if (!Array.isArray(value)) return this.#matchText(field, toText(value), event);
    let matched = false;
    for (const element of [...value]) matched = this.#matchText(field, toText(element), event) || matched;
    return matched;
  }

  #apply(apply: Apply, event: Event, match: RegExpExecArray): boolean {
    try {
      apply(event, match);
      return true;
    } catch (error) {
      if (!(error instanceof FieldSetError || error instanceof FieldValueError)) throw error;
      this.#context.logger.warn({ exception: error.message }, 'grok: a capture can not be stored');
      return false;
    }
  }

  /** Matches run under the clock for the whole batch; what they found is applied behind it, field by field. */
  filterBatch(events: readonly Event[]): Uint8Array {
    const matched = new Uint8Array(events.length);
    const timedOut = new Uint8Array(events.length);
    for (const field of this.#fields) {
      const found = events.map((): Found[] => []);
      const last = new Uint8Array(events.length);
      const texts = events.map((event, index) =>
        timedOut[index] || (this.#breaks && matched[index]) ? [] : textsOf(field.read(event)),
      );
      this.#search(field, texts, found, last, timedOut);
      for (const [index, event] of events.entries()) {
        const applied = found[index]!.every(({ apply, match }) => this.#apply(apply, event, match));
        if (last[index] && applied && !timedOut[index]) matched[index] = 1;
      }
    }
    for (const [index, event] of events.entries()) {
      if (timedOut[index]) {
        matched[index] = 0;
        addTag(event, this.#timeoutTag);
      } else this.#finish(event, matched[index] === 1);
    }
    return matched;
  }

  /** One call under the clock for each pattern of each event, or for each event, as `timeout_scope` says. */
  #search(
    field: FieldPatterns,
    texts: readonly (readonly string[])[],
    found: readonly Found[][],
    last: Uint8Array,
    timedOut: Uint8Array,
  ): void {
    const { matchers, applies } = field;
    const steps = this.#perEvent ? 1 : matchers.length;
    const work = (step: number): void => {
      const event = Math.floor(step / steps);
      if (timedOut[event]) return;
      const from = this.#perEvent ? 0 : step % steps;
      const to = this.#perEvent ? matchers.length : from + 1;
      // Lists have no steps: an element may stop at its first pattern, the next one begins anew.
      if (texts[event]!.length !== 1 && from > 0) return;
      const [first, end] = texts[event]!.length === 1 ? [from, to] : [0, matchers.length];
      const made: Found[] = [];
      let any = false;
      if (from > 0 && this.#breaks && last[event]) return;
      for (const text of texts[event]!) {
        let matched = false;
        for (let index = first; index < end; index++) {
          const match = matchers[index]!.exec(text);
          matched = match !== null;
          if (match) made.push({ apply: applies[index]!, match });
          if (matched && this.#breaks) break;
        }
        any ||= matched;
      }
      found[event]!.push(...made);
      last[event] = any ? 1 : 0;
    };
    const count = texts.length * steps;
    for (let slow = runGuarded(count, this.#limit, work); slow >= 0; ) {
      const event = Math.floor(slow / steps);
      timedOut[event] = 1;
      this.#context.logger.warn(
        {
          field: field.field,
          pattern: matchers[slow % steps]?.expression,
          value: texts[event]!.join('\n').slice(0, 255),
        },
        'grok: a match took longer than timeout_millis',
      );
      slow = runGuarded(count, this.#limit, work, slow + 1);
    }
  }
}

function textsOf(value: FieldValue): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.map(toText) : [toText(value)];
}
