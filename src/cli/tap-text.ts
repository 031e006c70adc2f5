/** Samples of a tap as text: what a node changed in an event, field by field. */
import { decodeEvent } from '../event/event-encoding.ts';
import { isoFromMillis } from '../event/timestamp.ts';
import type { FieldValue } from '../kernel/event-types.ts';
import type { TapSample } from '../server/contract.ts';
import { printable } from './dlq-letters.ts';

export interface TapTextOptions {
  /** Fields that stayed as they are, too. */
  readonly all: boolean;
  readonly colours: boolean;
}

/** Longer values are cut. */
const MAX_VALUE = 400;

/** Lines of one sample, with what happened in the first of them. */
export function sampleText(sample: TapSample, { all, colours }: TapTextOptions): string {
  const { at, before, after, more = 0 } = sample;
  const paint = (colour: keyof typeof CODES, text: string): string =>
    colours ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
  const lines: string[] = [];
  const old = before === undefined ? undefined : fieldsOf(before);
  const changes = after.map((text) => compare(old, fieldsOf(text)));
  lines.push(`${paint('dim', isoFromMillis(at))}  ${paint('bold', summary(sample, changes))}`);
  if (after.length === 0)
    for (const [name, value] of old ?? []) lines.push(paint('red', `  - ${name} ${shown(value)}`));
  for (const [index, list] of changes.entries()) {
    if (after.length > 1) lines.push(paint('dim', `  ${index + 1} of ${after.length + more}`));
    for (const { name, from, to } of list) {
      if (from === to) {
        if (all) lines.push(paint('dim', `    ${name} ${shown(to)}`));
      } else if (to === undefined) lines.push(paint('red', `  - ${name} ${shown(from)}`));
      else if (from === undefined) lines.push(paint('green', `  + ${name} ${shown(to)}`));
      else lines.push(paint('yellow', `  ~ ${name} ${shown(from)} → ${shown(to)}`));
    }
  }
  return `${lines.join('\n')}\n`;
}

const CODES = { dim: '2', bold: '1', red: '31', green: '32', yellow: '33' } as const;

interface Change {
  readonly name: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

function summary({ before, after, more = 0 }: TapSample, changes: readonly (readonly Change[])[]): string {
  if (after.length === 0) return 'dropped';
  if (before === undefined) return after.length + more === 1 ? 'came' : `${after.length + more} events came`;
  if (after.length + more > 1) return `became ${after.length + more} events`;
  const list = changes[0]!;
  const changed = list.filter(({ from, to }) => from !== to).length;
  if (changed === 0) return `unchanged (${list.length} fields)`;
  return `changed ${changed} of ${list.length} fields`;
}

/** Fields of both: those from before in their order, then what came. */
function compare(old: ReadonlyMap<string, string> | undefined, now: ReadonlyMap<string, string>): Change[] {
  const changes: Change[] = [];
  for (const [name, from] of old ?? []) changes.push({ name, from, to: now.get(name) });
  for (const [name, to] of now) if (!old?.has(name)) changes.push({ name, from: undefined, to });
  return changes;
}

/** Names such as `[source][ip]`, and values as JSON. */
function fieldsOf(text: string): Map<string, string> {
  const { fields, metadata } = decodeEvent(text);
  const found = new Map<string, string>();
  const visit = (name: string, value: FieldValue): void => {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    const inside = isObject && !JSON.isRawJSON(value) ? Object.entries(value) : [];
    if (inside.length === 0) found.set(printable(name), JSON.stringify(value));
    for (const [key, each] of inside) visit(`${name}[${key}]`, each as FieldValue);
  };
  for (const [key, value] of Object.entries(fields)) visit(`[${key}]`, value);
  for (const [key, value] of Object.entries(metadata ?? {})) visit(`[@metadata][${key}]`, value);
  return found;
}

function shown(value: string | undefined): string {
  const text = printable(value ?? '');
  return text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE)}…`;
}

/** One line of JSON: the time, the event before and those after. */
export function sampleJson({ at, before, after }: TapSample): string {
  return `${JSON.stringify({
    at: isoFromMillis(at),
    ...(before !== undefined && { before: documentOf(before) }),
    after: after.map(documentOf),
  })}\n`;
}

/** The event as one object, with its `@metadata`. */
export function documentOf(text: string): object {
  const { fields, metadata } = decodeEvent(text);
  return metadata === undefined ? fields : { ...fields, '@metadata': metadata };
}
