/**
 * What the syslog input makes of an event that holds a line: priority, facility, severity, their labels, the time,
 * and what the pattern captured; under Logstash's names, legacy or ECS.
 */
import { addTag } from '../../event/event.ts';
import {
  FieldSetError,
  type Getter,
  getter,
  parseFieldReference,
  type Setter,
  setter,
} from '../../event/field-reference.ts';
import type { Event, FieldValue } from '../../kernel/event-types.ts';
import type { EcsMode } from '../../kernel/plugin.ts';
import { compileDateParser } from '../dates/parse.ts';
import { type Apply, compileApply } from '../grok/apply.ts';
import { compileGrok, type GrokMatcher, toInteger } from '../grok/compile.ts';
import { newSyslogLine, parseRfc5424, parseSyslogLine, type SyslogLine } from './parse.ts';

const SYSLOG_FAILURE_TAG = '_grokparsefailure_sysloginput';
const DATE_FAILURE_TAG = '_dateparsefailure';
/** user.notice, for lines without a priority (RFC 3164, section 4.3.3). */
const DEFAULT_PRIORITY = 13;

export interface SyslogFieldOptions {
  readonly ecs: EcsMode;
  readonly syslogField: string;
  /** Undefined: the default pattern, with RFC 5424 beside it. */
  readonly grokPattern: string | undefined;
  readonly useLabels: boolean;
  readonly facilityLabels: readonly unknown[];
  readonly severityLabels: readonly unknown[];
  readonly timezone: string | undefined;
  readonly locale: string | undefined;
  readonly serviceType: string;
}

/** The pattern that Logstash uses unless told otherwise. */
export function defaultSyslogPattern(ecs: EcsMode): string {
  return ecs === 'disabled'
    ? '<%{POSINT:priority}>%{SYSLOGLINE}'
    : '<%{POSINT:[log][syslog][priority]:int}>%{SYSLOGLINE}';
}

interface Field {
  readonly get: Getter;
  readonly set: Setter;
}

const field = (reference: string): Field => {
  const parsed = parseFieldReference(reference);
  return { get: getter(parsed), set: setter(parsed) };
};

export class SyslogFields {
  readonly #options: SyslogFieldOptions;
  readonly #ecs: boolean;
  readonly #text: Field;
  readonly #names: Names;
  readonly #line: SyslogLine = newSyslogLine();
  readonly #time: (value: FieldValue) => string | undefined;
  readonly #facilityLabels: readonly string[];
  readonly #severityLabels: readonly string[];
  #grok: { readonly matcher: GrokMatcher; readonly apply: Apply } | undefined;

  /** @throws GrokError for an own pattern that can not be compiled, Error for an unknown time zone */
  constructor(options: SyslogFieldOptions) {
    this.#options = options;
    this.#ecs = options.ecs !== 'disabled';
    this.#text = field(options.syslogField);
    this.#names = this.#ecs ? ecsNames() : legacyNames();
    this.#time = timeParser(options);
    this.#facilityLabels = options.facilityLabels.map(String);
    this.#severityLabels = options.severityLabels.map(String);
    if (options.grokPattern !== undefined) this.#grok = this.#compile();
  }

  /** Fills the event. False: grok must be asked, and it may take long; call `tryGrok` under a time limit. */
  tryFast(event: Event): boolean {
    if (this.#options.grokPattern !== undefined) {
      if (!this.#grok!.matcher.linear) return false;
      this.applyMatch(event, this.tryGrok(event));
      return true;
    }
    const text = this.#text.get(event);
    if (typeof text !== 'string') return false;
    const line = this.#line;
    if (this.#hasCaptured(event)) return false;
    if (parseRfc5424(text, line)) {
      this.#keepOriginal(event, text);
      this.#set(event, line, true);
      return true;
    }
    const verdict = parseSyslogLine(text, !this.#ecs, line);
    if (verdict === 'unsure') return false;
    this.#keepOriginal(event, text);
    if (verdict === 'match') this.#set(event, line, false);
    else this.#fail(event);
    return true;
  }

  /** Fields that the event has already would become lists with what is captured: grok knows how. */
  #hasCaptured(event: Event): boolean {
    const { fields } = event;
    if (this.#options.syslogField !== 'message' && fields['message'] !== undefined) return true;
    if (this.#ecs) return this.#names.captured.some(({ get }) => get(event) !== undefined);
    return (
      fields['priority'] !== undefined ||
      fields['timestamp'] !== undefined ||
      fields['timestamp8601'] !== undefined ||
      fields['logsource'] !== undefined ||
      fields['program'] !== undefined ||
      fields['pid'] !== undefined
    );
  }

  /** What the pattern matches in the event, if it does. */
  tryGrok(event: Event): RegExpExecArray | null {
    const { matcher } = (this.#grok ??= this.#compile());
    const value = this.#text.get(event);
    for (const each of Array.isArray(value) ? value : [value]) {
      const found = typeof each === 'string' ? matcher.exec(each) : null;
      if (found) return found;
    }
    return null;
  }

  /** Fills the event with what `tryGrok` found. */
  applyMatch(event: Event, found: RegExpExecArray | null): void {
    this.#keepOriginal(event, this.#text.get(event));
    if (found) {
      try {
        this.#grok!.apply(event, found);
      } catch (error) {
        // A field of the event is a scalar where a capture would nest.
        if (!(error instanceof FieldSetError)) throw error;
        this.#fail(event);
        return;
      }
      this.#finish(event, priorityOf(this.#names.priority.get(event)));
    } else this.#fail(event);
  }

  #compile(): { matcher: GrokMatcher; apply: Apply } {
    const { ecs, grokPattern, syslogField } = this.#options;
    const matcher = compileGrok(grokPattern ?? defaultSyslogPattern(ecs), { ecs });
    return { matcher, apply: compileApply(matcher, { overwrite: [syslogField] }) };
  }

  #set(event: Event, line: SyslogLine, rfc5424: boolean): void {
    if (this.#ecs) this.#setEcs(event, line, rfc5424);
    else {
      const { fields } = event;
      fields['timestamp'] = line.timestamp;
      if (line.iso && !rfc5424) fields['timestamp8601'] = line.timestamp;
      fields['logsource'] = line.host;
      fields['program'] = line.program;
      fields['pid'] = line.pid;
      if (rfc5424) {
        fields['syslog5424_ver'] = line.version;
        fields['syslog5424_msgid'] = line.messageId;
        fields['syslog5424_sd'] = line.structuredData;
      }
    }
    if (line.message !== '') event.fields['message'] = line.message;
    this.#finish(event, line.priority);
  }

  #setEcs(event: Event, line: SyslogLine, rfc5424: boolean): void {
    const names = this.#names;
    if (line.timestamp !== undefined) event.fields['timestamp'] = line.timestamp;
    if (line.host !== undefined) trySet(names.host, event, line.host);
    const numeric = line.pid !== undefined && line.pid.length < 10 && /^[1-9]\d*$/.test(line.pid);
    if (line.program !== undefined && numeric && event.fields['process'] === undefined) {
      event.fields['process'] = { name: line.program, pid: Number(line.pid) };
    } else {
      if (line.program !== undefined) trySet(names.program, event, line.program);
      if (line.pid !== undefined) this.#setPid(event, line.pid);
    }
    if (!rfc5424) return;
    trySet(names.version, event, line.version);
    if (line.messageId !== undefined) trySet(names.messageId, event, line.messageId);
    if (line.structuredData !== undefined) trySet(names.structuredData, event, line.structuredData);
  }

  #setPid(event: Event, pid: string): void {
    if (/^[1-9]\d*$/.test(pid)) trySet(this.#names.pid, event, toInteger(pid));
    else trySet(this.#names.processId, event, pid);
  }

  #keepOriginal(event: Event, text: FieldValue): void {
    if (!this.#ecs) return;
    if (event.fields['event'] === undefined) event.fields['event'] = { original: text };
    else trySet(this.#names.original, event, text);
  }

  /** No pattern matches: tagged, and of the priority of lines that have none. */
  #fail(event: Event): void {
    addTag(event, SYSLOG_FAILURE_TAG);
    this.#setPriority(event, DEFAULT_PRIORITY);
    if (this.#ecs) this.#setService(event);
  }

  #finish(event: Event, priority: number): void {
    this.#setPriority(event, priority);
    if (this.#ecs) this.#setService(event);
    else if (event.fields['timestamp8601'] !== undefined)
      event.fields['timestamp'] = event.fields['timestamp8601'];
    const { timestamp } = this.#names;
    const value = timestamp.get(event);
    if (value === undefined || value === null) return;
    const time = this.#time(Array.isArray(value) ? value[0] : value);
    if (time === undefined) addTag(event, DATE_FAILURE_TAG);
    else event.fields['@timestamp'] = time;
    if (this.#ecs) event.fields['timestamp'] = undefined;
  }

  #setPriority(event: Event, priority: number): void {
    const facility = Math.floor(priority / 8);
    const severity = priority % 8;
    const facilityLabel = this.#options.useLabels ? this.#facilityLabels[facility] : undefined;
    const severityLabel = this.#options.useLabels ? this.#severityLabels[severity] : undefined;
    if (!this.#ecs) {
      const { fields } = event;
      fields['priority'] = priority;
      fields['severity'] = severity;
      fields['facility'] = facility;
      if (facilityLabel !== undefined) fields['facility_label'] = facilityLabel;
      if (severityLabel !== undefined) fields['severity_label'] = severityLabel;
      return;
    }
    if (event.fields['log'] === undefined) {
      event.fields['log'] = {
        syslog: {
          priority,
          severity:
            severityLabel === undefined ? { code: severity } : { code: severity, name: severityLabel },
          facility:
            facilityLabel === undefined ? { code: facility } : { code: facility, name: facilityLabel },
        },
      };
      return;
    }
    const names = this.#names;
    trySet(names.priority, event, priority);
    trySet(names.severity, event, severity);
    trySet(names.facility, event, facility);
    if (facilityLabel !== undefined) trySet(names.facilityLabel, event, facilityLabel);
    if (severityLabel !== undefined) trySet(names.severityLabel, event, severityLabel);
  }

  #setService(event: Event): void {
    const { serviceType } = this.#options;
    if (serviceType === '') return;
    if (event.fields['service'] === undefined) event.fields['service'] = { type: serviceType };
    else if (this.#names.service.get(event) === undefined) trySet(this.#names.service, event, serviceType);
  }
}

/** The event may have a scalar where the field would nest: its own field stays. */
function trySet({ set }: Field, event: Event, value: FieldValue): void {
  try {
    set(event, value);
  } catch (error) {
    if (!(error instanceof FieldSetError)) throw error;
  }
}

/** Ruby's `to_i`; a list or map, as two captures of one name make, has none. */
function priorityOf(value: FieldValue): number {
  if (typeof value === 'number') return Math.max(0, Math.trunc(value));
  if (typeof value === 'string' || typeof value === 'bigint')
    return Math.max(0, Number(toInteger(String(value))));
  return DEFAULT_PRIORITY;
}

function timeParser({ timezone, locale }: SyslogFieldOptions): (value: FieldValue) => string | undefined {
  const formats = ['MMM dd HH:mm:ss', 'MMM  d HH:mm:ss', 'MMM d HH:mm:ss', 'ISO8601'];
  const parsers = formats.map((format) => compileDateParser(format, { timezone, locale }));
  // Lines that follow each other mostly share their second.
  let lastValue: FieldValue;
  let lastTime: string | undefined;
  return (value) => {
    if (value === lastValue) return lastTime;
    lastTime = undefined;
    for (const parse of parsers) {
      lastTime = parse(value);
      if (lastTime !== undefined) break;
    }
    lastValue = value;
    return lastTime;
  };
}

type Names = ReturnType<typeof ecsNames>;

function namesFor(references: Readonly<Record<NameKey, string>>) {
  const made = Object.fromEntries(
    Object.entries(references).map(([key, reference]) => [key, field(reference)]),
  ) as Record<NameKey, Field>;
  const captured = (['priority', 'timestamp', 'timestamp8601', 'host', 'program', 'pid'] as const).map(
    (key) => made[key],
  );
  return { ...made, captured };
}

type NameKey =
  | 'message'
  | 'priority'
  | 'facility'
  | 'severity'
  | 'facilityLabel'
  | 'severityLabel'
  | 'timestamp'
  | 'timestamp8601'
  | 'host'
  | 'program'
  | 'pid'
  | 'processId'
  | 'version'
  | 'messageId'
  | 'structuredData'
  | 'original'
  | 'service';

function ecsNames() {
  return namesFor({
    message: 'message',
    priority: '[log][syslog][priority]',
    facility: '[log][syslog][facility][code]',
    severity: '[log][syslog][severity][code]',
    facilityLabel: '[log][syslog][facility][name]',
    severityLabel: '[log][syslog][severity][name]',
    timestamp: 'timestamp',
    timestamp8601: 'timestamp8601',
    host: '[host][hostname]',
    program: '[process][name]',
    pid: '[process][pid]',
    processId: '[log][syslog][procid]',
    version: '[system][syslog][version]',
    messageId: '[event][code]',
    structuredData: '[system][syslog][structured_data]',
    original: '[event][original]',
    service: '[service][type]',
  });
}

function legacyNames(): Names {
  return namesFor({
    message: 'message',
    priority: 'priority',
    facility: 'facility',
    severity: 'severity',
    facilityLabel: 'facility_label',
    severityLabel: 'severity_label',
    timestamp: 'timestamp',
    timestamp8601: 'timestamp8601',
    host: 'logsource',
    program: 'program',
    pid: 'pid',
    processId: 'pid',
    version: 'syslog5424_ver',
    messageId: 'syslog5424_msgid',
    structuredData: 'syslog5424_sd',
    original: '[event][original]',
    service: '[service][type]',
  });
}
