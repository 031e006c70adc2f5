/**
 * What the http output (and filter) sends of an event: the whole of it, or a `mapping` of templates; as JSON or as
 * a form. Compiled once; the functions never throw on any event.
 */
import { isRawJson } from '../../event/event.ts';
import { compileTemplate } from '../../event/sprintf.ts';
import type { Event, FieldValue } from '../../kernel/event-types.ts';

export type EncodeText = (event: Event) => string;

/** All fields as JSON. */
export const wholeEvent =
  (toJson: (value: object) => string): EncodeText =>
  (event) =>
    toJson(event.fields);

/**
 * JSON of a mapping: hashes and lists keep their shape, everything else is a template and becomes text, numbers too,
 * as in Logstash. Keys are no templates.
 */
export function compileMapping(mapping: unknown): EncodeText {
  if (Array.isArray(mapping)) {
    const items = mapping.map(compileMapping);
    return (event) => `[${items.map((item) => item(event)).join(',')}]`;
  }
  if (typeof mapping === 'object' && mapping !== null) {
    const entries = Object.entries(mapping).map(
      ([name, value], index) =>
        [`${index === 0 ? '' : ','}${JSON.stringify(name)}:`, compileMapping(value)] as const,
    );
    return (event) => {
      let text = '{';
      for (const [prefix, value] of entries) text += prefix + value(event);
      return `${text}}`;
    };
  }
  const template = compileTemplate(String(mapping as string | number | boolean));
  if (!template.dynamic) {
    const constant = JSON.stringify(template.format(undefined as never));
    return () => constant;
  }
  return (event) => JSON.stringify(template.format(event));
}

/** `a=1&b=x+y`, of a mapping or (without one) of the whole event; inner hashes and lists as JSON. */
export function compileForm(mapping: Readonly<Record<string, unknown>> | undefined): EncodeText {
  if (mapping === undefined) return formOfEvent;
  const entries = Object.entries(mapping).map(([name, value], index) => {
    const nested = typeof value === 'object' && value !== null;
    return [
      `${index === 0 ? '' : '&'}${escapeForm(name)}=`,
      nested ? compileMapping(value) : textTemplate(String(value as string | number | boolean)),
    ] as const;
  });
  return (event) => {
    let text = '';
    for (const [prefix, value] of entries) text += prefix + escapeForm(value(event));
    return text;
  };
}

/** A template as a function. */
export function textTemplate(text: string): EncodeText {
  const template = compileTemplate(text);
  return (event) => template.format(event);
}

function formOfEvent({ fields }: Event): string {
  let text = '';
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value !== undefined)
      text += `${text === '' ? '' : '&'}${escapeForm(name)}=${escapeForm(formText(value))}`;
  }
  return text;
}

function formText(value: FieldValue): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return String(value);
  return isRawJson(value) ? value.rawJSON : JSON.stringify(value);
}

/** As Ruby's CGI.escape: letters, digits and `-._~` stay, a space is `+`. */
export function escapeForm(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
