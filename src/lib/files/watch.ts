/** What tail and read mode of the file input share: settings, discovery, delivery marks and the sincedb. */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Logger } from '../../kernel/logger.ts';
import type { BlockWriter } from '../../kernel/plugin.ts';
import { globFiles, matcher } from './glob.ts';
import type { Sincedb, SincedbEntry } from './sincedb.ts';

export interface WatchSettings {
  readonly patterns: readonly string[];
  readonly exclude: readonly string[];
  readonly startAtBeginning: boolean;
  /** Seconds between two looks at known files. */
  readonly statInterval: number;
  /** Every so many looks the patterns are expanded again. */
  readonly discoverInterval: number;
  /** Seconds; undefined: never. */
  readonly ignoreOlder: number | undefined;
  readonly closeOlder: number;
  readonly maxOpenFiles: number;
  /** Bytes read from one file before the next has its turn. */
  readonly turnBytes: number;
  readonly delimiter: Buffer;
  readonly sortBy: 'last_modified' | 'path';
  readonly descending: boolean;
}

/** What a mode needs of the world around it. */
export interface WatchHost {
  readonly settings: WatchSettings;
  readonly writer: BlockWriter;
  readonly sincedb: Sincedb;
  readonly logger: Logger;
  readonly maxRecordBytes: number;
  /** Resolves when the queue has room again, or the input is closed. */
  room(): Promise<void>;
  readonly marks: DeliveryMarks;
}

/** One look at all files; true when one has more to give at once. */
export interface WatchMode {
  pass(stopped: () => boolean): Promise<boolean>;
  discover(first: boolean): Promise<void>;
  /** Nothing left to read, ever. */
  readonly done: boolean;
  close(): void;
}

export interface Found {
  readonly path: string;
  readonly stat: BigIntStats;
}

/** Files that the patterns name now, without those excluded and those that can not be looked at. */
export async function findFiles({ settings, logger }: WatchHost): Promise<Found[]> {
  const excluded = settings.exclude.map(matcher);
  const found = new Map<string, Found>();
  for (const pattern of settings.patterns) {
    const paths = await globFiles(pattern, (folder, reason) =>
      logger.warn({ folder, reason }, `folder ${folder} can not be read`),
    );
    for (const path of paths) {
      if (found.has(path) || excluded.some((matches) => matches(basename(path)))) continue;
      const stats = await stat(path, { bigint: true }).catch(() => undefined);
      if (stats?.isFile()) found.set(path, { path, stat: stats });
    }
  }
  const sign = settings.descending ? -1 : 1;
  const order =
    settings.sortBy === 'path'
      ? (a: Found, b: Found) => (a.path < b.path ? -sign : sign)
      : (a: Found, b: Found) => Number(a.stat.mtimeNs - b.stat.mtimeNs) * sign;
  return [...found.values()].sort(order);
}

/** Was it last changed longer ago than `ignore_older` says? */
export function isTooOld(found: Found, settings: WatchSettings): boolean {
  return (
    settings.ignoreOlder !== undefined &&
    Date.now() - Number(found.stat.mtimeMs) > settings.ignoreOlder * 1000
  );
}

/** Remembers positions when every output has taken what was before them. */
export class DeliveryMarks {
  readonly #writer: BlockWriter;
  readonly #sincedb: Sincedb;
  #outstanding = 0;
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(writer: BlockWriter, sincedb: Sincedb) {
    this.#writer = writer;
    this.#sincedb = sincedb;
  }

  /** All given so far belongs before `position`; `entry` may have been made anew meanwhile (`valid` says so). */
  mark(entry: SincedbEntry, position: number, valid: () => boolean, then?: () => void): void {
    this.#outstanding++;
    this.#writer.whenDelivered(() => {
      this.#outstanding--;
      if (valid()) this.#sincedb.move(entry, position);
      then?.();
      if (this.#outstanding > 0) return;
      // After the end nobody else writes it.
      if (this.#closed) this.#sincedb.write();
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
  }

  /** Resolves when everything that was marked is delivered. */
  settled(): Promise<void> {
    if (this.#outstanding === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Waits until everything is delivered, at most so long, and writes the sincedb; later deliveries write it too. */
  async close(millis: number): Promise<void> {
    this.#closed = true;
    if (this.#outstanding > 0) {
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, millis)));
      await Promise.race([this.settled(), limit]);
      clearTimeout(timer);
    }
    this.#sincedb.write();
  }
}
