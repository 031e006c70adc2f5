/** Makes snapshots by the clock and deletes its old ones. What it is to do and what came of it is kept in the store. */
import { randomBytes } from 'node:crypto';
import { StoreError } from './errors.ts';
import { isS3 } from './s3/s3-target.ts';
import { checkSchedule, dueAfter, dueBefore, isScheduled, scheduledName } from './snapshot-schedule.ts';
import type { ScheduledSnapshot, SnapshotSchedule, SnapshotScheduleState, Store } from './store.ts';

export interface SchedulerOptions {
  /** Where snapshots without another place go. */
  readonly folder?: string;
  /** Of the settings: then it can not be changed. */
  readonly schedule?: Omit<SnapshotSchedule, 'isFixed'>;
  /** This process makes them. A command that only looks does not. */
  readonly runs: boolean;
  readonly now?: () => number;
  /** Milliseconds from look to look. */
  readonly every?: number;
}

type SchedulerStore = Pick<Store, 'snapshot' | 'snapshots' | 'deleteSnapshot' | 'objects' | 'putObject'>;

/** As it is kept. */
interface Kept {
  /** In the names of its snapshots. */
  readonly id: string;
  /** What was set by somebody. */
  readonly schedule?: SnapshotSchedule;
  /** The one that is in force, and since when: what was due before does not count. */
  readonly current?: SnapshotSchedule;
  readonly since: number;
  readonly last?: ScheduledSnapshot;
}

const NAME = 'snapshot-schedule';
const LOOK_EVERY = 15_000;
const RETRY_AFTER = 10 * 60_000;

export class SnapshotScheduler {
  readonly #store: SchedulerStore;
  readonly #options: SchedulerOptions;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;

  constructor(store: SchedulerStore, options: SchedulerOptions) {
    if (options.schedule) checkSchedule(options.schedule);
    this.#store = store;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    if (!options.runs) return;
    this.#timer = setInterval(() => void this.look(), options.every ?? LOOK_EVERY);
    this.#timer.unref();
  }

  /** Undefined: none is set. */
  async state(): Promise<SnapshotScheduleState | undefined> {
    const kept = await this.#load();
    const schedule = this.#effective(kept);
    if (!schedule) return undefined;
    const { last } = kept ?? {};
    const now = this.#now();
    const next = dueAfter(schedule.when, now);
    if (last?.problem === undefined) return { ...schedule, next, ...(last && { last }) };
    return { ...schedule, next, retry: Math.max(now, Math.min(next, last.ended + RETRY_AFTER)), last };
  }

  /** @throws StoreError when it is none, or the settings say another one */
  async set(schedule: SnapshotSchedule | undefined): Promise<void> {
    if (this.#options.schedule)
      throw new StoreError(
        409,
        'illegal_argument_exception',
        'the schedule of snapshots is in the settings file (store.snapshot.schedule), and is changed there',
      );
    if (schedule) checkSchedule(schedule);
    const { id, last } = (await this.#load()) ?? newKept();
    const own = schedule && { when: schedule.when, place: schedule.place, keep: schedule.keep };
    await this.#save({
      id,
      since: this.#now(),
      ...(own && { schedule: own, current: own, ...(last && { last }) }),
    });
  }

  /** Makes what is due now. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      // The store does not answer: the next look will tell.
      .catch(() => {})
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const now = this.#now();
    let kept = await this.#load();
    const schedule = this.#effective(kept);
    if (!schedule || this.#stopped) return;
    const { when, place, keep } = schedule;
    const current = { when, place, keep };
    if (!kept?.current || kept.current.when !== when || kept.current.place !== place) {
      kept = { ...(kept ?? newKept()), current, since: now };
      await this.#save(kept);
    }
    const { id, since, last } = kept;
    const due = dueBefore(when, now);
    const isFailed = last?.problem !== undefined;
    if (due <= since || (last && last.due >= due && !isFailed)) return;
    if (last && isFailed && last.due >= due && now - last.ended < RETRY_AFTER) return;
    const outcome = await this.#make(schedule, due, id);
    if (this.#stopped) return;
    // Meanwhile it may have been changed.
    const { last: _, ...latest } = (await this.#load()) ?? kept;
    await this.#save({ ...latest, last: outcome });
  }

  async #make({ place, keep }: SnapshotSchedule, due: number, id: string): Promise<ScheduledSnapshot> {
    const started = this.#now();
    const target = `${this.#placeOf(place)}/${scheduledName(due, id)}`;
    const done = (problem?: string): ScheduledSnapshot => ({
      target,
      due,
      started,
      ended: this.#now(),
      ...(problem !== undefined && { problem }),
    });
    try {
      await this.#store.snapshot(target, { names: [] }).catch((error: unknown) => {
        // It was made, and the process ended before it was noted.
        if ((error as StoreError).type !== 'invalid_snapshot_name_exception') throw error;
      });
    } catch (error) {
      return done(`${target} was not made: ${(error as Error).message}`);
    }
    try {
      await this.#prune(place, keep, id);
    } catch (error) {
      return done(`old snapshots were not deleted: ${(error as Error).message}`);
    }
    return done();
  }

  async #prune(place: string, keep: number, id: string): Promise<void> {
    const own = (await this.#store.snapshots(this.#placeOf(place)))
      .filter(({ target }) => isScheduled(target, id))
      .sort((a, b) => (a.target > b.target ? -1 : 1));
    const whole = own.filter(({ problem }) => problem === undefined);
    const oldest = whole[keep - 1]?.target;
    const gone = own.filter(
      ({ target, problem }) => problem !== undefined || (oldest !== undefined && target < oldest),
    );
    for (const { target } of gone) if (!this.#stopped) await this.#store.deleteSnapshot(target);
  }

  #placeOf(place: string): string {
    return (place === '' ? (this.#options.folder ?? '') : place).replace(/\/+$/, '');
  }

  #effective(kept: Kept | undefined): SnapshotSchedule | undefined {
    const { schedule } = this.#options;
    return schedule ? { ...schedule, isFixed: true } : kept?.schedule;
  }

  async #load(): Promise<Kept | undefined> {
    const [found] = await this.#store.objects('saved_object', NAME);
    return found?.body as Kept | undefined;
  }

  async #save(kept: Kept): Promise<void> {
    await this.#store.putObject('saved_object', NAME, { ...kept });
  }
}

const newKept = (): Kept => ({ id: randomBytes(3).toString('hex'), since: 0 });

/** Where the embedded store may be told to make them. @throws StoreError */
export function checkEmbeddedPlace(place: string): void {
  if (place !== '' && !isS3(place))
    throw new StoreError(
      400,
      'repository_exception',
      `[${place}]: scheduled snapshots go to the folder for snapshots (store.snapshot.path), or to s3://bucket/prefix`,
    );
}
