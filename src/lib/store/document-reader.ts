/**
 * Takes the documents of a search of the event store into a queue: its history, then what comes. The place behind what
 * every output has taken is remembered, and a start goes on from there.
 *
 * History ends at a place in the order of arrival that is noted before it begins (`bound`): what came later is left to
 * the following, so that no document is missed or taken twice, whatever its `@timestamp`.
 */
import type { Logger } from '../../kernel/logger.ts';
import type {
  BlockWriter,
  DocumentSearch,
  DocumentSource,
  FoundDocument,
  Peer,
} from '../../kernel/plugin.ts';
import type { PositionFile } from '../files/position-file.ts';
import { Pace } from '../pace.ts';

export interface DocumentReaderOptions {
  readonly source: DocumentSource;
  readonly search: DocumentSearch;
  /** Remembers; belongs to the reader from now on. */
  readonly place: PositionFile;
  readonly writer: BlockWriter;
  readonly logger: Logger;
  /** Everything that is there, too. */
  readonly history: boolean;
  /** Go on with what comes. */
  readonly follow: boolean;
  readonly intervalMs: number;
  /** See `Pace`; speed is for history only. */
  readonly rate: number | undefined;
  readonly speed: number | undefined;
  /** Records begin with a line `["index","id"]`. */
  readonly withInfo: boolean;
  readonly finished: () => void;
  readonly health: (problem: string | undefined) => void;
}

/** What the file holds. */
interface Place {
  /** End of the history in the order of arrival; null: the store knows no such order. */
  readonly bound: number | null;
  /** What is taken of the history: nothing yet, up to a position, all of it. */
  readonly history: 'none' | 'all' | FoundDocument['position'];
  /** What is taken of that which came after the bound. */
  readonly arrival: number;
}

/** Given to the queue in one go. */
const MAX_RECORDS = 256;
const MAX_BYTES = 1 << 20;
/** Between tries while the store does not answer. */
const RETRY_MS = { first: 500, most: 30_000 };

export class DocumentReader {
  readonly #options: DocumentReaderOptions;
  readonly #peer: Peer;
  readonly #stop = new AbortController();
  readonly #stopped: Promise<void>;
  readonly #pace: Pace;
  readonly #pacePlain: Pace;
  #place!: Place;
  #running: Promise<void> | undefined;

  constructor(options: DocumentReaderOptions) {
    this.#options = options;
    this.#peer = { key: 'event store' };
    const { rate, speed } = options;
    this.#pace = new Pace({ rate, speed });
    this.#pacePlain = new Pace({ rate, speed: undefined });
    const { signal } = this.#stop;
    this.#stopped = new Promise((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
  }

  /** Finds its place and begins. @throws Error in words */
  async open(): Promise<void> {
    const { source, place, logger, history, follow, search } = this.#options;
    const known = placeOf(place.value);
    if (known === undefined) {
      const bound = await source.arrived();
      if (bound === undefined && follow)
        throw new Error(
          'this event store is a cluster, which knows no order of arrival: it can be read (get_history => true, follow => false), but not followed',
        );
      this.#place = { bound: bound ?? null, history: history ? 'none' : 'all', arrival: bound ?? -1 };
      // From this moment on, also after a crash.
      place.set(this.#place);
      place.flush();
      if (history)
        logger.warn(
          { query: search.query, index: search.indices },
          'get_history: the whole history of the search is read; this can cause a lot of events to be delivered at once',
        );
    } else {
      this.#place = known;
      if (known.history === 'all' && !follow)
        logger.info({}, 'this history was read before: remove the sincedb file to read it again');
    }
    if (this.#stop.signal.aborted) return;
    this.#running = this.#run();
  }

  /** Ends within a moment. May be called twice. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('stopped'));
    await this.#running;
    this.#options.place.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { logger, health, follow, finished, intervalMs } = this.#options;
    let wait: number = RETRY_MS.first;
    while (!signal.aborted) {
      try {
        if (this.#place.history !== 'all') await this.#takeHistory();
        if (signal.aborted) return;
        health(undefined);
        wait = RETRY_MS.first;
        if (!follow) {
          finished();
          return;
        }
        if (!(await this.#takeNewer())) await this.#sleep(intervalMs);
      } catch (error) {
        if (signal.aborted) return;
        const reason = (error as Error).message;
        if (wait === RETRY_MS.first)
          logger.error({ reason }, 'the event store can not be read; trying again');
        health(`the event store can not be read: ${reason}`);
        await this.#sleep(wait);
        wait = Math.min(wait * 2, RETRY_MS.most);
      }
    }
  }

  async #takeHistory(): Promise<void> {
    const { source, search } = this.#options;
    const { signal } = this.#stop;
    const { history, bound } = this.#place;
    const after = typeof history === 'string' ? undefined : history;
    for await (const documents of source.history(search, after, signal)) {
      const old =
        bound === null
          ? documents
          : documents.filter(({ arrival }) => arrival === undefined || arrival <= bound);
      await this.#give(old, this.#pace, (last) => ({ ...this.#place, history: last.position }));
      if (signal.aborted) return;
    }
    this.#moved({ ...this.#place, history: 'all' });
  }

  /** True when there was something. */
  async #takeNewer(): Promise<boolean> {
    const { source, search } = this.#options;
    const documents = await source.newer(search, this.#place.arrival, this.#stop.signal);
    await this.#give(documents, this.#pacePlain, (last) => ({ ...this.#place, arrival: last.arrival! }));
    return documents.length > 0;
  }

  /** Into the queue, in pieces, when it is their time and there is room. */
  async #give(
    documents: readonly FoundDocument[],
    pace: Pace,
    behind: (last: FoundDocument) => Place,
  ): Promise<void> {
    const { writer } = this.#options;
    const { signal } = this.#stop;
    for (let from = 0; from < documents.length; ) {
      const delay = pace.delay(documents[from]!.time);
      if (delay > 0) await this.#sleep(delay);
      if (signal.aborted) return;
      const most = Math.min(documents.length, from + Math.min(MAX_RECORDS, pace.burst));
      const texts: string[] = [];
      let length = 0;
      let to = from;
      while (to < most && length < MAX_BYTES && (to === from || pace.delay(documents[to]!.time) === 0)) {
        const text = this.#record(documents[to++]!);
        texts.push(text);
        length += text.length;
      }
      pace.went(to - from);
      const hasRoom = writer.records(this.#peer, ...encode(texts));
      this.#moved(behind(documents[to - 1]!));
      from = to;
      if (!hasRoom) await Promise.race([writer.ready(), this.#stopped]);
    }
  }

  #record({ index, id, source }: FoundDocument): string {
    if (!this.#options.withInfo) return source;
    return `[${JSON.stringify(index)},${JSON.stringify(id)}]\n${source}`;
  }

  /** Reading goes on from there; a start does so when everything before is delivered. */
  #moved(place: Place): void {
    this.#place = place;
    this.#options.writer.whenDelivered(() => this.#options.place.set(place));
  }

  async #sleep(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    // Longer times are waited for in parts.
    const part = Math.min(milliseconds, 2 ** 31 - 1);
    const slept = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, part);
    });
    await Promise.race([slept, this.#stopped]);
    clearTimeout(timer);
  }
}

function encode(texts: readonly string[]): [Buffer, Int32Array] {
  const parts = texts.map((text) => Buffer.from(text));
  const ends = new Int32Array(parts.length);
  let end = 0;
  for (const [at, part] of parts.entries()) ends[at] = end += part.length;
  return [Buffer.concat(parts, end), ends];
}

/** Undefined: it is none of ours, and is written anew. */
function placeOf(value: unknown): Place | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { bound, history, arrival } = value as Partial<Place>;
  const isBound = bound === null || typeof bound === 'number';
  const isHistory = history === 'none' || history === 'all' || Array.isArray(history);
  return isBound && isHistory && typeof arrival === 'number' ? { bound, history, arrival } : undefined;
}
