/**
 * Outputs with `disk_buffer`: each becomes a pipeline of its own, with a persisted queue and that one output. What stands
 * in its place hands the events over, so that a dead destination holds up nothing but itself.
 */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { GraphNode, GraphStatement } from '../lang/graph.ts';
import { packOptions } from '../lang/pack.ts';
import { RealFiles } from '../queue/queue-files.ts';
import { reportQueue } from '../queue/queue-report.ts';
import type { PipelineSettings } from './messages.ts';
import type { PipelineConfig } from './pipeline-status.ts';
import { queueFolder } from './queue-folder.ts';

/** Id of the input of every such pipeline; it is in the blocks of their queues, too. */
const BUFFER_INPUT = 'disk_buffer';
/** Longer names of folders are shortened. */
const MAX_NAME = 120;

export interface SplitConfig {
  /** The pipeline itself, with hand-overs in the place of buffered outputs. */
  readonly main: PipelineConfig;
  readonly buffers: readonly PipelineConfig[];
}

export function splitBuffers(config: PipelineConfig): SplitConfig {
  const buffers: PipelineConfig[] = [];
  const replaced = (statement: GraphStatement): GraphStatement => {
    if (statement.type === 'branch')
      return { ...statement, arms: statement.arms.map((arm) => ({ ...arm, body: arm.body.map(replaced) })) };
    if (statement.options['disk_buffer'] !== true) return statement;
    const buffer = bufferOf(config, statement);
    buffers.push(buffer);
    return handOver(statement, buffer.id);
  };
  const outputs = config.graph.outputs.map(replaced);
  return buffers.length === 0
    ? { main: config, buffers }
    : { main: { ...config, graph: { ...config.graph, outputs } }, buffers };
}

function bufferOf({ id, settings }: PipelineConfig, node: GraphNode): PipelineConfig {
  const bufferId = `${id}.${fileName(node.id)}`;
  const maxBytes = node.options['disk_buffer_max_bytes'] as number;
  const page = (settings.all['queue.page_capacity'] as number | undefined) ?? Infinity;
  const own: PipelineSettings = {
    ...settings,
    queueType: 'persisted',
    queueMaxEvents: 0,
    all: {
      ...settings.all,
      'pipeline.id': bufferId,
      'queue.type': 'persisted',
      'queue.max_bytes': maxBytes,
      'queue.max_events': 0,
      'queue.drain': false,
      ...(page === Infinity ? {} : { 'queue.page_capacity': Math.min(page, maxBytes) }),
    },
  };
  const options = { ...node.options, disk_buffer: false };
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify([node.name, node.ecs, packOptions(options), own], (_name, value) =>
      typeof value === 'bigint' ? String(value) : value,
    ),
  );
  const input: GraphNode = {
    type: 'plugin',
    kind: 'input',
    name: 'pipeline',
    id: BUFFER_INPUT,
    options: { address: addressOf(bufferId) },
    given: ['address'],
    ecs: node.ecs,
    position: node.position,
  };
  return {
    id: bufferId,
    graph: { inputs: [input], filters: [], outputs: [{ ...node, options }] },
    settings: own,
    hash: hash.digest('hex'),
  };
}

function handOver({ id, ecs, position }: GraphNode, buffer: string): GraphNode {
  return {
    type: 'plugin',
    kind: 'output',
    name: 'pipeline',
    id,
    options: { id, send_to: [addressOf(buffer)], ensure_delivery: true },
    given: ['send_to'],
    ecs,
    position,
  };
}

/** No address of a user's begins like that. */
const addressOf = (buffer: string): string => `disk buffer ${buffer}`;

/** An id as part of a file name. */
function fileName(id: string): string {
  const safe = encodeURIComponent(id).replaceAll('*', '%2A');
  if (safe.length <= MAX_NAME) return safe;
  return `${safe.slice(0, MAX_NAME)}-${createHash('sha256').update(id).digest('hex').slice(0, 8)}`;
}

export interface OrphanedBuffer {
  readonly folder: string;
  readonly events: number;
}

/** Folders of buffers that a pipeline does not have any more, with events in them. `known`: ids of all pipelines. */
export function orphanedBuffers(
  { id, settings }: PipelineConfig,
  known: ReadonlySet<string>,
): OrphanedBuffer[] {
  const folder = dirname(queueFolder(id, settings));
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.startsWith(`${id}.`) && !known.has(name));
  } catch {
    // There are no queues yet.
    return [];
  }
  return names.flatMap((name) => {
    try {
      const files = new RealFiles(join(folder, name));
      const { waiting } = reportQueue(files);
      files.closeReaders();
      const ours = waiting.filter(({ node }) => node === BUFFER_INPUT);
      const events = ours.reduce((sum, { count }) => sum + count, 0);
      return events === 0 ? [] : [{ folder: files.folder, events }];
    } catch {
      // Not a queue, or one that can not be read.
      return [];
    }
  });
}

/** What to do about events of an output that is not there any more. */
export const orphanedText = (events: number, folder: string): string =>
  `${events.toLocaleString('en')} events wait in the disk buffer ${folder} of an output that is no longer in the config: put it back with the same id, or write them out with "millrace queue drain ${folder}"`;
