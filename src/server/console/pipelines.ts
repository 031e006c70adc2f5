/** Running pipelines in the console: list, graph, numbers, history, taps. */
import type { Engine } from '../../engine/engine.ts';
import type { TapOptions } from '../../engine/open-taps.ts';
import type { pipelineRoutes, TapAnswer } from '../contract/pipelines.ts';
import { type AuditEntry, type Caller, ConsoleError, type HandlersOf, notThere } from './call.ts';
import { eventHider } from './pipelines/hide-fields.ts';
import type { PipelineMonitor } from './pipelines/pipeline-monitor.ts';

export interface PipelineHandlerOptions {
  readonly engine: Engine;
  readonly monitor: PipelineMonitor;
  audit(entry: AuditEntry): void;
}

export function pipelineHandlers({
  engine,
  monitor,
  audit,
}: PipelineHandlerOptions): HandlersOf<keyof typeof pipelineRoutes> {
  const known = (id: string): string => {
    if (!engine.pipelines.has(id)) throw notThere(`pipeline ${id}`);
    return id;
  };
  return {
    'GET /api/pipelines': () => monitor.list(),
    'GET /api/pipelines/live': ({ signal }) => monitor.each(signal, () => monitor.list()),
    'GET /api/pipelines/:id': ({ params }) => {
      const id = known(params['id']!);
      const { hash, view } = monitor.graph(id)!;
      return { id, hash, ...view };
    },
    'GET /api/pipelines/:id/live': ({ params, signal }) => {
      const id = known(params['id']!);
      return monitor.each(signal, () => monitor.live(id));
    },
    'GET /api/pipelines/:id/history': ({ params, query: { node, window } }) => {
      const series = monitor.history(known(params['id']!), node);
      if (!series) return { step: 1000, times: [], in: [], out: [], latency: [], failures: [] };
      const { step, times, column } = series.read(window);
      return {
        step,
        times,
        in: column('in'),
        out: column('out'),
        latency: column('latency'),
        failures: column('failures'),
        ...(node === undefined && { queued: column('queued') }),
      };
    },
    'GET /api/pipelines/:id/tap': ({ params, query, caller, address, signal }) => {
      const id = known(params['id']!);
      const { node, rate } = query;
      mayTap(caller!);
      audit({
        action: 'pipelines.tap',
        user: caller!.name,
        address,
        outcome: 'success',
        details: { pipeline: id, node, rate },
      });
      return tapped(engine, id, { node, rate, signal }, caller!.hiddenFields ?? []);
    },
  };
}

/** A tap shows whatever passes: only who may see all events may look. @throws ConsoleError */
export function mayTap({ name, indices, filter }: Caller): void {
  if (indices === undefined && filter === undefined) return;
  throw new ConsoleError(
    403,
    'role',
    `${name} may see only some events, and events on their way belong to no index yet`,
  );
}

async function* tapped(
  engine: Engine,
  id: string,
  options: TapOptions,
  hidden: readonly string[],
): AsyncGenerator<TapAnswer> {
  const show = eventHider(hidden);
  // The page learns at once that the tap is open.
  const partial = !engine.buildsAllFields(id);
  yield { samples: [], skipped: 0, ...(partial && { partial }) };
  for await (const { samples, skipped, ended } of engine.tap(id, options))
    yield {
      samples: samples.map(({ before, after, ...rest }) => ({
        ...rest,
        ...(before !== undefined && { before: show(before) }),
        after: after.map(show),
      })),
      skipped,
      ...(ended && { ended }),
    };
}
