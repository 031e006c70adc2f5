/** The real console over a real engine with real pipelines, with a caller of the test's choice instead of sessions. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Engine } from '../../src/engine/engine.ts';
import type { PipelineConfig } from '../../src/engine/pipeline-status.ts';
import { type Logger, silentLogger } from '../../src/kernel/logger.ts';
import { checkPipelines } from '../../src/lang/check.ts';
import { registry } from '../../src/plugins/registry.ts';
import { type AuditEntry, type Caller, ConsoleError, type Handlers } from '../../src/server/console/call.ts';
import { type Console, startConsole } from '../../src/server/console/console.ts';
import { deadLetterHandlers } from '../../src/server/console/dead-letters.ts';
import { PipelineMonitor } from '../../src/server/console/pipelines/pipeline-monitor.ts';
import { pipelineHandlers } from '../../src/server/console/pipelines.ts';
import type { RouteName } from '../../src/server/contract.ts';
import { NodeStats } from '../../src/server/node-stats.ts';

export interface PipelinesConsole {
  readonly console: Console;
  readonly url: string;
  readonly engine: Engine;
  readonly folder: string;
  readonly audited: AuditEntry[];
  /** Errors of the server that nobody expected. */
  readonly errors: string[];
  /** Who asks from now on. */
  caller: Caller | undefined;
  /** Starts a pipeline, or loads it anew. Settings by their names. */
  load(id: string, config: string, settings?: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

export async function startPipelinesConsole(port = 0): Promise<PipelinesConsole> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-pipelines-'));
  const engine = new Engine({
    registryUrl: new URL('../../src/plugins/registry.ts', import.meta.url).href,
    registry,
    logger: silentLogger,
    logging: {
      level: new Uint8Array(new SharedArrayBuffer(1)).fill(5).buffer,
      format: 'plain',
      file: undefined,
    },
    escapeStyle: 'none',
    maxThreads: 2,
  });
  const audited: AuditEntry[] = [];
  const errors: string[] = [];
  const logger = {
    warn: (_: unknown, text: string) => errors.push(text),
    error: (_: unknown, text: string) => errors.push(text),
  } as unknown as Logger;
  const audit = (entry: AuditEntry): void => void audited.push(entry);
  const stats = new NodeStats(engine);
  const monitor = new PipelineMonitor(engine, stats);
  const session = (): object => ({
    user: state.caller && {
      name: state.caller.name,
      role: state.caller.role,
      expires: Date.now() + 3_600_000,
    },
    setup: false,
    csrf: 'proof',
    version: 'test',
    providers: [],
  });
  const known: Record<string, unknown> = {
    ...pipelineHandlers({ engine, monitor, audit }),
    ...deadLetterHandlers({ engine, root: join(folder, 'dead_letter_queue'), dataPath: folder, audit }),
    'GET /api/session': session,
  };
  const handlers = new Proxy(known, {
    get: (target, name: RouteName) =>
      target[name] ??
      (() => {
        throw new ConsoleError(501, 'not_here', `${name} is not part of this test`);
      }),
  }) as unknown as Handlers;
  const console = await startConsole({
    handlers,
    access: {
      identify: async () => state.caller,
      provesOrigin: ({ headers }) => headers['x-millrace-csrf'] === 'proof',
      audit,
    },
    logger,
    host: '127.0.0.1',
    port,
    pages: fileURLToPath(new URL('../../dist/ui', import.meta.url)),
  });
  const state: PipelinesConsole = {
    console,
    url: console.url,
    engine,
    folder,
    audited,
    errors,
    caller: { name: 'otto', role: 'operator' },
    load: async (id, config, settings = {}) => engine.load(await configOf(id, config, folder, settings)),
    close: async () => {
      monitor.close();
      stats.close();
      await console.close();
      await engine.terminate();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return state;
}

async function configOf(
  id: string,
  text: string,
  folder: string,
  all: Readonly<Record<string, unknown>>,
): Promise<PipelineConfig> {
  const { pipelines, diagnostics } = await checkPipelines(
    [{ id, sources: [{ file: `${id}.conf`, text }], settings: {} }],
    registry,
    { environment: {} },
  );
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  return {
    id,
    graph: pipelines[0]!.graph!,
    hash: createHash('sha256').update(text).digest('hex'),
    settings: {
      workers: 2,
      batchSize: 125,
      batchDelay: 10,
      ecs: 'disabled',
      dataPath: folder,
      queueType: 'memory',
      queueMaxEvents: 0,
      ...(all['queue.type'] === 'persisted' && { queueType: 'persisted' as const }),
      all: { 'dead_letter_queue.enable': true, ...all },
    },
  };
}
