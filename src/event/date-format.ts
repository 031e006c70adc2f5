/** Formats the timestamp of an event (ISO text, UTC) by Joda (`%{+yyyy.MM.dd}`) or java.time (`%{{yyyy}}`) patterns. */
import { millisOf } from './timestamp.ts';

/**
 * Writes a part of a time with a year of four digits. Other years come as one that is `shift` years (a multiple of 400,
 * which have the same days) away.
 */
type Part = (iso: string, shift: number) => string;

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const DAY = 86_400_000;

const date = (iso: string): Date => new Date(millisOf(iso));
const number =
  (read: (iso: string, shift: number) => number, width: number): Part =>
  (iso, shift) =>
    padded(read(iso, shift), width);
const padded = (value: number, width: number): string =>
  value < 0 ? `-${padded(-value, width)}` : String(value).padStart(width, '0');

/** ISO week and its year of a date. */
function isoWeek(iso: string): { year: number; week: number } {
  const at = date(iso);
  const thursday = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()));
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
  const start = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return { year: thursday.getUTCFullYear(), week: Math.ceil(((thursday.getTime() - start) / DAY + 1) / 7) };
}

const dayOfYear = (iso: string): number => {
  const at = date(iso);
  return Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 1)) / DAY) + 1;
};
const year = (iso: string, shift: number): number => Number(iso.slice(0, 4)) + shift;
const weekYear = (iso: string, shift: number): number => isoWeek(iso).year + shift;
const yearOfEra = (iso: string, shift: number): number => {
  const value = year(iso, shift);
  return value > 0 ? value : 1 - value;
};
const twoDigits = (value: number): string => padded(Math.abs(value) % 100, 2);

/** java.time marks years with more digits than the pattern has from four on; Joda does not. */
function years(read: (iso: string, shift: number) => number, count: number, java: boolean): Part {
  if (count === 2) return (iso, shift) => twoDigits(read(iso, shift));
  if (!java || count < 4) return number(read, count);
  return (iso, shift) => {
    const text = padded(read(iso, shift), count);
    return text.length > count && text[0] !== '-' ? `+${text}` : text;
  };
}

function era(count: number, java: boolean): Part {
  const [before, since] =
    java && count === 4 ? ['Before Christ', 'Anno Domini'] : java && count === 5 ? ['B', 'A'] : ['BC', 'AD'];
  return (iso, shift) => (year(iso, shift) > 0 ? since! : before!);
}
const millisOfDay = (iso: string): number => ((millisOf(iso) % DAY) + DAY) % DAY;
const fraction = (iso: string): string => iso.slice(20, -1).padEnd(9, '0');

function quarter(count: number): Part {
  const of = (iso: string) => Math.ceil(Number(iso.slice(5, 7)) / 3);
  if (count <= 2) return number(of, count);
  if (count === 3) return (iso) => `Q${of(iso)}`;
  return (iso) => `${of(iso)}${['st', 'nd', 'rd', 'th'][of(iso) - 1]} quarter`;
}

function part(letter: string, count: number, java: boolean): Part | undefined {
  switch (letter) {
    case 'y':
      return years(java ? yearOfEra : year, count, java);
    case 'u':
      return years(year, count, java);
    case 'Y':
      return years(java ? weekYear : count === 2 ? year : yearOfEra, count, java);
    case 'x':
      if (java)
        return () => (count >= 4 || count === 2 ? '+0000' : count === 3 || count === 5 ? '+00:00' : '+00');
      return years(weekYear, count, false);
    case 'X':
      return java ? () => 'Z' : undefined;
    case 'w':
      return number((iso) => isoWeek(iso).week, count);
    case 'C':
      return java ? undefined : number((iso, shift) => Math.floor(Math.abs(year(iso, shift)) / 100), count);
    case 'G':
      return era(count, java);
    case 'M':
    case 'L':
      if (letter === 'L' && !java) return undefined;
      if (count >= 4) return (iso) => MONTHS[Number(iso.slice(5, 7)) - 1]!;
      if (count === 3) return (iso) => MONTHS[Number(iso.slice(5, 7)) - 1]!.slice(0, 3);
      return count === 2 ? (iso) => iso.slice(5, 7) : (iso) => String(Number(iso.slice(5, 7)));
    case 'd':
      return count === 2 ? (iso) => iso.slice(8, 10) : number((iso) => Number(iso.slice(8, 10)), count);
    case 'D':
      return number(dayOfYear, count);
    case 'e':
      return number((iso) => date(iso).getUTCDay() || 7, count);
    case 'E':
      return (iso) => (count >= 4 ? DAYS[date(iso).getUTCDay()]! : DAYS[date(iso).getUTCDay()]!.slice(0, 3));
    case 'a':
      return (iso) => (Number(iso.slice(11, 13)) < 12 ? 'AM' : 'PM');
    case 'H':
      return count === 2 ? (iso) => iso.slice(11, 13) : number((iso) => Number(iso.slice(11, 13)), count);
    case 'k':
      return number((iso) => Number(iso.slice(11, 13)) || 24, count);
    case 'K':
      return number((iso) => Number(iso.slice(11, 13)) % 12, count);
    case 'h':
      return number((iso) => Number(iso.slice(11, 13)) % 12 || 12, count);
    case 'm':
      return count === 2 ? (iso) => iso.slice(14, 16) : number((iso) => Number(iso.slice(14, 16)), count);
    case 's':
      return count === 2 ? (iso) => iso.slice(17, 19) : number((iso) => Number(iso.slice(17, 19)), count);
    case 'S':
      return (iso) => fraction(iso).padEnd(count, '0').slice(0, count);
    case 'n':
      return java ? (iso) => fraction(iso) : undefined;
    case 'A':
      return java ? (iso) => String(millisOfDay(iso)) : undefined;
    case 'N':
      return java
        ? (iso) => String(millisOfDay(iso) * 1_000_000 + Number(fraction(iso).slice(3)))
        : undefined;
    case 'Q':
    case 'q':
      return java ? quarter(count) : undefined;
    case 'z':
      if (java) return () => 'Z';
      return () => (count >= 4 ? 'Coordinated Universal Time' : 'UTC');
    case 'V':
      return java && count === 2 ? () => 'Z' : undefined;
    case 'O':
      return java && (count === 1 || count === 4) ? () => 'GMT' : undefined;
    case 'Z':
      if (java) return () => (count <= 3 ? '+0000' : count === 4 ? 'GMT' : 'Z');
      return () => (count === 1 ? '+0000' : count === 2 ? '+00:00' : 'UTC');
  }
  return undefined;
}

/**
 * Compiles a pattern to a function from ISO text to text.
 * @throws Error naming the letter that no such pattern has
 */
export function compileDateFormat(pattern: string, dialect: 'joda' | 'java'): (iso: string) => string {
  const parts: Part[] = [];
  const literal = (text: string) => parts.push(() => text);
  for (let at = 0; at < pattern.length; ) {
    const letter = pattern[at]!;
    if (letter === "'") {
      if (pattern[at + 1] === "'") {
        literal("'");
        at += 2;
        continue;
      }
      let text = '';
      for (at++; at < pattern.length; at++) {
        if (pattern[at] !== "'") text += pattern[at];
        else if (pattern[at + 1] === "'") {
          text += "'";
          at++;
        } else break;
      }
      at++;
      literal(text);
    } else if (/[A-Za-z]/.test(letter)) {
      let end = at;
      while (pattern[end] === letter) end++;
      const made = part(letter, end - at, dialect === 'java');
      if (!made) throw new Error(`Illegal pattern component: ${pattern.slice(at, end)}`);
      parts.push(made);
      at = end;
    } else {
      literal(letter);
      at++;
    }
  }
  const [only] = parts;
  const write: Part =
    only && parts.length === 1
      ? only
      : (iso, shift) => {
          let text = '';
          for (const piece of parts) text += piece(iso, shift);
          return text;
        };
  return (iso) => (iso.charCodeAt(0) >= DIGIT_ZERO ? write(iso, 0) : writeFar(write, iso));
}

const DIGIT_ZERO = 48;

/** Of a year with a sign and six digits. */
function writeFar(write: Part, iso: string): string {
  const value = Number(iso.slice(0, 7));
  const near = 2000 + (((value % 400) + 400) % 400);
  return write(near + iso.slice(7), value - near);
}
