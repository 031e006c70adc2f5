/**
 * The files of one persisted queue: segments of records and the log of acknowledgements. Synchronous, for the thread
 * that writes. What `commit` returned from survives a power failure; what it threw for may be given again.
 */
import { AckLog } from './ack-log.ts';
import type { QueueFiles } from './queue-files.ts';
import {
  type Compression,
  decodeBody,
  decodeHeader,
  encodeRecord,
  RECORD_HEADER,
  type RecordFacts,
  type StoredBlock,
} from './queue-record.ts';
import {
  encodeSegmentHeader,
  readSalt,
  SEGMENT_HEADER,
  scanSegment,
  segmentName,
  segmentNumber,
} from './segment-scan.ts';

export interface StoreOptions {
  /** A segment grows up to this many bytes; a larger record gets one of its own. */
  readonly pageCapacity: number;
  readonly compression: Compression;
}

interface Segment {
  readonly name: string;
  readonly salt: number;
  size: number;
  /** Records not acknowledged. */
  live: number;
  damaged: boolean;
}

/** What recovery found. */
export interface Recovery {
  /** Not acknowledged, in order. */
  readonly waiting: readonly RecordFacts[];
  /** Larger than every sequence number that was ever seen. */
  readonly nextSequence: number;
  /** Bytes cut from the end of the last segment: a write that was under way. */
  readonly torn: number;
  /** Places in segments that can not be read, with their bytes. */
  readonly damaged: readonly { readonly file: string; readonly at: number; readonly bytes: number }[];
}

interface Place {
  readonly segment: Segment;
  readonly at: number;
  readonly size: number;
}

const PROBE = 'probe.tmp';

export class SegmentStore {
  readonly #files: QueueFiles;
  readonly #options: StoreOptions;
  readonly #acks: AckLog;
  /** Where what is not acknowledged stands. */
  readonly #places = new Map<number, Place>();
  readonly #segments = new Set<Segment>();
  #current: { readonly segment: Segment; readonly file: number } | undefined;
  #nextNumber = 1;
  /** Acknowledgements that could not be written. */
  readonly #unwritten: number[] = [];

  private constructor(files: QueueFiles, options: StoreOptions) {
    this.#files = files;
    this.#options = options;
    this.#acks = AckLog.open(files);
  }

  /** Reads what is there, and cuts a torn tail. @throws the system's errors */
  static open(files: QueueFiles, options: StoreOptions): { store: SegmentStore; recovery: Recovery } {
    const store = new SegmentStore(files, options);
    return { store, recovery: store.#recover() };
  }

  #recover(): Recovery {
    const files = this.#files;
    const names = files.list().filter((name) => segmentNumber(name) !== undefined);
    names.sort((a, b) => segmentNumber(a)! - segmentNumber(b)!);
    const waiting: RecordFacts[] = [];
    const damaged: { file: string; at: number; bytes: number }[] = [];
    let torn = 0;
    let last = this.#acks.acknowledged.last;
    for (const name of names) {
      this.#nextNumber = segmentNumber(name)! + 1;
      const segment: Segment = {
        name,
        salt: readSalt(files, name) ?? 0,
        size: files.size(name),
        live: 0,
        damaged: false,
      };
      for (const item of scanSegment(files, name)) {
        if (item.kind === 'record') {
          const { sequence } = item.facts;
          last = Math.max(last, sequence);
          if (this.#acks.acknowledged.has(sequence) || this.#places.has(sequence)) continue;
          this.#places.set(sequence, { segment, at: item.at, size: item.size });
          segment.live++;
          waiting.push(item.facts);
        } else if (item.tail && name === names.at(-1)) {
          torn = item.size;
          this.#cut(name, item.at);
          segment.size = item.at;
        } else {
          segment.damaged = true;
          damaged.push({ file: name, at: item.at, bytes: item.size });
        }
      }
      this.#segments.add(segment);
      if (segment.live === 0) this.#drop(segment);
    }
    waiting.sort((a, b) => a.sequence - b.sequence);
    return { waiting, nextSequence: last + 1, torn, damaged };
  }

  #cut(name: string, at: number): void {
    const file = this.#files.open(name);
    try {
      this.#files.truncate(file, at);
      this.#files.sync(file);
    } finally {
      this.#files.close(file);
    }
  }

  /** Bytes of all segment files. */
  get fileBytes(): number {
    let sum = 0;
    for (const { size } of this.#segments) sum += size;
    return sum;
  }

  /** Writes and syncs blocks. Those that are stored already are left out, so a failed call can be repeated. */
  commit(blocks: readonly StoredBlock[]): void {
    let pieces: Uint8Array[] = [];
    let places: [number, Place][] = [];
    const flush = (): void => {
      if (pieces.length > 0) this.#write(pieces, places);
      pieces = [];
      places = [];
    };
    let end = this.#current?.segment.size ?? 0;
    for (const block of blocks) {
      if (this.#places.has(block.sequence)) continue;
      let current = (this.#current ??= this.#create());
      end = Math.max(end, current.segment.size);
      let record = encodeRecord(block, this.#options.compression, current.segment.salt);
      const size = record.reduce((sum, piece) => sum + piece.length, 0);
      if (end > SEGMENT_HEADER && end + size > this.#options.pageCapacity) {
        flush();
        this.#seal();
        current = this.#current = this.#create();
        end = current.segment.size;
        record = encodeRecord(block, this.#options.compression, current.segment.salt);
      }
      pieces.push(...record);
      places.push([block.sequence, { segment: current.segment, at: end, size }]);
      end += size;
    }
    flush();
  }

  #create(): { segment: Segment; file: number } {
    const files = this.#files;
    const name = segmentName(this.#nextNumber++);
    const { bytes, salt } = encodeSegmentHeader();
    const file = files.create(name);
    try {
      files.write(file, [bytes], 0);
      files.sync(file);
      files.syncFolder();
    } catch (error) {
      quietly(() => files.close(file));
      quietly(() => files.remove(name));
      throw error;
    }
    const segment: Segment = { name, salt, size: SEGMENT_HEADER, live: 0, damaged: false };
    this.#segments.add(segment);
    return { segment, file };
  }

  #write(pieces: readonly Uint8Array[], places: readonly (readonly [number, Place])[]): void {
    const { segment, file } = this.#current!;
    try {
      this.#files.write(file, pieces, segment.size);
      this.#files.sync(file);
    } catch (error) {
      // After a failed sync nobody knows what is on the disk: the file is not written to again.
      quietly(() => this.#files.truncate(file, segment.size));
      this.#seal();
      throw error;
    }
    for (const [sequence, place] of places) {
      this.#places.set(sequence, place);
      segment.size += place.size;
      segment.live++;
    }
  }

  #seal(): void {
    const current = this.#current;
    if (!current) return;
    this.#current = undefined;
    quietly(() => this.#files.close(current.file));
    if (current.segment.live === 0) this.#drop(current.segment);
  }

  /** Every output has taken these: first, last, first, last … @throws when that could not be noted down yet */
  acknowledge(ranges: readonly number[]): void {
    const touched = new Set<Segment>();
    for (let at = 0; at < ranges.length; at += 2) {
      for (let sequence = ranges[at]!; sequence <= ranges[at + 1]!; sequence++) {
        const place = this.#places.get(sequence);
        if (!place) continue;
        this.#places.delete(sequence);
        place.segment.live--;
        touched.add(place.segment);
      }
    }
    this.#unwritten.push(...ranges);
    let failure: unknown;
    try {
      this.#acks.append(this.#unwritten);
      this.#unwritten.length = 0;
    } catch (error) {
      failure = error;
    }
    for (const segment of touched)
      if (segment.live === 0 && segment !== this.#current?.segment) this.#drop(segment);
    if (failure) throw failure;
  }

  /** Makes acknowledgements durable too. */
  syncAcknowledgements(): void {
    this.#acks.sync();
  }

  /** After a failure: closes what is open, so that the file system can be unmounted. All goes on with new files. */
  release(): void {
    this.#seal();
    this.#acks.release();
    this.#files.closeReaders();
  }

  /** Removes a file; one with damage in it is kept under another name. */
  #drop(segment: Segment): void {
    this.#segments.delete(segment);
    const { name, damaged } = segment;
    quietly(() => (damaged ? this.#files.rename(name, `${name}.damaged`) : this.#files.remove(name)));
  }

  /** A block that waits; undefined if it is damaged, and then it is no more. */
  read(sequence: number): StoredBlock | undefined {
    const place = this.#places.get(sequence);
    if (!place) return undefined;
    const { segment, at, size } = place;
    const bytes = this.#files.read(segment.name, at, size);
    const header = decodeHeader(bytes, 0, segment.salt);
    const block =
      header?.sequence === sequence ? decodeBody(header, bytes.subarray(RECORD_HEADER)) : undefined;
    if (!block) {
      segment.damaged = true;
      this.#places.delete(sequence);
      segment.live--;
      if (segment.live === 0 && segment !== this.#current?.segment) this.#drop(segment);
    }
    return block;
  }

  /** Moves what waits in these segments to new ones. */
  rewrite(names: readonly string[]): void {
    for (const [sequence, { segment }] of [...this.#places]) {
      if (!names.includes(segment.name)) continue;
      const block = this.read(sequence);
      if (block === undefined) continue;
      this.#places.delete(sequence);
      this.commit([block]);
      if (--segment.live === 0) this.#drop(segment);
    }
  }

  /** Can it be written to the folder? @throws the reason */
  probe(): void {
    const files = this.#files;
    if (files.list().includes(PROBE)) files.remove(PROBE);
    const file = files.create(PROBE);
    try {
      files.write(file, [new Uint8Array(4096).fill(1)], 0);
      files.sync(file);
    } finally {
      quietly(() => files.close(file));
      quietly(() => files.remove(PROBE));
    }
  }

  /** An empty queue leaves no segments. */
  close(): void {
    if (this.#unwritten.length > 0) quietly(() => this.acknowledge([]));
    quietly(() => this.#acks.sync());
    this.#seal();
    this.#acks.close();
  }
}

function quietly(operation: () => void): void {
  try {
    operation();
  } catch {
    // What could not be tidied up is found at the next start.
  }
}
