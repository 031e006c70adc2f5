/** `Time#strftime`, and the calendar of a moment. */

import type { RTime } from './values.ts';
import { zoneName } from './zone.ts';

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const DAY = 86_400_000;

/** The calendar fields of a moment in its own offset, readable through the UTC methods. */
export const calendar = (time: RTime): Date => new Date((time.seconds + time.offset) * 1000);

export function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - yearStart(date.getUTCFullYear())) / DAY) + 1;
}

function yearStart(year: number): number {
  const start = new Date(0);
  start.setUTCFullYear(year, 0, 1);
  return start.getTime();
}

/** ISO week and the year that it belongs to. */
function isoWeek(date: Date): { year: number; week: number } {
  const thursday = new Date(date.getTime() + (4 - (date.getUTCDay() || 7)) * DAY);
  return { year: thursday.getUTCFullYear(), week: Math.ceil(dayOfYear(thursday) / 7) };
}

/** Week of the year, weeks beginning on weekday `first`. */
const weekOf = (date: Date, first: number): number =>
  Math.floor((dayOfYear(date) + 6 - ((date.getUTCDay() - first + 7) % 7)) / 7);

export const zoneText = (time: RTime): string =>
  time.kind === 'utc' ? 'UTC' : time.kind === 'local' ? zoneName(time.seconds * 1000) : '';

/** `+0200`, or with one or two colons. */
export function offsetText(offset: number, colons: number): string {
  const size = Math.abs(offset);
  const parts = [size / 3600, (size / 60) % 60, size % 60].map((part) =>
    String(Math.floor(part)).padStart(2, '0'),
  );
  return (offset < 0 ? '-' : '+') + parts.slice(0, colons > 1 ? 3 : 2).join(colons > 0 ? ':' : '');
}

const DIRECTIVE = /%([-0^#_]*)(\d*)(:{0,2})([a-zA-Z%+])/g;

/** Formats a moment by Ruby's directives; unknown ones stay as they are. */
export function formatTime(time: RTime, format: string): string {
  const date = calendar(time);
  return format.replace(DIRECTIVE, (all, flags: string, width: string, colons: string, letter: string) => {
    const made = directive(letter, time, date, width, colons.length);
    if (made === undefined) return all;
    return padded(made.text, made.pad, made.width, flags, width, letter);
  });
}

interface Piece {
  readonly text: string;
  readonly pad: string;
  readonly width: number;
}

function padded(
  text: string,
  pad: string,
  width: number,
  flags: string,
  wanted: string,
  letter: string,
): string {
  let fill = pad;
  let size = wanted === '' ? width : Number(wanted);
  if (letter === 'N' || letter === 'L') return text;
  for (const flag of flags) {
    if (flag === '-') size = 0;
    else if (flag === '0') fill = '0';
    else if (flag === '_') fill = ' ';
    else if (flag === '^') text = text.toUpperCase();
    else if (flag === '#') text = letter === 'p' ? text.toLowerCase() : text.toUpperCase();
  }
  if (flags.includes('0') || flags.includes('_') || !flags.includes('-')) {
    const negative = fill === '0' && /^[-+]/.test(text);
    return negative ? text[0] + text.slice(1).padStart(size - 1, fill) : text.padStart(size, fill);
  }
  return text;
}

function directive(
  letter: string,
  time: RTime,
  date: Date,
  width: string,
  colons: number,
): Piece | undefined {
  const number = (value: number, size: number, pad = '0'): Piece => ({
    text: String(value),
    pad,
    width: size,
  });
  const word = (text: string): Piece => ({ text, pad: ' ', width: 0 });
  const nested = (format: string): Piece => word(formatTime(time, format));
  const hour = date.getUTCHours();
  switch (letter) {
    case 'Y': {
      const year = date.getUTCFullYear();
      return number(year, year < 0 ? 5 : 4);
    }
    case 'C':
      return number(Math.floor(date.getUTCFullYear() / 100), 2);
    case 'y':
      return number(((date.getUTCFullYear() % 100) + 100) % 100, 2);
    case 'm':
      return number(date.getUTCMonth() + 1, 2);
    case 'B':
      return word(MONTHS[date.getUTCMonth()]!);
    case 'b':
    case 'h':
      return word(MONTHS[date.getUTCMonth()]!.slice(0, 3));
    case 'd':
      return number(date.getUTCDate(), 2);
    case 'e':
      return number(date.getUTCDate(), 2, ' ');
    case 'j':
      return number(dayOfYear(date), 3);
    case 'H':
      return number(hour, 2);
    case 'k':
      return number(hour, 2, ' ');
    case 'I':
      return number(hour % 12 || 12, 2);
    case 'l':
      return number(hour % 12 || 12, 2, ' ');
    case 'P':
      return word(hour < 12 ? 'am' : 'pm');
    case 'p':
      return word(hour < 12 ? 'AM' : 'PM');
    case 'M':
      return number(date.getUTCMinutes(), 2);
    case 'S':
      return number(date.getUTCSeconds(), 2);
    case 'L':
      return word(
        String(time.nanos)
          .padStart(9, '0')
          .padEnd(Number(width || 3), '0')
          .slice(0, Number(width || 3)),
      );
    case 'N':
      return word(
        String(time.nanos)
          .padStart(9, '0')
          .padEnd(Number(width || 9), '0')
          .slice(0, Number(width || 9)),
      );
    case 'z':
      return { text: offsetText(time.offset, colons), pad: '0', width: 0 };
    case 'Z':
      return word(zoneText(time));
    case 'A':
      return word(DAYS[date.getUTCDay()]!);
    case 'a':
      return word(DAYS[date.getUTCDay()]!.slice(0, 3));
    case 'u':
      return number(date.getUTCDay() || 7, 1);
    case 'w':
      return number(date.getUTCDay(), 1);
    case 'G':
      return number(isoWeek(date).year, 4);
    case 'g':
      return number(isoWeek(date).year % 100, 2);
    case 'V':
      return number(isoWeek(date).week, 2);
    case 'U':
      return number(weekOf(date, 0), 2);
    case 'W':
      return number(weekOf(date, 1), 2);
    case 's':
      return number(time.seconds, 1);
    case 'n':
      return word('\n');
    case 't':
      return word('\t');
    case '%':
      return word('%');
    case 'F':
      return nested('%Y-%m-%d');
    case 'T':
    case 'X':
      return nested('%H:%M:%S');
    case 'D':
    case 'x':
      return nested('%m/%d/%y');
    case 'R':
      return nested('%H:%M');
    case 'r':
      return nested('%I:%M:%S %p');
    case 'c':
      return nested('%a %b %e %H:%M:%S %Y');
    case 'v':
      return nested('%e-%^b-%Y');
    case '+':
      return nested('%a %b %e %H:%M:%S %Z %Y');
  }
  return undefined;
}
