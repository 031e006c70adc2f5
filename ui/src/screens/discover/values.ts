/** The values of an event by field, and how they are shown. Log data is hostile: nothing of it may act on the page. */

import { visible } from '../../lib/visible.ts';

export type FlatValue = string | number | boolean;
/** Dotted names; objects in arrays are looked through. */
export type FlatEvent = ReadonlyMap<string, readonly FlatValue[]>;

const MAX_DEPTH = 100;
const flats = new WeakMap<object, FlatEvent>();

/** The fields of a hit; computed once. Numbers that JavaScript can not hold are text. */
export function flatEvent(hit: { readonly source: string }): FlatEvent {
  let flat = flats.get(hit);
  if (!flat) flats.set(hit, (flat = flatten(hit.source)));
  return flat;
}

function flatten(source: string): FlatEvent {
  const found = new Map<string, FlatValue[]>();
  const add = (path: string, value: unknown, depth: number): void => {
    if (value === null || value === undefined || depth > MAX_DEPTH) return;
    if (Array.isArray(value)) for (const one of value) add(path, one, depth + 1);
    else if (typeof value === 'object')
      for (const [name, inner] of Object.entries(value))
        add(path === '' ? name : `${path}.${name}`, inner, depth + 1);
    else {
      const known = found.get(path);
      if (known) known.push(value as FlatValue);
      else found.set(path, [value as FlatValue]);
    }
  };
  add('', parseExact(source), 0);
  return found;
}

type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

function parseExact(source: string): unknown {
  const keep: Reviver = (_, value, context) =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
      ? context.source
      : value;
  try {
    return JSON.parse(source, keep as Parameters<typeof JSON.parse>[1]);
  } catch {
    return {};
  }
}

export const visibleAll = (values: readonly FlatValue[], max = 500): string =>
  visible(values.length === 1 ? values[0]! : values.slice(0, 50).map(String).join(', '), max);

const pad = (number: number, digits = 2): string => String(number).padStart(digits, '0');

/** Local time, as long as milliseconds matter. */
export function showTime(millis: number, withMillis = true): string {
  const date = new Date(millis);
  if (Number.isNaN(date.getTime())) return '';
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return `${day} ${time}${withMillis ? `.${pad(date.getMilliseconds(), 3)}` : ''}`;
}

/** A time in an event; text that is none is shown as it is. */
export function showTimeValue(value: FlatValue | undefined): string {
  if (value === undefined) return '–';
  const millis =
    typeof value === 'string' ? Date.parse(value) : typeof value === 'number' ? value : Number.NaN;
  return Number.isNaN(millis) ? visible(value, 40) : showTime(millis);
}

export const showCount = (count: number): string => count.toLocaleString('en-US');
