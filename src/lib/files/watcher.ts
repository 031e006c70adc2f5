/** The life of a file input's intake: looks at its files again and again until it is closed or has nothing to do. */
import { setTimeout as delay } from 'node:timers/promises';
import { ReadMode, type ReadSettings } from './read.ts';
import { TailMode } from './tail.ts';
import { DeliveryMarks, type WatchHost, type WatchMode } from './watch.ts';

/** How long `close` waits for what was read to be delivered, so that it is not read twice. */
const CLOSE_MILLIS = 500;

export class FileWatcher {
  readonly #host: WatchHost;
  readonly #mode: WatchMode;
  readonly #stop = new AbortController();
  readonly #stopped: Promise<void>;
  #loop: Promise<void> = Promise.resolve();

  /** @param read undefined: tail mode */
  constructor(host: Omit<WatchHost, 'marks' | 'room'>, read: ReadSettings | undefined) {
    const { signal } = this.#stop;
    this.#stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    this.#host = {
      ...host,
      marks: new DeliveryMarks(host.writer, host.sincedb),
      room: () => Promise.race([host.writer.ready(), this.#stopped]),
    };
    this.#mode = read === undefined ? new TailMode(this.#host) : new ReadMode(this.#host, read);
  }

  /**
   * Looks for files the first time, then goes on by itself.
   * @param finished called when nothing is left to do (`exit_after_read`)
   * @param failed called with the reason when it can not go on
   */
  async start(finished: () => void, failed: (error: unknown) => void): Promise<void> {
    this.#host.sincedb.open();
    await this.#mode.discover(true);
    this.#loop = this.#run(finished).catch(failed);
  }

  async #run(finished: () => void): Promise<void> {
    const { settings, sincedb } = this.#host;
    const { signal } = this.#stop;
    const stopped = (): boolean => signal.aborted;
    for (let looks = 1; !signal.aborted; looks++) {
      while ((await this.#mode.pass(stopped)) && !signal.aborted);
      if (this.#mode.done) {
        await Promise.race([this.#host.marks.settled(), this.#stopped]);
        sincedb.write();
        if (!signal.aborted) finished();
        return;
      }
      sincedb.writeIfDue();
      await delay(settings.statInterval * 1000, undefined, { signal }).catch(() => {});
      if (!signal.aborted && looks % settings.discoverInterval === 0) await this.#mode.discover(false);
    }
  }

  /** May be called twice. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    this.#mode.close();
    await this.#host.marks.close(CLOSE_MILLIS);
  }
}
