/**
 * Collects records of one input into blocks. Bytes go into shared slabs, so that a worker reads them without a
 * copy; the slab stays with the queue until the block is acknowledged, and is then used again.
 */
import { type Peer, RunKind } from '../kernel/plugin.ts';

/** A block in the queue. `slab` undefined: the records have no bytes. */
export interface QueuedBlock {
  readonly id: number;
  /** Index of the input in the graph of that version of the pipeline. */
  readonly input: number;
  readonly version: number;
  readonly receivedAt: number;
  readonly count: number;
  readonly length: number;
  readonly slab: Slab | undefined;
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

export interface Slab {
  readonly id: number;
  readonly buffer: SharedArrayBuffer;
  readonly bytes: Uint8Array;
}

/** A block with this much is sent. */
export const BLOCK_BYTES = 64 * 1024;
/** Room for the largest block and one more chunk of a socket with the tail of a line. */
const SLAB_BYTES = 6 * BLOCK_BYTES;
const MAX_FREE = 128;
/** Peers and runs of one block are bounded, whatever their records' size. */
const MAX_PEERS = 4096;

/** Slabs that are used again. One for all pipelines of the intake thread. */
export class SlabPool {
  readonly #free: Slab[] = [];
  readonly #discarded: (id: number) => void;
  #nextId = 1;

  /** @param discarded is told of slabs that are not used again: whoever knows them must forget them */
  constructor(discarded: (id: number) => void = () => {}) {
    this.#discarded = discarded;
  }

  take(bytes: number): Slab {
    if (bytes <= SLAB_BYTES) {
      const free = this.#free.pop();
      if (free) return free;
    }
    const buffer = new SharedArrayBuffer(Math.max(SLAB_BYTES, bytes));
    return { id: this.#nextId++, buffer, bytes: new Uint8Array(buffer) };
  }

  give(slab: Slab): void {
    if (slab.buffer.byteLength === SLAB_BYTES && this.#free.length < MAX_FREE) this.#free.push(slab);
    else this.#discarded(slab.id);
  }
}

/** One block being filled. */
export class BlockBuilder {
  readonly #pool: SlabPool;
  readonly #lane: number;
  #slab: Slab | undefined;
  #length = 0;
  #count = 0;
  #receivedAt = 0;
  #runs: number[] = [];
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
    return this.#runs.length === 0;
  }
  get receivedAt(): number {
    return this.#receivedAt;
  }

  /** Would this many more bytes still belong into this block? */
  fits(bytes: number): boolean {
    if (this.#peers.length >= MAX_PEERS) return false;
    return this.#length === 0 || this.#length + bytes <= (this.#slab?.bytes.length ?? SLAB_BYTES);
  }

  /** Appends a run. Call `fits` first. */
  append(kind: number, peer: Peer, bytes: Uint8Array | undefined, count: number, now: number): void {
    if (this.#runs.length === 0) this.#receivedAt = now;
    const index = this.#indexOf(peer);
    if (bytes !== undefined && bytes.length > 0) {
      this.#slab ??= this.#pool.take(bytes.length);
      this.#slab.bytes.set(bytes, this.#length);
      this.#length += bytes.length;
    }
    const runs = this.#runs;
    const last = runs.length - 4;
    if (kind === RunKind.lines && last >= 0 && runs[last] === RunKind.lines && runs[last + 1] === index) {
      runs[last + 2] = this.#length;
      runs[last + 3]! += count;
    } else runs.push(kind, index, this.#length, count);
    this.#count += count;
  }

  /** Appends records `first` to `last`, of which the first begins at `start`. Call `fits` first. */
  appendRecords(
    peer: Peer,
    bytes: Uint8Array,
    start: number,
    ends: Int32Array,
    first: number,
    last: number,
    now: number,
  ): void {
    if (this.#runs.length === 0) this.#receivedAt = now;
    const index = this.#indexOf(peer);
    const length = ends[last]! - start;
    this.#slab ??= this.#pool.take(length);
    this.#slab.bytes.set(bytes.subarray(start, start + length), this.#length);
    const shift = this.#length - start;
    for (let at = first; at <= last; at++) this.#runs.push(RunKind.record, index, ends[at]! + shift, 1);
    this.#length += length;
    this.#count += last - first + 1;
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

  /** Takes the block out and starts anew. */
  seal(id: number, input: number, version: number, source: BlockSource): QueuedBlock {
    const block: QueuedBlock = {
      id,
      input,
      version,
      receivedAt: this.#receivedAt,
      count: this.#count,
      length: this.#length,
      slab: this.#slab,
      runs: Int32Array.from(this.#runs),
      peers: this.#peers,
      lane: this.#lane,
      source,
    };
    this.#slab = undefined;
    this.#length = 0;
    this.#count = 0;
    this.#runs = [];
    this.#peers = [];
    if (this.#peerIndex.size > 0) this.#peerIndex = new Map();
    this.#lastPeer = undefined;
    return block;
  }
}
