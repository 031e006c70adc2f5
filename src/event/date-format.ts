/** Formats the timestamp of an event (ISO text, UTC) by Joda (`%{+yyyy.MM.dd}`) or java.time (`%{{yyyy}}`) patterns. */
import { millisOf } from './timestamp.ts';

type Part = (iso: string) => string;

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
  (read: (iso: string) => number, width: number): Part =>
  (iso) =>
    String(read(iso)).padStart(width, '0');

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
const year = (iso: string): number => Number(iso.slice(0, 4));
const twoDigits = (value: number): string => String(value % 100).padStart(2, '0');
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
    case 'u':
      return count === 2
        ? (iso) => iso.slice(2, 4)
        : count === 4
          ? (iso) => iso.slice(0, 4)
          : number(year, count);
    case 'Y':
      if (java)
        return count === 2
          ? (iso) => twoDigits(isoWeek(iso).year)
          : number((iso) => isoWeek(iso).year, count);
      return count === 2
        ? (iso) => iso.slice(2, 4)
        : count === 4
          ? (iso) => iso.slice(0, 4)
          : number(year, count);
    case 'x':
      if (java)
        return () => (count >= 4 || count === 2 ? '+0000' : count === 3 || count === 5 ? '+00:00' : '+00');
      return count === 2 ? (iso) => twoDigits(isoWeek(iso).year) : number((iso) => isoWeek(iso).year, count);
    case 'X':
      return java ? () => 'Z' : undefined;
    case 'w':
      return number((iso) => isoWeek(iso).week, count);
    case 'C':
      return java ? undefined : number((iso) => Math.floor(year(iso) / 100), count);
    case 'G':
      return () => 'AD';
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
  if (parts.length === 1) return parts[0]!;
  return (iso) => {
    let text = '';
    for (const piece of parts) text += piece(iso);
    return text;
  };
}
