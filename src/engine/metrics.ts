/**
 * Counters of a pipeline version in one thread. Three slots a node (events in, events out, milliseconds: of an input,
 * in the intake thread those that it waited for room in the queue, in workers those that decoding took), then the pipeline's own, then named counters of plugins. Each thread writes its own region; readers add them up.
 */
import type { PipelineTotals, PluginKind } from '../kernel/plugin.ts';
import type { CounterRegion } from './messages.ts';
import { INTAKE } from './problems.ts';

export const SLOTS_PER_NODE = 3;
export const Slot = { in: 0, out: 1, millis: 2 } as const;
/** The pipeline's own slots, behind those of its nodes. */
export const PipelineSlot = {
  in: 0,
  out: 1,
  millis: 2,
  bytes: 3,
  dropped: 4,
  conditionErrors: 5,
  /** Of those, in the filter section: there the event is gone. */
  conditionDrops: 6,
  batches: 7,
} as const;
const PIPELINE_SLOTS = 8;
const NAMED_SLOTS = 256;

export class Counters {
  readonly values: Float64Array;
  /** Called when a name was added, after `region` was handed on: readers do not see names in shared memory. */
  onNamed: (() => void) | undefined;
  readonly #pipeline: number;
  readonly #named: [string, string, number][] = [];
  #nextNamed: number;

  constructor(nodes: number) {
    const slots = nodes * SLOTS_PER_NODE + PIPELINE_SLOTS + NAMED_SLOTS;
    this.values = new Float64Array(new SharedArrayBuffer(slots * 8));
    this.#pipeline = nodes * SLOTS_PER_NODE;
    this.#nextNamed = this.#pipeline + PIPELINE_SLOTS;
  }

  /** Where one of the pipeline's own slots is in `values`. */
  slotOfPipeline(slot: number): number {
    return this.#pipeline + slot;
  }

  addToPipeline(slot: number, n: number): void {
    this.values[this.#pipeline + slot]! += n;
  }

  /** A named counter of a node. When all slots are taken, further names are not kept. */
  named(node: string, name: string): { add(n: number): void } {
    const known = this.#named.find(([id, other]) => id === node && other === name);
    const slot = known?.[2] ?? this.#nextNamed;
    if (!known) {
      if (slot >= this.values.length) return { add: () => {} };
      this.#nextNamed++;
      this.#named.push([node, name, slot]);
      this.onNamed?.();
    }
    const values = this.values;
    return {
      add: (n) => {
        values[slot]! += n;
      },
    };
  }

  region(): CounterRegion {
    return { buffer: this.values.buffer as SharedArrayBuffer, named: this.#named };
  }
}

export interface NodeCounts {
  in: number;
  out: number;
  millis: number;
  /** Of an input: that workers decoded its records. */
  decodeMillis: number;
  named: Record<string, number>;
}
export interface PipelineCounts {
  in: number;
  filtered: number;
  out: number;
  /** That workers were busy. */
  millis: number;
  /** That inputs waited for room in the queue. */
  pushMillis: number;
  batches: number;
  bytes: number;
  conditionErrors: number;
  nodes: Map<string, NodeCounts>;
}

/** What a region's counters are of: the nodes of the graph, in order. */
export interface CountedNode {
  readonly id: string;
  readonly kind: PluginKind;
}

/** Adds up the regions of all threads (and of earlier versions, for nodes that kept their id). */
export function sumCounters(
  regions: readonly { thread: number; nodes: readonly CountedNode[]; region: CounterRegion }[],
): PipelineCounts {
  const total: PipelineCounts = {
    in: 0,
    filtered: 0,
    out: 0,
    millis: 0,
    pushMillis: 0,
    batches: 0,
    bytes: 0,
    conditionErrors: 0,
    nodes: new Map(),
  };
  for (const { thread, nodes, region } of regions) {
    const values = new Float64Array(region.buffer);
    const node = (id: string): NodeCounts => {
      let counts = total.nodes.get(id);
      if (!counts) total.nodes.set(id, (counts = { in: 0, out: 0, millis: 0, decodeMillis: 0, named: {} }));
      return counts;
    };
    for (const [index, { id, kind }] of nodes.entries()) {
      const counts = node(id);
      counts.in += values[index * SLOTS_PER_NODE + Slot.in]!;
      counts.out += values[index * SLOTS_PER_NODE + Slot.out]!;
      const millis = values[index * SLOTS_PER_NODE + Slot.millis]!;
      if (kind === 'input' && thread !== INTAKE) counts.decodeMillis += millis;
      else counts.millis += millis;
      if (kind === 'input' && thread === INTAKE) total.pushMillis += millis;
      // Events through the filters: what came in, and what each filter added or took away.
      if (kind === 'filter') {
        total.filtered +=
          values[index * SLOTS_PER_NODE + Slot.out]! - values[index * SLOTS_PER_NODE + Slot.in]!;
      }
    }
    const base = nodes.length * SLOTS_PER_NODE;
    total.in += values[base + PipelineSlot.in]!;
    total.filtered += values[base + PipelineSlot.in]! - values[base + PipelineSlot.conditionDrops]!;
    total.out += values[base + PipelineSlot.out]!;
    total.millis += values[base + PipelineSlot.millis]!;
    total.batches += values[base + PipelineSlot.batches]!;
    total.bytes += values[base + PipelineSlot.bytes]!;
    total.conditionErrors += values[base + PipelineSlot.conditionErrors]!;
    for (const [id, name, slot] of region.named) {
      const counts = node(id);
      counts.named[name] = (counts.named[name] ?? 0) + values[slot]!;
    }
  }
  return total;
}

/** What an input may know of a pipeline. */
export function totalsOf({ out, conditionErrors, nodes }: PipelineCounts): PipelineTotals {
  let errors = conditionErrors;
  for (const { named } of nodes.values()) errors += named['rejected'] ?? 0;
  return { processed: out, errors };
}
