/** Times in answers: as ISO text or by a format, in a zone. */
import { compileDateFormat } from '../../../../event/date-format.ts';
import { type Zone, zoneOf } from '../../../../lib/dates/time-zone.ts';
import { illegal } from './parameters.ts';

export const UTC = zoneOf('UTC')!;

/** @throws StoreError for a name that no zone has */
export function zoneNamed(name: unknown): Zone {
  if (name === undefined || name === null) return UTC;
  const zone = typeof name === 'string' ? zoneOf(name) : undefined;
  if (!zone) throw illegal(`Unknown time-zone ID: ${String(name)}`);
  return zone;
}

const pad = (number: number): string => String(number).padStart(2, '0');

function offsetText(offset: number): string {
  if (offset === 0) return 'Z';
  const minutes = Math.abs(offset) / 60_000;
  return `${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(Math.floor(minutes % 60))}`;
}

/** The calendar repeats itself every 400 years. */
const CYCLE_YEARS = 400;
const CYCLE_MS = 146_097 * 86_400_000;
const LAST_MS = 8.64e15;

/**
 * ISO text of a time, also of one beyond those that JavaScript knows (a sum of times). Years of more than four digits
 * have no zeros before them, as Java writes them.
 */
function isoOf(millis: number): string {
  if (Math.abs(millis) <= LAST_MS) return new Date(millis).toISOString().replace(/^([+-])0(?=\d{5})/, '$1');
  const cycles = Math.floor(millis / CYCLE_MS);
  const near = new Date(millis - cycles * CYCLE_MS);
  const year = near.getUTCFullYear() + cycles * CYCLE_YEARS;
  return `${year < 0 ? '-' : '+'}${Math.abs(year)}${near.toISOString().slice(4)}`;
}

/** Text of times in a format of Elasticsearch; several (`a||b`): the first. */
export function dateFormatter(format: unknown, zone: Zone): (millis: number) => string {
  const pattern = typeof format === 'string' ? format.split('||')[0]! : 'strict_date_optional_time';
  if (pattern === 'epoch_millis') return (millis) => String(millis);
  if (pattern === 'epoch_second') return (millis) => String(Math.floor(millis / 1000));
  const iso = (millis: number): string => {
    const offset = zone.offsetAt(millis);
    return `${isoOf(millis + offset).slice(0, -1)}${offsetText(offset)}`;
  };
  if (/^(?:strict_)?date_(?:optional_)?time(?:_nanos)?$|^iso8601$/.test(pattern)) return iso;
  const named: Readonly<Record<string, string>> = {
    date: 'yyyy-MM-dd',
    strict_date: 'yyyy-MM-dd',
    basic_date: 'yyyyMMdd',
    year_month: 'yyyy-MM',
    year: 'yyyy',
    hour_minute: 'HH:mm',
    hour_minute_second: 'HH:mm:ss',
    date_hour_minute_second: "yyyy-MM-dd'T'HH:mm:ss",
    date_hour_minute: "yyyy-MM-dd'T'HH:mm",
  };
  let compiled: (iso: string) => string;
  try {
    compiled = compileDateFormat(named[pattern] ?? pattern, 'java');
  } catch (error) {
    throw illegal(`Invalid format: [${pattern}]: ${(error as Error).message}`);
  }
  return (millis) => {
    const local = millis + zone.offsetAt(millis);
    // No pattern has a place for such a year.
    return Math.abs(local) <= LAST_MS ? compiled(new Date(local).toISOString()) : isoOf(local);
  };
}
