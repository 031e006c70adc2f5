/** Intervals of the histogram over time. */
import { zoneOf } from '../../../lib/dates/time-zone.ts';
import { ConsoleError } from '../call.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
  w: 7 * DAY,
  M: 30.44 * DAY,
  y: 365.25 * DAY,
};
const ladder = [
  '1ms', '10ms', '100ms', '1s', '5s', '10s', '30s', '1m', '5m', '10m', '30m', '1h', '3h', '12h', '1d', '1w', '1M', '1y',
  '10y', '100y',
]; // biome-ignore format: a list
const MAX_BUCKETS = 2000;

export interface Interval {
  readonly name: string;
  /** Milliseconds; of calendar units about so many. */
  readonly length: number;
  readonly parameters: Readonly<Record<string, string>>;
}

function parse(text: string): Interval | undefined {
  const [, count, unit] = /^([1-9]\d{0,5})(ms|s|m|h|d|w|M|y)$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  const length = Number(count) * units[unit]!;
  // Calendar units exist one at a time; several days are as long as so many times 24 hours.
  const isCalendar = count === '1' && /^[dwMy]$/.test(unit);
  if (isCalendar) return { name: text, length, parameters: { calendar_interval: text } };
  const days = unit === 'w' ? 7 : unit === 'M' ? 30 : unit === 'y' ? 365 : undefined;
  return {
    name: text,
    length,
    parameters: { fixed_interval: days === undefined ? text : `${Number(count) * days}d` },
  };
}

/**
 * The finest step of the ladder that gives about `wanted` buckets over a range, or the one that is asked for unless it
 * gives far too many. @throws ConsoleError when it is no interval
 */
export function chooseInterval(from: number, to: number, wanted: number, asked?: string): Interval {
  const range = to - from + 1;
  if (asked !== undefined) {
    const interval = parse(asked);
    if (!interval)
      throw new ConsoleError(400, 'interval', `"${asked}" is no interval`, {
        hint: 'Such as 30s, 5m, 1h or 1d.',
      });
    if (range / interval.length <= MAX_BUCKETS) return interval;
    return chooseInterval(from, to, MAX_BUCKETS / 1.6);
  }
  const step = ladder.find((each) => range / parse(each)!.length <= wanted * 1.6);
  return parse(step ?? '100y')!;
}

/** A zone's name if it is known; otherwise UTC. */
export const knownZone = (name: string | undefined): string =>
  name !== undefined && zoneOf(name) ? name : 'UTC';
