/** Flow metrics: rates over Logstash's windows, from snapshots of counters. */
import type { QueueState } from '../engine/messages.ts';
import type { PipelineCounts } from '../engine/metrics.ts';

/** How often snapshots are taken. */
export const SAMPLE_MS = 5_000;

/** A rate in each window that is full; `Infinity` is written as text, as Logstash does. */
export type Flow = Partial<Record<WindowName, number | string>>;
type WindowName = keyof typeof windows | 'lifetime';

/** Milliseconds that a window looks back, and between the snapshots that are kept for it. */
const windows = {
  current: { span: 10_000, step: SAMPLE_MS },
  last_1_minute: { span: 60_000, step: SAMPLE_MS },
  last_5_minutes: { span: 300_000, step: 15_000 },
  last_15_minutes: { span: 900_000, step: 30_000 },
  last_1_hour: { span: 3_600_000, step: 60_000 },
  last_24_hours: { span: 86_400_000, step: 900_000 },
} as const;

const counted = ['in', 'filtered', 'out', 'millis', 'pushMillis', 'batches', 'bytes'] as const;
const totals = [...counted, 'queueEvents', 'queueBytes'] as const;
type Total = (typeof totals)[number];
const nodeFields = ['in', 'out', 'millis'] as const;
type NodeField = (typeof nodeFields)[number];

/** The counters of a pipeline at one moment, small: some two hundred are kept of every pipeline. */
export class Snapshot {
  /** Milliseconds, monotonic. */
  readonly at: number;
  readonly #values: Float64Array;
  /** Where a node's numbers are in `#values`; shared by snapshots of the same nodes. */
  readonly #places: ReadonlyMap<string, number>;

  /**
   * Without `counts` all are zero. `like` is an earlier snapshot of the same pipeline; `growth` is how much more is in
   * its queue than at its start.
   */
  constructor(at: number, counts?: PipelineCounts, like?: Snapshot, growth?: QueueState['growth']) {
    this.at = at;
    const nodes = counts?.nodes ?? new Map<string, never>();
    const same = like && like.#places.size === nodes.size && nodes.keys().every((id) => like.#places.has(id));
    this.#places = same
      ? like.#places
      : new Map(nodes.keys().map((id, index) => [id, totals.length + index * nodeFields.length]));
    this.#values = new Float64Array(totals.length + nodes.size * nodeFields.length);
    if (!counts) return;
    for (const [place, name] of counted.entries()) this.#values[place] = counts[name];
    this.#values[totals.indexOf('queueEvents')] = growth?.events ?? 0;
    this.#values[totals.indexOf('queueBytes')] = growth?.bytes ?? 0;
    for (const [id, place] of this.#places) {
      const node = counts.nodes.get(id)!;
      for (const [offset, name] of nodeFields.entries()) this.#values[place + offset] = node[name];
    }
  }

  total(name: Total): number {
    return this.#values[totals.indexOf(name)]!;
  }

  node(id: string, name: NodeField): number {
    const place = this.#places.get(id);
    return place === undefined ? 0 : this.#values[place + nodeFields.indexOf(name)]!;
  }
}

export type Measure = (snapshot: Snapshot) => number;
const seconds: Measure = ({ at }) => at / 1000;

/** The snapshots of one pipeline. */
export class FlowHistory {
  readonly #first: Snapshot;
  /** One list a window, oldest first: from the youngest that is as old as the window. */
  readonly #kept = Object.values(windows).map(({ span, step }) => ({ span, step, list: [] as Snapshot[] }));
  #last: Snapshot;

  /** `first`: when the pipeline started, with zeros. */
  constructor(first: Snapshot) {
    this.#first = first;
    this.#last = first;
    for (const { list } of this.#kept) list.push(first);
  }

  get last(): Snapshot {
    return this.#last;
  }

  /** Takes a snapshot every `SAMPLE_MS` or so. */
  record(snapshot: Snapshot): void {
    this.#last = snapshot;
    for (const { span, step, list } of this.#kept) {
      if (snapshot.at - list.at(-1)!.at >= step - SAMPLE_MS / 2) list.push(snapshot);
      while (list.length > 1 && snapshot.at - list[1]!.at >= span) list.shift();
    }
  }

  /** How fast `numerator` grows against `denominator` (default: seconds), in each window. */
  flow(now: Snapshot, numerator: Measure, denominator: Measure = seconds): Flow {
    const flow: Flow = {};
    for (const [index, name] of (Object.keys(windows) as (keyof typeof windows)[]).entries()) {
      const { span, step, list } = this.#kept[index]!;
      const from = list[0]!;
      if (name === 'current' || now.at - from.at >= span - step)
        put(flow, name, rate(from, now, numerator, denominator));
    }
    put(flow, 'lifetime', rate(this.#first, now, numerator, denominator));
    return flow;
  }
}

function put(flow: Flow, name: WindowName, value: number | undefined): void {
  if (value !== undefined) flow[name] = value === Number.POSITIVE_INFINITY ? 'Infinity' : value;
}

/** Undefined when nothing grew. */
function rate(from: Snapshot, to: Snapshot, numerator: Measure, denominator: Measure): number | undefined {
  const top = numerator(to) - numerator(from);
  const bottom = denominator(to) - denominator(from);
  if (bottom > 0) return rounded(top / bottom);
  return top > 0 ? Number.POSITIVE_INFINITY : undefined;
}

/** Four significant digits, and no digit before the point is lost. */
function rounded(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
}

/** The same with every window's number changed. */
export function mapFlow(flow: Flow, change: (value: number) => number): Flow {
  const changed: Flow = {};
  for (const [name, value] of Object.entries(flow) as [WindowName, number | string][])
    put(changed, name, change(Number(value)));
  return changed;
}

/** Windows that several have, added up. */
export function addFlows(flows: readonly Flow[]): Flow {
  const sum: Flow = {};
  for (const flow of flows) {
    for (const [name, value] of Object.entries(flow) as [WindowName, number | string][])
      put(sum, name, rounded(Number(sum[name] ?? 0) + Number(value)));
  }
  return sum;
}
