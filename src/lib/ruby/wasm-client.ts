/**
 * CRuby in WebAssembly as the engine's threads see it: one worker per thread, started when first needed, asked one
 * thing at a time, ended when a single event takes longer than its deadline, and started anew after that.
 */
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { isRawJson } from '../../event/event.ts';
import { parseFieldReference } from '../../event/field-reference.ts';
import { parseJson } from '../../event/json.ts';
import { MillraceError } from '../../kernel/errors.ts';
import type { Event, Fields, FieldValue } from '../../kernel/event-types.ts';
import { clockBuffer } from '../../kernel/fixed-clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { WorkerData, WorkerReply, WorkerRequest } from './wasm-worker.ts';

/** A filter as Ruby gets it: `code` with `init`, or the text of a script. */
export interface RubySpec {
  readonly init?: string | undefined;
  readonly code?: string | undefined;
  readonly source?: string | undefined;
  readonly path?: string | undefined;
  readonly params?: FieldValue;
  /** References of fields whose text is a time. */
  readonly times: readonly string[];
}

/** What became of one event. */
export interface RubyOutcome {
  readonly status: 'ok' | 'raised' | 'timeout';
  /** Message of what was raised, and its class. */
  readonly message?: string;
  readonly kind?: string;
  readonly made: readonly RubyState[];
}
interface RubyState {
  readonly fields: Fields;
  readonly metadata: Fields | undefined;
  readonly cancelled: boolean;
}

/** Ruby refused the filter: the message and where in its source. */
export class RubyLoadError extends Error {
  override name = 'RubyLoadError';
}

interface Line {
  i?: number;
  e?: { f: Fields; m: Fields; c?: boolean };
  n?: { f: Fields; m: Fields; c?: boolean }[];
  x?: string;
  k?: string;
  log?: 'debug' | 'info' | 'warn' | 'error';
  text?: string;
  fields?: Record<string, string>;
  loaded?: string[];
  failed?: string;
  where?: string | null;
}

/** Starting Ruby and loading a filter may take this long. */
const START_MILLIS = 60_000;

let machine: RubyMachine | undefined;
/** The machine of this thread. */
export function rubyMachine(): RubyMachine {
  machine ??= new RubyMachine();
  return machine;
}

/** Path of CRuby's module. @throws MillraceError when the optional packages are not installed */
function rubyModulePath(): string {
  try {
    const { resolve } = createRequire(import.meta.url);
    resolve('@ruby/wasm-wasi');
    return resolve('@ruby/3.4-wasm-wasi/dist/ruby+stdlib.wasm');
  } catch {
    throw new MillraceError(
      'ERR_CONFIG',
      'this Ruby code needs the optional packages @ruby/wasm-wasi and @ruby/3.4-wasm-wasi, which are not installed; install Millrace without --omit=optional',
    );
  }
}

class Deadline extends Error {}

export class RubyMachine {
  #worker: Worker | undefined;
  readonly #progress = new Int32Array(new SharedArrayBuffer(8));
  readonly #loaded = new Set<string>();
  #queue: Promise<unknown> = Promise.resolve();
  #nextId = 0;
  #pending: ((reply: WorkerReply | Error) => void) | undefined;

  /** One filter of this machine. `load` comes first. */
  filter(spec: RubySpec, logger: Logger): RubyFilter {
    return new RubyFilter(this, `f${this.#nextId++}`, spec, logger);
  }

  /** Events of the current batch that are finished. */
  get finished(): number {
    return Atomics.load(this.#progress, 0);
  }

  /** Runs `work` after everything asked before. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#queue.then(work);
    this.#queue = next.catch(() => {});
    return next;
  }

  isLoaded(id: string): boolean {
    return this.#loaded.has(id);
  }

  setLoaded(id: string): void {
    this.#loaded.add(id);
  }

  /**
   * Sends one request and waits for its lines. Without progress for `millis` the worker is ended.
   * @throws Deadline, Error when the machine broke; it starts anew with the next request
   */
  async ask(request: WorkerRequest, millis: number, logger: Logger): Promise<string> {
    const worker = this.#worker ?? (await this.#start(logger));
    const reply = await this.#answer(worker, () => worker.postMessage(request), millis);
    if (reply instanceof Error) throw reply;
    if (reply.kind === 'failed') {
      await this.#stop();
      throw new Error(reply.message);
    }
    return reply.kind === 'done' ? reply.lines : '';
  }

  async #start(logger: Logger): Promise<Worker> {
    const modulePath = rubyModulePath();
    const file = import.meta.url.endsWith('.ts') ? './wasm-worker.ts' : './wasm-worker.js';
    const data: WorkerData = {
      modulePath,
      progress: this.#progress,
      directory: process.cwd(),
      clock: clockBuffer(),
    };
    const worker = new Worker(new URL(file, import.meta.url), { workerData: data, execArgv: [] });
    worker.on('message', (reply: WorkerReply) => {
      if (reply.kind === 'print') print(reply.text, logger);
      else this.#pending?.(reply);
    });
    const died = (error: Error): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#loaded.clear();
      this.#pending?.(error);
    };
    worker.on('error', died);
    worker.on('exit', () => died(new Error('Ruby ended unexpectedly')));
    this.#worker = worker;
    const reply = await this.#answer(worker, () => {}, START_MILLIS);
    if (reply instanceof Error) throw reply;
    return worker;
  }

  /** Waits for the next reply; the worker keeps the process alive meanwhile. */
  #answer(worker: Worker, send: () => void, millis: number): Promise<WorkerReply | Error> {
    return new Promise((resolve) => {
      const answered = Atomics.load(this.#progress, 1);
      let lines = Atomics.load(this.#progress, 0);
      let since = performance.now();
      const watch = setInterval(
        () => {
          const now = Atomics.load(this.#progress, 0);
          // This thread may have been busy: an answer that only waits to be read is no timeout.
          if (now !== lines || Atomics.load(this.#progress, 1) !== answered) {
            lines = now;
            since = performance.now();
          } else if (performance.now() - since >= millis) {
            // Once: ending the worker may take longer than until the next look.
            clearInterval(watch);
            void this.#stop().then(() => finish(new Deadline('deadline')));
          }
        },
        Math.max(5, Math.min(250, millis / 4)),
      );
      const finish = (reply: WorkerReply | Error): void => {
        clearInterval(watch);
        // An answer after the deadline must not end the wait of the next request.
        if (this.#pending === finish) this.#pending = undefined;
        worker.unref();
        resolve(reply);
      };
      worker.ref();
      this.#pending = finish;
      send();
    });
  }

  async #stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#loaded.clear();
    await worker?.terminate();
  }

  /** Ends the worker; a later request starts it again. */
  close(): Promise<void> {
    return this.exclusive(() => this.#stop());
  }
}

export class RubyFilter {
  readonly #machine: RubyMachine;
  readonly #id: string;
  readonly #spec: RubySpec;
  readonly #logger: Logger;

  constructor(machine: RubyMachine, id: string, spec: RubySpec, logger: Logger) {
    this.#machine = machine;
    this.#id = id;
    this.#spec = spec;
    this.#logger = logger;
  }

  /**
   * Evaluates `init` or the script (its tests and `register` too). Returns the tests that failed.
   * @throws RubyLoadError with Ruby's message; MillraceError when Ruby is not installed
   */
  load(): Promise<readonly string[]> {
    return this.#machine.exclusive(() => this.#load());
  }

  async #load(): Promise<readonly string[]> {
    const line = `${JSON.stringify({ ...this.#spec, params: this.#spec.params ?? {}, escapes: escapeStyle() })}\n`;
    let lines: string;
    try {
      lines = await this.#machine.ask({ kind: 'load', id: this.#id, line }, START_MILLIS, this.#logger);
    } catch (error) {
      if (error instanceof Deadline) throw new RubyLoadError('loading took longer than a minute');
      throw error;
    }
    for (const text of lines.split('\n')) {
      if (text === '') continue;
      const result = JSON.parse(text) as Line;
      if (result.log) this.#log(result);
      else if (result.failed !== undefined)
        throw new RubyLoadError(
          `${result.failed} (${result.k})${result.where ? ` at ${result.where.replace(/:in .*/, '')}` : ''}`,
        );
      else if (result.loaded) {
        this.#machine.setLoaded(this.#id);
        return result.loaded;
      }
    }
    throw new RubyLoadError('Ruby did not answer');
  }

  /**
   * Runs the code on every event, in order, and writes what became of it back into the event. An event that takes
   * longer than `millis` is left as it is, and the machine starts anew for the rest (instance variables begin again).
   */
  run(events: readonly Event[], millis: number): Promise<RubyOutcome[]> {
    return this.#machine.exclusive(async () => {
      const outcomes: RubyOutcome[] = new Array(events.length);
      let pending = events.map((_, index) => index);
      while (pending.length > 0) pending = await this.#batch(events, pending, outcomes, millis);
      return outcomes;
    });
  }

  /** Forgets the filter in the machine. */
  unload(): Promise<void> {
    return this.#machine.exclusive(async () => {
      if (!this.#machine.isLoaded(this.#id)) return;
      await this.#machine.ask({ kind: 'unload', id: this.#id }, START_MILLIS, this.#logger);
    });
  }

  /** Returns the indexes that are still to be done. */
  async #batch(
    events: readonly Event[],
    indexes: readonly number[],
    outcomes: RubyOutcome[],
    millis: number,
  ): Promise<number[]> {
    try {
      if (!this.#machine.isLoaded(this.#id)) await this.#load();
      const lines = indexes.map((index) => encode(events[index]!)).join('');
      const request: WorkerRequest = { kind: 'batch', id: this.#id, count: indexes.length, lines };
      this.#take(await this.#machine.ask(request, millis, this.#logger), events, indexes, outcomes);
    } catch (error) {
      if (error instanceof Deadline) {
        // Everything before the guilty event ran, but its results are lost with the worker: run it again.
        const guilty = indexes[this.#machine.finished] ?? indexes[0]!;
        outcomes[guilty] = { status: 'timeout', made: [] };
        return indexes.filter((index) => index !== guilty);
      }
      const message = error instanceof Error ? error.message : String(error);
      for (const index of indexes) outcomes[index] ??= { status: 'raised', message, kind: 'Fatal', made: [] };
    }
    return [];
  }

  #take(lines: string, events: readonly Event[], indexes: readonly number[], outcomes: RubyOutcome[]): void {
    for (const text of lines.split('\n')) {
      if (text === '') continue;
      const result = parseJson(text) as unknown as Line;
      if (result.log) {
        this.#log(result);
        continue;
      }
      const index = indexes[result.i!]!;
      const event = events[index]!;
      const raws = rawNumbers(event);
      const state = stateOf(result.e!, raws);
      event.fields = state.fields;
      event.metadata = state.metadata;
      event.cancelled = state.cancelled;
      outcomes[index] = {
        status: result.x === undefined ? 'ok' : 'raised',
        ...(result.x === undefined ? {} : { message: result.x, kind: result.k ?? 'StandardError' }),
        made: result.n!.map((each) => stateOf(each, raws)),
      };
    }
  }

  #log(line: Line): void {
    const level = line.log!;
    const write = this.#logger[level] ?? this.#logger.info;
    write.call(this.#logger, line.fields ?? {}, line.text ?? '');
  }
}

/** The style of escapes in field references that this thread uses. */
function escapeStyle(): string {
  if (parseFieldReference('%5B').path[0] === '[') return 'percent';
  return parseFieldReference('&#91;').path[0] === '[' ? 'ampersand' : 'none';
}

function encode(event: Event): string {
  const parts = { f: event.fields, m: event.metadata };
  const line = JSON.stringify(parts);
  // A Float without a fraction beyond 2^53 must not look like an Integer.
  return `${/\d{17}/.test(line) ? JSON.stringify(parts, floatsAsFloats) : line}\n`;
}

function floatsAsFloats(_name: string, value: unknown): unknown {
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  return JSON.rawJSON(value.toExponential());
}

function stateOf(
  state: { f: Fields; m: Fields; c?: boolean },
  raws: Map<number, FieldValue> | undefined,
): RubyState {
  let metadata: Fields | undefined;
  for (const _ in state.m) {
    metadata = state.m;
    break;
  }
  if (raws) restore(state.f, raws);
  if (raws && metadata) restore(metadata, raws);
  return { fields: state.f, metadata, cancelled: state.c === true };
}

/** Numbers of more digits than a Float holds, by the Float that Ruby makes of them; undefined when there are none. */
function rawNumbers(event: Event): Map<number, FieldValue> | undefined {
  let found: Map<number, FieldValue> | undefined;
  const visit = (value: FieldValue): void => {
    if (typeof value !== 'object' || value === null) return;
    if (isRawJson(value)) {
      found ??= new Map();
      found.set(Number(value.rawJSON), value);
    } else for (const inner of Object.values(value)) visit(inner);
  };
  visit(event.fields);
  if (event.metadata) visit(event.metadata);
  return found;
}

/** Puts the exact numbers back where their Floats came out unchanged. */
function restore(holder: Fields | FieldValue[], raws: Map<number, FieldValue>): void {
  for (const [name, value] of Object.entries(holder)) {
    if (typeof value === 'number') {
      const raw = raws.get(value);
      if (raw !== undefined) (holder as Fields)[name] = raw;
    } else if (typeof value === 'object' && value !== null && !isRawJson(value))
      restore(value as Fields, raws);
  }
}

function print(text: string, logger: Logger): void {
  for (const line of text.split('\n')) if (line !== '') logger.info({}, line);
}
