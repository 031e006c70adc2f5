/** Time zones by IANA name or offset, from Intl, with offsets cached by day so that conversion is arithmetic. */

const DAY = 86_400_000;
const MAX_CACHED = 1000;

export interface Zone {
  readonly id: string;
  /** Milliseconds that local time is ahead of UTC at an instant. */
  offsetAt(utc: number): number;
  /**
   * The instant of a local time (milliseconds as if it were UTC). The earlier one of a time that occurs twice; NaN
   * for a time that a clock change leaves out.
   */
  toUtc(local: number): number;
}

const zones = new Map<string, Zone | undefined>();

/** The zone of a name (`Europe/Paris`, `CET`, `UTC`, `+05:30`); undefined if there is none. */
export function zoneOf(name: string): Zone | undefined {
  if (zones.has(name)) return zones.get(name);
  const zone = makeZone(name);
  if (zones.size >= MAX_CACHED) zones.clear();
  zones.set(name, zone);
  return zone;
}

/** The zone of this machine. */
export function localZone(): Zone {
  return zoneOf(new Intl.DateTimeFormat().resolvedOptions().timeZone) ?? fixedZone('UTC', 0);
}

function fixedZone(id: string, offset: number): Zone {
  return { id, offsetAt: () => offset, toUtc: (local) => local - offset };
}

const OFFSET = /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?$/i;

function makeZone(name: string): Zone | undefined {
  if (/^(?:UTC|GMT|UT|Z|Etc\/UTC)$/i.test(name)) return fixedZone('UTC', 0);
  const match = OFFSET.exec(name);
  if (match) {
    const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
    if (Number(match[2]) > 23 || Number(match[3] ?? 0) > 59) return undefined;
    return fixedZone(name, (match[1] === '-' ? -minutes : minutes) * 60_000);
  }
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  } catch {
    return undefined;
  }
  return namedZone(name, format);
}

/** One day of UTC: its offset, and the change within it, if there is one. */
interface DayOffsets {
  readonly before: number;
  /** Instant of the change; Infinity if there is none. */
  readonly change: number;
  readonly after: number;
}

function namedZone(id: string, format: Intl.DateTimeFormat): Zone {
  const days = new Map<number, DayOffsets>();
  const askIntl = (utc: number): number => {
    const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(format.format(utc));
    if (!match?.[1]) return 0;
    const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
    return (match[1] === '-' ? -seconds : seconds) * 1000;
  };
  const measure = (day: number): DayOffsets => {
    const before = askIntl(day * DAY);
    const after = askIntl((day + 1) * DAY);
    if (before === after) return { before, change: Number.POSITIVE_INFINITY, after };
    let low = day * 86_400;
    let high = low + 86_400;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (askIntl(middle * 1000) === before) low = middle;
      else high = middle;
    }
    return { before, change: high * 1000, after };
  };
  const dayOf = (day: number): DayOffsets => {
    let offsets = days.get(day);
    if (offsets === undefined) {
      offsets = measure(day);
      if (days.size >= MAX_CACHED) days.clear();
      days.set(day, offsets);
    }
    return offsets;
  };
  const offsetAt = (utc: number): number => {
    if (!(utc > -8e15 && utc < 8e15)) return 0;
    const offsets = dayOf(Math.floor(utc / DAY));
    return utc < offsets.change ? offsets.before : offsets.after;
  };
  let quietDay = Number.NaN;
  let quietOffset = 0;
  const toUtc = (local: number): number => {
    const day = Math.floor(local / DAY);
    if (day === quietDay) return local - quietOffset;
    // Offsets are below a day, so the day before and the day after surround every change that can matter.
    const before = offsetAt((day - 1) * DAY);
    const after = offsetAt((day + 2) * DAY);
    if (before === after) {
      quietDay = day;
      quietOffset = before;
      return local - before;
    }
    if (offsetAt(local - before) === before) return local - before;
    return offsetAt(local - after) === after ? local - after : Number.NaN;
  };
  return { id, offsetAt, toUtc };
}

/** Abbreviations that Joda's pattern letter `z` reads, as the zones that it means by them. */
export const ZONE_ABBREVIATIONS: Readonly<Record<string, string>> = {
  UT: 'UTC',
  UTC: 'UTC',
  GMT: 'UTC',
  EST: 'America/New_York',
  EDT: 'America/New_York',
  CST: 'America/Chicago',
  CDT: 'America/Chicago',
  MST: 'America/Denver',
  MDT: 'America/Denver',
  PST: 'America/Los_Angeles',
  PDT: 'America/Los_Angeles',
};
