/**
 * Pipelines that come and go beside the configured ones: dead letters, copied to a folder of their own, go once more
 * through the filters of their pipeline, and to its outputs or, for a preview, to nowhere.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DEAD_LETTERS_OF } from '../../../engine/dead-letters.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { EventSample } from '../../../engine/messages.ts';
import type { PipelineConfig } from '../../../engine/pipeline-status.ts';
import type { GraphNode, GraphStatement } from '../../../lang/graph.ts';
import { encodeRecord, recordOf } from '../../../queue/dead-letter-entry.ts';
import { deadLetterDirectory, segmentHead, segmentName } from '../../../queue/dead-letter-segments.ts';

type Encodable = Parameters<typeof encodeRecord>[0];

/** Such pipelines are not shown in lists. */
export const HIDDEN_PARENT = 'preview of dead letters';
/** The pipeline that a replay belongs to, as it is shown. */
export const replayParent = (pipeline: string): string => `dead letters of ${pipeline}`;

/** A folder with a queue of letters that only one such pipeline reads. */
export class LetterFolder {
  readonly root: string;
  readonly #pipeline: string;
  readonly #file: string;
  count = 0;

  constructor(base: string, pipeline: string) {
    this.#pipeline = pipeline;
    this.root = join(base, `${Date.now()}-${process.pid}-${nextFolder++}`);
    const directory = deadLetterDirectory(this.root, pipeline);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#file = join(directory, `${segmentName(Date.now(), 0)}.dlq`);
    writeFileSync(this.#file, segmentHead(), { mode: 0o600 });
  }

  /** Payloads as they were read. */
  copy(payloads: readonly Buffer[]): void {
    appendFileSync(this.#file, Buffer.concat(payloads.map(recordOf)));
    this.count += payloads.length;
  }

  write(letters: readonly Encodable[]): void {
    appendFileSync(this.#file, Buffer.concat(letters.map(encodeRecord)));
    this.count += letters.length;
  }

  input(position: GraphNode['position'], ecs: GraphNode['ecs']): GraphNode {
    const options = {
      path: this.root,
      pipeline_id: this.#pipeline,
      commit_offsets: false,
      clean_consumed: false,
      exit_after_read: true,
    };
    return {
      type: 'plugin',
      kind: 'input',
      name: 'dead_letter_queue',
      id: '__dead_letters__',
      options,
      given: Object.keys(options),
      ecs,
      position,
    };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
let nextFolder = 1;

/** The pipeline's own filters and outputs behind the letters of a folder. */
export function replayConfig(config: PipelineConfig, id: string, folder: LetterFolder): PipelineConfig {
  const { graph, settings } = config;
  return {
    id,
    graph: {
      inputs: [folder.input(positionOf(config), settings.ecs)],
      filters: graph.filters,
      outputs: graph.outputs.map(unbuffered),
    },
    settings: {
      ...settings,
      queueType: 'memory',
      queueMaxEvents: 0,
      all: {
        ...settings.all,
        'pipeline.id': id,
        'queue.type': 'memory',
        [DEAD_LETTERS_OF]: settings.all[DEAD_LETTERS_OF] ?? config.id,
      },
    },
    hash: createHash('sha256').update(`${config.hash} ${id}`).digest('hex'),
  };
}

const positionOf = ({ graph }: PipelineConfig): GraphNode['position'] =>
  graph.inputs[0]?.position ?? { file: '<dead letters>', line: 1, column: 1 };

/** A disk buffer of its own would be a queue that nobody comes back to. */
function unbuffered(statement: GraphStatement): GraphStatement {
  if (statement.type === 'branch')
    return { ...statement, arms: statement.arms.map((arm) => ({ ...arm, body: arm.body.map(unbuffered) })) };
  return { ...statement, options: { ...statement.options, disk_buffer: false } };
}

const PREVIEW_MS = 15_000;
/** Filters that wait for more (aggregate) hold events back: these are not waited for. */
const SETTLE_MS = 700;
const POLL_MS = 50;

/** What the filters of a pipeline make of some events; nothing is delivered. @throws PipelineError */
export async function preview(
  engine: Engine,
  config: PipelineConfig,
  folder: LetterFolder,
  signal: AbortSignal,
): Promise<EventSample[]> {
  const id = `${config.id} (preview ${nextFolder++})`;
  const replay = replayConfig(config, id, folder);
  const position = positionOf(config);
  const nowhere: GraphNode = {
    type: 'plugin',
    kind: 'output',
    name: 'null',
    id: '__nowhere__',
    options: {},
    given: [],
    ecs: config.settings.ecs,
    position,
  };
  const only: PipelineConfig = {
    ...replay,
    graph: { ...replay.graph, outputs: [nowhere] },
    settings: {
      ...replay.settings,
      workers: 1,
      all: { ...replay.settings.all, 'dead_letter_queue.enable': false },
    },
  };
  const controller = new AbortController();
  const end = AbortSignal.any([controller.signal, signal, AbortSignal.timeout(PREVIEW_MS)]);
  const samples: EventSample[] = [];
  const tap = engine.tap(id, { node: '', rate: 1000, all: true, signal: end });
  const reading = (async () => {
    for await (const batch of tap) {
      samples.push(...batch.samples);
      if (samples.length >= folder.count) return;
    }
  })();
  try {
    await engine.loadPart(only, HIDDEN_PARENT);
    await Promise.race([reading, settled(engine, id, end)]);
  } finally {
    controller.abort();
    await reading.catch(() => {});
    await engine.unload(id);
  }
  return samples;
}

/** The pipeline has ended by itself, and what it found has been told. */
async function settled(engine: Engine, id: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && engine.pipelines.get(id)?.state === 'running') await setTimeout(POLL_MS);
  if (!signal.aborted) await setTimeout(SETTLE_MS);
}
