/** Filters of a few lines for tests of compiler and engine: each behaves alike in the compiler and the interpreter. */
import { cloneEvent } from '../../src/event/event.ts';
import type { Event } from '../../src/kernel/event-types.ts';
import type { Filter, FilterPlugin } from '../../src/kernel/plugin.ts';
import type { GraphNode, PipelineGraph } from '../../src/lang/graph.ts';
import { nodesOf } from '../../src/lang/graph-walk.ts';

export interface Behaviour {
  /** New events, which come out before the one that went in. */
  readonly before: Event[];
  readonly matched: boolean;
  readonly error?: boolean;
}

type Behave = (id: string, event: Event) => Behaviour;

const mark = (event: Event, text: string): void => {
  const { path } = event.fields;
  event.fields['path'] = [...(Array.isArray(path) ? path : []), text];
};
const copy = (event: Event, text: string): Event => {
  const made = cloneEvent(event);
  mark(made, text);
  return made;
};

const behaviours: Record<string, { behave: Behave; changesCount?: true }> = {
  /** Writes its id into the list `path`. */
  mark: {
    behave: (id, event) => {
      mark(event, id);
      return { before: [], matched: true };
    },
  },
  /** Succeeds only if there is a field `a`. */
  pick: {
    behave: (id, event) => {
      mark(event, id);
      return { before: [], matched: event.fields['a'] !== undefined };
    },
  },
  /** Throws if there is a field `c`. */
  fail: {
    behave: (id, event) => {
      mark(event, id);
      return { before: [], matched: true, error: event.fields['c'] !== undefined };
    },
  },
  drop: {
    behave: (_id, event) => {
      event.cancelled = true;
      return { before: [], matched: true };
    },
    changesCount: true,
  },
  /** Makes one event before the original. */
  double: {
    behave: (id, event) => ({ before: [copy(event, `${id} made`)], matched: true }),
    changesCount: true,
  },
  /** Makes two events and drops the original. */
  split: {
    behave: (id, event) => {
      const before = [copy(event, `${id} first`), copy(event, `${id} second`)];
      event.cancelled = true;
      return { before, matched: true };
    },
    changesCount: true,
  },
};

/** `mark`, and `batch_mark`, `async_mark` for the same over whole batches. */
export const tinyNames = Object.keys(behaviours);

export function behave(node: GraphNode, event: Event): Behaviour {
  return behaviours[node.name.replace(/^(?:batch|async)_/, '')]!.behave(node.id, event);
}

function tinyFilter(node: GraphNode): { plugin: FilterPlugin; filter: Filter } {
  const { changesCount } = behaviours[node.name.replace(/^(?:batch|async)_/, '')]!;
  const plugin: FilterPlugin = {
    kind: 'filter',
    name: node.name,
    summary: 'for tests',
    options: {},
    ...(changesCount && { changesCount }),
    create: () => filter,
  };
  const filter: Filter = {};
  if (!/^(?:batch|async)_/.test(node.name)) {
    filter.filter = (event, emit) => {
      const { before, matched, error } = behave(node, event);
      for (const made of before) emit(made);
      if (error) throw new Error(`${node.id} failed`);
      return matched;
    };
    return { plugin, filter };
  }
  const waits = node.name.startsWith('async_');
  filter.filterBatch = (events, emit) => {
    const matched = new Uint8Array(events.length);
    const made: [Event, number][] = [];
    for (const [at, event] of events.entries()) {
      const result = behave(node, event);
      if (result.error) throw new Error(`${node.id} failed`);
      matched[at] = result.matched ? 1 : 0;
      for (const each of result.before) made.push([each, at]);
    }
    // Any order of events with different places is allowed.
    made.sort(([, a], [, b]) => b - a);
    for (const [event, at] of made) emit(event, at);
    return waits ? new Promise((resolve) => setImmediate(() => resolve(matched))) : matched;
  };
  return { plugin, filter };
}

/** Filters for all filter nodes of a graph. */
export function tinyFilters(graph: PipelineGraph): Map<string, { plugin: FilterPlugin; filter: Filter }> {
  return new Map(nodesOf(graph.filters).map((node) => [node.id, tinyFilter(node)]));
}
