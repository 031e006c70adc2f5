/**
 * Loads a pipeline together with the pipelines of its buffered outputs, and ends these after it: what they hold stays on
 * the disk.
 */
import type { Logger } from '../kernel/logger.ts';
import { orphanedBuffers, orphanedText, splitBuffers } from './disk-buffers.ts';
import { type PipelineConfig, PipelineError, type PipelineStatus } from './pipeline-status.ts';
import { queueFolder } from './queue-folder.ts';

export interface BufferHost {
  readonly pipelines: ReadonlyMap<string, PipelineStatus>;
  readonly logger: Logger;
  load(config: PipelineConfig, parent: string): Promise<void>;
  /** Ends a pipeline; resolves to the number of events that stay in its queue. */
  end(id: string): Promise<number>;
  forget(id: string): void;
  /** Resolves when this version has delivered everything. */
  whenRetired(version: number): Promise<void>;
  /** Events in its queue; undefined if nobody knows. */
  queued(id: string): Promise<number | undefined>;
}

/** Between looks at a buffer that may still be emptied when its pipeline has finished. */
const LOOK_MS = 100;

export class BufferedPipelines {
  readonly #host: BufferHost;
  readonly #ending = new Map<string, Promise<number>>();

  constructor(host: BufferHost) {
    this.#host = host;
  }

  /** Of one pipeline. */
  #of(parent: string): PipelineStatus[] {
    return [...this.#host.pipelines.values()].filter((status) => status.parent === parent);
  }

  /**
   * Loads the buffers, then the pipeline itself, then ends buffers that are not wanted any more. If something fails,
   * the buffers are as they were.
   */
  async around(config: PipelineConfig, loadMain: (main: PipelineConfig) => Promise<void>): Promise<void> {
    const { main, buffers } = splitBuffers(config);
    const before = this.#host.pipelines.get(config.id);
    const oldVersion = before?.version ?? 0;
    const undo: (() => Promise<unknown>)[] = [];
    try {
      for (const buffer of buffers) await this.#load(buffer, config.id, undo);
      await loadMain(main);
    } catch (error) {
      for (const each of undo.reverse()) await each().catch(() => {});
      throw error;
    }
    const wanted = new Set(buffers.map(({ id }) => id));
    const leaving = this.#of(config.id).filter(({ id }) => !wanted.has(id));
    if (leaving.length > 0)
      void this.#host
        .whenRetired(oldVersion)
        .then(() => Promise.all(leaving.map((each) => this.#remove(each))));
    if (oldVersion > 0) return;
    const known = new Set([...this.#host.pipelines.keys(), ...wanted]);
    for (const { folder, events } of orphanedBuffers(config, known))
      this.#host.logger.warn({ pipeline: config.id }, orphanedText(events, folder));
  }

  async #load(buffer: PipelineConfig, parent: string, undo: (() => Promise<unknown>)[]): Promise<void> {
    await this.#ending.get(buffer.id);
    const known = this.#host.pipelines.get(buffer.id);
    if (known && known.parent !== parent)
      throw new PipelineError(
        parent,
        buffer.graph.outputs.find((node) => node.type === 'plugin')?.id ?? '',
        `the disk buffer needs the pipeline id ${buffer.id}, which another pipeline has`,
      );
    const running = known?.state === 'running' ? known.config : undefined;
    if (running?.hash === buffer.hash) return;
    try {
      await this.#host.load(buffer, parent);
    } catch (error) {
      if (!running) this.#host.forget(buffer.id);
      if (!(error instanceof PipelineError)) throw error;
      throw new PipelineError(parent, error.node, error.message, error.cause_code);
    }
    undo.push(() => (running ? this.#host.load(running, parent) : this.#end(buffer.id, true)));
  }

  /** Its output is not in the config any more. */
  async #remove({ id, config }: PipelineStatus): Promise<void> {
    const left = await this.#end(id, true);
    if (left > 0)
      this.#host.logger.warn({ pipeline: id }, orphanedText(left, queueFolder(id, config.settings)));
  }

  #end(id: string, forget: boolean): Promise<number> {
    let ending = this.#ending.get(id);
    if (!ending) {
      ending = this.#host.end(id).finally(() => {
        this.#ending.delete(id);
        if (forget) this.#host.forget(id);
      });
      this.#ending.set(id, ending);
    }
    return ending;
  }

  /** The pipeline is not wanted any more, and has ended. */
  async unload(parent: string): Promise<void> {
    await Promise.all(this.#of(parent).map((each) => this.#remove(each)));
  }

  /** The pipeline has finished by itself: what its buffers can deliver, they deliver. */
  async finish(parent: string): Promise<void> {
    await Promise.all(
      this.#of(parent).map(async (status) => {
        while (status.state === 'running' && status.problems.byNode.size === 0) {
          if ((await this.#host.queued(status.id)) === 0) break;
          await new Promise((done) => setTimeout(done, LOOK_MS));
        }
        await this.#end(status.id, false);
      }),
    );
  }
}
