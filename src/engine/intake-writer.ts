/** The way of one input into its pipeline's queue: fills blocks, says when to stop reading, and when to answer. */
import { type BlockWriter, type Peer, RunKind } from '../kernel/plugin.ts';
import {
  BLOCK_BYTES,
  BlockBuilder,
  type BlockSource,
  KEPT_BLOCK_BYTES,
  type QueuedBlock,
} from '../queue/block-builder.ts';
import type { SlabPool } from '../queue/slab-pool.ts';
import { DropTable } from './drop-table.ts';
import { type Counters, PipelineSlot, SLOTS_PER_NODE, Slot } from './metrics.ts';

/** What the writer needs of its pipeline. */
export interface WriterHost {
  readonly pool: SlabPool;
  readonly batchSize: number;
  readonly hasRoom: boolean;
  /** Like `hasRoom`, for senders that lose nothing when they wait: false also while the workers are catching up. */
  readonly mayGoOn: boolean;
  /** Records only: nothing looks at the bytes. */
  readonly countOnly: boolean;
  /** Workers look at no bytes: only the queue's disk may need them, and most blocks are delivered before. */
  readonly mayKeep: boolean;
  nextBlockId(): number;
  /** `delimiter` ends the records of its lines. */
  push(block: QueuedBlock, delimiter: Buffer): void;
  /** A block is full enough: it is sent when all that has arrived by now is read. */
  schedule(): void;
  /** A block is being filled: call `cut` of every writer after the batch delay. */
  arm(): void;
  whenRoom(): Promise<void>;
  /** Everything of this writer is in blocks already. */
  whenSafe(callback: () => void): void;
  readonly immediatelySafe: boolean;
}

/** Where the writer's records belong: changes with a reload. */
export interface WriterPlace {
  /** Index of the input among the graph's inputs. */
  readonly input: number;
  readonly version: number;
  readonly counters: Counters;
  readonly source: BlockSource;
}

const NEWLINE = Buffer.from('\n');

/** How far a block grows before it is sent, and how many records are counted at once. */
const MAX_BLOCK_BYTES = 4 * BLOCK_BYTES;
const MAX_BLOCK_RECORDS = 4096;
const COUNTED_BLOCK = 100_000;
/** Records that are appended in one go. */
const MAX_RUN = 1000;
/** Records are kept as they came only in memory of this size, because they keep all of it. */
const MAX_KEPT = 4 * 1024 * 1024;

export class IntakeWriter implements BlockWriter {
  #place: WriterPlace;
  readonly #host: WriterHost;
  /** Lanes for sticky records; one builder (lane -1) otherwise. */
  readonly #builders: BlockBuilder[];
  readonly #sticky: boolean;
  /** Blocks not yet acknowledged, oldest first. */
  readonly #outstanding = new Set<number>();
  readonly #marks: { readonly after: number; readonly callback: () => void }[] = [];
  #lastBlock = 0;
  /** When it was first told that there is no room; 0: there is. */
  #waitingSince = 0;
  readonly drops = new DropTable();

  readonly #delimiter: Buffer;

  constructor(place: WriterPlace, host: WriterHost, lanes: number, delimiter = NEWLINE) {
    this.#place = place;
    this.#delimiter = delimiter;
    this.#host = host;
    this.#sticky = lanes > 0;
    this.#builders = this.#sticky
      ? Array.from({ length: lanes }, (_, lane) => new BlockBuilder(host.pool, lane))
      : [new BlockBuilder(host.pool, -1)];
  }

  get hasRoom(): boolean {
    return this.#host.hasRoom;
  }

  lines(peer: Peer, bytes: Uint8Array, count: number): boolean {
    return this.#append(RunKind.lines, peer, bytes, count);
  }

  record(peer: Peer, bytes: Uint8Array, cut = false): boolean {
    return this.#append(cut ? RunKind.cut : RunKind.record, peer, bytes, 1);
  }

  records(peer: Peer, bytes: Uint8Array, ends: Int32Array): boolean {
    const host = this.#host;
    if (host.countOnly) return this.#append(RunKind.record, peer, bytes, ends.length);
    const keep = host.mayKeep && bytes.buffer.byteLength <= MAX_KEPT;
    // As many records at once as a block takes.
    for (let first = 0, start = 0; first < ends.length; ) {
      let last = first;
      while (last + 1 < ends.length && last - first < MAX_RUN && ends[last + 1]! - start <= BLOCK_BYTES)
        last++;
      const end = ends[last]!;
      const builder = this.#builder(peer);
      if (!builder.fits(end - start, keep)) this.#cut(builder);
      if (builder.isEmpty) host.arm();
      builder.appendRecords(peer, bytes, start, ends, first, last, Date.now(), keep);
      this.#appended(builder, last - first + 1, end - start);
      start = end;
      first = last + 1;
    }
    return this.#mayGoOn();
  }

  done(bytes: Uint8Array): void {
    this.#host.pool.done(bytes.buffer);
  }

  virtual(peer: Peer, count: number): boolean {
    return this.#append(RunKind.virtual, peer, undefined, count);
  }

  end(peer: Peer): void {
    if (this.#sticky) this.#append(RunKind.end, peer, undefined, 0);
  }

  #builder(peer: Peer): BlockBuilder {
    return this.#sticky ? this.#builders[lane(peer.key, this.#builders.length)]! : this.#builders[0]!;
  }

  #append(kind: number, peer: Peer, bytes: Uint8Array | undefined, count: number): boolean {
    const host = this.#host;
    const builder = this.#builder(peer);
    const kept = host.countOnly ? undefined : bytes;
    if (!builder.fits(kept?.length ?? 0)) this.#cut(builder);
    if (builder.isEmpty) host.arm();
    builder.append(kind, peer, kept, count, Date.now());
    this.#appended(builder, count, bytes?.length ?? 0);
    return this.#mayGoOn();
  }

  #mayGoOn(): boolean {
    const { mayGoOn } = this.#host;
    if (!mayGoOn && this.#waitingSince === 0) this.#waitingSince = performance.now();
    return mayGoOn;
  }

  /** Counts the time that it has waited for room so far. */
  countWaiting(): void {
    if (this.#waitingSince === 0) return;
    const now = performance.now();
    const { counters, input } = this.#place;
    counters.values[input * SLOTS_PER_NODE + Slot.millis]! += now - this.#waitingSince;
    this.#waitingSince = this.#host.mayGoOn ? 0 : now;
  }

  /** Counts what was appended, and sends the block if it is full enough. */
  #appended(builder: BlockBuilder, count: number, bytes: number): void {
    const { counters, input } = this.#place;
    counters.values[input * SLOTS_PER_NODE + Slot.in]! += count;
    if (bytes > 0) counters.addToPipeline(PipelineSlot.bytes, bytes);
    if (
      this.#host.countOnly
        ? builder.count >= COUNTED_BLOCK
        : builder.length >= (this.#host.mayKeep ? KEPT_BLOCK_BYTES : MAX_BLOCK_BYTES) ||
          builder.count >= MAX_BLOCK_RECORDS
    )
      this.#cut(builder);
    else if (this.#isFull(builder)) this.#host.schedule();
  }

  #isFull(builder: BlockBuilder): boolean {
    // No worker waits for bytes: the fewer blocks, the better.
    if (this.#host.mayKeep) return false;
    return builder.length >= BLOCK_BYTES || builder.count >= this.#host.batchSize;
  }

  /** A worker is free: what has waited to grow goes out. */
  cutFull(): void {
    for (const builder of this.#builders) if (!builder.isEmpty && this.#isFull(builder)) this.#cut(builder);
  }

  #cut(builder: BlockBuilder): void {
    if (builder.isEmpty) return;
    const { input, version, source } = this.#place;
    const block = builder.seal(this.#host.nextBlockId(), input, version, source);
    this.#outstanding.add(block.id);
    this.#lastBlock = block.id;
    this.#host.push(block, this.#delimiter);
  }

  /** Queues what is being filled. */
  cut(): void {
    for (const builder of this.#builders) this.#cut(builder);
  }

  /** The input has another place in the new version's graph. */
  moveTo(place: WriterPlace): void {
    this.cut();
    this.countWaiting();
    this.#place = place;
  }

  ready(): Promise<void> {
    return this.#host.whenRoom();
  }

  whenSafe(callback: () => void): void {
    if (!this.#host.immediatelySafe) this.cut();
    this.#host.whenSafe(callback);
  }

  whenDelivered(callback: () => void): void {
    this.cut();
    if (this.#outstanding.size === 0) callback();
    else this.#marks.push({ after: this.#lastBlock, callback });
  }

  acknowledged(block: number): void {
    this.#outstanding.delete(block);
    if (this.#marks.length === 0) return;
    const oldest = this.#outstanding.values().next();
    const watermark = oldest.done ? Infinity : oldest.value;
    while (this.#marks.length > 0 && this.#marks[0]!.after < watermark) this.#marks.shift()!.callback();
  }

  dropped(peer: Peer, reason: string): void {
    this.drops.add(typeof peer['ip'] === 'string' ? peer['ip'] : peer.key, reason);
    this.#place.counters.addToPipeline(PipelineSlot.dropped, 1);
  }
}

/** FNV-1a, for spreading senders over lanes. */
function lane(key: string, lanes: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % lanes;
}
