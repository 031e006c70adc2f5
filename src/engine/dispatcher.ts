/**
 * Which block of one pipeline is at which worker. Spreads blocks over the workers, keeps sticky ones on theirs, and
 * finds the block that kills workers: what was with a dead worker is tried again alone, and given up after the third
 * death.
 */
import type { Peer } from '../kernel/plugin.ts';
import { type QueuedBlock, share } from '../queue/block-builder.ts';
import type { Queue } from '../queue/queue.ts';
import type { SlabPool } from '../queue/slab-pool.ts';
import type { Bind } from '../queue/waiting-blocks.ts';
import type { WorkerLink } from './intake-pipeline.ts';
import type { BlockMessage, IntakeToWorker } from './messages.ts';

/** Deaths of workers after which a block is given up. */
const MAX_DEATHS = 3;

export interface DispatcherHost {
  worker(index: number): WorkerLink | undefined;
  /** Worker threads that a block may go to. */
  threadsOf(block: QueuedBlock): readonly number[];
  /** Blocks of one version at all workers together, at most: what an old version is stuck with stops no new one. */
  readonly limit: number;
  /** The one that runs now. */
  readonly version: number;
  /** Blocks that are given up can be kept. */
  readonly keepsDeadLetters: boolean;
  readonly pool: SlabPool;
  /** Does that version of the pipeline look at the bytes of its records? */
  needsBytes(version: number): boolean;
}

/** What a worker is told of the records of a block that it only counts: copying them would cost more than its work. */
const NO_RUNS = new Int32Array(0);
const NO_PEERS: readonly Peer[] = [];

const KILLED =
  'a worker thread ended three times while it worked on this block; the config or a plugin can not take it';

export class Dispatcher {
  readonly #queue: Queue;
  readonly #host: DispatcherHost;
  readonly #inFlight = new Map<number, { readonly block: QueuedBlock; readonly worker: number }>();
  /** Blocks at each worker, by version. */
  readonly #loads = new Map<number, Map<number, number>>();
  /** How many workers died with a block, by its id. */
  readonly #deaths = new Map<number, number>();
  /** Workers that have a suspect block, and nothing else. */
  readonly #alone = new Set<number>();

  constructor(queue: Queue, host: DispatcherHost) {
    this.#queue = queue;
    this.#host = host;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get hasCapacity(): boolean {
    return this.#hasCapacity(this.#host.version);
  }

  #hasCapacity(version: number): boolean {
    let sum = 0;
    for (const load of this.#loads.get(version)?.values() ?? []) sum += load;
    return sum < this.#host.limit;
  }

  /** Sends waiting blocks to workers, in one message to each. */
  dispatch(): void {
    const batches = new Map<number, BlockMessage[]>();
    // Old versions are looked after as well, while there are any.
    while (this.hasCapacity || this.#loads.size > 1) {
      let target = -1;
      const block = this.#queue.next((candidate) => {
        target = this.#targetOf(candidate);
        return target >= 0;
      });
      if (!block) break;
      const messages = batches.get(target) ?? [];
      messages.push(this.#take(block, target));
      batches.set(target, messages);
    }
    for (const [worker, blocks] of batches) {
      this.#host.worker(worker)!.port.postMessage({ type: 'blocks', blocks } satisfies IntakeToWorker);
    }
  }

  /** The worker for a block, or -1 while the one it must go to is busy. */
  #targetOf(block: QueuedBlock): number {
    if (!this.#hasCapacity(block.version)) return -1;
    const threads = this.#host.threadsOf(block);
    const loads = this.#loads.get(block.version);
    const suspect = this.#deaths.has(block.id);
    const perWorker = suspect ? 1 : Math.ceil(this.#host.limit / threads.length);
    const candidates = block.lane >= 0 ? [threads[block.lane % threads.length]!] : threads;
    let best = -1;
    let least = perWorker;
    for (const index of candidates) {
      const load = loads?.get(index) ?? 0;
      if (load < least && !this.#alone.has(index) && this.#host.worker(index)) {
        least = load;
        best = index;
      }
    }
    return best;
  }

  /** Notes that the block is at that worker, and makes its message. */
  #take(block: QueuedBlock, worker: number): BlockMessage {
    const link = this.#host.worker(worker)!;
    this.#inFlight.set(block.id, { block, worker });
    this.#load(block.version, worker, 1);
    if (this.#deaths.has(block.id)) this.#alone.add(worker);
    const dead = (this.#deaths.get(block.id) ?? 0) >= MAX_DEATHS ? KILLED : undefined;
    const looksAtBytes = dead !== undefined || this.#host.needsBytes(block.version);
    const slab = looksAtBytes ? share(block, this.#host.pool) : undefined;
    const known = slab === undefined || link.slabs.has(slab.id);
    if (slab && !known) link.slabs.add(slab.id);
    return {
      version: block.version,
      block: block.id,
      input: block.input,
      receivedAt: block.receivedAt,
      count: block.count,
      length: block.length,
      slab: slab?.id ?? 0,
      buffer: known ? undefined : slab!.buffer,
      runs: looksAtBytes ? block.runs : NO_RUNS,
      peers: looksAtBytes ? block.peers : NO_PEERS,
      dead,
    };
  }

  #load(version: number, worker: number, change: number): void {
    let loads = this.#loads.get(version);
    if (!loads) this.#loads.set(version, (loads = new Map()));
    const load = (loads.get(worker) ?? 0) + change;
    if (load > 0) loads.set(worker, load);
    else loads.delete(worker);
    if (loads.size === 0) this.#loads.delete(version);
  }

  /** A worker has delivered a block; undefined if it is none of this pipeline. */
  done(id: number): QueuedBlock | undefined {
    const entry = this.#inFlight.get(id);
    if (!entry) return undefined;
    this.#inFlight.delete(id);
    this.#load(entry.block.version, entry.worker, -1);
    if (this.#deaths.delete(id)) this.#alone.delete(entry.worker);
    return entry.block;
  }

  /** An old version did not deliver the block: it waits again, for the version that it belongs to now. */
  returned(id: number, bind: Bind): boolean {
    const entry = this.#inFlight.get(id);
    if (!entry) return false;
    this.#inFlight.delete(id);
    this.#load(entry.block.version, entry.worker, -1);
    if (this.#deaths.delete(id)) this.#alone.delete(entry.worker);
    this.#queue.putBack({ ...entry.block, ...bind(entry.block.source) });
    return true;
  }

  /**
   * A worker died: what it had waits again, before all others; what has killed three goes to the dead letter queue.
   * Returns the blocks that are given up.
   */
  workerLost(index: number): { readonly block: QueuedBlock; readonly kept: boolean }[] {
    const givenUp: { block: QueuedBlock; kept: boolean }[] = [];
    for (const [id, entry] of [...this.#inFlight].reverse()) {
      if (entry.worker !== index) continue;
      const deaths = (this.#deaths.get(id) ?? 0) + 1;
      if (deaths >= MAX_DEATHS) {
        const kept = this.#host.keepsDeadLetters && deaths === MAX_DEATHS;
        givenUp.push({ block: entry.block, kept });
        if (!kept) continue;
      }
      this.#deaths.set(id, deaths);
      this.#inFlight.delete(id);
      this.#queue.putBack(entry.block);
    }
    for (const [version, loads] of this.#loads)
      if (loads.delete(index) && loads.size === 0) this.#loads.delete(version);
    this.#alone.delete(index);
    return givenUp;
  }
}
