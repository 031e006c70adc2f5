/** A worker thread: the compiled versions of all pipelines, fed with blocks by the intake. */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { useEscapeStyle } from '../event/field-reference.ts';
import { unpackGraph } from '../lang/pack.ts';
import type {
  FromWorker,
  IntakeToWorker,
  PipelineSpec,
  TapRequest,
  ThreadData,
  ToWorker,
  WorkerToIntake,
} from './messages.ts';
import { StoreAccess } from './store-access.ts';
import { loadRegistry, sentence, threadLogger } from './thread.ts';
import { type WorkerHost, WorkerPipeline } from './worker-pipeline.ts';

const FILTER_FLUSH_SECONDS = 5;

const data = workerData as ThreadData;
useEscapeStyle(data.escapeStyle);
const port = parentPort!;
const post = (message: FromWorker): void => port.postMessage(message);
const logger = threadLogger(data.logging);
const registry = await loadRegistry(data.registry);

const pipelines = new Map<number, WorkerPipeline>();
const slabs = new Map<number, Buffer>();
const NO_BYTES = Buffer.alloc(0);
let intake: MessagePort | undefined;
const toIntake = (message: WorkerToIntake): void => intake?.postMessage(message);

let nextToken = 1;
const sends = new Map<number, (accepted: boolean) => void>();

const store = new StoreAccess(() => post({ type: 'store' }));

function hostOf(spec: PipelineSpec): WorkerHost {
  return {
    registry,
    logger,
    health: (node, problem, severity) =>
      post({
        type: 'health',
        id: spec.id,
        version: spec.version,
        node,
        problem,
        severity,
        since: Date.now(),
      }),
    done,
    store: () => store.get(),
    returned: (blocks) => {
      tellDelivered();
      toIntake({ type: 'returned', version: spec.version, blocks });
    },
    send: (address, bytes, ends) =>
      new Promise((resolve) => {
        const token = nextToken++;
        sends.set(token, resolve);
        toIntake({ type: 'send', token, address, bytes, ends });
      }),
  };
}

/** Delivered blocks, told to the intake together: waking another thread costs more than most of the work here. */
let delivered: number[] = [];
const MAX_DELIVERED = 16;

function done(block: number): void {
  if (delivered.length === 0) setImmediate(tellDelivered);
  if (delivered.push(block) >= MAX_DELIVERED) tellDelivered();
}

function tellDelivered(): void {
  if (delivered.length === 0) return;
  toIntake({ type: 'done', blocks: delivered });
  delivered = [];
}

async function load(packed: PipelineSpec): Promise<void> {
  const spec = { ...packed, graph: unpackGraph(packed.graph) };
  try {
    const pipeline = await WorkerPipeline.load(spec, hostOf(spec));
    pipelines.set(spec.version, pipeline);
    for (const request of taps.values()) if (request.id === spec.id) pipeline.tap(request);
    const { id, version } = spec;
    const { counters } = pipeline;
    counters.onNamed = () => post({ type: 'named', id, version, named: counters.region().named });
    post({
      type: 'loaded',
      id,
      version,
      counters: counters.region(),
      source: pipeline.source,
    });
  } catch (error) {
    const node = (error as { node?: string }).node ?? '';
    post({ type: 'failed', id: spec.id, version: spec.version, node, error: sentence(error) });
  }
}

function fromIntake(message: IntakeToWorker): void {
  if (message.type === 'blocks') {
    for (const block of message.blocks) {
      if (block.buffer) slabs.set(block.slab, Buffer.from(block.buffer));
      const bytes = block.slab === 0 ? NO_BYTES : slabs.get(block.slab)!.subarray(0, block.length);
      pipelines.get(block.version)?.take({ message: block, bytes });
    }
  } else if (message.type === 'forget') slabs.delete(message.slab);
  else if (message.type === 'sent') {
    sends.get(message.token)?.(message.accepted);
    sends.delete(message.token);
  } else if (message.type === 'leave') pipelines.get(message.version)?.leave();
  else if (message.type === 'give up') pipelines.get(message.version)?.giveUpAfter(message.seconds);
  else void retire(message.version);
}

async function retire(version: number): Promise<void> {
  const pipeline = pipelines.get(version);
  try {
    await pipeline?.retire();
  } catch (error) {
    logger.error({ pipeline: pipeline?.spec.id }, `pipeline did not end cleanly: ${sentence(error)}`);
  }
  pipelines.delete(version);
  if (pipeline) tellTappedOf(pipeline);
  if (pipeline) post({ type: 'unloaded', id: pipeline.spec.id, version });
  tellDelivered();
  toIntake({ type: 'retired', version });
}

/** Open taps, by their token. */
const taps = new Map<number, TapRequest>();
let tapTimer: NodeJS.Timeout | undefined;
const TAPPED_MS = 100;

function tap(request: TapRequest): void {
  taps.set(request.token, request);
  for (const pipeline of pipelines.values()) if (pipeline.spec.id === request.id) pipeline.tap(request);
  tapTimer ??= setInterval(tellTapped, TAPPED_MS);
}

function untap(token: number): void {
  taps.delete(token);
  for (const pipeline of pipelines.values()) pipeline.untap(token);
  if (taps.size > 0) return;
  clearInterval(tapTimer);
  tapTimer = undefined;
}

function tellTapped(): void {
  for (const pipeline of pipelines.values()) tellTappedOf(pipeline);
  for (const { token, until } of taps.values()) if (Date.now() > until + 10_000) untap(token);
}

function tellTappedOf(pipeline: WorkerPipeline): void {
  for (const token of taps.keys()) {
    const samples = pipeline.tapped(token);
    if (samples.length > 0) post({ type: 'tapped', token, samples });
  }
}

port.on('message', (message: ToWorker) => {
  if (message.type === 'load') void load(message.spec);
  else if (message.type === 'tap') tap(message.request);
  else if (message.type === 'untap') untap(message.token);
  else if (message.type === 'store') store.take(message);
  else if (message.type === 'intake') {
    intake = message.port;
    intake.on('message', fromIntake);
  }
});

let seconds = 0;
setInterval(() => {
  seconds++;
  for (const pipeline of pipelines.values()) {
    pipeline.tick();
    if (seconds % FILTER_FLUSH_SECONDS === 0) pipeline.flushFilters();
  }
}, 1000).unref();

post({ type: 'ready' });
