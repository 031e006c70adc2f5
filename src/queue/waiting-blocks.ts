/** The blocks of a persisted queue that wait for a worker, in order: the first in memory, others perhaps on the disk. */
import type { BlockSource, QueuedBlock } from './block-builder.ts';

/** A block that is not acknowledged. */
export interface Entry {
  readonly sequence: number;
  readonly id: number;
  readonly source: BlockSource;
  readonly receivedAt: number;
  readonly count: number;
  readonly length: number;
  readonly lane: number;
  input: number;
  version: number;
  /** Undefined: on the disk only. */
  block: QueuedBlock | undefined;
  state: 'pending' | 'writing' | 'stored';
  acknowledged: boolean;
  readonly pushedAt: number;
}

/** Where blocks of a source go now; undefined: there is no such input. */
export type Bind = (source: BlockSource) => { readonly input: number; readonly version: number } | undefined;

/** Waiting blocks that are kept in memory, and how many are read at once. */
const RESIDENT = 64;
const READ_AT_ONCE = 16;
const READ_BYTES = 4 * 1024 * 1024;

export class WaitingBlocks {
  #entries: Entry[] = [];
  /** First of `#entries` that still waits. */
  #head = 0;
  /** Those in memory. */
  #resident = 0;
  /** Their input is not there any more. */
  #orphans: Entry[] = [];
  #records = 0;

  get records(): number {
    return this.#records;
  }
  get blocks(): number {
    return this.#entries.length - this.#head;
  }
  /** Records whose input is not in the config. */
  get orphanedRecords(): number {
    return this.#orphans.reduce((sum, { count }) => sum + count, 0);
  }
  /** So few are in memory that more should be read. */
  get isLow(): boolean {
    return this.#resident < RESIDENT / 2;
  }

  /** Blocks of a former run, of which nobody knows yet where they go: call `rebind`. */
  restore(entries: readonly Entry[]): void {
    this.#orphans.push(...entries);
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.#records += entry.count;
    this.#resident++;
  }

  /** A new version of the pipeline takes over. */
  rebind(bind: Bind): void {
    const all = [...this.#entries.slice(this.#head), ...this.#orphans];
    if (this.#orphans.length > 0) all.sort((a, b) => a.sequence - b.sequence);
    this.#entries = [];
    this.#orphans = [];
    this.#head = 0;
    this.#records = 0;
    for (const entry of all) {
      const place = bind(entry.source);
      if (place === undefined) {
        this.#orphans.push(entry);
        continue;
      }
      entry.input = place.input;
      entry.version = place.version;
      if (entry.block) entry.block = { ...entry.block, ...place };
      this.#entries.push(entry);
      this.#records += entry.count;
    }
  }

  hasVersion(version: number): boolean {
    for (let at = this.#head; at < this.#entries.length; at++)
      if (this.#entries[at]!.version === version) return true;
    return false;
  }

  /** Takes out the first that is accepted. 'disk': one before it has to be read first. */
  next(accepts: (block: QueuedBlock) => boolean): QueuedBlock | 'disk' | undefined {
    for (let at = this.#head; at < this.#entries.length; at++) {
      const { block } = this.#entries[at]!;
      if (block === undefined) return 'disk';
      if (!accepts(block)) continue;
      if (at === this.#head) this.#head++;
      else this.#entries.splice(at, 1);
      if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
        this.#entries.splice(0, this.#head);
        this.#head = 0;
      }
      this.#records -= block.count;
      this.#resident--;
      return block;
    }
    return undefined;
  }

  /** It waits again, before all others. */
  putBack(entry: Entry): void {
    if (this.#head > 0) this.#entries[--this.#head] = entry;
    else this.#entries.unshift(entry);
    this.#records += entry.count;
    this.#resident++;
  }

  /** It can not be read and will never be delivered. */
  remove(entry: Entry): void {
    const at = this.#entries.indexOf(entry, this.#head);
    if (at < 0) return;
    this.#entries.splice(at, 1);
    this.#records -= entry.count;
  }

  /** Of blocks that are stored now: those behind what fits into memory leave it, the last ones first. */
  evict(stored: readonly Entry[], leave: (entry: Entry) => void): void {
    const behindOthers = this.blocks > this.#resident;
    for (let at = stored.length - 1; at >= 0 && (behindOthers || this.#resident > RESIDENT); at--) {
      const entry = stored[at]!;
      if (entry.acknowledged || !this.#has(entry)) continue;
      leave(entry);
      this.#resident--;
    }
  }

  /** They are in the order of their numbers, but for those that a dead worker gave back. */
  #has({ sequence: wanted }: Entry): boolean {
    let low = this.#head;
    let high = this.#entries.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const { sequence } = this.#entries[middle]!;
      if (sequence === wanted) return true;
      if (sequence < wanted) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  }

  /** The next ones that have to be read; none while enough are in memory. */
  toRead(): Entry[] {
    const wanted: Entry[] = [];
    if (this.#resident >= RESIDENT && this.#entries[this.#head]?.block !== undefined) return wanted;
    let bytes = 0;
    for (let at = this.#head; at < this.#entries.length && wanted.length < READ_AT_ONCE; at++) {
      const entry = this.#entries[at]!;
      if (entry.block !== undefined) {
        // Behind blocks on the disk others may be in memory still.
        if (wanted.length > 0) break;
        continue;
      }
      bytes += entry.length;
      if (wanted.length > 0 && bytes > READ_BYTES) break;
      wanted.push(entry);
    }
    return wanted;
  }

  /** One of `toRead` is in memory now. */
  arrived(entry: Entry, block: QueuedBlock): void {
    entry.block = block;
    this.#resident++;
  }
}
