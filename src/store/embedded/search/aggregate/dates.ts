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

/** Text of times in a format of Elasticsearch; several (`a||b`): the first. */
export function dateFormatter(format: unknown, zone: Zone): (millis: number) => string {
  const pattern = typeof format === 'string' ? format.split('||')[0]! : 'strict_date_optional_time';
  if (pattern === 'epoch_millis') return (millis) => String(millis);
  if (pattern === 'epoch_second') return (millis) => String(Math.floor(millis / 1000));
  const iso = (millis: number): string => {
    const offset = zone.offsetAt(millis);
    // Years of more than four digits without zeros before them, as Java writes them.
    const local = new Date(millis + offset).toISOString().replace(/^([+-])0(?=\d{5})/, '$1');
    return `${local.slice(0, -1)}${offsetText(offset)}`;
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
  return (millis) => compiled(new Date(millis + zone.offsetAt(millis)).toISOString());
}
