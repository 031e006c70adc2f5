/**
 * Writes the dead letters of one pipeline in one thread. Every writer has segment files of its own, so that threads
 * need no locks and no thread waits for another; the limit on bytes is kept by reserving a whole segment for each
 * that is open. Entries are on the disk (fdatasync, one for all that came meanwhile) before the promise resolves.
 */
import { closeSync, fdatasync, fdatasyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '../kernel/logger.ts';
import { makeFolder } from '../kernel/make-folder.ts';
import { syncFolder } from '../kernel/sync-folder.ts';
import { type DeadLetter, encodeRecord } from './dead-letter-entry.ts';
import {
  adoptSegments,
  completeSegment,
  entriesIn,
  isWritten,
  listSegments,
  removeSegment,
  SEGMENT_HEAD,
  type Segment,
  segmentHead,
  segmentName,
} from './dead-letter-segments.ts';

export type StoragePolicy = 'drop_newer' | 'drop_older' | 'block';
export type DeadLetterSeverity = 'yellow' | 'red';

export interface DeadLetterQueueOptions {
  /** Of the pipeline; made when the first entry comes. */
  readonly directory: string;
  /** Number of the thread, and how many threads write. */
  readonly writer: number;
  readonly writers: number;
  readonly maxBytes: number;
  readonly storagePolicy: StoragePolicy;
  /** Seconds; undefined: for ever. */
  readonly retainAge: number | undefined;
  readonly logger: Logger;
  health(problem: string | undefined, severity?: DeadLetterSeverity): void;
  counted(what: 'events' | 'bytes' | 'dropped' | 'expired', count: number): void;
  /** Milliseconds since the epoch; a test's own clock. */
  readonly now?: () => number;
  /** Milliseconds between tries while there is no room or the disk fails. */
  readonly retry?: number;
}

interface Group {
  readonly records: readonly Buffer[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface OpenSegment {
  readonly file: number;
  readonly path: string;
  readonly begunAt: number;
  readonly capacity: number;
  size: number;
}

const RETRY_MS = 1000;
const SEGMENT_BYTES = 10 << 20;
const MIN_SEGMENT_BYTES = 4096;
/** Milliseconds between two looks at age and fill. */
const MAINTAIN_MS = 5_000;
/** Health stays red for so long after the last drop. */
const RED_MS = 60_000;
const sync = promisify(fdatasync);

export class DeadLetterQueue {
  readonly #options: DeadLetterQueueOptions;
  readonly #now: () => number;
  /** Milliseconds of a clock that is never set: for intervals. */
  readonly #elapsed: () => number;
  /** Of a segment at most. */
  readonly #segmentBytes: number;
  #segment: OpenSegment | undefined;
  #groups: Group[] = [];
  #writing: Promise<void> | undefined;
  #droppedAt = Number.NEGATIVE_INFINITY;
  #maintainedAt = Number.NEGATIVE_INFINITY;
  #health = '';
  /** There was no room: before this time nobody looks again. */
  #fullUntil = 0;
  /** Something stands in the way now. */
  #blocked = false;
  /** Of the entries that are being written some may not be on the disk: a segment could not be synced. */
  #doubtful = false;
  #closed = false;

  constructor(options: DeadLetterQueueOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#elapsed = options.now ?? (() => performance.now());
    const share = Math.floor(options.maxBytes / Math.max(4, 2 * options.writers));
    this.#segmentBytes = Math.max(MIN_SEGMENT_BYTES, Math.min(SEGMENT_BYTES, share));
  }

  /**
   * Keeps entries. Resolves when they are on the disk, or dropped and counted by the storage policy; waits while the
   * disk fails, or while there is no room and the policy is `block`. Rejects when it is closed before.
   */
  add(letters: readonly DeadLetter[]): Promise<void> {
    const records: Buffer[] = [];
    for (const letter of letters) {
      try {
        records.push(encodeRecord(letter));
      } catch (error) {
        this.#drop(1, `an event can not be encoded: ${(error as Error).message}`);
      }
    }
    if (this.#closed) return Promise.reject(new Error('the dead letter queue is closed'));
    return new Promise((resolve, reject) => {
      this.#groups.push({ records, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#groups.length > 0) {
      const groups = this.#groups;
      this.#groups = [];
      const records = groups.flatMap((group) => group.records);
      try {
        await this.#writeSafely(records);
        for (const group of groups) group.resolve();
      } catch (error) {
        for (const group of groups) group.reject(error as Error);
      }
    }
    // Before anybody who waited goes on: what is added from now on starts a new round.
    this.#writing = undefined;
  }

  /** Writes and syncs. What a sync that failed forgot no later one brings: then all is written once more. */
  async #writeSafely(records: readonly Buffer[]): Promise<void> {
    for (;;) {
      this.#doubtful = false;
      for (const record of records) await this.#write(record);
      if (this.#doubtful) continue;
      try {
        if (this.#segment) await sync(this.#segment.file);
        return;
      } catch (error) {
        this.#abandon();
        await this.#wait((error as Error).message);
      }
    }
  }

  async #write(record: Buffer): Promise<void> {
    const { maxBytes, storagePolicy, counted } = this.#options;
    if (SEGMENT_HEAD + record.length > maxBytes) {
      this.#drop(
        1,
        `an entry of ${record.length} bytes is larger than dead_letter_queue.max_bytes (${maxBytes})`,
      );
      return;
    }
    for (;;) {
      try {
        if (this.#hasRoom(record.length)) {
          this.#append(record);
          this.#unblocked();
          counted('events', 1);
          counted('bytes', record.length);
          return;
        }
      } catch (error) {
        await this.#wait((error as Error).message);
        continue;
      }
      if (storagePolicy !== 'block') {
        this.#drop(1, `the dead letter queue is full (dead_letter_queue.max_bytes: ${maxBytes})`);
        return;
      }
      await this.#wait(
        `full (dead_letter_queue.max_bytes: ${maxBytes}) and the storage policy is block: purge it, or allow more`,
      );
    }
  }

  /** A segment with room for so many bytes is open. @throws errors of the file system */
  #hasRoom(bytes: number): boolean {
    const open = this.#segment;
    if (open && open.size + bytes <= open.capacity) return true;
    if (this.#elapsed() < this.#fullUntil) return false;
    this.#complete();
    const capacity = this.#reserve(SEGMENT_HEAD + bytes);
    if (capacity === 0) {
      this.#fullUntil = this.#elapsed() + (this.#options.retry ?? RETRY_MS);
      return false;
    }
    this.#open(capacity);
    return true;
  }

  /** How large a new segment may become: at least `wanted`, or 0: there is no room. */
  #reserve(wanted: number): number {
    const { directory, maxBytes, storagePolicy } = this.#options;
    const aim = Math.max(this.#segmentBytes, wanted);
    this.#expire(this.#now());
    const segments = listSegments(directory);
    adoptSegments(segments);
    let room = maxBytes - this.#reserved(segments);
    if (storagePolicy === 'drop_older') {
      for (const segment of segments) {
        if (room >= aim) break;
        if (isWritten(segment)) continue;
        const entries = entriesIn(segment);
        removeSegment(segment.path);
        room += segment.bytes;
        this.#drop(entries, 'the dead letter queue is full, its oldest entries are removed');
      }
    }
    return room < wanted ? 0 : Math.min(aim, room);
  }

  /** Bytes taken, with what writers may still add to their segments. */
  #reserved(segments: readonly Segment[]): number {
    let total = 0;
    for (const segment of segments) {
      total += isWritten(segment) ? Math.max(segment.bytes, this.#segmentBytes) : segment.bytes;
    }
    return total;
  }

  #open(capacity: number): void {
    const { directory, writer } = this.#options;
    if (makeFolder(directory, 0o700) !== undefined) syncFolder(dirname(directory));
    for (;;) {
      const begunAt = this.#now();
      const path = join(directory, `${segmentName(begunAt, writer)}.open`);
      try {
        const file = openSync(path, 'wx', 0o600);
        this.#segment = { file, path, begunAt, capacity, size: 0 };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
        throw error;
      }
      this.#append(segmentHead());
      syncFolder(directory);
      return;
    }
  }

  /** @throws errors of the file system, after which the segment is as before */
  #append(bytes: Buffer): void {
    const open = this.#segment!;
    try {
      let written = 0;
      while (written < bytes.length) {
        written += writeSync(open.file, bytes, written, bytes.length - written, open.size + written);
      }
      open.size += bytes.length;
    } catch (error) {
      try {
        ftruncateSync(open.file, open.size);
      } catch {
        // What stays there is no whole entry: readers skip it.
      }
      try {
        fdatasyncSync(open.file);
      } catch {
        this.#doubtful = true;
      }
      this.#abandon();
      throw error;
    }
  }

  /** Ends the segment, synced. @throws errors of the file system */
  #complete(): void {
    try {
      if (this.#segment) fdatasyncSync(this.#segment.file);
    } catch (error) {
      this.#doubtful = true;
      throw error;
    } finally {
      this.#abandon();
    }
  }

  #abandon(): void {
    const open = this.#segment;
    if (!open) return;
    this.#segment = undefined;
    closeSync(open.file);
    completeSegment(open.path);
  }

  #drop(count: number, reason: string): void {
    if (count === 0) return;
    this.#options.counted('dropped', count);
    if (this.#elapsed() - this.#droppedAt > RED_MS)
      this.#options.logger.error({ events: count }, `dead letters are lost: ${reason}`);
    this.#droppedAt = this.#elapsed();
    this.#say(`${reason}; dead letters are lost`, 'red');
  }

  /** Says what stands in the way, and waits before another try. Rejects when it is closed meanwhile. */
  async #wait(problem: string): Promise<void> {
    const text = `dead letter queue ${this.#options.directory}: ${problem}; events wait`;
    if (!this.#blocked) this.#options.logger.error({}, text);
    this.#blocked = true;
    this.#say(text, 'red');
    await new Promise((resolve) => setTimeout(resolve, this.#options.retry ?? RETRY_MS));
    if (this.#closed) throw new Error('the dead letter queue was closed while events waited for it');
  }

  #unblocked(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#maintainedAt = Number.NEGATIVE_INFINITY;
    this.maintain();
  }

  #say(problem: string | undefined, severity?: DeadLetterSeverity): void {
    if (this.#health === `${problem}`) return;
    this.#health = `${problem}`;
    this.#options.health(problem, severity);
  }

  /** To be called every second or so: removes what is too old, looks how full it is. */
  maintain(): void {
    const now = this.#elapsed();
    if (this.#blocked || now - this.#maintainedAt < MAINTAIN_MS) return;
    this.#maintainedAt = now;
    try {
      this.#expire(this.#now());
      if (now - this.#droppedAt < RED_MS) return;
      const { directory, maxBytes } = this.#options;
      const bytes = listSegments(directory).reduce((sum, segment) => sum + segment.bytes, 0);
      const percent = Math.floor((bytes / maxBytes) * 100);
      // In steps, so that health does not change with every look.
      if (percent >= 80)
        this.#say(`the dead letter queue is ${Math.floor(percent / 5) * 5} % full (${directory})`, 'yellow');
      else this.#say(undefined);
    } catch (error) {
      this.#say(`dead letter queue: ${(error as Error).message}`, 'yellow');
    }
  }

  #expire(now: number): void {
    const { retainAge, directory, counted } = this.#options;
    if (retainAge === undefined) return;
    const oldest = now - retainAge * 1000;
    // A segment goes when its last entry is too old: it must not be open for long.
    const begunBefore = now - (retainAge * 1000) / 10;
    if (this.#segment && this.#segment.begunAt < begunBefore && !this.#writing) this.#complete();
    for (const segment of listSegments(directory)) {
      if (segment.changedAt > oldest || isWritten(segment)) continue;
      const entries = entriesIn(segment);
      removeSegment(segment.path);
      counted('expired', entries);
    }
  }

  /** Completes the segment. What still waits for room is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    this.#complete();
  }
}
