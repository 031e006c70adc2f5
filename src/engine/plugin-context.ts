/** The part of a plugin's context that is the same in every thread. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../kernel/logger.ts';
import type { NestedPlugin, Options } from '../kernel/options.ts';
import type { Codec, CodecPlugin, PluginContext, PluginKind } from '../kernel/plugin.ts';
import type { GraphNode } from '../lang/graph.ts';
import type { PipelineSpec } from './messages.ts';
import type { Counters } from './metrics.ts';

export interface ContextParts {
  readonly spec: Pick<PipelineSpec, 'id' | 'cutTexts'> & {
    readonly settings: Pick<PipelineSpec['settings'], 'all' | 'dataPath'>;
  };
  readonly counters: Counters;
  readonly logger: Logger;
  /** Codecs are loaded before plugins are made: making one never waits. */
  readonly codecs: ReadonlyMap<string, CodecPlugin>;
}

const folders: Record<PluginKind, string> = {
  input: 'inputs',
  filter: 'filters',
  output: 'outputs',
  codec: 'codecs',
};

export function pluginContext(node: GraphNode, parts: ContextParts): PluginContext {
  const { spec, counters, codecs } = parts;
  const logger = parts.logger.child(`${folders[node.kind]}.${node.name}`);
  const context: PluginContext = {
    id: node.id,
    pipeline: spec.id,
    ecs: node.ecs,
    logger,
    settings: spec.settings.all,
    get dataPath() {
      const path = join(spec.settings.dataPath, 'plugins', folders[node.kind], node.name);
      mkdirSync(path, { recursive: true, mode: 0o700 });
      return path;
    },
    toJson: spec.cutTexts ? cutTextsToJson : JSON.stringify,
    counter: (name) => counters.named(node.id, name),
    codec: (nested) => makeCodec(nested, context, codecs),
  };
  return context;
}

/** V8's fast road does not take pieces of larger texts, and is tried in vain: a third argument goes round it. */
const cutTextsToJson = (value: object): string => JSON.stringify(value, null, '');

export function makeCodec(
  nested: NestedPlugin,
  context: PluginContext,
  codecs: ReadonlyMap<string, CodecPlugin>,
): Codec {
  const plugin = codecs.get(nested.plugin);
  if (!plugin) throw new Error(`codec ${nested.plugin} is not loaded`);
  // Codecs that plugins ask for by name alone come without the defaults that the check fills in.
  const options: Record<string, unknown> = { ...nested.options };
  for (const [name, option] of Object.entries(plugin.options as Options)) {
    if (options[name] === undefined && option.default !== undefined) options[name] = option.default;
  }
  const ecs = options['ecs_compatibility'] as PluginContext['ecs'] | undefined;
  // A spread would call the getter `dataPath` and make the folder.
  return plugin.create(options as never, ecs ? Object.create(context, { ecs: { value: ecs } }) : context);
}

/** Names of every codec that the options of a graph mention, nested ones included. */
export function codecNames(nodes: readonly GraphNode[]): Set<string> {
  const names = new Set<string>(['plain']);
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const nested = value as Partial<NestedPlugin>;
    if (typeof nested.plugin === 'string' && typeof nested.options === 'object') names.add(nested.plugin);
    for (const inner of Object.values(value)) visit(inner);
  };
  for (const node of nodes) {
    visit(node.options);
    // `additional_codecs => { "application/json" => "json" }`
    const additional = node.options['additional_codecs'];
    if (typeof additional === 'object' && additional !== null)
      for (const name of Object.values(additional)) names.add(String(name));
  }
  return names;
}
