/** Sizes, days and distances as the storage screen writes them. */
import { bytes } from '../pipelines/format.ts';

export const DAY = 86_400_000;

const utcDay = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric', timeZone: 'UTC' });
const utcYear = new Intl.DateTimeFormat('en', {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  timeZone: 'UTC',
});

/** `Nov 20`, with the year where it is another one. */
export const day = (time: number): string => {
  const date = new Date(clamped(time));
  return (date.getUTCFullYear() === new Date().getUTCFullYear() ? utcDay : utcYear).format(date);
};

/** Never with the year. */
export const shortDay = (time: number): string => utcDay.format(new Date(clamped(time)));

/** `2026-11-20 20:15` in UTC. */
export const minute = (time: number): string =>
  new Date(clamped(time)).toISOString().slice(0, 16).replace('T', ' ');

/** Events may claim any time. */
const clamped = (time: number): number => Math.max(-8.64e15, Math.min(8.64e15, time));

/** `5 hours`, `12 days`, `3 months`, `2 years`: never more exact than a forecast is. */
export function distance(milliseconds: number): string {
  const of = (value: number, unit: string): string => `${value} ${unit}${value === 1 ? '' : 's'}`;
  const days = milliseconds / DAY;
  if (days < 2 / 24) return of(Math.max(1, Math.round(days * 24 * 60)), 'minute');
  if (days < 1.5) return of(Math.round(days * 24), 'hour');
  if (days < 60) return of(Math.round(days), 'day');
  if (days < 730) return of(Math.round(days / 30.44), 'month');
  return of(Math.round(days / 365.25), 'year');
}

/** `7 days`, `36 hours`: exactly what a rule says. */
export function age(milliseconds: number): string {
  const exactly = (unit: number, name: string): string => {
    const value = Number((milliseconds / unit).toFixed(3));
    return `${value} ${name}${value === 1 ? '' : 's'}`;
  };
  return milliseconds % DAY === 0 || milliseconds > 100 * DAY
    ? exactly(DAY, 'day')
    : exactly(DAY / 24, 'hour');
}

export const size = (value: number): string => bytes(Math.max(0, Math.round(value)));

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

/** A round number not below: the end of an axis. In steps that are round in binary units. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1024;
  const unit = 1024 ** Math.floor(Math.log(value) / Math.log(1024));
  const step = 10 ** Math.floor(Math.log10(value / unit));
  const factor = [1, 2, 4, 5, 8, 10].find((each) => each * step * unit >= value) ?? 10;
  return factor * step * unit;
}
