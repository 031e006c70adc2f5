/**
 * Pipelines with filters that work on whole batches: a list of steps over the batch, joined in order. A branch that
 * contains such a filter is run batch-wise: its condition parts the batch, each arm takes its events through its
 * own steps, and what comes out is put together again in the old order. Steps wait only where a filter does.
 */
import type { Event } from '../kernel/event-types.ts';
import { compilePartition, hasGuard, type Partition } from './compile-partition.ts';
import { COUNTERS_PER_NODE, compileSegment, type NodeInfo, type SegmentInput } from './compile-segment.ts';
import { conditionTexts, describeNode } from './compile-text.ts';
import type { GraphBranch, GraphNode, GraphStatement } from './graph.ts';
import { nodesOf } from './graph-walk.ts';

type MaybePromise<T> = T | Promise<T>;

/** Events on their way, and, within a branch, the places they had in the list that came to the branch. */
interface Flow {
  readonly events: readonly Event[];
  readonly places: readonly number[] | undefined;
}

/** One batch, or one flush: where its events end up. Several may be under way at once. */
export interface Run {
  readonly outputs: Event[][];
  readonly counters: Float64Array;
}

type Step = (flow: Flow, run: Run) => MaybePromise<Flow>;

/** Filters with a flush, and how the events that they make then go on. */
interface Flusher {
  readonly node: GraphNode;
  readonly resume: (events: readonly Event[], run: Run) => MaybePromise<unknown>;
}

export interface Plan {
  readonly source: string;
  readonly flushers: readonly Flusher[];
  run(events: readonly Event[], run: Run): MaybePromise<unknown>;
}

export type PlanInput = Omit<SegmentInput, 'filters' | 'end'> & {
  readonly filters: readonly GraphStatement[];
  readonly outputs: readonly GraphStatement[];
  /** How long one event may take in the regular expressions of one branch's conditions. */
  readonly conditionTimeoutMillis: number;
};

/** Compiles filters and outputs to steps; without batch filters that is one segment. */
export function compilePlan(input: PlanInput): Plan {
  return new PlanCode(input).compile();
}

const then = <A, B>(value: MaybePromise<A>, next: (value: A) => B | Promise<B>): B | Promise<B> =>
  value instanceof Promise ? value.then(next) : next(value);

function runSteps(steps: readonly Step[], from: number, flow: Flow, run: Run): MaybePromise<Flow> {
  let current = flow;
  for (let at = from; at < steps.length; at++) {
    const result = steps[at]!(current, run);
    if (result instanceof Promise) return result.then((next) => runSteps(steps, at + 1, next, run));
    current = result;
  }
  return current;
}

class PlanCode {
  readonly #input: PlanInput;
  readonly #source: string[] = [];
  readonly #flushers: Flusher[] = [];

  constructor(input: PlanInput) {
    this.#input = input;
  }

  compile(): Plan {
    const steps = this.#steps(this.#input.filters, 'outputs', (flow) => flow);
    return {
      source: this.#source.join('\n\n'),
      flushers: this.#flushers,
      run: (events, run) => runSteps(steps, 0, { events, places: undefined }, run),
    };
  }

  /** `after`: where events go that come out of these statements by a flush. */
  #steps(
    statements: readonly GraphStatement[],
    end: 'outputs' | 'placed list',
    after: (flow: Flow, run: Run) => MaybePromise<unknown>,
  ): Step[] {
    const steps: Step[] = [];
    const resumeAt =
      (at: number) =>
      (flow: Flow, run: Run): MaybePromise<unknown> =>
        then(runSteps(steps, at, flow, run), (result) => after(result, run));
    const guardedRouting = end === 'outputs' && this.#input.outputs.some(hasGuard);
    let stretch: GraphStatement[] = [];
    const flushStretch = (last: boolean): void => {
      const outputs = last && end === 'outputs' && !guardedRouting;
      if (stretch.length > 0 || outputs) {
        const segmentEnd = end === 'placed list' ? end : outputs ? { outputs: this.#input.outputs } : 'list';
        steps.push(this.#segment(stretch, segmentEnd, resumeAt(steps.length + 1)));
      }
      stretch = [];
    };
    for (const statement of statements) {
      if (!this.#isBatch(statement)) {
        stretch.push(statement);
        continue;
      }
      flushStretch(false);
      const resume = resumeAt(steps.length + 1);
      steps.push(
        statement.type === 'plugin' ? this.#batch(statement, resume) : this.#branch(statement, resume),
      );
    }
    flushStretch(true);
    if (guardedRouting) {
      const route = this.#route(this.#input.outputs);
      steps.push((flow, run) => {
        route(flow.events, run);
        return { events: [], places: undefined };
      });
    }
    return steps;
  }

  #isBatch(statement: GraphStatement): boolean {
    if (hasGuard(statement)) return true;
    return nodesOf([statement]).some((node) => this.#input.node(node).filter?.filterBatch !== undefined);
  }

  // ---- a stretch that never waits ----------------------------------------------------------------------------

  #segment(
    filters: readonly GraphStatement[],
    end: SegmentInput['end'],
    resume: (flow: Flow, run: Run) => MaybePromise<unknown>,
  ): Step {
    const segment = compileSegment({ ...this.#input, filters, end });
    this.#source.push(`// One event after the other:\n${segment.source}`);
    for (const node of nodesOf(filters)) {
      if (this.#input.node(node).filter?.flush === undefined) continue;
      this.#flushers.push({
        node,
        resume: (events, run) =>
          resume(
            through(end, run, (sinks, to) =>
              segment.enter(node, events, sinks, run.counters, to && { from: [0], to }),
            ),
            run,
          ),
      });
    }
    return (flow, run) => {
      const { events, places } = flow;
      return through(end, run, (sinks, to) =>
        segment.run(events, sinks, run.counters, to && { from: places ?? [], to }),
      );
    };
  }

  // ---- a filter over the batch -------------------------------------------------------------------------------

  #batch(node: GraphNode, resume: (flow: Flow, run: Run) => MaybePromise<unknown>): Step {
    const info = this.#input.node(node);
    this.#source.push(`// The whole batch: ${describeNode(node)}`);
    if (info.filter!.flush) {
      this.#flushers.push({
        node,
        resume: (events, run) => {
          run.counters[info.index * COUNTERS_PER_NODE + 1]! += events.length;
          return resume({ events, places: events.map(() => 0) }, run);
        },
      });
    }
    return (flow, run) => this.#runBatch(node, info, flow, run);
  }

  #runBatch(node: GraphNode, info: NodeInfo, flow: Flow, run: Run): MaybePromise<Flow> {
    const { events } = flow;
    if (events.length === 0) return flow;
    const start = this.#input.timed ? performance.now() : 0;
    const made: { event: Event; before: number }[] = [];
    const failed = (error: unknown): undefined => {
      for (const event of events) this.#input.filterFailed(node.id, error, event);
    };
    const finish = (matched: Uint8Array | undefined): Flow => {
      const result = this.#collect(node, info, flow, matched, made);
      const at = info.index * COUNTERS_PER_NODE;
      run.counters[at]! += events.length;
      run.counters[at + 1]! += result.events.length;
      if (this.#input.timed) run.counters[at + 2]! += performance.now() - start;
      return result;
    };
    let matched: MaybePromise<Uint8Array>;
    try {
      matched = info.filter!.filterBatch!(events, (event, before) => made.push({ event, before }));
    } catch (error) {
      return finish(failed(error));
    }
    return matched instanceof Promise ? matched.catch(failed).then(finish) : finish(matched);
  }

  /** Decorates what succeeded, takes out what was dropped, puts in what was made. */
  #collect(
    node: GraphNode,
    info: NodeInfo,
    { events, places }: Flow,
    matched: Uint8Array | undefined,
    made: { event: Event; before: number }[],
  ): Flow {
    const result: Event[] = [];
    const resultPlaces: number[] | undefined = places && [];
    const keep = (event: Event, place: number): void => {
      if (event.cancelled) return;
      result.push(event);
      resultPlaces?.push(places![place] ?? 0);
    };
    made.sort((a, b) => a.before - b.before);
    let next = 0;
    for (const [at, event] of events.entries()) {
      for (; next < made.length && made[next]!.before <= at; next++) keep(made[next]!.event, at);
      if (matched?.[at] === 1 && info.decorate) {
        try {
          info.decorate(event);
        } catch (error) {
          this.#input.filterFailed(node.id, error, event);
        }
      }
      keep(event, at);
    }
    for (; next < made.length; next++) keep(made[next]!.event, events.length - 1);
    return { events: result, places: resultPlaces };
  }

  // ---- a branch over the batch -------------------------------------------------------------------------------

  #branch(branch: GraphBranch, resume: (flow: Flow, run: Run) => MaybePromise<unknown>): Step {
    const part = this.#partition(branch, true);
    const arms = branch.arms.map(({ body }) =>
      this.#steps(body, 'placed list', (flow, run) =>
        resume({ events: flow.events, places: flow.events.map(() => 0) }, run),
      ),
    );
    return (flow, run) => {
      const { lists, passed } = part(flow.events);
      return then(runArms(arms, 0, lists, run), (results) => join([...results, passed], flow));
    };
  }

  #partition(branch: GraphBranch, drop: boolean): Partition {
    const { source, partition } = compilePartition(branch, { ...this.#input, drop });
    this.#source.push(`// The whole batch is parted, arm by arm: ${conditionTexts(branch)}\n${source}`);
    return partition;
  }

  // ---- outputs whose conditions need a time limit ------------------------------------------------------------

  #route(statements: readonly GraphStatement[]): (events: readonly Event[], run: Run) => void {
    const routes: ((events: readonly Event[], run: Run) => void)[] = [];
    for (const statement of statements) {
      if (statement.type === 'branch' && hasGuard(statement)) {
        const part = this.#partition(statement, false);
        const arms = statement.arms.map(({ body }) => this.#route(body));
        routes.push((events, run) => {
          for (const [at, list] of part(events).lists.entries()) arms[at]!(list.events, run);
        });
      } else {
        const segment = compileSegment({ ...this.#input, filters: [], end: { outputs: [statement] } });
        this.#source.push(`// One event after the other:\n${segment.source}`);
        routes.push((events, run) => segment.run(events, run.outputs, run.counters));
      }
    }
    return (events, run) => {
      for (const route of routes) route(events, run);
    };
  }
}

/** Runs what fills sinks, and returns what came into the one list, if it is one. */
function through(
  end: SegmentInput['end'],
  run: Run,
  fill: (sinks: Event[][], to: number[] | undefined) => void,
): Flow {
  if (typeof end !== 'string') {
    fill(run.outputs, undefined);
    return { events: [], places: undefined };
  }
  const events: Event[] = [];
  const places: number[] | undefined = end === 'placed list' ? [] : undefined;
  fill([events], places);
  return { events, places };
}

/** One arm after the other, so that filters see batches in the order of the text. */
function runArms(
  arms: readonly (readonly Step[])[],
  from: number,
  lists: readonly Flow[],
  run: Run,
): MaybePromise<Flow[]> {
  const results: Flow[] = [];
  for (let at = from; at < arms.length; at++) {
    const list = lists[at]!;
    const result = list.events.length === 0 ? list : runSteps(arms[at]!, 0, list, run);
    if (result instanceof Promise) {
      return result.then((first) =>
        then(runArms(arms, at + 1, lists, run), (others) => [...results, first, ...others]),
      );
    }
    results.push(result);
  }
  return results;
}

/** Merges lists whose places ascend; each place occurs in one list only. */
function join(lists: readonly Flow[], from: Flow): Flow {
  const events: Event[] = [];
  const places: number[] | undefined = from.places && [];
  const heads = lists.map(() => 0);
  for (;;) {
    let first = -1;
    let lowest = Number.POSITIVE_INFINITY;
    for (const [at, list] of lists.entries()) {
      const place = list.places![heads[at]!];
      if (place !== undefined && place < lowest) {
        lowest = place;
        first = at;
      }
    }
    if (first < 0) return { events, places };
    const list = lists[first]!;
    for (let at = heads[first]!; list.places![at] === lowest; at++, heads[first]!++) {
      events.push(list.events[at]!);
      places?.push(from.places![lowest]!);
    }
  }
}
