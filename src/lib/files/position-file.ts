/** A small JSON value that outlives the process: how far a reader came. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Logger } from '../../kernel/logger.ts';

/** Milliseconds between two writes of the file while the value changes, and between tries that failed. */
const WRITE_INTERVAL = 500;
const RETRY_INTERVAL = 2000;

export interface PositionFileOptions {
  readonly path: string;
  readonly logger: Logger;
  /** Told in words why it can not be written, and undefined when it can again. */
  readonly health: (problem: string | undefined) => void;
}

export class PositionFile {
  readonly #options: PositionFileOptions;
  #value: unknown;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #failed = false;

  /** @throws Error in words when there is a file that can not be read */
  constructor(options: PositionFileOptions) {
    this.#options = options;
    try {
      this.#value = JSON.parse(readFileSync(options.path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw new Error(`the sincedb ${options.path} can not be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** What an earlier run left, or the last value set; undefined: nothing. */
  get value(): unknown {
    return this.#value;
  }

  set(value: unknown): void {
    this.#value = value;
    if (this.#closed) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), WRITE_INTERVAL);
  }

  /** Writes at once what is not written yet. */
  flush(): void {
    if (this.#timer) this.#write();
  }

  /** The same; what is set later is written at once. */
  close(): void {
    this.#closed = true;
    this.flush();
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { path, logger, health } = this.#options;
    try {
      writeFileSync(`${path}.new`, JSON.stringify(this.#value), { mode: 0o600 });
      renameSync(`${path}.new`, path);
      if (this.#failed) health(undefined);
      this.#failed = false;
    } catch (error) {
      const reason = (error as Error).message;
      if (!this.#failed) logger.error({ path, reason }, 'the sincedb could not be written; trying again');
      this.#failed = true;
      health(`the sincedb ${path} can not be written: ${reason}; after a crash events would come twice`);
      if (!this.#closed) this.#timer = setTimeout(() => this.#write(), RETRY_INTERVAL);
    }
  }
}
