/** A thread's way to the event store: a port that it asks for when something first needs one. */
import type { StoreClient } from '../store/embedded/store-client.ts';
import type { StoreAnswer } from './messages.ts';

export class StoreAccess {
  readonly #ask: () => void;
  #client: Promise<StoreClient> | undefined;
  #answer: ((answer: StoreAnswer) => void) | undefined;

  /** `ask` makes the main thread send a `StoreAnswer`. */
  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** @throws Error with a sentence when there is no store */
  get(): Promise<StoreClient> {
    this.#client ??= new Promise((resolve, reject) => {
      this.#answer = ({ port, problem }) => {
        if (port) {
          port.unref();
          // Threads that write to no store need not load its client.
          import('../store/embedded/store-client.ts').then(
            (module) => resolve(new module.StoreClient(port)),
            reject,
          );
          return;
        }
        // It may have failed to open, and be there later.
        this.#client = undefined;
        reject(new Error(problem ?? 'there is no event store in this process: set store.enabled: true'));
      };
      this.#ask();
    });
    return this.#client;
  }

  take(answer: StoreAnswer): void {
    this.#answer?.(answer);
    this.#answer = undefined;
  }
}
