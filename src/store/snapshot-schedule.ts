/** When snapshots are made by themselves, and what they are called. All times are UTC. */
import { StoreError } from './errors.ts';
import type { SnapshotSchedule, SnapshotScheduleState } from './store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Rhythm {
  readonly every: number;
  readonly offset: number;
}

const WHEN = 'a time of every day (02:30, UTC) or a number of hours (6h)';

function rhythmOf(when: string): Rhythm | undefined {
  const daily = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(when);
  if (daily) return { every: DAY, offset: Number(daily[1]) * HOUR + Number(daily[2]) * 60_000 };
  const hours = Number(/^(\d{1,3})h$/.exec(when)?.[1] ?? 0);
  return hours >= 1 && hours <= 168 ? { every: hours * HOUR, offset: 0 } : undefined;
}

/** @throws StoreError 400 in words */
export function checkSchedule({ when, place, keep }: SnapshotSchedule): void {
  const bad = (reason: string): StoreError => new StoreError(400, 'illegal_argument_exception', reason);
  if (typeof when !== 'string' || !rhythmOf(when))
    throw bad(`[${String(when)}] says no time for snapshots: ${WHEN} does`);
  if (!(Number.isInteger(keep) && keep >= 1 && keep <= 10_000))
    throw bad('of scheduled snapshots 1 to 10000 are kept');
  if (typeof place !== 'string') throw bad('a place is a text');
}

/** The latest time at or before `now` at which a snapshot is due. */
export function dueBefore(when: string, now: number): number {
  const { every, offset } = rhythmOf(when)!;
  return Math.floor((now - offset) / every) * every + offset;
}

export const dueAfter = (when: string, now: number): number => dueBefore(when, now) + rhythmOf(when)!.every;

/** `id`: of the store, as several may have their snapshots in one place. */
export const scheduledName = (due: number, id: string): string =>
  `scheduled-${new Date(due).toISOString().slice(0, 16).replaceAll('-', '').replace('T', '-').replace(':', '')}-${id}`;

/** Whether it is one that the store with this id made by itself. */
export function isScheduled(target: string, id: string): boolean {
  const name = target.split('?')[0]!.split('/').at(-1)!;
  return /^scheduled-\d{8}-\d{4}-/.test(name) && name.endsWith(`-${id}`);
}

/** What is wrong, in words; undefined: nothing. */
export function scheduleProblem({ last, retry }: Partial<SnapshotScheduleState> = {}): string | undefined {
  if (last?.problem === undefined) return undefined;
  const utc = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const again = retry === undefined ? '' : `; it is tried again at ${utc(retry)}`;
  return `the scheduled snapshot of ${utc(last.ended)}: ${last.problem}${again}`;
}
