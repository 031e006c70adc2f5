/**
 * The append log. A frame is acknowledged when its bytes are synced; all frames that come while a sync is under way
 * share the next one. A file holds the rows of one hot table and is removed when they are in segments.
 *
 * File: frames behind one another. Frame, little-endian: magic u32, length of the payload u32, CRC-32C of number and
 * payload u32, frame number f64 (rises for ever), payload.
 *
 * A file that was open when the process ended is never written again, so a torn tail needs no repair: what is no frame
 * is skipped up to the next good one.
 */
import { crc32c } from '../../queue/crc32c.ts';
import type { StoreFiles } from './store-files.ts';

const MAGIC = 0x474c524d; // "MRLG"
const HEADER = 20;
/** Frames that share a sync. */
const GROUP_BYTES = 8 << 20;

/** In order of appending. With an error the frame is nowhere, and every frame after it that was waiting fails too. */
type Done = (error: Error | undefined, file: number, frame: number) => void;

interface Pending {
  readonly frame: number;
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
  readonly done: Done;
}

export interface LogReplay {
  /** Files up to this number are not read, but told to `old`. */
  readonly from: number;
  old(file: number): void;
  frame(payload: Uint8Array, file: number, frame: number): void;
  /** Bytes that are no frame, with good frames behind them. */
  damaged(file: number, position: number, bytes: number): void;
}

export class Log {
  readonly #files: StoreFiles;
  /** Its number in the name. */
  #current = 0;
  #handle: number | undefined;
  #position = 0;
  #nextFrame: number;
  #pending: Pending[] = [];
  #running: Promise<void> | undefined;
  #rotations: (() => void)[] = [];
  #closed = false;
  /** Bytes that wait for the disk. */
  waitingBytes = 0;

  private constructor(files: StoreFiles, current: number, nextFrame: number) {
    this.#files = files;
    this.#current = current;
    this.#nextFrame = nextFrame;
  }

  /** Gives every frame that is there, in order, each once. The next frames go to a new file. */
  static open(files: StoreFiles, replay: LogReplay): Log {
    const numbers = logNumbers(files);
    let last = 0;
    for (const number of numbers) {
      if (number <= replay.from) {
        replay.old(number);
        continue;
      }
      readFrames(
        files.read(logName(number), 0, files.size(logName(number))),
        (payload, frame) => {
          // A file that failed to sync holds frames which were then written to the next one.
          if (frame <= last) return;
          last = frame;
          replay.frame(payload, number, frame);
        },
        (position, bytes) => replay.damaged(number, position, bytes),
      );
    }
    return new Log(files, Math.max(replay.from, numbers.at(-1) ?? 0), last + 1);
  }

  /** `payload` must not change until `done` was called. */
  append(payload: Uint8Array, done: Done): void {
    const header = new Uint8Array(HEADER);
    const view = new DataView(header.buffer);
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, payload.length, true);
    const frame = this.#nextFrame++;
    view.setFloat64(12, frame, true);
    view.setUint32(8, crc32c(payload, crc32c(header.subarray(12))), true);
    this.#pending.push({ frame, header, payload, done });
    this.waitingBytes += payload.length;
    this.#run();
  }

  /** Resolves when nothing more goes to the files that there are; all frames in them were told to `done`. */
  rotate(): Promise<void> {
    return new Promise((resolve) => {
      this.#rotations.push(resolve);
      this.#run();
    });
  }

  /** Number of the newest file; one more while it is closed and the next does not exist yet. */
  get current(): number {
    return this.#handle === undefined ? this.#current + 1 : this.#current;
  }

  /** Its rows are in segments. Files that are not there are no error. */
  remove(number: number): void {
    try {
      this.#files.remove(logName(number));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    this.#closeFile();
  }

  #run(): void {
    this.#running ??= this.#loop().finally(() => {
      this.#running = undefined;
      if (this.#pending.length > 0 || this.#rotations.length > 0) this.#run();
    });
  }

  async #loop(): Promise<void> {
    // What comes in this turn of the event loop shares the first sync.
    await new Promise((done) => setImmediate(done));
    while (this.#pending.length > 0 || this.#rotations.length > 0) {
      if (this.#rotations.length > 0) {
        this.#closeFile();
        for (const done of this.#rotations.splice(0)) done();
        continue;
      }
      const group = this.#takeGroup();
      let failure: Error | undefined;
      if (this.#closed) failure = new Error('the event store is closed');
      else {
        try {
          await this.#write(group);
        } catch (error) {
          failure = error as Error;
        }
      }
      const failed = failure ? [...group, ...this.#pending.splice(0)] : group;
      for (const { frame, payload, done } of failed) {
        this.waitingBytes -= payload.length;
        done(failure, this.#current, frame);
      }
    }
  }

  #takeGroup(): Pending[] {
    let count = 0;
    let bytes = 0;
    while (count < this.#pending.length && (count === 0 || bytes < GROUP_BYTES))
      bytes += this.#pending[count++]!.payload.length;
    return this.#pending.splice(0, count);
  }

  async #write(group: readonly Pending[]): Promise<void> {
    const pieces = group.flatMap(({ header, payload }) => [header, payload]);
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    for (let tries = 0; ; tries++) {
      if (this.#handle === undefined) this.#newFile();
      const handle = this.#handle!;
      try {
        await this.#files.write(handle, pieces, this.#position);
      } catch (error) {
        this.#undo(handle);
        throw error;
      }
      try {
        await this.#files.sync(handle);
        this.#position += bytes;
        return;
      } catch (error) {
        // Nobody knows which of its pages the system still has: what was synced before stays, nothing more goes there.
        this.#closeFile();
        if (tries > 0) throw error;
      }
    }
  }

  /** A write that failed half-way: the next frames go over it. */
  #undo(handle: number): void {
    try {
      this.#files.truncate(handle, this.#position);
    } catch {
      this.#closeFile();
    }
  }

  #newFile(): void {
    const number = this.#current + 1;
    try {
      this.#handle = this.#files.create(logName(number));
    } finally {
      this.#current = number;
    }
    this.#position = 0;
    this.#files.syncFolder();
  }

  #closeFile(): void {
    if (this.#handle === undefined) return;
    const handle = this.#handle;
    this.#handle = undefined;
    try {
      this.#files.close(handle);
    } catch {
      // Everything that counts was synced.
    }
  }
}

const logName = (number: number): string => `${String(number).padStart(10, '0')}.log`;

function logNumbers(files: StoreFiles): number[] {
  return files
    .list()
    .filter((name) => /^\d{10}\.log$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
}

/** Reads the frames of one file again, for a hot table that was lost with its engine. */
export function readLogFile(
  files: StoreFiles,
  number: number,
  call: (payload: Uint8Array, frame: number) => void,
): void {
  readFrames(files.read(logName(number), 0, files.size(logName(number))), call, () => {});
}

function readFrames(
  bytes: Uint8Array,
  frame: (payload: Uint8Array, number: number) => void,
  damaged: (position: number, bytes: number) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let good = 0;
  while (at + HEADER <= bytes.length) {
    if (view.getUint32(at, true) !== MAGIC) {
      at = nextMagic(bytes, at + 1);
      continue;
    }
    const end = at + HEADER + view.getUint32(at + 4, true);
    if (
      end > bytes.length ||
      crc32c(bytes.subarray(at + HEADER, end), crc32c(bytes.subarray(at + 12, at + HEADER))) !==
        view.getUint32(at + 8, true)
    ) {
      at = nextMagic(bytes, at + 1);
      continue;
    }
    if (at > good) damaged(good, at - good);
    frame(bytes.subarray(at + HEADER, end), view.getFloat64(at + 12, true));
    at = end;
    good = end;
  }
}

function nextMagic(bytes: Uint8Array, from: number): number {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf('MRLG', from, 'latin1');
  return at < 0 ? bytes.length : at;
}
