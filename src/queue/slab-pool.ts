/**
 * Shared memory for the bytes of blocks, used again and again.
 *
 * A slab that is dropped costs memory until every thread that has seen it happens to collect its garbage, and the
 * collectors do not know how large shared memory is. So slabs of every size are kept, and dropped only when a burst is
 * over: what the pool holds is bounded by the most that was in use at a time.
 *
 * Buffers that an input made (inflated windows) are freed by hand for the same reason: collecting them would take a
 * full collection every 64 MB, dozens in a second.
 */
export interface Slab {
  readonly id: number;
  readonly buffer: SharedArrayBuffer;
  readonly bytes: Uint8Array;
}

/** Room for the largest block and one more chunk of a socket with the tail of a line: for a block that grows. */
export const SLAB_BYTES = 6 * 64 * 1024;
/** A block that is full at so little moves into a slab of its size: thousands of them may wait in a queue. */
export const SMALL_SLAB_BYTES = 16 * 1024;
/** Sizes up to that of a block that grows; beyond it powers of two. */
const SIZES = [4 * 1024, SMALL_SLAB_BYTES, 64 * 1024, 128 * 1024, SLAB_BYTES];
/** Milliseconds after which free slabs that were not needed once are dropped. */
const TRIM_MS = 10_000;

/** Free slabs of one size. */
interface Shelf {
  readonly free: Slab[];
  /** Fewest that were free since the last trim. */
  spare: number;
}

/** One for all pipelines of the intake thread. */
export class SlabPool {
  /** By size. */
  readonly #shelves = new Map<number, Shelf>();
  readonly #usual = this.#shelf(SLAB_BYTES);
  readonly #dropped: (id: number) => void;
  #nextId = 1;
  /** Buffers of inputs: how many blocks keep pieces of them. */
  readonly #kept = new Map<ArrayBufferLike, number>();
  /** Those that their input reads no more. */
  readonly #done = new WeakSet<ArrayBufferLike>();
  #trimmedAt = performance.now();

  /** @param dropped told of slabs that will not be used again: workers must forget them */
  constructor(dropped: (id: number) => void = () => {}) {
    this.#dropped = dropped;
  }

  #shelf(size: number): Shelf {
    let shelf = this.#shelves.get(size);
    if (!shelf) this.#shelves.set(size, (shelf = { free: [], spare: 0 }));
    return shelf;
  }

  /** A slab for a block that grows, with room for so many bytes at least. What it held before is still in it. */
  takeLarge(bytes: number): Slab {
    return this.take(Math.max(bytes, SLAB_BYTES));
  }

  /** A slab for so many bytes. What it held before is still in it. */
  take(bytes: number): Slab {
    const size = sizeFor(bytes);
    const shelf = size === SLAB_BYTES ? this.#usual : this.#shelf(size);
    const free = shelf.free.pop();
    if (shelf.free.length < shelf.spare) shelf.spare = shelf.free.length;
    if (free) return free;
    const buffer = new SharedArrayBuffer(size);
    return { id: this.#nextId++, buffer, bytes: new Uint8Array(buffer) };
  }

  /** Nobody reads or writes it any more. */
  give(slab: Slab): void {
    const size = slab.buffer.byteLength;
    (size === SLAB_BYTES ? this.#usual : this.#shelf(size)).free.push(slab);
    const now = performance.now();
    if (now - this.#trimmedAt >= TRIM_MS) this.#trim(now);
  }

  /** A block keeps a piece of a buffer that an input made, until `letGo`. */
  keep(piece: Uint8Array): void {
    this.#kept.set(piece.buffer, (this.#kept.get(piece.buffer) ?? 0) + 1);
  }

  /** The block does not need its pieces any more. Empties the list: it may be told twice. */
  letGo(pieces: Uint8Array[]): void {
    for (const { buffer } of pieces.splice(0)) {
      const others = this.#kept.get(buffer)! - 1;
      if (others > 0) this.#kept.set(buffer, others);
      else {
        this.#kept.delete(buffer);
        if (this.#done.has(buffer)) free(buffer);
      }
    }
  }

  /** An input reads its buffer no more: it is freed now, or when no block keeps a piece of it. */
  done(buffer: ArrayBufferLike): void {
    if (this.#kept.has(buffer)) this.#done.add(buffer);
    else free(buffer);
  }

  /** Drops half of what was free all the time: the next burst may be as large as the last. */
  #trim(now: number): void {
    this.#trimmedAt = now;
    for (const [size, shelf] of this.#shelves) {
      // Those at the beginning were not used for longest.
      for (const { id } of shelf.free.splice(0, Math.ceil(shelf.spare / 2))) this.#dropped(id);
      shelf.spare = shelf.free.length;
      if (shelf.spare === 0 && shelf !== this.#usual) this.#shelves.delete(size);
    }
  }
}

/** Few sizes, so that slabs are found again. */
function sizeFor(bytes: number): number {
  for (const size of SIZES) if (bytes <= size) return size;
  return 2 ** Math.ceil(Math.log2(bytes));
}

/** Gives the memory back at once; the buffer has no bytes afterwards. */
function free(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
