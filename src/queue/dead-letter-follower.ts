/** Reads the dead letters of a pipeline in the order of their segments, while they are written. */
import type { Logger } from '../kernel/logger.ts';
import { decodePayload } from './dead-letter-entry.ts';
import type { DeadLetterPositions } from './dead-letter-positions.ts';
import {
  existingPath,
  isWritten,
  listSegments,
  type ReadPart,
  readSegment,
  removeSegment,
  type Segment,
} from './dead-letter-segments.ts';

export interface FollowerOptions {
  readonly directory: string;
  readonly positions: DeadLetterPositions;
  /** Entries before this time are passed over, in segments that were not begun yet; milliseconds since the epoch. */
  readonly startTime: number;
  /** Removes segments of which all is delivered. */
  readonly cleans: boolean;
  readonly logger: Logger;
  /** Takes payloads; resolves when there is room for more. `delivered` is to be called when they are delivered. */
  take(payloads: readonly Buffer[], delivered: () => void): Promise<void>;
}

export class DeadLetterFollower {
  readonly #options: FollowerOptions;
  /** Where to go on reading, which is before what is delivered. */
  readonly #read = new Map<string, number>();
  /** Read to their end, and complete. */
  readonly #finished = new Set<string>();
  /** Entries before the start time are still looked for. */
  readonly #skipping = new Set<string>();
  #stopped = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Reads everything that is there now; tells whether that was anything. @throws errors of the file system */
  async pass(): Promise<boolean> {
    const segments = listSegments(this.#options.directory);
    let found = false;
    for (const segment of segments) {
      if (this.#stopped) return found;
      if (!this.#finished.has(segment.name) && (await this.#readOne(segment))) found = true;
    }
    const names = new Set(segments.map((segment) => segment.name));
    if (!this.#stopped) this.#options.positions.keep(names);
    for (const name of this.#finished) if (!names.has(name)) this.#finished.delete(name);
    return found;
  }

  async #readOne(segment: Segment): Promise<boolean> {
    const { positions, startTime, logger, take } = this.#options;
    const { name } = segment;
    const isComplete = !isWritten(segment);
    let from = this.#read.get(name);
    if (from === undefined) {
      from = positions.get(name) ?? 0;
      if (from === 0 && startTime > 0) this.#skipping.add(name);
    }
    let found = false;
    for (;;) {
      let part: ReadPart;
      try {
        part = readSegment(existingPath(segment), from, isComplete);
      } catch (error) {
        // Its writer or another reader removed it meanwhile.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return found;
        throw error;
      }
      if (part.damaged > 0)
        logger.error(
          { segment: name, places: part.damaged },
          'damaged bytes between dead letters are skipped',
        );
      const wanted = this.#skipping.has(name)
        ? part.payloads.filter((payload) => decodePayload(payload).entryTime >= startTime)
        : part.payloads;
      const { next } = part;
      if (next !== from) this.#read.set(name, next);
      if (wanted.length > 0) {
        found = true;
        await take(wanted, () => positions.set(name, next));
      }
      from = next;
      if (this.#stopped) return found;
      if (part.atEnd) break;
    }
    if (isComplete) await this.#finish(segment, from);
    return found;
  }

  async #finish(segment: Segment, end: number): Promise<void> {
    const { positions, cleans, take } = this.#options;
    this.#finished.add(segment.name);
    await take([], () => {
      if (cleans) removeSegment(segment.path);
      else positions.set(segment.name, end);
    });
  }
}
