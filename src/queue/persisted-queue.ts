/**
 * The queue that survives a crash. Lives in the intake thread; a thread of its own writes and syncs (`queue-disk.ts`).
 *
 * Blocks go to workers at once, from memory, and to the disk by group commit: when a sender waits for its answer,
 * after `checkpointWrites` records, or after the interval. A block that is delivered before its turn is not written at
 * all, and while outputs deliver within milliseconds, blocks get that long before they are written. Only the first blocks that wait are kept in memory; the others are read again when their turn comes.
 */
import { type QueuedBlock, share } from './block-builder.ts';
import type { Queue } from './queue.ts';
import type { QueueDisk } from './queue-disk.ts';
import type { Recovery } from './segment-store.ts';
import type { SlabPool } from './slab-pool.ts';
import { type Bind, type Entry, WaitingBlocks } from './waiting-blocks.ts';

export interface PersistedQueueOptions {
  readonly disk: QueueDisk;
  readonly pool: SlabPool;
  /** Records that are not acknowledged, at most; 0: no limit. */
  readonly maxEvents: number;
  readonly maxBytes: number;
  /** Records, and milliseconds, between commits at most. */
  readonly checkpointWrites: number;
  readonly checkpointInterval: number;
  nextBlockId(): number;
  /** Blocks can be taken, or there is room, that were not before. */
  changed(): void;
  /** Files can not be written or read, in words; undefined: they can again. */
  problem(text: string | undefined): void;
  /** Records that will not be delivered. */
  lost(records: number, why: string): void;
}

/** Blocks not yet written before intake stops, and their bytes. */
const MAX_PENDING = 256;
const MAX_PENDING_BYTES = 64 * 1024 * 1024;
/** What a block costs beside its bytes, about. */
const OVERHEAD = 160;
/** Milliseconds that acknowledgements are collected. */
const ACK_MS = 5;
const RETRY_MS = 1000;
/** How long a block may wait for its delivery before it is written, while others were delivered in that time. */
const HOLD_MS = 20;
/** The same where every block is to be synced: never longer than the last commit took. */
const GROUP_MS = 5;
/** For so long after the last quick delivery. */
const QUICK_MS = 100;

export class PersistedQueue implements Queue {
  readonly type = 'persisted';
  readonly #options: PersistedQueueOptions;
  #nextSequence = 1;
  /** Not acknowledged, by block id. */
  readonly #entries = new Map<number, Entry>();
  readonly #waiting = new WaitingBlocks();
  #unacknowledged = 0;
  #bytes = 0;
  #pending: Entry[] = [];
  #pendingRecords = 0;
  #pendingBytes = 0;
  #writing: Entry[] = [];
  /** Stored blocks whose acknowledgement is not written. */
  #acks: number[] = [];
  readonly #safe: { readonly upTo: number; readonly callback: () => void }[] = [];
  #committing: Promise<void> | undefined;
  #commitSoon = false;
  /** Milliseconds that the last commit took. */
  #commitTook = 0;
  /** When a block was last delivered within the time that blocks are held. */
  #lastQuick = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #ackTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  /** Takes back the commit that is to begin. */
  #begins: (() => void) | undefined;
  #failure: string | undefined;
  /** The failure is one of reading: a read that succeeds ends it, not a write. */
  #readFailed = false;
  #loading = false;
  #kept = false;
  #isOpen = false;
  #closed = false;

  constructor(options: PersistedQueueOptions) {
    this.#options = options;
  }

  /**
   * Reads the files; blocks of a former run wait again, in order. Rejects if another process has the queue, or with what the
   * system says (that has a `code`); it may be repeated then.
   */
  async open(bind: Bind): Promise<Recovery> {
    const recovery = await this.#options.disk.open();
    this.#isOpen = true;
    this.#nextSequence = recovery.nextSequence;
    const restored: Entry[] = [];
    for (const facts of recovery.waiting) {
      const { sequence, node, plugin, receivedAt, count, length, lane } = facts;
      const entry: Entry = {
        sequence,
        id: this.#options.nextBlockId(),
        source: { node, plugin },
        receivedAt,
        count,
        length,
        lane,
        input: -1,
        version: 0,
        block: undefined,
        state: 'stored',
        acknowledged: false,
        pushedAt: 0,
      };
      this.#count(entry);
      restored.push(entry);
    }
    this.#waiting.restore(restored);
    this.rebind(bind);
    return recovery;
  }

  /** A new version of the pipeline takes over what waits. */
  rebind(bind: Bind): void {
    this.#waiting.rebind(bind);
    this.#load();
  }

  /** Records whose input is not in the config. */
  get orphanedRecords(): number {
    return this.#waiting.orphanedRecords;
  }

  #count(entry: Entry): void {
    this.#entries.set(entry.id, entry);
    this.#unacknowledged += entry.count;
    this.#bytes += entry.length + OVERHEAD;
  }

  get unacknowledged(): number {
    return this.#unacknowledged;
  }
  get waiting(): number {
    return this.#waiting.records;
  }
  get waitingBlocks(): number {
    return this.#waiting.blocks;
  }
  get bytes(): number {
    return this.#bytes;
  }
  get maxBytes(): number {
    return this.#options.maxBytes;
  }
  get roomFor(): { records: number; bytes: number } {
    const { maxEvents, maxBytes } = this.#options;
    return {
      records: maxEvents === 0 ? Infinity : Math.max(0, maxEvents - this.#unacknowledged),
      // One record must always find a way in, whatever its size.
      bytes: this.#unacknowledged === 0 ? Infinity : Math.max(0, maxBytes - this.#bytes - OVERHEAD),
    };
  }
  get hasRoom(): boolean {
    const { maxEvents, maxBytes } = this.#options;
    return (
      this.#failure === undefined &&
      this.#pending.length < MAX_PENDING &&
      this.#pendingBytes < MAX_PENDING_BYTES &&
      (maxEvents === 0 || this.#unacknowledged < maxEvents) &&
      (this.#unacknowledged === 0 || this.#bytes + OVERHEAD < maxBytes)
    );
  }
  get hasRoomAgain(): boolean {
    return this.hasRoom && this.#pending.length <= MAX_PENDING / 2;
  }

  waits(version: number): boolean {
    return !this.#kept && this.#waiting.hasVersion(version);
  }

  push(block: QueuedBlock): void {
    const { id, source, receivedAt, count, length, lane, input, version } = block;
    const entry: Entry = {
      sequence: this.#nextSequence++,
      id,
      source,
      receivedAt,
      count,
      length,
      lane,
      input,
      version,
      block,
      state: 'pending',
      acknowledged: false,
      pushedAt: performance.now(),
    };
    this.#count(entry);
    this.#waiting.push(entry);
    this.#pending.push(entry);
    this.#pendingRecords += count;
    this.#pendingBytes += length;
    if (this.#pendingRecords >= this.#options.checkpointWrites || this.#pending.length >= MAX_PENDING / 2)
      this.#soon();
    else this.#timer ??= setTimeout(() => this.#soon(), this.#options.checkpointInterval);
  }

  next(accepts: (block: QueuedBlock) => boolean): QueuedBlock | undefined {
    if (this.#kept) return undefined;
    const block = this.#waiting.next(accepts);
    if (block === 'disk') {
      // What is on the disk comes first.
      this.#load();
      return undefined;
    }
    if (block && this.#waiting.isLow) this.#load();
    return block;
  }

  putBack(block: QueuedBlock): void {
    const entry = this.#entries.get(block.id)!;
    entry.block = block;
    entry.input = block.input;
    entry.version = block.version;
    this.#waiting.putBack(entry);
  }

  acknowledge(block: QueuedBlock): boolean {
    const entry = this.#entries.get(block.id);
    if (!entry) return true;
    this.#entries.delete(block.id);
    this.#unacknowledged -= block.count;
    this.#bytes -= block.length + OVERHEAD;
    entry.acknowledged = true;
    entry.block = undefined;
    if (entry.state !== 'stored') {
      const now = performance.now();
      const quick = this.#options.checkpointWrites > 1 ? HOLD_MS : GROUP_MS;
      if (now - entry.pushedAt <= quick) this.#lastQuick = now;
    }
    if (entry.state === 'writing') {
      // The thread that writes still reads the slab.
      entry.block = block;
      return false;
    }
    if (entry.state === 'stored') this.#ack(entry.sequence);
    else {
      this.#pendingRecords -= block.count;
      this.#pendingBytes -= block.length;
      while (this.#pending.length > 0 && this.#pending[0]!.acknowledged) this.#pending.shift();
      this.#resolveSafe();
    }
    return true;
  }

  #ack(sequence: number): void {
    this.#acks.push(sequence);
    this.#ackTimer ??= setTimeout(() => this.#soon(), ACK_MS);
  }

  whenSafe(callback: () => void): void {
    if (this.#isSafe(this.#nextSequence - 1)) callback();
    else {
      this.#safe.push({ upTo: this.#nextSequence - 1, callback });
      this.#soon();
    }
  }

  /** Everything up to this one is stored or delivered. */
  #isSafe(sequence: number): boolean {
    if (this.#failure !== undefined) return false;
    const oldest =
      this.#writing.find((entry) => !entry.acknowledged) ??
      this.#pending.find((entry) => !entry.acknowledged);
    return oldest === undefined || oldest.sequence > sequence;
  }

  #resolveSafe(): void {
    while (this.#safe.length > 0 && this.#isSafe(this.#safe[0]!.upTo)) this.#safe.shift()!.callback();
  }

  // ---- writing ----

  /** Commits at the end of this turn of the event loop, or after the commit that is under way. */
  #soon(): void {
    if (this.#commitSoon) return;
    this.#commitSoon = true;
    if (this.#committing === undefined) this.#schedule();
  }

  #schedule(): void {
    if (this.#begins !== undefined) return;
    const oldest = this.#pending.find((entry) => !entry.acknowledged);
    const wait = oldest === undefined ? 0 : oldest.pushedAt + this.#hold() - performance.now();
    if (wait > 0) {
      const timer = setTimeout(() => this.#begin(), wait);
      this.#begins = () => clearTimeout(timer);
    } else {
      const turn = setImmediate(() => this.#begin());
      this.#begins = () => clearImmediate(turn);
    }
  }

  /** Milliseconds that a block is held back from the disk, because it will probably be delivered by then. */
  #hold(): number {
    if (this.#closed || this.#pending.length >= MAX_PENDING / 2) return 0;
    if (performance.now() - this.#lastQuick >= QUICK_MS) return 0;
    return this.#options.checkpointWrites > 1 ? HOLD_MS : Math.min(GROUP_MS, this.#commitTook);
  }

  #begin(): void {
    this.#begins = undefined;
    // The commit that is under way is followed by another.
    if (this.#committing) return;
    this.#commitSoon = false;
    if (this.#failure !== undefined || this.#closed) return;
    this.#committing = this.#commit().finally(() => {
      this.#committing = undefined;
      if (this.#commitSoon && this.#failure === undefined) this.#schedule();
    });
  }

  /** One write and one sync for all that has come. */
  async #commit(): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#ackTimer);
    this.#timer = this.#ackTimer = undefined;
    const before = performance.now() - this.#hold();
    const batch: Entry[] = [];
    const held: Entry[] = [];
    for (const entry of this.#pending) {
      if (entry.acknowledged) continue;
      if (entry.pushedAt <= before) batch.push(entry);
      else held.push(entry);
    }
    const acks = this.#acks;
    this.#pending = held;
    this.#pendingRecords = this.#pendingBytes = 0;
    for (const entry of held) {
      this.#pendingRecords += entry.count;
      this.#pendingBytes += entry.length;
    }
    if (held.length > 0) this.#soon();
    if (batch.length === 0 && acks.length === 0 && this.#failure === undefined) return;
    this.#acks = [];
    this.#writing = batch;
    for (const entry of batch) entry.state = 'writing';
    const blocks = batch.map((entry) => ({
      sequence: entry.sequence,
      node: entry.source.node,
      plugin: entry.source.plugin,
      receivedAt: entry.receivedAt,
      count: entry.count,
      lane: entry.lane,
      length: entry.length,
      runs: entry.block!.runs,
      peers: entry.block!.peers,
      bytes: share(entry.block!, this.#options.pool)?.bytes.subarray(0, entry.length) ?? NO_BYTES,
    }));
    const began = performance.now();
    try {
      await this.#options.disk.commit(blocks, ranges(acks));
      this.#commitTook = performance.now() - began;
    } catch (error) {
      this.#failed(batch, acks, (error as Error).message);
      return;
    }
    this.#writing = [];
    for (const entry of batch) this.#stored(entry);
    this.#waiting.evict(batch, (entry) => this.#giveSlab(entry));
    const readsAgain = this.#load(this.#readFailed);
    if (!this.#readFailed || !readsAgain) this.#recovered();
    this.#resolveSafe();
    this.#options.changed();
  }

  #recovered(): void {
    this.#readFailed = false;
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#options.problem(undefined);
  }

  #stored(entry: Entry): void {
    entry.state = 'stored';
    if (entry.acknowledged) {
      this.#ack(entry.sequence);
      this.#giveSlab(entry);
    }
  }

  #giveSlab(entry: Entry): void {
    const slab = entry.block?.slab;
    if (slab) this.#options.pool.give(slab);
    entry.block = undefined;
  }

  #failed(batch: Entry[], acks: number[], reason: string): void {
    this.#writing = [];
    const left: Entry[] = [];
    for (const entry of batch) {
      if (entry.acknowledged) {
        // It may be on the disk all the same.
        acks.push(entry.sequence);
        this.#giveSlab(entry);
        continue;
      }
      entry.state = 'pending';
      left.push(entry);
      this.#pendingRecords += entry.count;
      this.#pendingBytes += entry.length;
    }
    this.#pending = [...left, ...this.#pending];
    this.#acks.push(...acks);
    this.#failure = reason;
    this.#options.problem(reason);
    this.#options.changed();
    if (this.#closed) return;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => {
      if (this.#closed || this.#committing) return;
      this.#committing = this.#commit().finally(() => {
        this.#committing = undefined;
        if (this.#commitSoon && this.#failure === undefined) this.#schedule();
      });
    }, RETRY_MS);
  }

  // ---- reading ----

  /** Brings the next blocks that wait into memory. Returns whether some are being read. */
  #load(retry = false): boolean {
    if (this.#loading) return true;
    if (this.#kept || this.#closed || (this.#readFailed && !retry)) return false;
    const wanted = this.#waiting.toRead();
    if (wanted.length === 0) return false;
    this.#loading = true;
    void this.#read(wanted).finally(() => {
      this.#loading = false;
      this.#options.changed();
      if (this.#waiting.isLow && this.#failure === undefined) this.#load();
    });
    return true;
  }

  async #read(wanted: readonly Entry[]): Promise<void> {
    const { pool, disk } = this.#options;
    const slabs = wanted.map(({ length }) => (length > 0 ? pool.take(length) : undefined));
    const giveBack = (): void => {
      for (const slab of slabs) if (slab) pool.give(slab);
    };
    let answers: Awaited<ReturnType<QueueDisk['read']>>;
    try {
      answers = await disk.read(
        wanted.map(({ sequence, length }, at) => ({ sequence, bytes: slabs[at]?.bytes.subarray(0, length) })),
      );
    } catch (error) {
      giveBack();
      if (this.#closed || (this.#failure !== undefined && !this.#readFailed)) return;
      this.#readFailed = true;
      this.#failed([], [], (error as Error).message);
      return;
    }
    if (this.#closed) return giveBack();
    if (this.#readFailed) {
      this.#recovered();
      this.#resolveSafe();
      if (this.#pending.length > 0 || this.#acks.length > 0) this.#soon();
    }
    for (const [at, entry] of wanted.entries()) {
      const answer = answers[at];
      const slab = slabs[at];
      if (answer === undefined) {
        if (slab) pool.give(slab);
        this.#lose(entry);
        continue;
      }
      const { id, input, version, receivedAt, count, length, lane, source } = entry;
      const { runs, peers } = answer;
      const block = { id, input, version, receivedAt, count, length, slab, runs, peers, lane, source };
      this.#waiting.arrived(entry, block);
    }
  }

  /** It is damaged: nothing of it can be delivered. */
  #lose(entry: Entry): void {
    this.#waiting.remove(entry);
    this.#entries.delete(entry.id);
    this.#unacknowledged -= entry.count;
    this.#bytes -= entry.length + OVERHEAD;
    this.#options.lost(entry.count, 'their block on the disk is damaged');
  }

  // ---- end ----

  keep(): void {
    this.#kept = true;
  }

  /** Writes what is not written, if it can be, and closes the files. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#ackTimer);
    clearTimeout(this.#retryTimer);
    this.#begins?.();
    if (!this.#isOpen) return this.#options.disk.close().catch(() => {});
    await this.#committing;
    await this.#commit();
    const lost = this.#pending.reduce((sum, entry) => sum + (entry.acknowledged ? 0 : entry.count), 0);
    if (lost > 0)
      this.#options.lost(
        lost,
        `they could not be written to the queue before the end: ${this.#failure ?? ''}`,
      );
    // Acknowledgements of what was delivered while the last commit ran.
    if (this.#acks.length > 0 && this.#failure === undefined) await this.#commit();
    clearTimeout(this.#ackTimer);
    await this.#options.disk.close().catch(() => {});
  }
}

const NO_BYTES = new Uint8Array(0);

/** Numbers in any order as ranges: first, last, first, last … */
function ranges(numbers: number[]): number[] {
  numbers.sort((a, b) => a - b);
  const found: number[] = [];
  for (const number of numbers) {
    if (found.length > 0 && found[found.length - 1]! + 1 === number) found[found.length - 1] = number;
    else if (found.at(-1) !== number) found.push(number, number);
  }
  return found;
}
