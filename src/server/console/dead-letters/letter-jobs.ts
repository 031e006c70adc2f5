/** Replays and drops of many dead letters, with their progress. */
import { mkdirSync, rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Engine } from '../../../engine/engine.ts';
import type { encodeRecord } from '../../../queue/dead-letter-entry.ts';
import { recordStart } from '../../../queue/dead-letter-entry.ts';
import { foundIn } from '../../../queue/dead-letter-reader.ts';
import { dropEntries, listSegments, readParts, type Segment } from '../../../queue/dead-letter-segments.ts';
import type { LetterJob } from '../../contract/dead-letters.ts';
import { parseRef, type Wanted } from './letter-pages.ts';
import { LetterFolder, replayConfig, replayParent } from './letter-pipeline.ts';

/** Jobs that have ended are remembered, the last of them. */
const REMEMBERED = 20;
/** At once, of all pipelines. */
const MAX_RUNNING = 4;
const LOOK_MS = 500;

export interface Chosen {
  /** Undefined: all that are wanted. */
  readonly refs: readonly string[] | undefined;
  readonly wanted: Wanted;
}

export interface ReplayRequest extends Chosen {
  readonly pipeline: string;
  readonly directory: string;
  /** In the place of the one letter that is chosen. */
  readonly instead: Parameters<typeof encodeRecord>[0] | undefined;
  readonly drop: boolean;
}

interface Job {
  view: LetterJob;
  readonly controller: AbortController;
}

/** Starts of letters, by segment. */
type Places = Map<string, { readonly segment: Segment; readonly starts: number[] }>;

export class LetterJobs {
  readonly #engine: Engine;
  readonly #folder: string;
  readonly #jobs = new Map<string, Job>();
  #next = 1;

  /** `folder`: for copies of letters on their way; what an earlier process left there is removed. */
  constructor(engine: Engine, folder: string) {
    this.#engine = engine;
    this.#folder = folder;
    rmSync(folder, { recursive: true, force: true });
  }

  list(): LetterJob[] {
    return [...this.#jobs.values()].map(({ view }) => view).reverse();
  }

  /** @throws Error when too many are under way */
  replay(request: ReplayRequest): LetterJob {
    return this.#start('replay', request.pipeline, (job) => this.#replay(job, request));
  }

  drop(pipeline: string, directory: string, chosen: Chosen): LetterJob {
    return this.#start('drop', pipeline, async (job) => {
      await this.#visit(job, directory, chosen, (segment, found) => {
        const dropped = dropEntries(
          segment,
          found.map(({ start }) => start),
        );
        this.#change(job, { total: job.view.total + found.length, done: job.view.done + dropped });
      });
    });
  }

  /** Undefined: there is no such job. */
  cancel(id: string): LetterJob | undefined {
    const job = this.#jobs.get(id);
    job?.controller.abort();
    return job?.view;
  }

  #start(kind: LetterJob['kind'], pipeline: string, run: (job: Job) => Promise<void>): LetterJob {
    const running = this.list().filter(({ state }) => state === 'collecting' || state === 'running').length;
    if (running >= MAX_RUNNING) throw new Error(`${MAX_RUNNING} jobs are under way: wait for one of them`);
    const id = String(this.#next++);
    const job: Job = {
      controller: new AbortController(),
      view: { id, kind, pipeline, state: 'collecting', total: 0, done: 0, refused: 0, started: Date.now() },
    };
    this.#jobs.set(id, job);
    while (this.#jobs.size > REMEMBERED) this.#jobs.delete(this.#jobs.keys().next().value!);
    run(job).then(
      () =>
        this.#change(job, {
          state: job.controller.signal.aborted ? 'cancelled' : 'done',
          problem: undefined,
        }),
      (error: unknown) =>
        this.#change(
          job,
          job.controller.signal.aborted
            ? { state: 'cancelled', problem: undefined }
            : { state: 'failed', problem: (error as Error).message },
        ),
    );
    return job.view;
  }

  #change(job: Job, change: { [K in keyof LetterJob]?: LetterJob[K] | undefined }): void {
    const { problem, ...rest } = { ...job.view, ...change };
    job.view = { ...rest, ...(problem !== undefined && { problem }) } as LetterJob;
  }

  /** Every chosen letter, segment by segment as they are now. */
  async #visit(
    job: Job,
    directory: string,
    { refs, wanted }: Chosen,
    visit: (segment: Segment, found: readonly { start: number; payload: Buffer }[]) => void,
  ): Promise<void> {
    const chosen = refs && chosenPlaces(refs);
    for (const segment of listSegments(directory)) {
      const starts = chosen?.get(segment.name);
      if (chosen && !starts) continue;
      for (const part of readParts(segment)) {
        job.controller.signal.throwIfAborted();
        const letters = foundIn(segment, part);
        const found = part.payloads.flatMap((payload, at) => {
          const start = recordStart(part.ends[at]!, payload);
          return (starts ? starts.has(start) : wanted(letters[at]!.letter)) ? [{ start, payload }] : [];
        });
        if (found.length > 0) visit(segment, found);
        await setTimeout(0);
      }
    }
  }

  async #replay(job: Job, request: ReplayRequest): Promise<void> {
    const { pipeline, directory, instead, drop } = request;
    const status = this.#engine.pipelines.get(pipeline);
    if (!status) throw new Error(`pipeline ${pipeline} does not run: its dead letters can not go through it`);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const folder = new LetterFolder(this.#folder, pipeline);
    const places: Places = new Map();
    try {
      await this.#visit(job, directory, request, (segment, found) => {
        if (instead) folder.write([instead]);
        else folder.copy(found.map(({ payload }) => payload));
        const place = places.get(segment.name) ?? { segment, starts: [] };
        for (const { start } of found) place.starts.push(start);
        places.set(segment.name, place);
        this.#change(job, { total: folder.count });
      });
      if (folder.count === 0) return;
      const id = `${pipeline} (replay ${job.view.id})`;
      this.#change(job, { state: 'running' });
      await this.#engine.loadPart(replayConfig(status.config, id, folder), replayParent(pipeline));
      const delivered = await this.#untilDelivered(job, id);
      if (drop && delivered) for (const { segment, starts } of places.values()) dropEntries(segment, starts);
    } finally {
      folder.remove();
    }
  }

  /** False: cancelled. What outputs have taken on by then they still deliver. */
  async #untilDelivered(job: Job, id: string): Promise<boolean> {
    const { signal } = job.controller;
    const look = (): 'running' | 'finished' | 'ended' => {
      const status = this.#engine.pipelines.get(id);
      if (!status) return 'ended';
      const { in: taken, nodes } = this.#engine.counts(id);
      const refused = nodes.values().reduce((sum, { named }) => sum + (named['rejected'] ?? 0), 0);
      const [problem] = status.problems.byNode.values();
      this.#change(job, {
        done: status.state === 'finished' ? job.view.total : Math.min(job.view.total, taken),
        refused: refused + this.#engine.counts(id).conditionErrors,
        problem: problem?.problem,
      });
      if (status.state === 'terminated') throw new Error(status.error ?? 'the replay ended with an error');
      return status.state === 'finished' ? 'finished' : 'running';
    };
    for (;;) {
      const state = look();
      if (state === 'finished') {
        await this.#engine.unload(id);
        return true;
      }
      if (state === 'ended' || signal.aborted) {
        void this.#engine.unload(id);
        return false;
      }
      await setTimeout(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }
}

function chosenPlaces(refs: readonly string[]): Map<string, Set<number>> {
  const places = new Map<string, Set<number>>();
  for (const ref of refs) {
    const place = parseRef(ref);
    if (!place) continue;
    const starts = places.get(place.segment) ?? new Set();
    starts.add(place.start);
    places.set(place.segment, starts);
  }
  return places;
}
