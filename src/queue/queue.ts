/**
 * The queue of a pipeline, between intake and workers. Deals in blocks; counts in records. The persisted queue
 * implements the same interface.
 */
import type { QueuedBlock } from './block-builder.ts';
import type { Bind } from './waiting-blocks.ts';

export interface Queue {
  readonly type: 'memory' | 'persisted';
  /** Records pushed and not yet acknowledged. */
  readonly unacknowledged: number;
  /** Records waiting for a worker. */
  readonly waiting: number;
  readonly waitingBlocks: number;
  readonly bytes: number;
  readonly maxBytes: number;
  /** Records, and bytes, that may still be pushed. */
  readonly roomFor: { readonly records: number; readonly bytes: number };
  /** Is there room for at least one more record? */
  readonly hasRoom: boolean;
  /** Room enough to start reading again: later than `hasRoom`, so that senders are not stopped at every block. */
  readonly hasRoomAgain: boolean;
  /** Does a block of this version wait? */
  waits(version: number): boolean;
  push(block: QueuedBlock): void;
  /** The next block that `accepts` says yes to, in order; undefined if there is none. It stays unacknowledged. */
  next(accepts: (block: QueuedBlock) => boolean): QueuedBlock | undefined;
  /** A worker died, or a new version of the pipeline takes over: the block waits again, before all others. */
  putBack(block: QueuedBlock): void;
  /** A new version of the pipeline takes over what waits. */
  rebind(bind: Bind): void;
  /** Every output has taken all events of the block. True: its slab may be used again; else the queue gives it back. */
  acknowledge(block: QueuedBlock): boolean;
  /** Calls back when everything pushed so far survives what the queue type promises to survive. */
  whenSafe(callback: () => void): void;
  /** Offers no more blocks: what waits is kept for the next start. */
  keep(): void;
  close(): Promise<void>;
}

/** How much a memory queue holds before senders must wait. */
export interface MemoryQueueLimits {
  readonly blocks: number;
  readonly bytes: number;
  /** `queue.max_events`; 0 = no limit of its own. */
  readonly events: number;
}

export class MemoryQueue implements Queue {
  readonly type = 'memory';
  readonly #limits: MemoryQueueLimits;
  readonly #waiting: QueuedBlock[] = [];
  #waitingRecords = 0;
  #unacknowledged = 0;
  #bytes = 0;

  constructor(limits: MemoryQueueLimits) {
    this.#limits = limits;
  }

  get unacknowledged(): number {
    return this.#unacknowledged;
  }
  get waiting(): number {
    return this.#waitingRecords;
  }
  get waitingBlocks(): number {
    return this.#waiting.length;
  }
  get bytes(): number {
    return this.#bytes;
  }
  get maxBytes(): number {
    return this.#limits.bytes;
  }
  get roomFor(): { records: number; bytes: number } {
    const { events } = this.#limits;
    return { records: events === 0 ? Infinity : Math.max(0, events - this.#unacknowledged), bytes: Infinity };
  }
  get hasRoom(): boolean {
    const { blocks, bytes, events } = this.#limits;
    return (
      this.#waiting.length < blocks && this.#bytes < bytes && (events === 0 || this.#unacknowledged < events)
    );
  }

  get hasRoomAgain(): boolean {
    return this.hasRoom && this.#waiting.length <= this.#limits.blocks / 2;
  }

  waits(version: number): boolean {
    return this.#waiting.some((block) => block.version === version);
  }

  push(block: QueuedBlock): void {
    this.#waiting.push(block);
    this.#waitingRecords += block.count;
    this.#unacknowledged += block.count;
    this.#bytes += block.length;
  }

  next(accepts: (block: QueuedBlock) => boolean): QueuedBlock | undefined {
    for (let index = 0; index < this.#waiting.length; index++) {
      const block = this.#waiting[index]!;
      if (!accepts(block)) continue;
      if (index === 0) this.#waiting.shift();
      else this.#waiting.splice(index, 1);
      this.#waitingRecords -= block.count;
      return block;
    }
    return undefined;
  }

  putBack(block: QueuedBlock): void {
    this.#waiting.unshift(block);
    this.#waitingRecords += block.count;
  }

  /** Those of inputs that are not there any more stay with their version. */
  rebind(bind: Bind): void {
    for (const [index, block] of this.#waiting.entries()) {
      const place = bind(block.source);
      if (place) this.#waiting[index] = { ...block, ...place };
    }
  }

  acknowledge(block: QueuedBlock): boolean {
    this.#unacknowledged -= block.count;
    this.#bytes -= block.length;
    return true;
  }

  whenSafe(callback: () => void): void {
    callback();
  }

  /** Memory keeps nothing. */
  keep(): void {}

  async close(): Promise<void> {}
}
