/**
 * One output in one worker: opens it, writes batches, tries again what failed, and says in words what is wrong. An event
 * is done when it was accepted or rejected. What fails as a whole waits behind the circuit of the output; when only
 * some events of a batch fail, that batch alone waits and backs off.
 */
import type { Event } from '../kernel/event-types.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Output, WriteFailure } from '../kernel/plugin.ts';
import { type Attempt, Attempts } from './attempts.ts';
import { backOff, Circuit, DEFAULT_DELAYS, type RetryDelays } from './circuit.ts';
import { sentence } from './thread.ts';

/** A warning that comes again within this time, but for its numbers, is for those who look closely. */
const SAME_WARNING_MS = 60_000;

export interface DeliveryHost {
  readonly logger: Logger;
  /** How long a write may take if the output has no limit of its own, in milliseconds; 0: as long as it takes. */
  readonly timeLimitMs: number;
  /** Events that left this output for good. */
  delivered(count: number): void;
  /** Events that no retry can help. A promise: they are not done before it resolves. */
  rejected(events: readonly Event[], reasons: readonly string[]): void | Promise<void>;
  health(problem: string | undefined): void;
}

/** What of a batch must be tried again. */
interface Failed {
  readonly events: Event[];
  readonly reason: string;
  /** Milliseconds that the receiver asked for. */
  readonly retryAfter: number;
  /** Nothing was accepted: the output is to blame, not the events. */
  readonly whole: boolean;
}
interface Settled {
  readonly failed: Failed | undefined;
  /** Until rejected events are kept. */
  readonly kept: Promise<void> | undefined;
}
const DONE: Settled = { failed: undefined, kept: undefined };

export class Delivery {
  readonly #output: Output;
  readonly #host: DeliveryHost;
  readonly #attempts: Attempts;
  readonly #delays: RetryDelays;
  readonly #circuit: Circuit;
  #opening: Promise<void> | undefined;
  #open: boolean;
  #problem: string | undefined;
  /** The last warning, without its numbers: one that comes and goes is told once a minute. */
  #warned: { readonly kind: string; readonly at: number } | undefined;
  /** Batches that were tried in vain. */
  #retrying = 0;
  /** Why nothing is tried any more. */
  #givenUp: string | undefined;

  constructor(output: Output, host: DeliveryHost) {
    this.#output = output;
    this.#host = host;
    this.#attempts = new Attempts(output, host.timeLimitMs);
    this.#delays = output.retryDelays ?? DEFAULT_DELAYS;
    this.#circuit = new Circuit({ delays: this.#delays, probe: () => this.#probe() });
    this.#open = output.open === undefined;
  }

  /** Starts connecting; a failure is not one of the pipeline, it is tried again. @throws ERR_CONFIG errors */
  async open(): Promise<void> {
    if (this.#open) return;
    const { generation } = this.#circuit;
    try {
      await this.#tryOpen();
    } catch (error) {
      if ((error as { code?: string }).code === 'ERR_CONFIG') throw error;
      this.#circuit.failed(generation);
      this.#says(sentence(error));
    }
  }

  #tryOpen(): Promise<void> {
    if (this.#opening) return this.#opening;
    const attempt = this.#attempts.begin();
    this.#opening = this.#output.open!(attempt.signal)
      .then(
        () => {
          this.#open = true;
        },
        (error: unknown) => {
          const reason = this.#attempts.cutReason(attempt);
          throw reason === undefined ? error : new Error(reason, { cause: error });
        },
      )
      .finally(() => {
        this.#attempts.end(attempt);
        this.#opening = undefined;
      });
    return this.#opening;
  }

  /** Nothing waits to be written: an output that is not open yet can be opened all the same. */
  #probe(): boolean {
    if (this.#open) return false;
    const { generation } = this.#circuit;
    this.#tryOpen().then(
      () => {
        this.#circuit.succeeded();
        this.#checkWell();
      },
      (error: unknown) => {
        this.#circuit.failed(generation);
        this.#says(sentence(error));
      },
    );
    return true;
  }

  get passesLines(): boolean {
    return this.#output.writeLines !== undefined;
  }

  /** Delivers a batch; undefined when that is done already. Rejects only when the delivery was aborted. */
  write(events: Event[]): Promise<void> | undefined {
    if (!this.#open || !this.#circuit.isClosed) return this.#again(events, undefined);
    const { generation } = this.#circuit;
    const attempt = this.#attempts.begin();
    try {
      const result = this.#output.write(events, attempt.signal);
      if (result instanceof Promise)
        return result.then(
          (failures) => this.#finish(this.#settle(events, failures, attempt, generation)),
          (error: unknown) => this.#again(events, this.#thrown(events, error, attempt, generation)),
        );
      return this.#finish(this.#settle(events, result, attempt, generation));
    } catch (error) {
      return this.#again(events, this.#thrown(events, error, attempt, generation));
    }
  }

  /** Undefined if all is done. */
  #finish(settled: Settled): Promise<void> | undefined {
    if (settled === DONE) return undefined;
    const { failed, kept } = settled;
    const again = failed && this.#again(failed.events, failed);
    return kept && again ? Promise.all([kept, again]).then(() => undefined) : (kept ?? again);
  }

  /** Delivers newline-terminated messages as they stand. */
  writeLines(bytes: Buffer, count: number): Promise<void> | undefined {
    if (!this.#open || !this.#circuit.isClosed) return this.#linesAgain(bytes, count);
    const { generation } = this.#circuit;
    const attempt = this.#attempts.begin();
    const failed = (error: unknown): Promise<void> => {
      this.#says(this.#thrown([], error, attempt, generation).reason);
      return this.#linesAgain(bytes, count);
    };
    try {
      const result = this.#output.writeLines!(bytes, count, attempt.signal);
      if (result instanceof Promise) return result.then(() => this.#tookLines(count, attempt), failed);
      this.#tookLines(count, attempt);
      return undefined;
    } catch (error) {
      return failed(error);
    }
  }

  #tookLines(count: number, attempt: Attempt): void {
    this.#attempts.end(attempt);
    this.#circuit.succeeded();
    this.#host.delivered(count);
  }

  async #linesAgain(bytes: Buffer, count: number): Promise<void> {
    if (this.#givenUp !== undefined) throw new Error(this.#givenUp);
    this.#retrying++;
    try {
      for (;;) {
        await this.#circuit.turn();
        const { generation } = this.#circuit;
        let attempt: Attempt | undefined;
        try {
          if (!this.#open) await this.#tryOpen();
          attempt = this.#attempts.begin();
          await this.#output.writeLines!(bytes, count, attempt.signal);
          this.#tookLines(count, attempt);
          return;
        } catch (error) {
          this.#says(this.#thrown([], error, attempt, generation).reason);
        }
      }
    } catch (error) {
      // Its block is not processed then.
      throw this.#givenUp === undefined ? error : new Error(this.#givenUp, { cause: error });
    } finally {
      this.#retrying--;
      this.#checkWell();
    }
  }

  /** A write failed as a whole. */
  #thrown(
    events: readonly Event[],
    error: unknown,
    attempt: Attempt | undefined,
    generation: number,
  ): Failed {
    if (attempt) this.#attempts.end(attempt);
    this.#circuit.failed(generation);
    const reason = (attempt && this.#attempts.cutReason(attempt)) ?? sentence(error);
    return { events: events as Event[], reason, retryAfter: 0, whole: true };
  }

  /**
   * Counts what was accepted and rejected; tells what must be tried again, in order, and when the rest is done.
   * `isFirst`: of a batch that probes; the circuit stays as it is until the others are through.
   */
  #settle(
    events: readonly Event[],
    failures: readonly WriteFailure[] | undefined,
    attempt: Attempt,
    generation: number,
    isFirst = false,
  ): Settled {
    this.#attempts.end(attempt);
    if (failures === undefined || failures.length === 0) {
      if (!isFirst) this.#circuit.succeeded();
      this.#host.delivered(events.length);
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
    const whole = accepted === 0 && retry.length > 0;
    const retryAfter = Math.max(0, ...retry.map((failure) => failure.retryAfter ?? 0));
    if (whole) this.#circuit.failed(generation, retryAfter);
    else if (!isFirst) this.#circuit.succeeded();
    if (retry.length === 0) return { failed: undefined, kept };
    const again = retry.map((failure) => events[failure.index]!);
    return { failed: { events: again, reason: retry[0]!.reason, retryAfter, whole }, kept };
  }

  /** Tries until all is accepted or rejected. `failed` undefined: there was no try yet. */
  async #again(first: Event[], why: Failed | undefined): Promise<void> {
    if (this.#givenUp !== undefined) return this.#refuse(first, this.#givenUp);
    const keeping: Promise<void>[] = [];
    let events = first;
    let failed = why;
    let partial = 0;
    /** 'first': this batch probes; 'rest': and its first event was taken. */
    let probing: 'no' | 'first' | 'rest' = 'no';
    this.#retrying++;
    try {
      while (events.length > 0) {
        if (failed) this.#says(failed.reason);
        if (failed && !failed.whole) await this.#sleep(backOff(this.#delays, ++partial, failed.retryAfter));
        if (probing !== 'rest') probing = (await this.#circuit.turn()) ? 'first' : 'no';
        // What sends each event by itself would ask a dead server once for every event.
        const one: boolean = probing === 'first' && this.#output.writesSingly === true && events.length > 1;
        const now = one ? events.slice(0, 1) : events;
        const rest = one ? events.slice(1) : [];
        const { generation } = this.#circuit;
        let attempt: Attempt | undefined;
        try {
          if (!this.#open) await this.#tryOpen();
          attempt = this.#attempts.begin();
          const result: WriteFailure[] | undefined = await this.#output.write(now, attempt.signal);
          const settled = this.#settle(now, result, attempt, generation, one);
          if (settled.kept) keeping.push(settled.kept);
          failed = settled.failed;
          events = failed ? [...failed.events, ...rest] : rest;
        } catch (error) {
          failed = this.#thrown(events, error, attempt, generation);
        }
        probing = one && failed === undefined ? 'rest' : 'no';
      }
    } catch (error) {
      if (this.#givenUp === undefined) throw error;
      keeping.push(this.#refuse(events, this.#givenUp));
    } finally {
      this.#retrying--;
      this.#checkWell();
    }
    await Promise.all(keeping);
  }

  /** Nothing is tried any more: what is not delivered is rejected, and so is what comes. */
  giveUp(why: string): void {
    if (this.#givenUp !== undefined) return;
    this.#givenUp = `${why}: ${this.#problem ?? 'stopped'}`;
    this.#host.logger.error({}, `what it holds is given up, since ${this.#givenUp}`);
    // Writes from now on go the way of those that failed.
    this.#open = false;
    this.#attempts.abort();
    this.#circuit.stop(stopped());
  }

  async #refuse(events: readonly Event[], why: string): Promise<void> {
    if (events.length > 0)
      await this.#host.rejected(
        events,
        events.map(() => why),
      );
  }

  #says(reason: string): void {
    if (this.#problem === reason || this.#attempts.signal.aborted) return;
    this.#problem = reason;
    this.#host.health(reason);
    const kind = reason.replaceAll(/\d+/g, '0');
    const now = performance.now();
    const text = `${reason}; trying again until it works`;
    if (kind === this.#warned?.kind && now - this.#warned.at < SAME_WARNING_MS)
      this.#host.logger.debug({}, text);
    else {
      this.#warned = { kind, at: now };
      this.#host.logger.warn({}, text);
    }
  }

  /** Batches wait here because the output does not take them. */
  get isFailing(): boolean {
    return this.#problem !== undefined && this.#retrying > 0;
  }

  /** The problem is over when nothing waits for another try. */
  #checkWell(): void {
    if (this.#problem === undefined || this.#retrying > 0 || !this.#circuit.isClosed) return;
    this.#problem = undefined;
    this.#host.health(undefined);
  }

  /** For a batch of which some events failed. */
  async #sleep(ms: number): Promise<void> {
    const { signal } = this.#attempts;
    if (signal.aborted) throw stopped();
    await new Promise<void>((resolve, reject) => {
      const done = (): void => {
        signal.removeEventListener('abort', aborted);
        resolve();
      };
      const timer = setTimeout(done, ms);
      const aborted = (): void => {
        clearTimeout(timer);
        reject(stopped());
      };
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  /** Every second: cuts writes that hang, and lets the output write what it holds back. */
  tick(): void | Promise<void> {
    this.#attempts.tick();
    return this.flush();
  }

  flush(): void | Promise<void> {
    return this.#open ? this.#output.flush?.() : undefined;
  }

  /** Ends waiting writes with an error and closes the output. */
  async close(): Promise<void> {
    this.#attempts.abort();
    this.#circuit.stop(stopped());
    await this.#output.close();
  }
}

const stopped = (): Error => new Error('stopped while waiting to try again');
