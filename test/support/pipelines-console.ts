/** The real console over a real engine with real pipelines, with a caller of the test's choice instead of sessions. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../../src/engine/engine.ts';
import { deadLetterHandlers } from '../../src/server/console/dead-letters.ts';
import { PipelineMonitor } from '../../src/server/console/pipelines/pipeline-monitor.ts';
import { pipelineHandlers } from '../../src/server/console/pipelines.ts';
import { NodeStats } from '../../src/server/node-stats.ts';
import { type ConsoleServer, consoleServer } from './console-server.ts';
import { testEngine, testPipeline } from './engine.ts';

export interface PipelinesConsole extends ConsoleServer {
  readonly engine: Engine;
  readonly folder: string;
  /** Starts a pipeline, or loads it anew. Settings by their names. */
  load(id: string, config: string, settings?: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

export async function startPipelinesConsole(port = 0): Promise<PipelinesConsole> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-pipelines-'));
  const engine = testEngine();
  const stats = new NodeStats(engine);
  const monitor = new PipelineMonitor(engine, stats);
  const server = await consoleServer(
    (audit) => ({
      ...pipelineHandlers({ engine, monitor, audit }),
      ...deadLetterHandlers({ engine, root: join(folder, 'dead_letter_queue'), dataPath: folder, audit }),
    }),
    { name: 'otto', role: 'operator' },
    port,
  );
  return Object.assign(server, {
    engine,
    folder,
    load: async (id: string, config: string, settings: Readonly<Record<string, unknown>> = {}) =>
      engine.load(
        await testPipeline(config, {
          id,
          dataPath: folder,
          settings: { 'dead_letter_queue.enable': true, ...settings },
        }),
      ),
    close: async () => {
      monitor.close();
      stats.close();
      await server.console.close();
      await engine.terminate();
      rmSync(folder, { recursive: true, force: true });
    },
  });
}
