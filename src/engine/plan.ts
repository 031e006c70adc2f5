/** Decides, from the plugins' declarations, how a pipeline runs: on how many workers, and what events it needs. */

import { isUnsafeName, parseFieldReference } from '../event/field-reference.ts';
import { silentLogger } from '../kernel/logger.ts';
import type { NestedPlugin } from '../kernel/options.ts';
import type {
  CodecPlugin,
  FieldUse,
  FilterPlugin,
  InputPlugin,
  OutputPlugin,
  Registry,
} from '../kernel/plugin.ts';
import type { GraphNode, PipelineGraph } from '../lang/graph.ts';
import { pluginNodes } from '../lang/graph-walk.ts';
import { conditionsMayFail, fieldsWritten, isPassThrough, neededFields } from '../lang/liveness.ts';
import { keepsDeadLetters } from './dead-letters.ts';
import type { PipelineSettings } from './messages.ts';
import { makeCodec } from './plugin-context.ts';

export interface Plan {
  /** Name of a plugin that must run on one worker, if there is one. */
  readonly shared: string | undefined;
  readonly needs: FieldUse;
  readonly room: readonly string[];
  readonly cutTexts: boolean;
  readonly countOnly: boolean;
  readonly passThrough: boolean;
  /** Outputs take the JSON text of events, and look at these fields at the top; undefined: events are built. */
  readonly textFields: readonly string[] | undefined;
  readonly wholeBlocks: boolean;
}

export async function planPipeline(
  graph: PipelineGraph,
  registry: Registry,
  settings: PipelineSettings,
): Promise<Plan> {
  const nodes = pluginNodes(graph);
  const reads = new Map<string, FieldUse>();
  const filters = new Map<string, FilterPlugin>();
  let shared: string | undefined;
  let looksAtNothing = true;
  let textInputs = true;
  let cutTexts = false;
  let lineOutput = false;
  let wholeBlocks = graph.outputs.length > 0;
  let textReads: readonly string[] | undefined = graph.outputs.length > 0 ? [] : undefined;
  for (const node of nodes) {
    if (node.kind === 'filter') {
      const plugin = (await registry.load('filter', node.name)) as FilterPlugin;
      const state = typeof plugin.state === 'function' ? plugin.state(node.options as never) : plugin.state;
      if (state === 'shared') shared ??= `filter ${node.name}`;
      filters.set(node.id, plugin);
      cutTexts ||=
        typeof plugin.cutsTexts === 'function'
          ? plugin.cutsTexts(node.options as never)
          : plugin.cutsTexts === true;
      cutTexts ||= Object.values((node.options['add_field'] as object | undefined) ?? {}).some(hasTemplate);
    } else if (node.kind === 'output') {
      const plugin = (await registry.load('output', node.name)) as OutputPlugin;
      const concurrency =
        typeof plugin.concurrency === 'function'
          ? plugin.concurrency(node.options as never)
          : plugin.concurrency;
      if (concurrency === 'shared') shared ??= `output ${node.name}`;
      const own = plugin.reads?.(node.options as never);
      const codec = await codecOf(node, registry, settings);
      const use =
        own === undefined
          ? 'all'
          : own === 'all'
            ? 'all'
            : plugin.usesCodec === false
              ? own
              : union(own, codec?.reads ?? 'all');
      reads.set(node.id, use);
      if (!plugin.discards) looksAtNothing = false;
      if (!plugin.takesBlocks) wholeBlocks = false;
      textReads = together(textReads, plugin.takesText?.(node.options as never));
      lineOutput ||= codec?.encodesMessageLine === true && plugin.usesCodec !== false;
    } else {
      const plugin = (await registry.load('input', node.name)) as InputPlugin;
      const codec = await codecOf(node, registry, settings);
      textInputs &&= plugin.plainRecords === true && codec?.wholeText === true && codec.charset === 'UTF-8';
      cutTexts ||= plugin.cutsLines === true && codec?.wholeText === true;
      textInputs &&= codec?.delimiter === '\n' || codec?.delimiter === undefined;
    }
  }
  // An event that fails a condition goes to the dead letter queue whole.
  const whole = keepsDeadLetters(settings) && conditionsMayFail(graph);
  const needed = neededFields(graph, {
    filter: (node) => filters.get(node.id)!,
    output: (node) => reads.get(node.id) ?? 'all',
  });
  const needs = whole ? 'all' : needed;
  const passes = isPassThrough(graph);
  const plain = passes && textInputs;
  return {
    shared,
    needs,
    room: needs === 'all' ? topFields(fieldsWritten(graph, { filter: (node) => filters.get(node.id)! })) : [],
    cutTexts,
    countOnly: plain && looksAtNothing,
    passThrough: plain && lineOutput && graph.outputs.length === 1,
    textFields: passes ? textReads && topNames(textReads) : undefined,
    wholeBlocks,
  };
}

const together = <T>(a: readonly T[] | undefined, b: readonly T[] | undefined): readonly T[] | undefined =>
  a && b && [...a, ...b];

/** Undefined: one of them stands in no text. */
function topNames(references: readonly string[]): readonly string[] | undefined {
  const parsed = references.map((reference) => parseFieldReference(reference));
  if (parsed.some(({ metadata }) => metadata)) return undefined;
  return [...new Set(parsed.map(({ path }) => path[0]!))].filter((name) => name !== '@timestamp');
}

const hasTemplate = (value: unknown): boolean => typeof value === 'string' && value.includes('%{');

/** More than this makes events large for nothing. */
const MAX_ROOM = 64;

function topFields(references: readonly string[]): string[] {
  const names = new Set<string>();
  for (const reference of references) {
    const { path, metadata } = parseFieldReference(reference);
    // Only what is set at the top: a parent of nested fields would be there, and hold nothing.
    if (!metadata && path.length === 1 && !isUnsafeName(path[0]!)) names.add(path[0]!);
  }
  return [...names].slice(0, MAX_ROOM);
}

function union(a: readonly string[], b: FieldUse): FieldUse {
  return b === 'all' ? 'all' : [...new Set([...a, ...b])];
}

/** A codec made only to ask what it does. */
async function codecOf(
  node: GraphNode,
  registry: Registry,
  settings: PipelineSettings,
): Promise<ReturnType<CodecPlugin['create']> | undefined> {
  const spec = node.options['codec'] as NestedPlugin | undefined;
  if (!spec) return undefined;
  const plugin = (await registry.load('codec', spec.plugin)) as CodecPlugin | undefined;
  if (!plugin) return undefined;
  return makeCodec(
    spec,
    {
      id: node.id,
      pipeline: '',
      ecs: node.ecs,
      logger: silentLogger,
      dataPath: settings.dataPath,
      settings: settings.all,
      toJson: JSON.stringify,
      counter: () => ({ add: () => {} }),
      codec: () => {
        throw new Error('not here');
      },
    },
    new Map([[spec.plugin, plugin]]),
  );
}
