/**
 * Collects records of one input into blocks. Bytes go into shared slabs, so that a worker reads them without a
 * copy; the slab stays with the queue until the block is acknowledged, and is then used again.
 */
import { type Peer, RunKind } from '../kernel/plugin.ts';
import { SLAB_BYTES, type Slab, type SlabPool, SMALL_SLAB_BYTES } from './slab-pool.ts';

/** A block in the queue. Neither `slab` nor `pieces`: the records have no bytes. */
export interface QueuedBlock {
  readonly id: number;
  /** Index of the input in the graph of that version of the pipeline. */
  readonly input: number;
  readonly version: number;
  readonly receivedAt: number;
  readonly count: number;
  readonly length: number;
  slab: Slab | undefined;
  /** Its bytes as they came, where no worker looks at them: `share` puts them into a slab for who does. */
  pieces?: Uint8Array[] | undefined;
  readonly runs: Int32Array;
  readonly peers: readonly Peer[];
  /** Records that must go to one worker share a lane; -1: any worker. */
  readonly lane: number;
  readonly source: BlockSource;
}

/** The input of a block in words that survive a reload and a restart. */
export interface BlockSource {
  /** Node id. */
  readonly node: string;
  /** Name of the plugin. */
  readonly plugin: string;
}

/** A block with this much is sent. */
export const BLOCK_BYTES = 64 * 1024;
/** The same for a block whose bytes no worker looks at, and that is not copied. */
export const KEPT_BLOCK_BYTES = 1024 * 1024;
/** Peers and runs of one block are bounded, whatever their records' size. */
const MAX_PEERS = 4096;

/** The slab of a block, for a worker or the disk; undefined: its records have no bytes. */
export function share(block: QueuedBlock, pool: SlabPool): Slab | undefined {
  if (block.pieces) {
    block.slab = gather(block.pieces, block.length, pool, pool.take(block.length));
    block.pieces = undefined;
  }
  return block.slab;
}

function gather(pieces: Uint8Array[], length: number, pool: SlabPool, slab: Slab): Slab {
  let at = 0;
  for (const piece of pieces) {
    slab.bytes.set(piece, at);
    at += piece.length;
  }
  if (at !== length) throw new Error(`a block of ${length} bytes has kept ${at}`);
  pool.letGo(pieces);
  return slab;
}

/** One block being filled. */
export class BlockBuilder {
  readonly #pool: SlabPool;
  readonly #lane: number;
  #slab: Slab | undefined;
  /** Instead of a slab, while all that came may be kept. */
  #pieces: Uint8Array[] | undefined;
  #length = 0;
  #count = 0;
  #receivedAt = 0;
  /** Four values a run; grows as needed and is used again for the next block. */
  #runs = new Int32Array(1024);
  #runsLength = 0;
  #peers: Peer[] = [];
  #peerIndex = new Map<Peer, number>();
  #lastPeer: Peer | undefined;
  #lastIndex = 0;

  constructor(pool: SlabPool, lane: number) {
    this.#pool = pool;
    this.#lane = lane;
  }

  get count(): number {
    return this.#count;
  }
  get length(): number {
    return this.#length;
  }
  get isEmpty(): boolean {
    return this.#runsLength === 0;
  }
  get receivedAt(): number {
    return this.#receivedAt;
  }

  /** Would this many more bytes still belong into this block? `kept`: they are not copied. */
  fits(bytes: number, kept = false): boolean {
    if (this.#peers.length >= MAX_PEERS) return false;
    const most = kept && this.#slab === undefined ? KEPT_BLOCK_BYTES : SLAB_BYTES;
    return this.#length === 0 || this.#length + bytes <= most;
  }

  /** Appends a run. Call `fits` first. */
  append(kind: number, peer: Peer, bytes: Uint8Array | undefined, count: number, now: number): void {
    if (this.#runsLength === 0) this.#receivedAt = now;
    const index = this.#indexOf(peer);
    if (bytes !== undefined && bytes.length > 0) this.#copy(bytes);
    const runs = this.#runs;
    const last = this.#runsLength - 4;
    if (kind === RunKind.lines && last >= 0 && runs[last] === RunKind.lines && runs[last + 1] === index) {
      runs[last + 2] = this.#length;
      runs[last + 3]! += count;
    } else this.#addRun(kind, index, this.#length, count);
    this.#count += count;
  }

  /**
   * Appends records `first` to `last`, of which the first begins at `start`. Call `fits` first. `keep`: the bytes are
   * not copied yet.
   */
  appendRecords(
    peer: Peer,
    bytes: Uint8Array,
    start: number,
    ends: Int32Array,
    first: number,
    last: number,
    now: number,
    keep: boolean,
  ): void {
    if (this.#runsLength === 0) this.#receivedAt = now;
    const index = this.#indexOf(peer);
    const length = ends[last]! - start;
    const shift = this.#length - start;
    const piece = bytes.subarray(start, start + length);
    if (keep && this.#slab === undefined) {
      (this.#pieces ??= []).push(piece);
      this.#pool.keep(piece);
      this.#length += length;
    } else this.#copy(piece);
    const runs = this.#roomForRuns(last - first + 1);
    let at = this.#runsLength;
    for (let record = first; record <= last; record++, at += 4) {
      runs[at] = RunKind.record;
      runs[at + 1] = index;
      runs[at + 2] = ends[record]! + shift;
      runs[at + 3] = 1;
    }
    this.#runsLength = at;
    this.#count += last - first + 1;
  }

  #copy(bytes: Uint8Array): void {
    if (this.#pieces) {
      const slab = this.#pool.takeLarge(this.#length + bytes.length);
      this.#slab = gather(this.#pieces, this.#length, this.#pool, slab);
      this.#pieces = undefined;
    }
    this.#slab ??= this.#pool.takeLarge(bytes.length);
    this.#slab.bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #addRun(kind: number, peer: number, end: number, count: number): void {
    const runs = this.#roomForRuns(1);
    const at = this.#runsLength;
    runs[at] = kind;
    runs[at + 1] = peer;
    runs[at + 2] = end;
    runs[at + 3] = count;
    this.#runsLength = at + 4;
  }

  #roomForRuns(count: number): Int32Array {
    const needed = this.#runsLength + count * 4;
    if (needed > this.#runs.length) {
      const larger = new Int32Array(Math.max(needed, this.#runs.length * 2));
      larger.set(this.#runs.subarray(0, this.#runsLength));
      this.#runs = larger;
    }
    return this.#runs;
  }

  #indexOf(peer: Peer): number {
    if (peer === this.#lastPeer) return this.#lastIndex;
    let index = this.#peerIndex.get(peer);
    if (index === undefined) {
      index = this.#peers.length;
      this.#peers.push(peer);
      this.#peerIndex.set(peer, index);
    }
    this.#lastPeer = peer;
    this.#lastIndex = index;
    return index;
  }

  /** The slab, or a small one if that is enough: the large one is for the next block. */
  #fit(slab: Slab): Slab {
    if (this.#length > SMALL_SLAB_BYTES) return slab;
    const small = this.#pool.take(this.#length);
    small.bytes.set(slab.bytes.subarray(0, this.#length));
    this.#pool.give(slab);
    return small;
  }

  /** Takes the block out and starts anew. */
  seal(id: number, input: number, version: number, source: BlockSource): QueuedBlock {
    const block: QueuedBlock = {
      id,
      input,
      version,
      receivedAt: this.#receivedAt,
      count: this.#count,
      length: this.#length,
      slab: this.#slab && this.#fit(this.#slab),
      pieces: this.#pieces,
      runs: this.#runs.slice(0, this.#runsLength),
      peers: this.#peers,
      lane: this.#lane,
      source,
    };
    this.#slab = undefined;
    this.#pieces = undefined;
    this.#length = 0;
    this.#count = 0;
    this.#runsLength = 0;
    this.#peers = [];
    if (this.#peerIndex.size > 0) this.#peerIndex = new Map();
    this.#lastPeer = undefined;
    return block;
  }
}
