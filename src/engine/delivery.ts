/**
 * One output in one worker: opens it, writes batches, tries again with exponential back-off and full jitter what
 * failed, and says in words what is wrong. An event is done when it was accepted or rejected.
 */
import type { Event } from '../kernel/event-types.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Output, WriteFailure } from '../kernel/plugin.ts';
import { sentence } from './thread.ts';

const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 30_000;

export interface DeliveryHost {
  readonly logger: Logger;
  /** Events that left this output for good. */
  delivered(count: number): void;
  /** Events that no retry can help. A promise: they are not done before it resolves. */
  rejected(events: readonly Event[], reasons: readonly string[]): void | Promise<void>;
  health(problem: string | undefined): void;
}

interface Settled {
  readonly left: { events: Event[]; reason: string; wait: number } | undefined;
  /** Until rejected events are kept. */
  readonly kept: Promise<void> | undefined;
}
const DONE: Settled = { left: undefined, kept: undefined };

export class Delivery {
  readonly #output: Output;
  readonly #host: DeliveryHost;
  readonly #abort = new AbortController();
  #opening: Promise<void> | undefined;
  #open: boolean;
  #problem: string | undefined;
  #failures = 0;

  constructor(output: Output, host: DeliveryHost) {
    this.#output = output;
    this.#host = host;
    this.#open = output.open === undefined;
  }

  /** Starts connecting; a failure is not one of the pipeline, `write` tries again. @throws ERR_CONFIG errors */
  async open(): Promise<void> {
    if (this.#open) return;
    try {
      await this.#tryOpen();
    } catch (error) {
      if ((error as { code?: string }).code === 'ERR_CONFIG') throw error;
      this.#failed(sentence(error));
    }
  }

  #tryOpen(): Promise<void> {
    this.#opening ??= this.#output.open!(this.#abort.signal)
      .then(() => {
        this.#open = true;
      })
      .finally(() => {
        this.#opening = undefined;
      });
    return this.#opening;
  }

  get passesLines(): boolean {
    return this.#output.writeLines !== undefined;
  }

  /** Delivers a batch; undefined when that is done already. Rejects only when the delivery was aborted. */
  write(events: Event[]): Promise<void> | undefined {
    if (this.#open) {
      try {
        const result = this.#output.write(events, this.#abort.signal);
        if (!(result instanceof Promise)) return this.#settled(events, result);
        return result.then(
          (failures) => this.#settled(events, failures),
          (error: unknown) => this.#again(events, sentence(error), 0),
        );
      } catch (error) {
        return this.#again(events, sentence(error), 0);
      }
    }
    return this.#again(events, '', 0);
  }

  /** Delivers newline-terminated messages as they stand. */
  writeLines(bytes: Buffer, count: number): Promise<void> | undefined {
    const attempt = (): Promise<void> | undefined => {
      const result = this.#output.writeLines!(bytes, count, this.#abort.signal);
      if (!(result instanceof Promise)) {
        this.#succeeded(count);
        return undefined;
      }
      return result.then(() => this.#succeeded(count));
    };
    const again = async (first: string): Promise<void> => {
      for (let reason = first; ; ) {
        if (reason) await this.#pause(reason, 0);
        try {
          if (!this.#open) await this.#tryOpen();
          await attempt();
          return;
        } catch (error) {
          if (this.#abort.signal.aborted) throw error;
          reason = sentence(error);
        }
      }
    };
    if (!this.#open) return again('');
    try {
      return attempt()?.catch((error: unknown) => again(sentence(error)));
    } catch (error) {
      return again(sentence(error));
    }
  }

  #succeeded(count: number): void {
    this.#host.delivered(count);
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#failures = 0;
    this.#host.health(undefined);
  }

  /** Takes the result of a write; returns a promise when some events must be tried again. */
  #settled(
    events: readonly Event[],
    failures: readonly WriteFailure[] | undefined,
  ): Promise<void> | undefined {
    const { left, kept } = this.#settle(events, failures);
    const again = left && this.#again(left.events, left.reason, left.wait);
    return kept && again ? Promise.all([kept, again]).then(() => undefined) : (kept ?? again);
  }

  /** Counts what was accepted and rejected; tells what must be tried again, in order, and when the rest is done. */
  #settle(events: readonly Event[], failures: readonly WriteFailure[] | undefined): Settled {
    if (failures === undefined || failures.length === 0) {
      this.#succeeded(events.length);
      return DONE;
    }
    const rejected = failures.filter((failure) => failure.kind === 'reject');
    const retry = failures.filter((failure) => failure.kind === 'retry').sort((a, b) => a.index - b.index);
    let kept: Promise<void> | undefined;
    if (rejected.length > 0) {
      const result = this.#host.rejected(
        rejected.map((failure) => events[failure.index]!),
        rejected.map((failure) => failure.reason),
      );
      if (result) {
        kept = result;
        // Whoever waits for it gets the error, perhaps only after other events were tried again.
        kept.catch(() => {});
      }
    }
    const accepted = events.length - failures.length;
    if (accepted > 0) this.#host.delivered(accepted);
    if (retry.length === 0) return { left: undefined, kept };
    const left = {
      events: retry.map((failure) => events[failure.index]!),
      reason: retry[0]!.reason,
      wait: Math.max(0, ...retry.map((failure) => failure.retryAfter ?? 0)),
    };
    return { left, kept };
  }

  async #again(first: Event[], why: string, retryAfter: number): Promise<void> {
    let events = first;
    let reason = why;
    let wait = retryAfter;
    const keeping: Promise<void>[] = [];
    for (;;) {
      if (reason) await this.#pause(reason, wait);
      try {
        if (!this.#open) await this.#tryOpen();
        const { left, kept } = this.#settle(events, await this.#output.write(events, this.#abort.signal));
        if (kept) keeping.push(kept);
        if (!left) break;
        ({ events, reason, wait } = left);
      } catch (error) {
        if (this.#abort.signal.aborted) throw error;
        reason = sentence(error);
        wait = 0;
      }
    }
    await Promise.all(keeping);
  }

  #failed(reason: string): void {
    this.#failures++;
    if (this.#problem === reason) return;
    this.#problem = reason;
    this.#host.health(reason);
    this.#host.logger.warn({}, `${reason}; trying again until it works`);
  }

  /** Waits before another try: full jitter, or as long as the receiver asked. */
  async #pause(reason: string, retryAfter: number): Promise<void> {
    this.#failed(reason);
    const ceiling = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(20, this.#failures));
    const wait = Math.max(retryAfter, ceiling * (0.1 + 0.9 * Math.random()));
    const { signal } = this.#abort;
    if (signal.aborted) throw new Error('stopped while waiting to try again');
    await new Promise<void>((resolve, reject) => {
      const done = (): void => {
        signal.removeEventListener('abort', aborted);
        resolve();
      };
      const timer = setTimeout(done, wait);
      const aborted = (): void => {
        clearTimeout(timer);
        reject(new Error('stopped while waiting to try again'));
      };
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  flush(): void | Promise<void> {
    return this.#open ? this.#output.flush?.() : undefined;
  }

  /** Ends waiting writes with an error and closes the output. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#output.close();
  }
}
