import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type InterpretFilter, interpretPipeline } from '../../test/support/interpreter.ts';
import {
  commonOptions,
  eventParts,
  expression,
  makeEvent,
  nowhere,
  shown,
} from '../../test/support/lang-arbitraries.ts';
import { behave, tinyFilters, tinyNames } from '../../test/support/tiny-filters.ts';
import type { Event } from '../kernel/event-types.ts';
import type { Expression } from './ast.ts';
import { COUNTERS_PER_NODE, compilePipeline } from './compile.ts';
import type { GraphNode, GraphStatement, PipelineGraph } from './graph.ts';
import { nodesOf, pluginNodes } from './graph-walk.ts';

type Shape =
  | { name: string; options: Record<string, unknown> }
  | { arms: { condition: Expression; body: Shape[] }[]; otherwise: Shape[] | undefined };

/** Statements of plugins with the given names; ids are given in the order of the text. */
function statements(names: readonly string[], maxLength: number): fc.Arbitrary<Shape[]> {
  const options = fc.oneof(
    { arbitrary: fc.constant({}), weight: 2 },
    { arbitrary: commonOptions, weight: 1 },
  );
  return fc.letrec<{ body: Shape[]; statement: Shape }>((tie) => ({
    body: fc.array(tie('statement'), { maxLength, depthIdentifier: 'body' }),
    statement: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'body' },
      { arbitrary: fc.record({ name: fc.constantFrom(...names), options }), weight: 3 },
      {
        arbitrary: fc.record({
          arms: fc.array(fc.record({ condition: expression, body: tie('body') }), {
            minLength: 1,
            maxLength: 3,
          }),
          otherwise: fc.option(tie('body'), { nil: undefined }),
        }),
        weight: 2,
      },
    ),
  })).body;
}

function graphOf(filters: Shape[], outputs: Shape[]): PipelineGraph {
  let next = 0;
  const convert = (kind: 'filter' | 'output', shape: Shape): GraphStatement => {
    const id = `${kind} ${next++}`;
    if ('name' in shape) {
      const { name, options } = shape;
      return {
        type: 'plugin',
        kind,
        name,
        id,
        options,
        given: [],
        ecs: 'disabled',
        position: nowhere,
      } as GraphNode;
    }
    const arms: { condition: Expression | undefined; body: GraphStatement[] }[] = shape.arms.map((arm) => ({
      condition: arm.condition,
      body: arm.body.map((each) => convert(kind, each)),
    }));
    if (shape.otherwise)
      arms.push({ condition: undefined, body: shape.otherwise.map((each) => convert(kind, each)) });
    return { type: 'branch', id, arms, position: nowhere };
  };
  return {
    inputs: [],
    filters: filters.map((each) => convert('filter', each)),
    outputs: outputs.map((each) => convert('output', each)),
  };
}

type Variant = 'plain' | 'timed' | 'watched';

interface Observed {
  outputs: string[][];
  conditionErrors: string[];
  filterErrors: string[];
  counts: Record<string, [number, number]>;
}

async function compiled(
  graph: PipelineGraph,
  events: Event[],
  variant: Variant,
  async: boolean,
): Promise<Observed> {
  const observed: Observed = { outputs: [], conditionErrors: [], filterErrors: [], counts: {} };
  const outputs = nodesOf(graph.outputs);
  const pipeline = compilePipeline({
    graph,
    filters: tinyFilters(graph),
    outputs: outputs.length,
    onConditionError: (branch) => observed.conditionErrors.push(branch),
    onFilterError: (node) => observed.filterErrors.push(node),
  });
  const lists: Event[][] = outputs.map(() => []);
  const nodes = pluginNodes(graph);
  const counters = new Float64Array(nodes.length * COUNTERS_PER_NODE);
  let entered = 0;
  let left = 0;
  const watched = pipeline.watch(new Set(nodesOf(graph.filters).map(({ id }) => id)), {
    before: () => ({ number: entered++ }),
    after: () => left++,
    made: () => {},
  });
  const running =
    variant === 'timed'
      ? pipeline.runTimed(events, lists, counters)
      : (variant === 'watched' ? watched : pipeline).run(events, lists, counters);
  if (!async) expect(running).toBe(undefined);
  await running;
  // Whatever came into a filter that is watched came out, or was dropped there.
  expect(left).toBe(entered);
  observed.outputs = lists.map((list) => list.map(shown));
  for (const [index, node] of nodes.entries()) {
    const [entered, left] = counters.subarray(index * COUNTERS_PER_NODE);
    if (node.kind === 'output') expect(entered).toBe(lists[outputs.indexOf(node)]!.length);
    else if (entered !== 0 || left !== 0) observed.counts[node.id] = [entered!, left!];
  }
  return observed;
}

function interpreted(graph: PipelineGraph, events: Event[]): Observed {
  const filter: InterpretFilter = (node, event) => behave(node, event);
  const { outputs, conditionErrors, filterErrors, counts } = interpretPipeline(graph, events, filter);
  return {
    outputs: outputs.map((list) => list.map(shown)),
    conditionErrors: conditionErrors.map(({ branch }) => branch),
    filterErrors,
    counts: Object.fromEntries(counts),
  };
}

/** Errors may be reported in any order: events go through one after the other, or all together. */
const inAnyOrder = (observed: Observed): Observed => ({
  ...observed,
  conditionErrors: observed.conditionErrors.toSorted(),
  filterErrors: observed.filterErrors.toSorted(),
});

describe('compiled pipelines agree with the interpreter on any graph and events', () => {
  const events = fc.array(eventParts, { maxLength: 6 });

  test('with filters that never wait', async () => {
    await fc.assert(
      fc.asyncProperty(
        statements(tinyNames, 6),
        statements(['null'], 4),
        events,
        fc.constantFrom<Variant>('plain', 'timed', 'watched'),
        async (filters, outputs, parts, variant) => {
          const graph = graphOf(filters, outputs);
          const observed = await compiled(graph, parts.map(makeEvent), variant, false);
          expect(inAnyOrder(observed)).toEqual(inAnyOrder(interpreted(graph, parts.map(makeEvent))));
        },
      ),
      { numRuns: 800 },
    );
  });

  test('with filters over whole batches', async () => {
    const names = tinyNames
      .filter((name) => name !== 'fail')
      .flatMap((name) => [name, `batch_${name}`, `async_${name}`]);
    await fc.assert(
      fc.asyncProperty(
        statements(names, 5),
        statements(['null'], 3),
        events,
        fc.constantFrom<Variant>('plain', 'timed', 'watched'),
        async (filters, outputs, parts, variant) => {
          const graph = graphOf(filters, outputs);
          const waits = nodesOf(graph.filters).some(({ name }) => name.startsWith('async_'));
          const observed = await compiled(graph, parts.map(makeEvent), variant, waits);
          expect(inAnyOrder(observed)).toEqual(inAnyOrder(interpreted(graph, parts.map(makeEvent))));
        },
      ),
      { numRuns: 500 },
    );
  });
});
