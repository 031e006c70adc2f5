/**
 * A BlockWriter for tests of inputs: keeps what it is given as blocks, can be made full, and runs what it kept
 * through a decoder.
 */

import type { Event, Fields } from '../../src/kernel/event-types.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import type { Block, BlockWriter, Decoder, IntakeContext, Peer } from '../../src/kernel/plugin.ts';
import { RunKind } from '../../src/kernel/plugin.ts';
import { testContext } from './plugin.ts';

interface Run {
  readonly kind: number;
  readonly peer: Peer;
  readonly bytes: Buffer;
  readonly count: number;
}

export class TestWriter implements BlockWriter {
  readonly runs: Run[] = [];
  /** Reasons given to `dropped`, with their peers. */
  readonly drops: { peer: Peer; reason: string }[] = [];
  /** Records given so far. */
  count = 0;
  #full = false;
  #safe = true;
  #waiting: (() => void)[] = [];
  #unsafe: (() => void)[] = [];
  #watchers: (() => void)[] = [];

  lines(peer: Peer, bytes: Uint8Array, count: number): boolean {
    return this.#add(RunKind.lines, peer, bytes, count);
  }
  record(peer: Peer, bytes: Uint8Array, cut = false): boolean {
    return this.#add(cut ? RunKind.cut : RunKind.record, peer, bytes, 1);
  }
  records(peer: Peer, bytes: Uint8Array, ends: Int32Array): boolean {
    let start = 0;
    for (const end of ends) {
      this.#add(RunKind.record, peer, bytes.subarray(start, end), 1);
      start = end;
    }
    return !this.#full;
  }
  done(bytes: Uint8Array): void {
    // What was given is copied: whoever reads it after this reads nothing.
    (bytes.buffer as ArrayBuffer).transfer(0);
  }

  virtual(peer: Peer, count: number): boolean {
    return this.#add(RunKind.virtual, peer, new Uint8Array(0), count);
  }
  end(peer: Peer): void {
    this.#add(RunKind.end, peer, new Uint8Array(0), 0);
  }
  get hasRoom(): boolean {
    return !this.#full;
  }
  ready(): Promise<void> {
    if (!this.#full) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
  whenSafe(callback: () => void): void {
    if (this.#safe) queueMicrotask(callback);
    else this.#unsafe.push(callback);
  }
  whenDelivered(callback: () => void): void {
    queueMicrotask(callback);
  }
  dropped(peer: Peer, reason: string): void {
    this.drops.push({ peer, reason });
    this.#changed();
  }

  /** Makes the queue full, or gives it room again. */
  setFull(full: boolean): void {
    this.#full = full;
    if (full) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Holds `whenSafe` callbacks back, or lets them go. */
  setSafe(safe: boolean): void {
    this.#safe = safe;
    if (!safe) return;
    const waiting = this.#unsafe;
    this.#unsafe = [];
    for (const callback of waiting) callback();
  }

  /** Resolves as soon as the condition holds; looked at whenever something arrives. Fails after two seconds. */
  until(condition: (writer: TestWriter) => boolean, what = 'the records expected'): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`waited in vain for ${what}; ${this.count} records so far`)),
        2_000,
      );
      const look = (): void => {
        if (!condition(this)) return;
        clearTimeout(timer);
        this.#watchers = this.#watchers.filter((each) => each !== look);
        resolve();
      };
      this.#watchers.push(look);
      look();
    });
  }

  /** Text of every record, lines without their delimiter. */
  texts(delimiter = '\n'): string[] {
    return this.runs
      .filter((run) => run.kind !== RunKind.virtual && run.kind !== RunKind.end)
      .flatMap((run) =>
        run.kind === RunKind.lines
          ? run.bytes.toString().split(delimiter).slice(0, -1)
          : [run.bytes.toString()],
      );
  }

  /** All that was given, as one block. */
  block(id = 1, receivedAt = Date.parse('2026-11-20T10:00:00.000Z')): Block {
    const peers: Peer[] = [];
    const runs = new Int32Array(this.runs.length * 4);
    let end = 0;
    for (const [index, run] of this.runs.entries()) {
      let peer = peers.indexOf(run.peer);
      if (peer < 0) peer = peers.push(run.peer) - 1;
      end += run.bytes.length;
      runs.set([run.kind, peer, end, run.count], index * 4);
    }
    const bytes = Buffer.concat(this.runs.map((run) => run.bytes));
    return { id, receivedAt, count: this.count, bytes, peers: structuredClone(peers), runs };
  }

  /** Decodes all that was given and forgets it. */
  decode(decoder: Decoder, final = true): Event[] {
    const events: Event[] = [];
    decoder.decode(this.block(), (event) => events.push(event));
    if (final) decoder.flush?.((event) => events.push(event), true);
    this.runs.length = 0;
    return events;
  }

  #add(kind: number, peer: Peer, bytes: Uint8Array, count: number): boolean {
    this.runs.push({ kind, peer, bytes: Buffer.from(bytes), count });
    this.count += count;
    this.#changed();
    return !this.#full;
  }
  #changed(): void {
    for (const look of this.#watchers.slice()) look();
  }
}

export interface TestIntakeContext extends IntakeContext {
  readonly writer: TestWriter;
  /** What the input logged, `level message {fields}`. */
  readonly log: string[];
  /** What it counted by name. */
  readonly counters: Record<string, number>;
  /** What it said to `health`, in order. */
  readonly healths: (string | undefined)[];
  /** True after `finished()`. */
  isFinished: boolean;
}

/** A context for `createIntake`; framed at newlines unless told otherwise. */
export function intakeContext(more: Partial<IntakeContext> = {}): TestIntakeContext {
  const log: string[] = [];
  const healths: (string | undefined)[] = [];
  const note = (level: string) => (fields: object, message: string) => {
    log.push(`${level} ${message} ${JSON.stringify(fields)}`);
  };
  const context = testContext(more.ecs ? { ecs: more.ecs } : {});
  return {
    ...context,
    logger: {
      ...silentLogger,
      debug: note('debug'),
      info: note('info'),
      warn: note('warn'),
      error: note('error'),
    },
    delimiter: Buffer.from('\n'),
    maxRecordBytes: 1024 * 1024,
    now: Date.now,
    finished() {
      this.isFinished = true;
    },
    health: (problem) => healths.push(problem),
    store: () => Promise.reject(new Error('there is no event store in this process')),
    totals: async () => ({ processed: 0, errors: 0 }),
    receive: () => () => {},
    ...more,
    writer: (more.writer as TestWriter | undefined) ?? new TestWriter(),
    log,
    healths,
    isFinished: false,
  };
}

/** Fields of events without those removed, `@timestamp` and `@version`. */
export function ownFields(event: Event): Fields {
  const { '@timestamp': _timestamp, '@version': _version, ...fields } = event.fields;
  return JSON.parse(JSON.stringify(fields));
}
