/** What every filter promises: examples through the compiled pipeline, any event, and the truth of its declaration. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cloneEvent, Event } from '../../src/event/event.ts';
import { parseFieldReference } from '../../src/event/field-reference.ts';
import type { Fields, FieldValue } from '../../src/kernel/event-types.ts';
import type { Filter, FilterPlugin } from '../../src/kernel/plugin.ts';
import { compileCommonOptions } from '../../src/lang/common-options.ts';
import { COUNTERS_PER_NODE, compilePipeline } from '../../src/lang/compile.ts';
import type { GraphNode } from '../../src/lang/graph.ts';
import { nodesOf, pluginNodes } from '../../src/lang/graph-walk.ts';
import { registry } from '../../src/plugins/registry.ts';
import { testContext } from '../support/plugin.ts';
import { anyFields, anyValue, comparable, problemInEvent } from './arbitraries.ts';
import { filterTable } from './filter-table.ts';
import { minimalOptions } from './minimal-options.ts';
import { check, configOf, type Entry, pluginsOf, rowOf } from './support.ts';

/** A longer search: CONFORMANCE_RUNS=100 npx vitest run test/conformance */
const TIMES = Number(process.env['CONFORMANCE_RUNS'] ?? 1);

interface Made {
  readonly plugin: FilterPlugin;
  readonly filter: Filter;
  readonly node: GraphNode;
}

interface Pipeline {
  readonly filters: readonly Made[];
  /** Runs events through; returns those that come out. */
  run(events: readonly Event[]): Promise<Event[]>;
  flush(): Promise<Event[]>;
  /** What the filters threw. */
  readonly errors: unknown[];
}

/** A pipeline of the filters of a config, as a worker makes it. */
async function makePipeline(text: string): Promise<Pipeline> {
  const checked = await check(`${text}\noutput { null { } }`);
  const { graph } = checked.pipelines[0]!;
  if (!graph) throw new Error(checked.formatted.join('\n'));
  const filters = new Map<string, Made>();
  for (const node of nodesOf(graph.filters)) {
    const plugin = (await registry.load('filter', node.name)) as FilterPlugin;
    const context = {
      ...testContext(),
      id: node.id,
      ecs: node.ecs,
      decorate: compileCommonOptions('filter', node.options) ?? (() => {}),
    };
    filters.set(node.id, { plugin, node, filter: await plugin.create(node.options as never, context) });
  }
  const errors: unknown[] = [];
  const compiled = compilePipeline({
    graph,
    filters,
    outputs: 1,
    onConditionError: (_branch, message) => errors.push(message),
    onFilterError: (_id, error) => errors.push(error),
  });
  const counters = new Float64Array(pluginNodes(graph).length * COUNTERS_PER_NODE);
  return {
    filters: [...filters.values()],
    errors,
    async run(events) {
      const out: Event[][] = [[]];
      await compiled.run(events, out, counters);
      return out[0]!;
    },
    async flush() {
      const out: Event[][] = [[]];
      await compiled.flush(true, out, counters);
      return out[0]!;
    },
  };
}

/** Examples give a section, or its body. */
const section = (config: string): string =>
  /^\s*filter\s*\{/.test(config) ? config : `filter {\n${config}\n}`;

const stamped = (fields: Fields): Event =>
  new Event(structuredClone({ '@timestamp': '2026-11-20T10:00:00.000Z', '@version': '1', ...fields }));

/** Does `fields` have what is wanted? Null stands for a field that is not there. */
function lacking(fields: Fields, wanted: Fields): string | undefined {
  const missing = Object.entries(wanted).filter(
    ([name, value]) => comparable(fields[name] ?? null) !== comparable(value),
  );
  return missing.length === 0
    ? undefined
    : `wanted ${comparable(Object.fromEntries(missing))}, got ${comparable(fields)}`;
}

/** Every configuration of a filter that the suite knows. */
function configsOf(entry: Entry<'filter'>): string[] {
  const row = rowOf(filterTable, entry, 'filter-table.ts');
  const bodies = [rowOf(minimalOptions.filter, entry, 'minimal-options.ts'), ...(row.configs ?? [])];
  const examples = (entry.plugin.examples ?? []).map((each) => section(each.config));
  return [...examples, ...bodies.map((body) => configOf(entry, body))];
}

/** Names at the top of the events that a filter's examples and row speak of. */
function fieldNames(entry: Entry<'filter'>): string[] {
  const inputs = (entry.plugin.examples ?? []).map((each) =>
    Object.keys((each.input as Fields | undefined) ?? {}),
  );
  return [...new Set([...inputs.flat(), ...(filterTable[entry.name]?.fields ?? [])])];
}

/** Values of examples, whole and with a part exchanged: these reach deeper than arbitrary ones. */
function likelyValues(entry: Entry<'filter'>): fc.Arbitrary<FieldValue> {
  const values = (entry.plugin.examples ?? []).flatMap((each) =>
    Object.values((each.input as Fields | undefined) ?? {}),
  );
  const texts = [
    ...values.filter((each) => typeof each === 'string'),
    ...(filterTable[entry.name]?.texts ?? ['text']),
  ];
  const garbled = fc
    .tuple(fc.constantFrom(...texts), fc.nat(), fc.nat({ max: 5 }), fc.string({ maxLength: 3 }))
    .map(([text, at, length, other]) => {
      const from = at % (text.length + 1);
      return text.slice(0, from) + other + text.slice(from + length);
    });
  return fc.oneof(
    { weight: 3, arbitrary: garbled },
    {
      weight: 2,
      arbitrary: fc.constantFrom<FieldValue>(...values, ...texts).map((value) => structuredClone(value)),
    },
    { weight: 4, arbitrary: anyValue(fieldNames(entry)) },
  );
}

const anyEvent = (entry: Entry<'filter'>): fc.Arbitrary<Event> =>
  fc
    .tuple(
      anyFields(fieldNames(entry), likelyValues(entry)),
      fc.option(fc.dictionary(fc.constantFrom('a', 'index'), anyValue([]), { maxKeys: 2 }), {
        nil: undefined,
      }),
    )
    .map(([fields, metadata]) => new Event(fields, metadata as Fields | undefined));

/** All fields; without the time where that is the time of the failure to read one. */
function timeless({ fields }: Event): string {
  const failed = Array.isArray(fields['tags']) && fields['tags'].includes('_timestampparsefailure');
  return comparable(failed ? { ...fields, '@timestamp': undefined } : fields);
}

describe.each((await pluginsOf('filter')).map((entry) => [entry.name, entry] as const))(
  'filter %s',
  (_name, entry) => {
    const row = rowOf(filterTable, entry, 'filter-table.ts');

    test.each((entry.plugin.examples ?? []).map((each) => [each.title, each] as const))(
      'example: %s',
      async (_title, example) => {
        const pipeline = await makePipeline(section(example.config));
        const input = (example.input as Fields | undefined) ?? { message: 'text' };
        const events = [...(await pipeline.run([stamped(input)])), ...(await pipeline.flush())];
        expect(pipeline.errors).toEqual([]);
        if (example.output === undefined) return;
        const wanted = [example.output].flat() as Fields[];
        expect(events.map((event, index) => lacking(event.fields, wanted[index] ?? {}))).toEqual(
          wanted.map(() => undefined),
        );
      },
    );

    test('takes any event, and leaves it sound', async () => {
      const configs = configsOf(entry);
      for (const config of configs) {
        const pipeline = await makePipeline(config);
        await fc.assert(
          fc.asyncProperty(anyEvent(entry), async (event) => {
            const out = await pipeline.run([event]);
            expect(pipeline.errors).toEqual([]);
            for (const each of [event, ...out]) {
              const problem = problemInEvent(each);
              if (!row.nonFinite || !/ is (?:NaN|-?Infinity)$/.test(problem ?? ''))
                expect(problem).toBeUndefined();
            }
            if (!entry.plugin.changesCount && !config.includes('drop')) expect(out).toEqual([event]);
          }),
          { numRuns: Math.ceil(((row.runs ?? 500) * TIMES) / configs.length) },
        );
        for (const event of await pipeline.flush()) expect(problemInEvent(event)).toBeUndefined();
        expect(pipeline.errors).toEqual([]);
      }
    });

    test('does to many events what it does to each', async () => {
      if (row.state === 'shared' || row.random) return;
      for (const config of configsOf(entry)) {
        const pipeline = await makePipeline(config);
        await fc.assert(
          fc.asyncProperty(fc.array(anyEvent(entry), { maxLength: 6 }), async (events) => {
            const copies = events.map(cloneEvent);
            const together = await pipeline.run(events);
            const each: Event[] = [];
            for (const copy of copies) each.push(...(await pipeline.run([copy])));
            expect(together.map(timeless)).toEqual(each.map(timeless));
          }),
          { numRuns: Math.ceil(((row.runs ?? 500) * TIMES) / 5 / configsOf(entry).length) },
        );
      }
    });

    // What nothing downstream reads is not even built: a filter that reads more than it says would miss it.
    test('does the same when the fields that it does not name are not there', async () => {
      if (row.random) return;
      for (const config of configsOf(entry)) {
        const { filters } = await makePipeline(config);
        const [made] = filters as [Made];
        const names = filters.length === 1 ? namedFields(made, config) : undefined;
        if (names === undefined) continue;
        await fc.assert(
          fc.asyncProperty(anyEvent(entry), async (event) => {
            const unnamed = Object.keys(event.fields).filter((name) => !names.has(name));
            const pruned = cloneEvent(event);
            for (const name of unnamed) pruned.fields[name] = undefined;
            const whole = await runAlone(made, event);
            const part = await runAlone(made, pruned);
            const seen = (events: readonly Event[]): string[] =>
              events.map(({ fields, metadata, cancelled }) => {
                const rest = Object.entries(fields).filter(([name]) => !unnamed.includes(name));
                return comparable([cancelled, metadata, Object.fromEntries(rest)]);
              });
            expect(seen(part)).toEqual(seen(whole));
          }),
          { numRuns: Math.ceil(((row.runs ?? 500) * TIMES) / 5 / configsOf(entry).length) },
        );
      }
    });

    test('reads no field but those it names', async () => {
      // Whoever makes events copies them, and what is not there need not be copied.
      if (entry.plugin.changesCount) return;
      for (const config of configsOf(entry)) {
        const { filters } = await makePipeline(config);
        const [made] = filters as [Made];
        const names = filters.length === 1 ? namedFields(made, config) : undefined;
        if (names === undefined) continue;
        const touched = new Set<string>();
        await fc.assert(
          fc.asyncProperty(anyEvent(entry), async (event) => {
            event.fields = watched(event.fields, touched);
            await runAlone(made, event);
          }),
          { numRuns: 40 * TIMES },
        );
        expect(
          [...touched].filter((name) => !names.has(name)),
          config,
        ).toEqual([]);
      }
    });
  },
);

/** Top-level names that a filter says it reads or writes; undefined: all. */
function namedFields({ plugin, node }: Made, config: string): Set<string> | undefined {
  const reads = plugin.reads?.(node.options as never) ?? 'all';
  if (reads === 'all') return undefined;
  const writes = plugin.writes?.(node.options as never) ?? [];
  // The language knows of these, in common options.
  const templates = [...config.matchAll(/%\{(\[[^}]+|\w+)\}/g)].map((match) => match[1]!);
  const references = [...reads, ...writes, ...templates].map((text) => parseFieldReference(text));
  const names = references.filter(({ metadata }) => !metadata).map(({ path }) => path[0]!);
  // Failure tags are always there.
  return new Set([...names, 'tags']);
}

/** One event through the filter itself, without the common options; new events come first. */
async function runAlone({ filter }: Made, event: Event): Promise<Event[]> {
  const events: Event[] = [];
  if (filter.filter) filter.filter(event, (each) => events.push(each));
  else await filter.filterBatch!([event], (each) => events.push(each));
  return [...events, event];
}

/** The same object; names of fields that are read are noted. */
function watched(fields: Fields, touched: Set<string>): Fields {
  return new Proxy(fields, {
    get(target, name, receiver) {
      if (typeof name === 'string') touched.add(name);
      return Reflect.get(target, name, receiver) as unknown;
    },
    ownKeys(target) {
      touched.add('(all)');
      return Reflect.ownKeys(target);
    },
  });
}
