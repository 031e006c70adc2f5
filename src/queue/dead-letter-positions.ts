/** How far a reader of dead letters came: segment name and offset, one line each, across restarts. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Logger } from '../kernel/logger.ts';

/** Milliseconds between two writes of the file while positions move, and between tries that failed. */
const WRITE_INTERVAL = 500;
const RETRY_INTERVAL = 2000;

export class DeadLetterPositions {
  readonly #path: string | undefined;
  readonly #logger: Logger;
  readonly #health: (problem: string | undefined) => void;
  readonly #offsets = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #failed = false;

  /**
   * @param path undefined: nothing is remembered.
   * @param health told in words why it can not be written, and undefined when it can again
   * @throws when there is a file that can not be read
   */
  constructor(
    path: string | undefined,
    logger: Logger,
    health: (problem: string | undefined) => void = () => {},
  ) {
    this.#path = path;
    this.#logger = logger;
    this.#health = health;
    if (path === undefined) return;
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw new Error(`the sincedb ${path} can not be read: ${(error as Error).message}`, { cause: error });
    }
    for (const line of text.split('\n')) {
      const match = /^(\d{15}-\d+-\d+-\d+) (\d+)$/.exec(line);
      if (match) this.#offsets.set(match[1]!, Number(match[2]));
    }
  }

  get(segment: string): number | undefined {
    return this.#offsets.get(segment);
  }

  /** Everything of a segment before the offset was delivered. */
  set(segment: string, offset: number): void {
    this.#offsets.set(segment, offset);
    this.#changed();
  }

  /** Forgets segments that are gone. */
  keep(segments: ReadonlySet<string>): void {
    for (const name of this.#offsets.keys()) {
      if (segments.has(name)) continue;
      this.#offsets.delete(name);
      this.#changed();
    }
  }

  #changed(): void {
    if (this.#path === undefined) return;
    if (this.#closed) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), WRITE_INTERVAL);
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const path = this.#path!;
    try {
      const lines = [...this.#offsets].map(([name, offset]) => `${name} ${offset}\n`);
      writeFileSync(`${path}.new`, lines.join(''), { mode: 0o600 });
      renameSync(`${path}.new`, path);
      if (this.#failed) this.#health(undefined);
      this.#failed = false;
    } catch (error) {
      const reason = (error as Error).message;
      if (!this.#failed)
        this.#logger.error({ path, reason }, 'the sincedb could not be written; trying again');
      this.#failed = true;
      this.#health(
        `the sincedb ${path} can not be written: ${reason}; after a crash dead letters would be read twice`,
      );
      if (!this.#closed) this.#timer = setTimeout(() => this.#write(), RETRY_INTERVAL);
    }
  }

  /** Writes what is not written yet; what moves later is written at once. */
  close(): void {
    this.#closed = true;
    if (this.#timer) this.#write();
  }
}
