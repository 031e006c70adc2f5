/**
 * Lets blocks into a queue piece by piece when its room, in records or bytes, is smaller than a block. What has no
 * room yet stays here, in order; its sender is neither answered nor read from meanwhile.
 */
import { RunKind } from '../kernel/plugin.ts';
import { type QueuedBlock, share } from './block-builder.ts';
import type { Queue } from './queue.ts';
import type { SlabPool } from './slab-pool.ts';
import type { Bind } from './waiting-blocks.ts';

/** A block that is let in by pieces. */
interface Divided {
  block: QueuedBlock;
  /** Ends a record of `lines`. */
  readonly delimiter: Buffer;
  /** First run that is left, its records and bytes that were taken, and where the next byte stands. */
  run: number;
  taken: number;
  start: number;
  /** Pieces in the queue. */
  pieces: number;
  done: boolean;
  readonly admitted: (() => void)[];
}

export interface AdmissionHost {
  readonly pool: SlabPool;
  nextBlockId(): number;
}

export class Admission {
  readonly #queue: Queue;
  readonly #host: AdmissionHost;
  readonly #backlog: Divided[] = [];
  readonly #pieces = new Map<number, Divided>();

  constructor(queue: Queue, host: AdmissionHost) {
    this.#queue = queue;
    this.#host = host;
  }

  get isEmpty(): boolean {
    return this.#backlog.length === 0;
  }

  /** Records that are not in the queue yet. */
  get records(): number {
    let sum = 0;
    for (const { block, run, taken } of this.#backlog) {
      for (let at = run; at < block.runs.length; at += 4) sum += block.runs[at + 3]!;
      sum -= taken;
    }
    return sum;
  }

  waits(version: number): boolean {
    return this.#backlog.some(({ block }) => block.version === version);
  }

  /** A new version of the pipeline takes over what is not in the queue yet. */
  rebind(bind: Bind): void {
    for (const each of this.#backlog) {
      const place = bind(each.block.source);
      if (place) each.block = { ...each.block, ...place };
    }
  }

  /** Queues the block, or what of it has room; the rest follows with `drain`. */
  offer(block: QueuedBlock, delimiter: Buffer): void {
    if (this.isEmpty) {
      const { records, bytes } = this.#queue.roomFor;
      if (block.count <= records && block.length <= bytes) {
        this.#queue.push(block);
        return;
      }
    }
    share(block, this.#host.pool);
    this.#backlog.push({
      block,
      delimiter,
      run: 0,
      taken: 0,
      start: 0,
      pieces: 0,
      done: false,
      admitted: [],
    });
    this.drain();
  }

  /** There may be room again. */
  drain(): void {
    while (this.#backlog.length > 0) {
      const { records, bytes } = this.#queue.roomFor;
      const first = this.#backlog[0]!;
      const piece = this.#take(first, records, bytes);
      if (piece === undefined) return;
      this.#push(first, piece);
    }
  }

  /** The process ends and the queue will be kept: everything goes into it, whatever its limits. */
  drainAll(): void {
    while (this.#backlog.length > 0) {
      const first = this.#backlog[0]!;
      this.#push(first, this.#take(first, Infinity, Infinity)!);
    }
  }

  #push(from: Divided, piece: QueuedBlock): void {
    from.pieces++;
    this.#pieces.set(piece.id, from);
    if (from.run >= from.block.runs.length) {
      from.done = true;
      this.#backlog.shift();
      const { slab } = from.block;
      // Its pieces may wait for long: only what they must know of it is kept.
      from.block = { ...from.block, slab: undefined, runs: NO_RUNS, peers: [] };
      if (slab) this.#host.pool.give(slab);
    }
    this.#queue.push(piece);
    if (from.done) for (const callback of from.admitted.splice(0)) callback();
  }

  /** Calls back when all that was offered so far is in the queue. */
  whenAdmitted(callback: () => void): void {
    const last = this.#backlog.at(-1);
    if (last) last.admitted.push(callback);
    else callback();
  }

  /** A block of the queue is delivered: the id of the block that was offered, if that is delivered as a whole. */
  delivered(id: number): number | undefined {
    const from = this.#pieces.get(id);
    if (from === undefined) return id;
    this.#pieces.delete(id);
    from.pieces--;
    return from.done && from.pieces === 0 ? from.block.id : undefined;
  }

  /** The next records as a block of their own; undefined if there is no room for one. */
  #take(from: Divided, records: number, bytes: number): QueuedBlock | undefined {
    const { block } = from;
    const source = block.slab?.bytes;
    const begin = from.start;
    const runs: number[] = [];
    let left = records;
    while (from.run < block.runs.length) {
      const kind = block.runs[from.run]!;
      const end = block.runs[from.run + 2]!;
      const ofRun = block.runs[from.run + 3]! - from.taken;
      let fits = Math.min(ofRun, left);
      let to = end;
      const tooLong = end - begin > bytes;
      if (kind === RunKind.lines && end > from.start && (fits < ofRun || tooLong)) {
        const text = source!.subarray(from.start, end);
        const cut = someLines(text, from.delimiter, fits, bytes - (from.start - begin));
        to = from.start + cut.length;
        fits = to === end ? ofRun : cut.count;
      } else if (tooLong) fits = 0;
      if (ofRun > 0 && fits === 0) break;
      runs.push(kind, block.runs[from.run + 1]!, to - begin, fits);
      left -= fits;
      from.start = to;
      if (fits === ofRun) {
        from.run += 4;
        from.taken = 0;
      } else from.taken += fits;
    }
    if (runs.length === 0) return undefined;
    const length = from.start - begin;
    const slab = length > 0 ? this.#host.pool.take(length) : undefined;
    slab?.bytes.set(source!.subarray(begin, from.start));
    return {
      ...block,
      id: this.#host.nextBlockId(),
      count: countOf(runs),
      length,
      slab,
      runs: Int32Array.from(runs),
    };
  }
}

const NO_RUNS = new Int32Array(0);

function countOf(runs: readonly number[]): number {
  let sum = 0;
  for (let at = 3; at < runs.length; at += 4) sum += runs[at]!;
  return sum;
}

/** Up to `most` lines within `room` bytes: how many, and their length. */
function someLines(
  bytes: Uint8Array,
  delimiter: Buffer,
  most: number,
  room: number,
): { count: number; length: number } {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let count = 0;
  let length = 0;
  while (count < most && length < text.length) {
    const found = text.indexOf(delimiter, length);
    const end = found < 0 ? text.length : found + delimiter.length;
    if (end > room) break;
    length = end;
    count++;
  }
  return { count, length };
}
