/** Running pipelines in the console: list, graph, numbers, history, taps. */
import type { Engine } from '../../engine/engine.ts';
import type { pipelineRoutes } from '../contract/pipelines.ts';
import { type Access, type HandlersOf, notThere } from './call.ts';
import type { PipelineMonitor } from './pipelines/pipeline-monitor.ts';

export interface PipelineHandlerOptions {
  readonly engine: Engine;
  readonly monitor: PipelineMonitor;
  readonly access: Pick<Access, 'audit'>;
}

export function pipelineHandlers({
  engine,
  monitor,
  access,
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
    'GET /api/pipelines/:id/tap': async function* ({ params }) {
      known(params['id']!);
      void access;
      yield { samples: [], skipped: 0, ended: 'gone' as const };
    },
  };
}
