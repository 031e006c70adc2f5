/** The intake thread: every pipeline's inputs and queues; sends blocks to the workers. */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { useEscapeStyle } from '../event/field-reference.ts';
import type { CodecPlugin, InputPlugin, PipelineTotals } from '../kernel/plugin.ts';
import { unpackGraph } from '../lang/pack.ts';
import { SlabPool } from '../queue/slab-pool.ts';
import { type IntakeHost, IntakePipeline, type LoadedSpec, type WorkerLink } from './intake-pipeline.ts';
import type {
  FromIntake,
  IntakeToWorker,
  PipelineSpec,
  ThreadData,
  ToIntake,
  WorkerToIntake,
} from './messages.ts';
import { codecNames } from './plugin-context.ts';
import { InputError } from './running-input.ts';
import { StoreAccess } from './store-access.ts';
import { loadCodecs, loadPlugin, loadRegistry, sentence, threadLogger } from './thread.ts';

const data = workerData as ThreadData;
useEscapeStyle(data.escapeStyle);
const port = parentPort!;
const post = (message: FromIntake): void => port.postMessage(message);
const logger = threadLogger(data.logging);
const registry = await loadRegistry(data.registry);

const pipelines = new Map<string, IntakePipeline>();
/** The pipeline that each version belongs to; old ones until they are retired. */
const versions = new Map<number, IntakePipeline>();
const workers = new Map<number, WorkerLink>();
const addresses = new Map<string, Parameters<IntakeHost['receive']>[1]>();
const blockIds = { next: 1 };

const asked = new Map<number, (totals: PipelineTotals | undefined) => void>();
let nextToken = 1;

const store = new StoreAccess(() => post({ type: 'store' }));

const host: IntakeHost = {
  pool: new SlabPool((slab) => {
    for (const link of workers.values())
      if (link.slabs.delete(slab)) link.port.postMessage({ type: 'forget', slab } satisfies IntakeToWorker);
  }),
  logger,
  post: (message) => {
    if (message.type === 'retired') versions.delete(message.version);
    if (message.type === 'ended') pipelines.delete(message.id);
    post(message);
  },
  worker: (index) => workers.get(index),
  totals: (id) =>
    new Promise((resolve) => {
      const token = nextToken++;
      asked.set(token, resolve);
      post({ type: 'totals', token, id });
    }),
  store: async () => {
    const client = await store.get();
    return (await import('./document-source.ts')).documentSource(client);
  },
  receive: (address, handler) => {
    if (addresses.has(address)) throw new Error(`pipeline address ${address} is already in use`);
    addresses.set(address, handler);
    return () => {
      if (addresses.get(address) === handler) addresses.delete(address);
    };
  },
};

async function load(spec: PipelineSpec): Promise<LoadedSpec> {
  const graph = unpackGraph(spec.graph);
  const plugins = new Map<string, InputPlugin<any>>();
  for (const { name } of graph.inputs) plugins.set(name, await loadPlugin(registry, 'input', name));
  const codecs: ReadonlyMap<string, CodecPlugin> = await loadCodecs(registry, codecNames(graph.inputs));
  return { spec: { ...spec, graph }, plugins, codecs };
}

async function start(spec: PipelineSpec): Promise<void> {
  try {
    const loaded = await load(spec);
    const running = pipelines.get(spec.id);
    const pipeline = running ?? new IntakePipeline(loaded, host, blockIds);
    versions.set(spec.version, pipeline);
    pipelines.set(spec.id, pipeline);
    if (running) await running.reload(loaded);
    else await pipeline.start();
    const { id, version } = spec;
    const { counters } = pipeline;
    counters.onNamed = () => post({ type: 'named', id, version, named: counters.region().named });
    post({ type: 'started', id, version, counters: counters.region() });
  } catch (error) {
    const pipeline = versions.get(spec.version);
    // What workers loaded for it is retired with it.
    if (pipeline && !pipeline.isRunning) void pipeline.stop();
    const node = error instanceof InputError ? error.node.id : '';
    const code = error instanceof InputError ? error.code : '';
    post({ type: 'failed', id: spec.id, version: spec.version, node, error: sentence(error), code });
  }
}

function connect(index: number, workerPort: MessagePort): void {
  workers.set(index, { port: workerPort, slabs: new Set() });
  workerPort.on('message', (message: WorkerToIntake) => {
    if (message.type === 'done') {
      for (const block of message.blocks) {
        for (const pipeline of pipelines.values()) if (pipeline.done(block)) break;
      }
    } else if (message.type === 'returned') {
      versions.get(message.version)?.returned(message.blocks);
    } else if (message.type === 'retired') {
      versions.get(message.version)?.finished(message.version, index);
    } else {
      const reply = (accepted: boolean): void =>
        workerPort.postMessage({ type: 'sent', token: message.token, accepted } satisfies IntakeToWorker);
      const handler = addresses.get(message.address);
      if (handler) handler(message.bytes, message.ends, () => reply(true));
      else reply(false);
    }
  });
  for (const pipeline of pipelines.values()) pipeline.workerReady(index);
}

port.on('message', (message: ToIntake) => {
  switch (message.type) {
    case 'worker':
      return connect(message.index, message.port);
    case 'worker lost':
      workers.get(message.index)?.port.close();
      workers.delete(message.index);
      for (const pipeline of new Set(versions.values())) pipeline.workerLost(message.index);
      return;
    case 'start':
    case 'reload':
      return void start(message.spec);
    case 'stop':
      return void pipelines.get(message.id)?.stop(message.removed);
    case 'store':
      return store.take(message);
    case 'totals':
      asked.get(message.token)?.(message.totals);
      asked.delete(message.token);
      return;
    case 'queues':
      return post({
        type: 'queues',
        token: message.token,
        queues: Object.fromEntries([...pipelines].map(([id, pipeline]) => [id, pipeline.state()])),
      });
  }
});
post({ type: 'ready' });
