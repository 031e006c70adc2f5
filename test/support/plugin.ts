/** Makes plugins for unit tests: options as a config would give them, defaults filled in, a silent context. */
import { tmpdir } from 'node:os';
import { addTag, Event } from '../../src/event/event.ts';
import { setField } from '../../src/event/field-reference.ts';
import { sprintf } from '../../src/event/sprintf.ts';
import type { Fields } from '../../src/kernel/event-types.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import {
  commonOptions,
  ecsOption,
  type NestedPlugin,
  type Options,
  Secret,
} from '../../src/kernel/options.ts';
import type {
  Codec,
  CodecPlugin,
  DecoderContext,
  EcsMode,
  Filter,
  FilterPlugin,
  OutputContext,
  Plugin,
  PluginContext,
} from '../../src/kernel/plugin.ts';

export interface TestContext extends PluginContext {
  readonly counters: Record<string, number>;
}

/** Fills defaults and wraps passwords and codecs; no validation. */
export function resolveOptions(plugin: Plugin, given: Record<string, unknown>): any {
  const declared: Options = {
    ...commonOptions[plugin.kind],
    ...(plugin.ecs ? ecsOption : {}),
    ...plugin.options,
  };
  const resolved: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(declared)) {
    if (option.renamedTo || option.obsolete) continue;
    let value = given[name] ?? option.default;
    if (option.type === 'password' && typeof value === 'string') value = new Secret(value);
    if (option.type === 'codec' && typeof value === 'string') value = { plugin: value, options: {} };
    if (option.list && value !== undefined && !Array.isArray(value)) value = [value];
    if (value !== undefined) resolved[name] = value;
  }
  return resolved;
}

const loaded = new Map<string, CodecPlugin>();

/** Loads codecs that `testContext().codec(…)` may be asked for; call in `beforeAll`. */
export async function loadCodecs(...names: string[]): Promise<void> {
  for (const name of names) {
    const module = await import(`../../src/plugins/codecs/${name.replaceAll('_', '-')}.ts`);
    loaded.set(name, Object.values(module).find((value: any) => value?.kind === 'codec') as CodecPlugin);
  }
}

export function testContext(
  settings: { ecs?: EcsMode; settings?: Record<string, unknown> } = {},
): TestContext {
  const counters: Record<string, number> = {};
  const context: TestContext = {
    id: 'test',
    pipeline: 'main',
    ecs: settings.ecs ?? 'disabled',
    logger: silentLogger,
    dataPath: tmpdir(),
    settings: settings.settings ?? {},
    counters,
    toJson: JSON.stringify,
    counter: (name) => ({ add: (n) => (counters[name] = (counters[name] ?? 0) + n) }),
    codec: (spec: NestedPlugin) => {
      const plugin = loaded.get(spec.plugin);
      if (!plugin) throw new Error(`loadCodecs('${spec.plugin}') first`);
      return createCodec(plugin, spec.options, settings);
    },
  };
  return context;
}

export function createCodec(
  plugin: CodecPlugin<any>,
  given: Record<string, unknown> = {},
  settings: { ecs?: EcsMode } = {},
): Codec {
  return plugin.create(resolveOptions(plugin, given), testContext(settings));
}

export async function createFilter(
  plugin: FilterPlugin<any>,
  given: Record<string, unknown>,
  settings: { ecs?: EcsMode } = {},
): Promise<Filter> {
  return plugin.create(resolveOptions(plugin, given), {
    ...testContext(settings),
    decorate: (event) => decorate(event, given),
  });
}

export function decoderContext(codec: Codec, more: Partial<DecoderContext> = {}): DecoderContext {
  return { ...testContext(), inputCodec: codec, needs: 'all', room: [], decorate: () => {}, ...more };
}

export function outputContext(codec: Codec, more: Partial<OutputContext> = {}): OutputContext {
  return {
    ...testContext(),
    outputCodec: codec,
    workers: 1,
    health: () => {},
    send: async () => false,
    store: () => Promise.reject(new Error('there is no event store in this process')),
    ...more,
  };
}

/** add_field and add_tag only: enough for unit tests; the real thing is in the compiler. */
function decorate(event: any, given: Record<string, any>): void {
  for (const [name, value] of Object.entries(given['add_field'] ?? {}))
    setField(event, sprintf(event, name), sprintf(event, String(value)));
  for (const tag of given['add_tag'] ?? []) addTag(event, sprintf(event, tag));
}

export interface Outcome {
  /** Fields of the events that come out, in order, removed fields stripped. */
  readonly events: Fields[];
  /** Did the filter report success for the event that went in? */
  readonly matched: boolean;
}

/** Runs one event through a filter of either kind. */
export async function runFilter(filter: Filter, fields: Fields): Promise<Outcome> {
  const event = new Event({ '@timestamp': '2026-11-20T10:00:00.000Z', '@version': '1', ...fields });
  const events: any[] = [];
  const matched = filter.filter
    ? filter.filter(event, (made) => events.push(made))
    : (await filter.filterBatch!([event], (made) => events.push(made)))[0] === 1;
  if (!event.cancelled) events.push(event);
  return { matched, events: events.map((each) => withoutRemoved(each.fields)) };
}

export function withoutRemoved(fields: Fields): Fields {
  return JSON.parse(JSON.stringify(fields));
}
