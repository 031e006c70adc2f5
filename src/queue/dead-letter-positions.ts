/** How far a reader of dead letters came: segment name and offset, one line each, across restarts. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Logger } from '../kernel/logger.ts';

/** Milliseconds between two writes of the file while positions move. */
const WRITE_INTERVAL = 500;

export class DeadLetterPositions {
  readonly #path: string | undefined;
  readonly #logger: Logger;
  readonly #offsets = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param path undefined: nothing is remembered. @throws when there is a file that can not be read */
  constructor(path: string | undefined, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    if (path === undefined) return;
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw new Error(`the sincedb ${path} can not be read: ${(error as Error).message}`, { cause: error });
    }
    for (const line of text.split('\n')) {
      const match = /^(\d{15}-\d+-\d+) (\d+)$/.exec(line);
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
    } catch (error) {
      this.#logger.error({ path, reason: (error as Error).message }, 'the sincedb could not be written');
    }
  }

  /** Writes what is not written yet; what moves later is written at once. */
  close(): void {
    this.#closed = true;
    if (this.#timer) this.#write();
  }
}
