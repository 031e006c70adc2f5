/**
 * How many events pass each edge of a graph, as far as that follows from what its nodes count: what goes into a
 * condition comes out of it, and where all but one edge are known, so is the last.
 */
import type { Edge, Vertex } from '../../contract/pipelines.ts';

export interface Passing {
  readonly in: number;
  readonly out: number;
}

/** `passing`: of plugins and of the queue. Edges of which nothing is known are left out. */
export function edgeRates(
  vertices: readonly Vertex[],
  edges: readonly Edge[],
  passing: ReadonlyMap<string, Passing>,
): Record<string, number> {
  const known = new Map<string, number>();
  const into = group(edges, 'to');
  const outOf = group(edges, 'from');
  const sum = (list: readonly Edge[]): number | undefined =>
    list.length > 0 && list.every(({ id }) => known.has(id))
      ? list.reduce((all, { id }) => all + known.get(id)!, 0)
      : undefined;
  /** Fills in the one edge of a side that is missing; tells whether there was one. */
  const complete = (list: readonly Edge[], total: number | undefined): boolean => {
    const missing = list.filter(({ id }) => !known.has(id));
    if (total === undefined || missing.length !== 1) return false;
    const rest = list.reduce((left, { id }) => left - (known.get(id) ?? 0), total);
    known.set(missing[0]!.id, Math.max(0, rest));
    return true;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const { id, kind } of vertices) {
      const ins = into.get(id) ?? [];
      const outs = outOf.get(id) ?? [];
      const counted = passing.get(id);
      // Every output gets all events: what leaves there is more than what comes.
      const splits = kind === 'outputs';
      // Behind a condition around outputs an event may have nowhere to go.
      const loses = kind === 'if' && outs.length < 2;
      const left = counted?.out ?? sum(ins);
      if (complete(ins, counted?.in ?? (splits || loses ? undefined : sum(outs)))) changed = true;
      if (splits) changed = fan(outs, left, known) || changed;
      else if (!loses && complete(outs, left)) changed = true;
    }
  }
  return Object.fromEntries(known);
}

function fan(outs: readonly Edge[], all: number | undefined, known: Map<string, number>): boolean {
  if (all === undefined) return false;
  const missing = outs.filter(({ id }) => !known.has(id));
  for (const { id } of missing) known.set(id, all);
  return missing.length > 0;
}

function group(edges: readonly Edge[], side: 'from' | 'to'): Map<string, Edge[]> {
  const groups = new Map<string, Edge[]>();
  for (const edge of edges) groups.set(edge[side], [...(groups.get(edge[side]) ?? []), edge]);
  return groups;
}
