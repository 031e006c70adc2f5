import type { BlockWriter } from '../../kernel/plugin.ts';
import { HeldBytes } from './held-bytes.ts';

/** What can stop reading: sockets, pipes. */
export interface Readable {
  pause(): unknown;
  resume(): unknown;
}

/** Connections that go on together when the queue has room again; more would flood it at once. */
const AT_ONCE = 16;

/** Stops the connections of an input while the queue is full, and lets them go on in their order. */
export class ReadGate {
  readonly #writer: BlockWriter;
  readonly #held = new Set<Readable>();
  /** What the connections hold of records that are not complete. */
  readonly unfinished: HeldBytes;
  #running = false;

  constructor(writer: BlockWriter, unfinished = new HeldBytes()) {
    this.#writer = writer;
    this.unfinished = unfinished;
  }

  /** The writer said that it is full after taking something from this connection. */
  hold(connection: Readable): void {
    connection.pause();
    this.#held.add(connection);
    if (!this.#running) void this.#run();
  }

  /** The connection is gone. */
  forget(connection: Readable): void {
    this.#held.delete(connection);
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#held.size > 0) {
      await this.#writer.ready();
      let left = AT_ONCE;
      for (const connection of this.#held) {
        this.#held.delete(connection);
        connection.resume();
        if (--left === 0) break;
      }
      // What they send now must be seen by the writer before the next ones are let go.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#running = false;
  }
}
