/** Output of commands that may be long: waits for its reader, and ends with it. */
import { once } from 'node:events';

export class Printer {
  readonly #closed = new AbortController();

  constructor() {
    // `| head` has seen enough: that is no error.
    process.stdout.on('error', (error: NodeJS.ErrnoException) => this.#closed.abort(error));
  }

  /** Aborted when nobody reads any more. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  async print(text: string | Uint8Array): Promise<void> {
    if (this.signal.aborted || text.length === 0) return;
    if (process.stdout.write(text)) return;
    await once(process.stdout, 'drain', { signal: this.signal }).catch(() => {});
  }
}

/** Aborted by the first Ctrl-C or end of the session; the second one ends the process as ever. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => controller.abort(new Interrupted()));
  return controller.signal;
}

export class Interrupted extends Error {
  constructor() {
    super('interrupted');
  }
}
