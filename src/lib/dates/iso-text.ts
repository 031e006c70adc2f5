/** Event text (`2026-11-20T10:00:00.000Z`) from epoch milliseconds, without a Date on the common road. */

const DAY = 86_400_000;
/** Largest distance from 1970 that a Date can hold. */
const MAX_MILLIS = 8.64e15;

const two = (value: number): string => String(value).padStart(2, '0');
const MINUTES = Array.from({ length: 1440 }, (_, at) => `${two(Math.floor(at / 60))}:${two(at % 60)}:`);
const WHOLE_SECONDS = Array.from({ length: 60 }, (_, at) => `${two(at)}.000Z`);
const SECONDS = Array.from({ length: 60 }, (_, at) => `${two(at)}.`);
const MILLIS = Array.from({ length: 1000 }, (_, at) => `${String(at).padStart(3, '0')}Z`);

let lastMillis = Number.NaN;
let lastText = '';
let lastMinute = Number.NaN;
let lastMinuteText = '';

/** Whole epoch milliseconds as event text; undefined outside of what a Date can hold. */
export function isoText(millis: number): string | undefined {
  if (millis === lastMillis) return lastText;
  if (!(millis >= -MAX_MILLIS && millis <= MAX_MILLIS)) return undefined;
  const minute = Math.floor(millis / 60_000);
  if (minute !== lastMinute) {
    lastMinuteText = minuteText(minute);
    lastMinute = minute;
  }
  const ofMinute = millis - minute * 60_000;
  const second = Math.trunc(ofMinute / 1000);
  const ofSecond = ofMinute - second * 1000;
  lastText =
    ofSecond === 0
      ? lastMinuteText + WHOLE_SECONDS[second]
      : lastMinuteText + SECONDS[second] + MILLIS[ofSecond];
  lastMillis = millis;
  return lastText;
}

let lastDay = Number.NaN;
let lastDayText = '';

/** `2026-11-20T10:00:` */
function minuteText(minute: number): string {
  const day = Math.floor(minute / 1440);
  if (day !== lastDay) {
    lastDayText = new Date(day * DAY).toISOString().slice(0, -13);
    lastDay = day;
  }
  return lastDayText + MINUTES[minute - day * 1440];
}

const DAYS_BEFORE_MONTH = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS_IN_MONTH = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** Days since 1970-01-01 of the first of January of a year (proleptic Gregorian, year 0 exists). */
function daysOfYear(year: number): number {
  const before = year - 1;
  return (
    365 * (year - 1970) +
    (Math.floor(before / 4) - 492) -
    (Math.floor(before / 100) - 19) +
    (Math.floor(before / 400) - 4)
  );
}

let knownYear = Number.NaN;
let knownMonth = 0;
let knownDay = 0;
let knownDays = 0;

/** Days since 1970-01-01 of a date; NaN if there is no such date. Dates that follow each other are mostly the same. */
export function daysOfDate(year: number, month: number, day: number): number {
  if (day === knownDay && month === knownMonth && year === knownYear) return knownDays;
  knownDays = countDays(year, month, day);
  knownYear = year;
  knownMonth = month;
  knownDay = day;
  return knownDays;
}

function countDays(year: number, month: number, day: number): number {
  if (month < 1 || month > 12 || day < 1) return Number.NaN;
  const leap = isLeap(year);
  if (day > DAYS_IN_MONTH[month]! && !(leap && month === 2 && day === 29)) return Number.NaN;
  return daysOfYear(year) + DAYS_BEFORE_MONTH[month]! + (leap && month > 2 ? 1 : 0) + day - 1;
}

/** Days since 1970-01-01 of the n-th day of a year; NaN if the year has no such day. */
export function daysOfOrdinal(year: number, ordinal: number): number {
  if (ordinal < 1 || ordinal > (isLeap(year) ? 366 : 365)) return Number.NaN;
  return daysOfYear(year) + ordinal - 1;
}

/** Days since 1970-01-01 of an ISO week date (weekday 1 is Monday); NaN if the year has no such week. */
export function daysOfWeek(weekYear: number, week: number, weekday: number): number {
  if (week < 1 || week > 53 || weekday < 1 || weekday > 7) return Number.NaN;
  const start = (year: number): number => {
    const fourth = daysOfYear(year) + 3;
    return fourth - ((((fourth + 3) % 7) + 7) % 7);
  };
  const monday = start(weekYear) + (week - 1) * 7;
  return monday < start(weekYear + 1) ? monday + weekday - 1 : Number.NaN;
}
