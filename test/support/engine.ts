/** A real engine with real threads, and pipelines for it. */
import { createHash } from 'node:crypto';
import { Engine } from '../../src/engine/engine.ts';
import type { PipelineConfig } from '../../src/engine/pipeline-status.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import type { Registry } from '../../src/kernel/plugin.ts';
import { checkPipelines } from '../../src/lang/check.ts';
import { registry } from '../../src/plugins/registry.ts';

const PLUGINS = new URL('../../src/plugins/registry.ts', import.meta.url);

export interface Plugins {
  /** The module that threads load. */
  readonly url: URL;
  readonly registry: Registry;
}

/** Logs nothing: its level is fatal, since what fails in a test is meant to. The caller terminates it. */
export function testEngine(maxThreads = 2, plugins: Plugins = { url: PLUGINS, registry }): Engine {
  return new Engine({
    registryUrl: plugins.url.href,
    registry: plugins.registry,
    logger: silentLogger,
    logging: {
      level: new Uint8Array(new SharedArrayBuffer(1)).fill(5).buffer,
      format: 'plain',
      file: undefined,
    },
    escapeStyle: 'none',
    maxThreads,
  });
}

export interface TestPipeline {
  readonly id?: string;
  readonly workers?: number;
  readonly dataPath: string;
  /** Settings by their names. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly registry?: Registry;
}

/** A checked pipeline, to be loaded into an engine. @throws what is wrong with the config */
export async function testPipeline(text: string, options: TestPipeline): Promise<PipelineConfig> {
  const { id = 'main', workers = 2, dataPath, settings: all = {} } = options;
  const { pipelines, diagnostics } = await checkPipelines(
    [{ id, sources: [{ file: `${id}.conf`, text }], settings: {} }],
    options.registry ?? registry,
    { environment: {} },
  );
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  return {
    id,
    graph: pipelines[0]!.graph!,
    hash: createHash('sha256').update(text).digest('hex'),
    settings: {
      workers,
      batchSize: 125,
      batchDelay: 10,
      ecs: 'disabled',
      dataPath,
      queueType: all['queue.type'] === 'persisted' ? 'persisted' : 'memory',
      queueMaxEvents: 0,
      all,
    },
  };
}
