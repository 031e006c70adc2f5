/** How the store grows: what came in day by day, and when the disk is full, with what retention deletes meanwhile. */
import { type IndexPlan, type PlannedIndex, planRetention } from './retention-plan.ts';
import type { Arrival, IndexInfo, RetentionRule } from './store.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
/** The rate is that of the last week. */
const MEASURED = 7 * DAY;
/** Days with so many times what is usual are bursts, such as history that was read in … */
const BURST = 3;
/** … unless there was a day with half as much in that time before the week: then it is a habit. */
const HABIT = 21 * DAY;
/** Less says nothing about a day. */
const LEAST = HOUR;
const HISTORY_DAYS = 30;
const HORIZON_DAYS = 365;
/** An index that gets events and has had them for longer is not one of a day. */
const ROLLING = 3 * DAY;

export type GrowingIndex = PlannedIndex &
  Pick<IndexInfo, 'documents'> &
  Partial<Pick<IndexInfo, 'earliest' | 'archivedBytes' | 'arrivals'>>;

export interface Growth {
  /** By the day that they came, UTC, the oldest first; the last one is today. */
  readonly days: readonly { readonly day: number; readonly bytes: number; readonly documents: number }[];
  /** Bytes that a day's events take; undefined: the first ones came less than an hour ago. */
  readonly perDay?: number;
  readonly documentsPerDay?: number;
  /** Bytes on the disk from today on, one value a day. */
  readonly forecast: readonly number[];
  /** Milliseconds since the epoch; undefined: not within a year. */
  readonly fullAt?: number;
  /** The most that the store will take within a year, if the disk has room. */
  readonly peak?: number;
}

/** `free`: bytes of the disk that the store may still take. */
export function growthOf(
  indices: readonly GrowingIndex[],
  rules: readonly RetentionRule[],
  free: number,
  now: number,
): Growth {
  const days = historyOf(indices, now);
  const here = indices.reduce((sum, index) => sum + bytesHere(index), 0);
  const first = Math.min(...indices.flatMap((index) => arrivalsOf(index, now).map(({ from }) => from)));
  const oldest = Math.max(first, now - MEASURED);
  const measured = now - oldest;
  if (!(measured >= LEAST)) return { days, forecast: [here] };
  const plans = planRetention(indices, rules, now);
  const week = measuredDays(indices, oldest, now);
  const groups = groupsOf(indices, plans, week, now);
  const perDay = sum(groups, ({ rate }) => rate) * DAY;
  const documentsPerDay = sum(indices, (index) => usual(index, week, now).documents) * DAY;
  const forecast = [here];
  for (let day = 1; day <= HORIZON_DAYS; day++)
    forecast.push(sum(groups, (group) => bytesAfter(group, day * DAY, now)));
  const at = forecast.findIndex((bytes) => bytes - here >= free);
  const before = forecast[at - 1] ?? here;
  const fullAt =
    at < 1 ? undefined : now + (at - 1 + (here + free - before) / (forecast[at]! - before)) * DAY;
  return {
    days,
    perDay,
    documentsPerDay,
    forecast,
    ...(fullAt !== undefined && { fullAt: Math.round(fullAt) }),
    peak: Math.max(...forecast),
  };
}

/** Indices under one rule, or under none. */
interface Group {
  readonly rule: RetentionRule | undefined;
  readonly kept: { readonly bytes: number; readonly until: number }[];
  /** Bytes a millisecond. */
  rate: number;
  /** Of it: what goes to indices that have events of many days, which never become old. */
  endless: number;
}

function groupsOf(
  indices: readonly GrowingIndex[],
  plans: ReadonlyMap<GrowingIndex, IndexPlan>,
  measured: readonly MeasuredDay[],
  now: number,
): Group[] {
  const groups = new Map<RetentionRule | undefined, Group>();
  for (const index of indices) {
    const plan = plans.get(index)!;
    let group = groups.get(plan.rule);
    if (!group) groups.set(plan.rule, (group = { rule: plan.rule, kept: [], rate: 0, endless: 0 }));
    const { from, to } = span(index, now);
    const isEndless = now - to < DAY && to - from > ROLLING;
    const rate = usual(index, measured, now).bytes;
    group.rate += rate;
    if (isEndless) group.endless += rate;
    const ends = isEndless ? [] : [plan.deletesAt, plan.archivesAt].filter((time) => time !== undefined);
    group.kept.push({ bytes: bytesHere(index), until: plan.due ? now : Math.min(...ends) });
  }
  return [...groups.values()];
}

/** A day (UTC), or what of it is measured. */
interface MeasuredDay {
  readonly from: number;
  readonly to: number;
  /** What it counts of what came: less than 1 after a burst. */
  readonly share: number;
}

/** The days of the measured time. A burst that is over counts as a day like the others; one that goes on may stay. */
function measuredDays(indices: readonly GrowingIndex[], oldest: number, now: number): MeasuredDay[] {
  const rateOf = (from: number, to: number): number =>
    sum(indices, (index) => came(index, from, to, now).bytes) / (to - from);
  const days: { from: number; to: number; rate: number }[] = [];
  for (let from = oldest, to = from; from < now; from = to) {
    to = Math.min(now, (Math.floor(from / DAY) + 1) * DAY);
    days.push({ from, to, rate: rateOf(from, to) });
  }
  const rates = days.filter(({ from, to }) => to - from >= LEAST).map(({ rate }) => rate);
  const median = rates.toSorted((a, b) => a - b)[(rates.length - 1) >> 1] ?? 0;
  let habit = 0;
  for (let from = oldest - HABIT; from < oldest; from += DAY)
    habit = Math.max(habit, rateOf(from, from + DAY));
  const least = Math.max(BURST * median, 2 * habit);
  const lastUsual = days.findLastIndex(({ from, to, rate }) => rate <= least && to - from >= LEAST);
  return days.map(({ from, to, rate }, at) => ({
    from,
    to,
    share: median > 0 && rate > least && at < lastUsual ? median / rate : 1,
  }));
}

/** What comes in a millisecond. */
function usual(
  index: GrowingIndex,
  measured: readonly MeasuredDay[],
  now: number,
): { readonly bytes: number; readonly documents: number } {
  let bytes = 0;
  let documents = 0;
  for (const { from, to, share } of measured) {
    const one = came(index, from, to, now);
    bytes += share * one.bytes;
    documents += share * one.documents;
  }
  const time = sum(measured, ({ from, to }) => to - from);
  return { bytes: bytes / time, documents: documents / time };
}

function bytesAfter({ rule, kept, rate, endless }: Group, elapsed: number, now: number): number {
  const old = sum(kept, ({ bytes, until }) => (until > now + elapsed ? bytes : 0));
  const { maxAge = Number.POSITIVE_INFINITY, archiveAfter = maxAge, maxBytes } = rule ?? {};
  const bytes = old + endless * elapsed + (rate - endless) * Math.min(elapsed, maxAge, archiveAfter);
  return maxBytes === undefined ? bytes : Math.min(bytes, maxBytes);
}

function historyOf(indices: readonly GrowingIndex[], now: number): Growth['days'] {
  const today = Math.floor(now / DAY) * DAY;
  return Array.from({ length: HISTORY_DAYS }, (_, at) => {
    const day = today - (HISTORY_DAYS - 1 - at) * DAY;
    let bytes = 0;
    let documents = 0;
    for (const index of indices) {
      const one = came(index, day, day + DAY, now);
      bytes += one.bytes;
      documents += one.documents;
    }
    return { day, bytes: Math.round(bytes), documents: Math.round(documents) };
  });
}

const bytesHere = ({ bytes, archivedBytes = 0 }: GrowingIndex): number => bytes - archivedBytes;

/** From its first to its last event; those that claim to be of the future are of now. */
function span({ earliest, latest, created }: GrowingIndex, now: number): { from: number; to: number } {
  const to = Math.min(latest ?? created, now);
  return { from: Math.min(earliest ?? created, to), to };
}

/** Of a cluster it is not known: from when the index was made to its newest event, as if it came evenly. */
function arrivalsOf(index: GrowingIndex, now: number): readonly Arrival[] {
  const { arrivals, created, latest = created, bytes, documents } = index;
  if (arrivals) return arrivals;
  const from = Math.min(created, now);
  return [{ from, to: Math.max(from, Math.min(latest, now)), bytes, documents }];
}

/** What came between two times; each piece evenly. */
function came(
  index: GrowingIndex,
  since: number,
  before: number,
  now: number,
): { readonly bytes: number; readonly documents: number } {
  let bytes = 0;
  let documents = 0;
  for (const arrival of arrivalsOf(index, now)) {
    const from = Math.min(arrival.from, now);
    const to = Math.min(arrival.to, now);
    const share =
      from === to
        ? Number(from >= since && (from < before || before === now))
        : Math.max(0, Math.min(to, before) - Math.max(from, since)) / (to - from);
    bytes += share * arrival.bytes;
    documents += share * arrival.documents;
  }
  return { bytes, documents };
}

const sum = <T>(all: readonly T[], of: (one: T) => number): number =>
  all.reduce((total, one) => total + of(one), 0);
