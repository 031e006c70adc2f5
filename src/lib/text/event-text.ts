/** `event.to_s` of Logstash: what `plain` and `line` write without `format`. */
import { compileTemplate, fieldsRead } from '../../event/sprintf.ts';
import type { Event } from '../../kernel/event-types.ts';
import type { FieldUse } from '../../kernel/plugin.ts';

const rest = compileTemplate('%{host} %{message}');

/** `<timestamp> <host> <message>`; missing parts stay as `%{host}` and `%{message}`. */
export function eventText(event: Event): string {
  const time = event.fields['@timestamp'];
  return typeof time === 'string' ? `${time} ${rest.format(event)}` : rest.format(event);
}

/** The text of events by `format`, or `event.to_s` without, with what it reads. */
export function textEncoder(format: string | undefined): { text: (event: Event) => string; reads: FieldUse } {
  if (format === undefined) return { text: eventText, reads: ['@timestamp', 'host', 'message'] };
  const template = compileTemplate(format);
  return { text: (event) => template.format(event), reads: fieldsRead(format) };
}
