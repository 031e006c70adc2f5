/** Writes events with an output outside of every pipeline, once, to see whether and how the other side answers. */
import { Event } from '../event/event.ts';
import { MillraceError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/logger.ts';
import type { NestedPlugin } from '../kernel/options.ts';
import type { CodecPlugin, DocumentSink, Output, OutputPlugin, Registry } from '../kernel/plugin.ts';
import type { GraphNode } from '../lang/graph.ts';
import { orAborted } from '../lib/or-aborted.ts';
import type { PipelineSettings } from './messages.ts';
import { Counters } from './metrics.ts';
import { codecNames, pluginContext } from './plugin-context.ts';
import { sentence } from './thread.ts';

export interface TryOutputOptions {
  readonly node: GraphNode;
  readonly registry: Registry;
  readonly settings: Pick<PipelineSettings, 'all' | 'dataPath'>;
  readonly logger: Logger;
  /** Rejects where this process has no event store. */
  store(): Promise<DocumentSink>;
  readonly signal: AbortSignal;
}

export interface Tried {
  /** In words of the real error; undefined: the event was taken. */
  readonly problem: string | undefined;
  readonly milliseconds: number;
}

/** One write for each event; nothing is tried twice, and never throws. */
export async function tryOutput(
  options: TryOutputOptions,
  events: readonly Readonly<Record<string, unknown>>[],
): Promise<Tried[]> {
  const { signal } = options;
  let output: Output | undefined;
  const results: Tried[] = [];
  const began = performance.now();
  const failed = (error: unknown, since: number): Tried => ({
    problem: sentence(error),
    milliseconds: performance.now() - since,
  });
  try {
    output = await makeOutput(options);
    await output.open?.(signal);
    for (const fields of events) {
      const start = performance.now();
      const event = new Event({
        '@timestamp': new Date().toISOString(),
        '@version': '1',
        ...fields,
      } as never);
      try {
        const failures = await orAborted(
          Promise.resolve(output.write([event], signal)),
          signal,
          'it did not answer in time',
        );
        results.push({ problem: failures?.[0]?.reason, milliseconds: performance.now() - start });
      } catch (error) {
        results.push(failed(error, start));
      }
    }
    await output.flush?.();
  } catch (error) {
    while (results.length < events.length) results.push(failed(error, began));
  } finally {
    await output?.close().catch(() => {});
  }
  return results;
}

async function makeOutput({ node, registry, settings, logger, store }: TryOutputOptions): Promise<Output> {
  const plugin = (await registry.load('output', node.name)) as OutputPlugin | undefined;
  if (!plugin) throw new MillraceError('ERR_PLUGIN', `there is no output ${node.name}`);
  const codecs = new Map<string, CodecPlugin>();
  const { defaultCodec = 'plain' } = plugin;
  for (const name of [...codecNames([node]), defaultCodec]) {
    const codec = (await registry.load('codec', name)) as CodecPlugin | undefined;
    if (codec) codecs.set(name, codec);
  }
  const base = pluginContext(node, {
    spec: { id: 'test', cutTexts: false, settings },
    counters: new Counters(1),
    logger,
    codecs,
  });
  const codec = (node.options['codec'] as NestedPlugin | undefined) ?? { plugin: defaultCodec, options: {} };
  const context = Object.create(base, {
    outputCodec: { value: base.codec(codec) },
    workers: { value: 1 },
    health: { value: () => {} },
    send: { value: async () => false },
    store: { value: store },
  });
  return plugin.create(node.options as never, context);
}
