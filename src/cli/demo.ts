/** `millrace up --demo`: invented traffic through the default listeners, until it is removed. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DEMO_TEST, demoPipelines } from '../demo/pipelines.ts';
import type { Place } from '../demo/senders.ts';
import { type Period, Traffic } from '../demo/traffic.ts';
import type { Logger } from '../kernel/logger.ts';
import { makeFolder } from '../kernel/make-folder.ts';
import type { DemoControl } from '../server/console/demo.ts';
import type { DemoView } from '../server/contract.ts';
import type { Store } from '../store/store.ts';
import type { Definition, ProcessSettings } from './configuration.ts';
import { type DemoFolders, demoFolders, demoIndices, hasDemoFiles, removeDemoData } from './demo-data.ts';
import type { SettingValues } from './settings.ts';

export interface DemoRun {
  /** The listeners that are on, by the option that places them. */
  readonly places: ReadonlyMap<string, Place>;
  /** Of the past that are played at once. */
  readonly hours: number;
}

const HOUR_MS = 3_600_000;
const SEED = 20_261_120;
/** Notes of how far it came are this old at most. */
const NOTE_MS = 15_000;
const note = z.object({
  playedUntil: z.number(),
  missing: z
    .array(z.tuple([z.number(), z.number()]))
    .max(100)
    .default([]),
});

export interface DemoOptions {
  readonly settings: ProcessSettings;
  /** Undefined: nothing is played, but what an earlier demo left can be removed. */
  readonly played: DemoRun | undefined;
  readonly logger: Logger;
  openStore(): Promise<Store>;
  /** Ends the demo's pipelines. */
  unload(): Promise<void>;
}

export class Demo implements DemoControl {
  readonly #options: DemoOptions;
  readonly #folders: DemoFolders;
  #traffic: Traffic | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DemoOptions) {
    this.#options = options;
    this.#folders = demoFolders(options.settings);
  }

  start(): void {
    const { played, logger } = this.#options;
    if (!played) return;
    const { places, hours } = played;
    this.#traffic = new Traffic({
      beats: places.get('beats'),
      syslog: places.get('syslog'),
      http: places.get('http'),
      seed: SEED,
      past: this.#notPlayed(Date.now(), hours * HOUR_MS),
    });
    this.#traffic.start();
    this.#timer = setInterval(() => this.#note(), NOTE_MS).unref();
    logger.info(
      {},
      'The demo plays: all its events are invented and have the tag demo. "millrace demo remove", or the button in the console, deletes them',
    );
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    if (!this.#traffic) return;
    const traffic = this.#traffic;
    await traffic.stop();
    this.#note();
    this.#traffic = undefined;
  }

  async view(): Promise<DemoView> {
    const indices = await demoIndices(await this.#options.openStore());
    const { sent, filled, problem } = this.#traffic?.state ?? { sent: 0, filled: 1, problem: undefined };
    const isLeft = indices.length > 0 || hasDemoFiles(this.#folders);
    return {
      state: this.#traffic ? 'playing' : isLeft ? 'left' : 'none',
      filled,
      sent,
      indices,
      ...(problem !== undefined && { problem }),
    };
  }

  async remove(): Promise<void> {
    const store = await this.#options.openStore();
    await this.stop();
    await this.#options.unload();
    await removeDemoData(store, this.#folders);
    this.#options.logger.info({}, 'The demo is removed');
  }

  #note(): void {
    const missing = this.#traffic?.state.missing ?? [];
    writeFileSync(this.#noteFile, `${JSON.stringify({ playedUntil: Date.now(), missing })}\n`);
  }

  /** What was played is not played again; what an end left out of the past is. The newest first. */
  #notPlayed(now: number, length: number): Period[] {
    const start = now - length;
    let played: { readonly playedUntil: number; readonly missing: readonly Period[] };
    try {
      played = note.parse(JSON.parse(readFileSync(this.#noteFile, 'utf8')));
    } catch {
      return [[start, now]];
    }
    const periods: Period[] = [[played.playedUntil, now], ...played.missing];
    return periods
      .map(([from, to]): Period => [Math.max(from, start), Math.min(to, now)])
      .filter(([from, to]) => from < to);
  }

  get #noteFile(): string {
    return join(this.#folders.notes, 'played.json');
  }
}

/** The pipelines behind the listeners, as files that the console's editor shows. What was changed there is kept. */
export function demoDefinitions(settings: ProcessSettings): Definition[] {
  const { notes } = demoFolders(settings);
  makeFolder(notes, 0o700);
  const write = (name: string, text: string): string => {
    const file = join(notes, name);
    if (!existsSync(file)) writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  write('demo-syslog.test.yml', DEMO_TEST);
  return demoPipelines(notes).map(({ id, settings: values, text }) => {
    const file = write(`${id}.conf`, text);
    return {
      id,
      values: { 'pipeline.id': id, ...values } as SettingValues,
      path: file,
      // Read anew whenever configs are.
      get loaded() {
        return {
          sources: [{ file, text: existsSync(file) ? readFileSync(file, 'utf8') : text }],
          diagnostics: [],
        };
      },
    };
  });
}
