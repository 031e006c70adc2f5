/** `Time.parse` and `Time.iso8601` for the forms that logs have; other forms are left to CRuby. */
import { rubyError, Unsupported } from './class.ts';
import { inspect } from './text.ts';
import { RTime } from './values.ts';
import { zoneOffset } from './zone.ts';

const ISO =
  /^\s*(\d{4})-(\d{2})-(\d{2})(?:(T|\s+)(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?\s*$/i;
const STRICT = /^\s*-?\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}(:?\d{2})?)?\s*$/i;

/** @throws RubyError ArgumentError when `strict` and not ISO 8601, or a field is out of range */
export function parseTime(text: string, strict: boolean): RTime {
  const match = ISO.exec(text);
  if (strict && !STRICT.test(text))
    throw rubyError('ArgumentError', `invalid xmlschema format: ${inspect(text)}`);
  if (!match) {
    if (/^\s*$/.test(text) || !/\d/.test(text))
      throw rubyError('ArgumentError', `no time information in ${inspect(text)}`);
    throw new Unsupported('Time.parse of this form');
  }
  const [, year, month, day, , hour = '00', minute = '00', second = '00', fraction = '', zone] = match;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (Number(month) < 1 || Number(month) > 12 || date.getUTCDate() !== Number(day))
    throw rubyError('ArgumentError', 'argument out of range');
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) throw new Unsupported('an odd time');
  const seconds = date.getTime() / 1000 + Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  const nanos = Number(fraction.padEnd(9, '0').slice(0, 9));
  if (fraction.length > 9 && /[1-9]/.test(fraction.slice(9)))
    throw new Unsupported('more digits than nanoseconds');
  if (zone === undefined) {
    const first = seconds - zoneOffset(seconds * 1000);
    const actual = seconds - zoneOffset(first * 1000);
    return new RTime(actual, nanos, 'local', zoneOffset(actual * 1000));
  }
  if (/^(z|utc|gmt|-00:?00)$/i.test(zone)) return new RTime(seconds, nanos, 'utc', 0);
  const digits = zone.slice(1).replace(':', '');
  const size = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2)) * 60;
  const offset = zone[0] === '-' ? -size : size;
  // As CRuby: an offset that is the machine's own makes a local time.
  const utc = seconds - offset;
  return zoneOffset(utc * 1000) === offset
    ? new RTime(utc, nanos, 'local', offset)
    : new RTime(utc, nanos, 'fixed', offset);
}
