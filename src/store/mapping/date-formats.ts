/** Date formats of mappings: Elasticsearch's names (`strict_date_optional_time`, `epoch_millis`) and java.time patterns. */

/** Milliseconds since the epoch; undefined when the text has another form. */
export type DateParser = (text: string) => number | undefined;

export const DEFAULT_DATE_FORMAT = 'strict_date_optional_time||epoch_millis';

const parsers = new Map<string, DateParser>();

/**
 * A parser for a format: several are divided by `||`, the first that fits counts. Times without a zone are UTC.
 * @throws Error naming the pattern that means nothing
 */
export function dateParser(format: string): DateParser {
  let parser = parsers.get(format);
  if (parser === undefined) {
    const all = format.split('||').map((one) => oneParser(one.trim()));
    parser = all.length === 1 ? all[0]! : firstOf(all);
    if (parsers.size < 1000) parsers.set(format, parser);
  }
  return parser;
}

const firstOf =
  (all: readonly DateParser[]): DateParser =>
  (text) => {
    for (const parse of all) {
      const millis = parse(text);
      if (millis !== undefined) return millis;
    }
    return undefined;
  };

/** What date detection takes: `strict_date_optional_time` and `yyyy/MM/dd HH:mm:ss Z||yyyy/MM/dd Z`, never a mere number. */
export const DYNAMIC_DATE_FORMATS: readonly string[] = [
  'strict_date_optional_time',
  'yyyy/MM/dd HH:mm:ss||yyyy/MM/dd',
];

function oneParser(format: string): DateParser {
  const name = format.startsWith('strict_') ? format.slice(7) : format;
  switch (name) {
    case 'date_optional_time':
    case 'dateOptionalTime':
    case 'date_optional_time_nanos':
    case 'iso8601':
      return isoMillis;
    case 'epoch_millis':
      return epoch(1);
    case 'epoch_second':
      return epoch(1000);
  }
  const pattern = named[name] ?? named[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
  return pattern === undefined ? patternParser(format) : patternParser(pattern);
}

/** Fractions are cut off, as in `date` fields. */
const epoch =
  (unit: number): DateParser =>
  (text) => {
    if (text.length > 32 || !/^-?\d+(\.\d+)?$/.test(text)) return undefined;
    const millis = Math.floor(Number(text) * unit);
    return Number.isSafeInteger(millis) ? millis : undefined;
  };

const zone = 'XXX';
const time = 'HH:mm:ss';
const fraction = '[.SSSSSSSSS]';
/** Elasticsearch's names, as patterns in which `[]` is optional. `S` stands for up to as many digits. */
const named: Readonly<Record<string, string>> = {
  basic_date: 'yyyyMMdd',
  basic_date_time: `yyyyMMdd'T'HHmmss.SSSSSSSSS${zone}`,
  basic_date_time_no_millis: `yyyyMMdd'T'HHmmss${zone}`,
  basic_ordinal_date: 'yyyyDDD',
  date: 'yyyy-MM-dd',
  date_hour: "yyyy-MM-dd'T'HH",
  date_hour_minute: "yyyy-MM-dd'T'HH:mm",
  date_hour_minute_second: `yyyy-MM-dd'T'${time}`,
  date_hour_minute_second_fraction: `yyyy-MM-dd'T'${time}.SSSSSSSSS`,
  date_hour_minute_second_millis: `yyyy-MM-dd'T'${time}.SSSSSSSSS`,
  date_time: `yyyy-MM-dd'T'${time}.SSSSSSSSS${zone}`,
  date_time_no_millis: `yyyy-MM-dd'T'${time}${zone}`,
  ordinal_date: 'yyyy-DDD',
  year: 'yyyy',
  year_month: 'yyyy-MM',
  year_month_day: 'yyyy-MM-dd',
  hour: 'HH',
  hour_minute: 'HH:mm',
  hour_minute_second: time,
  time: `${time}.SSSSSSSSS${zone}`,
  time_no_millis: `${time}${zone}`,
  basic_time: `HHmmss.SSSSSSSSS${zone}`,
  basic_time_no_millis: `HHmmss${zone}`,
  hour_minute_second_fraction: `${time}${fraction}`,
  hour_minute_second_millis: `${time}${fraction}`,
};

const ISO =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(?:(\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?)?)?)?$/;

/** `strict_date_optional_time`: at least a year; Elasticsearch takes no space for the `T`. */
function isoMillis(text: string): number | undefined {
  if (text.length > 48) return undefined;
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', digits = '', offset] =
    match;
  const days = daysFrom(Number(year), Number(month), Number(day));
  if (days === undefined) return undefined;
  const millisOfDay = timeOfDay(Number(hour), Number(minute), Number(second), digits);
  if (millisOfDay === undefined) return undefined;
  const ahead = offset === undefined ? 0 : offsetMillis(offset);
  return ahead === undefined ? undefined : days * 86_400_000 + millisOfDay - ahead;
}

function timeOfDay(hour: number, minute: number, second: number, digits: string): number | undefined {
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return (
    ((hour * 60 + minute) * 60 + second) * 1000 +
    (digits === '' ? 0 : Number(digits.padEnd(3, '0').slice(0, 3)))
  );
}

/** Days since 1970-01-01 of a date of the Gregorian calendar; undefined if there is no such day. */
export function daysFrom(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return undefined;
  // Years that begin in March make the leap day the last one (Hinnant's algorithm).
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function daysOfMonth(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** `Z`, `+01`, `+0100`, `-01:00` as milliseconds ahead of UTC. */
function offsetMillis(text: string): number | undefined {
  if (text === 'Z' || text === 'z' || text === 'UTC' || text === 'GMT') return 0;
  const match = /^([+-])(\d{2})(?::?(\d{2}))?(?::?(\d{2}))?$/.exec(text);
  if (match === null || Number(match[2]) > 18 || Number(match[3] ?? 0) > 59) return undefined;
  const seconds = (Number(match[2]) * 60 + Number(match[3] ?? 0)) * 60 + Number(match[4] ?? 0);
  return (match[1] === '-' ? -seconds : seconds) * 1000;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

type Part =
  | 'year'
  | 'shortYear'
  | 'month'
  | 'monthName'
  | 'day'
  | 'dayOfYear'
  | 'hour'
  | 'halfHour'
  | 'minute';
type Capture = Part | 'second' | 'fraction' | 'half' | 'zone' | 'zoneName' | 'epoch';

/** One letter of a java.time pattern as a regular expression, and what it captures. */
function letterPattern(letter: string, count: number): readonly [string, Capture | undefined] | undefined {
  const digits = count === 1 ? '(\\d{1,2})' : `(\\d{${count}})`;
  switch (letter) {
    case 'y':
    case 'u':
    case 'Y':
    case 'x':
      if (letter === 'x') return ['([+-]\\d{2}(?::?\\d{2})?)', 'zone'];
      if (count === 2) return ['(\\d{2})', 'shortYear'];
      return [count <= 3 ? '(\\d{1,9})' : `(\\d{${count}})`, 'year'];
    case 'M':
    case 'L':
      return count >= 3 ? ['([A-Za-z]{3,9})', 'monthName'] : [digits, 'month'];
    case 'd':
      return [digits, 'day'];
    case 'D':
      return ['(\\d{1,3})', 'dayOfYear'];
    case 'H':
    case 'k':
      return [digits, 'hour'];
    case 'h':
    case 'K':
      return [digits, 'halfHour'];
    case 'm':
      return [digits, 'minute'];
    case 's':
      return [digits, 'second'];
    case 'S':
    case 'n':
      return [`(\\d{1,9})`, 'fraction'];
    case 'a':
      return ['([AaPp][Mm])', 'half'];
    case 'E':
    case 'e':
      return ['[A-Za-z]{3,9}|\\d', undefined];
    case 'X':
    case 'Z':
      return ['(Z|[+-]\\d{2}(?::?\\d{2})?)', 'zone'];
    case 'z':
    case 'V':
    case 'O':
    case 'v':
      return ['([A-Za-z][\\w/+-]*|[+-]\\d{2}:?\\d{2})', 'zoneName'];
    case 'G':
      return ['AD', undefined];
  }
  return undefined;
}

/** @throws Error */
function patternParser(pattern: string): DateParser {
  const captures: Capture[] = [];
  let source = '';
  let open = 0;
  for (let at = 0; at < pattern.length; ) {
    const letter = pattern[at]!;
    if (letter === "'") {
      const end = pattern.indexOf("'", at + 1);
      if (end < 0)
        throw new Error(`Invalid format: [${pattern}]: Pattern ends with an incomplete string literal`);
      source += RegExp.escape(end === at + 1 ? "'" : pattern.slice(at + 1, end));
      at = end + 1;
    } else if (letter === '[') {
      source += '(?:';
      open++;
      at++;
    } else if (letter === ']' && open > 0) {
      source += ')?';
      open--;
      at++;
    } else if (/[A-Za-z]/.test(letter)) {
      let end = at;
      while (pattern[end] === letter) end++;
      const made = letterPattern(letter, end - at);
      if (made === undefined)
        throw new Error(`Invalid format: [${pattern}]: Unknown pattern letter: ${letter}`);
      source += `(?:${made[0]})`;
      if (made[1] !== undefined) captures.push(made[1]);
      at = end;
    } else {
      source += RegExp.escape(letter);
      at++;
    }
  }
  if (open > 0) throw new Error(`Invalid format: [${pattern}]: Pattern has unclosed optional section`);
  const expression = new RegExp(`^${source}$`);
  return (text) => {
    const match = text.length > 128 ? null : expression.exec(text);
    return match === null ? undefined : assemble(captures, match);
  };
}

function assemble(captures: readonly Capture[], match: readonly (string | undefined)[]): number | undefined {
  const found: Partial<Record<Capture, string>> = {};
  for (const [index, capture] of captures.entries()) {
    const value = match[index + 1];
    if (value !== undefined) found[capture] = value;
  }
  const short = found.shortYear === undefined ? 1970 : 2000 + Number(found.shortYear);
  const year = found.year === undefined ? short : Number(found.year);
  const month =
    found.monthName === undefined
      ? Number(found.month ?? 1)
      : MONTHS.indexOf(found.monthName.slice(0, 3).toLowerCase()) + 1;
  let days = daysFrom(year, month, Number(found.day ?? 1));
  if (days === undefined) return undefined;
  if (found.dayOfYear !== undefined) days += Number(found.dayOfYear) - 1;
  let hour = Number(found.hour ?? 0) % 24;
  if (found.halfHour !== undefined) {
    if (Number(found.halfHour) > 12) return undefined;
    hour = (Number(found.halfHour) % 12) + (/^p/i.test(found.half ?? '') ? 12 : 0);
  }
  const millis = timeOfDay(hour, Number(found.minute ?? 0), Number(found.second ?? 0), found.fraction ?? '');
  const ahead = found.zone === undefined ? namedOffset(found.zoneName) : offsetMillis(found.zone);
  return millis === undefined || ahead === undefined ? undefined : days * 86_400_000 + millis - ahead;
}

/** Names of zones other than UTC's are not known here: such a date is none. */
const namedOffset = (name: string | undefined): number | undefined =>
  name === undefined ? 0 : offsetMillis(name);
