/** Names of months, weekdays, halves of the day and eras, as date patterns read them. Case does not matter. */

/**
 * Reads a name at a position. The result is `value * 256 + length`, or 0 if no name stands there. Of several names
 * the longest is taken, and short and long names are both read everywhere, as Joda does.
 */
type NameReader = (text: string, at: number) => number;

export interface DateNames {
  /** Value 1 to 12. */
  readonly month: NameReader;
  /** Value 1 (Monday) to 7. */
  readonly weekday: NameReader;
  /** Value 1 (AM), 2 (PM). */
  readonly half: NameReader;
  /** Value 1 (before Christ), 2. */
  readonly era: NameReader;
}

type Table = [name: string, value: number][];

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);
const WEEKDAYS = 'monday tuesday wednesday thursday friday saturday sunday'.split(' ');
const ENGLISH_MONTHS: Table = [
  ...MONTHS.map((name, at): [string, number] => [name, at + 1]),
  ...MONTHS.map((name, at): [string, number] => [name.slice(0, 3), at + 1]),
  ['sept', 9],
];
const ENGLISH_WEEKDAYS: Table = [
  ...WEEKDAYS.map((name, at): [string, number] => [name, at + 1]),
  ...WEEKDAYS.map((name, at): [string, number] => [name.slice(0, 3), at + 1]),
];
const ENGLISH_HALVES: Table = [
  ['am', 1],
  ['pm', 2],
];
const ENGLISH_ERAS: Table = [
  ['bc', 1],
  ['bce', 1],
  ['ad', 2],
  ['ce', 2],
];

/** A reader over a table of lower-case names, by their first letter. */
function readerOf(table: Table): NameReader {
  const byFirst = new Map<number, Table>();
  for (const entry of table.toSorted((a, b) => b[0].length - a[0].length)) {
    const first = entry[0].charCodeAt(0);
    byFirst.set(first, [...(byFirst.get(first) ?? []), entry]);
  }
  const longest = Math.max(...table.map(([name]) => name.length));
  return (text, at) => {
    if (at >= text.length) return 0;
    const here = text.slice(at, at + longest).toLowerCase();
    for (const [name, value] of byFirst.get(here.charCodeAt(0)) ?? []) {
      if (here.startsWith(name)) return value * 256 + name.length;
    }
    return 0;
  };
}

const readAnyEnglishMonth = readerOf(ENGLISH_MONTHS);

/** Hot: three letters looked up by their codes; anything longer by the table. */
function readEnglishMonth(text: string, at: number): number {
  if (at + 3 > text.length) return 0;
  const second = text.charCodeAt(at + 1) | 32;
  const third = text.charCodeAt(at + 2) | 32;
  let month = 0;
  switch (text.charCodeAt(at) | 32) {
    case 106: // j
      if (second === 97) month = third === 110 ? 1 : 0;
      else if (second === 117) month = third === 110 ? 6 : third === 108 ? 7 : 0;
      break;
    case 102: // f
      month = second === 101 && third === 98 ? 2 : 0;
      break;
    case 109: // m
      if (second === 97) month = third === 114 ? 3 : third === 121 ? 5 : 0;
      break;
    case 97: // a
      if (second === 112) month = third === 114 ? 4 : 0;
      else if (second === 117) month = third === 103 ? 8 : 0;
      break;
    case 115: // s
      month = second === 101 && third === 112 ? 9 : 0;
      break;
    case 111: // o
      month = second === 99 && third === 116 ? 10 : 0;
      break;
    case 110: // n
      month = second === 111 && third === 118 ? 11 : 0;
      break;
    case 100: // d
      month = second === 101 && third === 99 ? 12 : 0;
      break;
  }
  if (month === 0) return 0;
  const next = at + 3 < text.length ? text.charCodeAt(at + 3) | 32 : 0;
  return next >= 97 && next <= 122 ? readAnyEnglishMonth(text, at) : month * 256 + 3;
}

const english: DateNames = {
  month: readEnglishMonth,
  weekday: readerOf(ENGLISH_WEEKDAYS),
  half: readerOf(ENGLISH_HALVES),
  era: readerOf(ENGLISH_ERAS),
};

/**
 * The names of a locale (BCP 47, or POSIX with `_`). Without one: English, and those of this machine's locale
 * besides. A locale that does not exist has the English names.
 */
export function dateNames(locale?: string): DateNames {
  const tag = (locale ?? new Intl.DateTimeFormat().resolvedOptions().locale)
    .replace(/[.@].*$/, '')
    .replaceAll('_', '-');
  if (/^(?:en|C|POSIX)(?:-|$)/i.test(tag)) return english;
  let tables: { months: Table; weekdays: Table; halves: Table; eras: Table };
  try {
    tables = tablesOf(tag);
  } catch {
    return english;
  }
  const add = locale === undefined;
  return {
    month: readerOf([...tables.months, ...(add ? ENGLISH_MONTHS : [])]),
    weekday: readerOf([...tables.weekdays, ...(add ? ENGLISH_WEEKDAYS : [])]),
    half: readerOf([...tables.halves, ...ENGLISH_HALVES]),
    era: readerOf([...tables.eras, ...ENGLISH_ERAS]),
  };
}

function tablesOf(locale: string): { months: Table; weekdays: Table; halves: Table; eras: Table } {
  const part = (kind: string, options: Intl.DateTimeFormatOptions, date: Date): string =>
    new Intl.DateTimeFormat(locale, {
      ...options,
      timeZone: 'UTC',
      calendar: 'gregory',
      numberingSystem: 'latn',
    })
      .formatToParts(date)
      .find(({ type }) => type === kind)?.value ?? '';
  const table = (values: number, names: (value: number) => string[]): Table => {
    const made: Table = [];
    for (let value = 1; value <= values; value++) {
      for (const name of names(value)) {
        const lower = name.toLocaleLowerCase(locale).normalize('NFC');
        if (lower === '' || /^\d+$/.test(lower)) continue;
        made.push([lower, value]);
        if (lower.endsWith('.')) made.push([lower.slice(0, -1), value]);
      }
    }
    return made;
  };
  const widths = ['long', 'short'] as const;
  return {
    // With and without a day: many languages decline the name of the month.
    months: table(12, (value) =>
      widths.flatMap((month) => {
        const date = new Date(Date.UTC(2024, value - 1, 15));
        return [part('month', { month }, date), part('month', { month, day: 'numeric' }, date)];
      }),
    ),
    weekdays: table(7, (value) =>
      widths.flatMap((weekday) => part('weekday', { weekday }, new Date(Date.UTC(2024, 0, value)))),
    ),
    halves: table(2, (value) => [
      part('dayPeriod', { hour: 'numeric', hour12: true }, new Date(Date.UTC(2024, 0, 1, value * 12 - 3))),
    ]),
    eras: table(2, (value) =>
      widths.flatMap((era) =>
        part('era', { year: 'numeric', era }, new Date(Date.UTC(value * 2000 - 3000, 0, 1))),
      ),
    ),
  };
}
