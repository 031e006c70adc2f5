/**
 * Runs a Ruby filter: compiled where it can be, in CRuby otherwise. A compiled filter that meets a value beyond the
 * runtime puts the event back and goes on in CRuby for good, with instance variables as `init` leaves them.
 */

import { Event as NewEvent } from '../../event/event.ts';
import { MillraceError } from '../../kernel/errors.ts';
import type { Event, Fields, FieldValue } from '../../kernel/event-types.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Filter } from '../../kernel/plugin.ts';
import { runGuarded, runsInTime } from '../regexp-guard.ts';
import { RubyError } from './class.ts';
import type { RubyAnalysis, RubySource } from './compile.ts';
import { RubyProgram } from './program.ts';
import { type RubyFilter, RubyLoadError, rubyMachine } from './wasm-client.ts';

export interface RubyRun {
  readonly source: RubySource;
  readonly analysis: RubyAnalysis;
  readonly params: Readonly<Record<string, unknown>>;
  readonly times: readonly string[];
  readonly timeoutMillis: number;
  readonly logger: Logger;
  /** What to do with an event whose code raised, or took too long. */
  raised(event: Event, message: string, kind: string): void;
  timedOut(event: Event): void;
}

type Emit = (event: Event, before: number) => void;

/** Leaves a guarded batch early, so that the clock of the next events begins anew. */
class Pause extends Error {
  readonly next: number;
  constructor(next: number) {
    super('pause');
    this.next = next;
  }
}

/** `init`, tests and `register` may take this long. */
const LOAD_MILLIS = 60_000;
/** A clock is started anew after this many milliseconds. */
const PAUSE_MILLIS = 50;

/**
 * Makes the filter.
 * @throws MillraceError for what Ruby says to `init`, to the script, or when a test in the script fails
 */
export async function createRubyRunner(run: RubyRun): Promise<Filter> {
  const { compiled, reason } = run.analysis;
  if (compiled !== undefined) {
    const needsUndo = !compiled.total || compiled.guard !== undefined;
    const program = loadCompiled(run, needsUndo);
    if (program !== undefined) {
      if (!needsUndo) return straight(run, program);
      return batches(run, program);
    }
  } else run.logger.info({ reason }, 'this Ruby code runs in CRuby (WebAssembly)');
  const machine = await loadMachine(run);
  return {
    filterBatch: (events, emit) => inMachine(run, machine, events, 0, emit),
    close: () => machine.unload(),
  };
}

/** Undefined when loading it is already beyond the runtime. */
function loadCompiled(run: RubyRun, tracked: boolean): RubyProgram | undefined {
  try {
    const program = new RubyProgram(run.analysis.compiled!, run.logger, run.times, tracked);
    let failed: string[] = [];
    const inTime = runsInTime(LOAD_MILLIS, () => {
      program.load();
      failed = program.failedTests();
      if (run.source.source !== undefined && failed.length === 0) program.register(run.params as FieldValue);
    });
    if (!inTime) throw configError(run, 'it takes longer than a minute');
    reportTests(failed);
    return program;
  } catch (error) {
    if (error instanceof RubyError) throw configError(run, `${error.message} (${error.rclass.name})`);
    if (error instanceof MillraceError) throw error;
    logPinned(run, error);
    return undefined;
  }
}

async function loadMachine(run: RubyRun): Promise<RubyFilter> {
  const { source, init, code, path } = run.source;
  const filter = rubyMachine().filter(
    {
      init,
      code: code ?? '',
      source,
      path,
      params: run.params as FieldValue,
      times: ['@timestamp', ...run.times],
    },
    run.logger,
  );
  try {
    reportTests(await filter.load());
  } catch (error) {
    if (error instanceof RubyLoadError) throw configError(run, error.message);
    throw error;
  }
  return filter;
}

function reportTests(failed: readonly string[]): void {
  if (failed.length > 0)
    throw new MillraceError('ERR_CONFIG', `tests in the Ruby script failed: ${failed.join('; ')}`);
}

function configError(run: RubyRun, message: string): MillraceError {
  const where = run.source.source === undefined ? 'option init' : `script ${run.source.path}`;
  return new MillraceError('ERR_CONFIG', `${where} failed: ${message}`);
}

function logPinned(run: RubyRun, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  run.logger.info({ reason }, 'this Ruby code goes on in CRuby (WebAssembly)');
}

// ---- compiled ----

function straight(run: RubyRun, program: RubyProgram): Filter {
  return {
    filter(event, emit) {
      let raised: RubyError | undefined;
      try {
        raised = program.run(event, emit);
      } catch (error) {
        // Such code can not leave the runtime; were it to, the event says so.
        run.raised(event, error instanceof Error ? error.message : String(error), 'NotImplementedError');
        return false;
      }
      if (raised === undefined) return true;
      run.raised(event, raised.message, raised.rclass.name);
      return false;
    },
  };
}

function batches(run: RubyRun, program: RubyProgram): Filter {
  const guarded = run.analysis.compiled!.guard !== undefined;
  let machine: Promise<RubyFilter> | undefined;
  const filterBatch: NonNullable<Filter['filterBatch']> = (events, emit) => {
    if (machine !== undefined) return machine.then((filter) => inMachine(run, filter, events, 0, emit));
    const matched = new Uint8Array(events.length);
    const filterOne = (index: number): void => {
      // A clock that ended the first try of this event left it half done.
      program.undo();
      const event = events[index]!;
      const made: Event[] = [];
      const raised = program.run(event, (each) => made.push(each));
      for (const each of made) emit(each, index);
      if (raised === undefined) matched[index] = 1;
      else run.raised(event, raised.message, raised.rclass.name);
    };
    let at = 0;
    try {
      if (guarded)
        runClocked(
          run,
          events,
          filterOne,
          () => program.undo(),
          (index) => (at = index),
        );
      else for (; at < events.length; at++) filterOne(at);
      return matched;
    } catch (error) {
      program.undo();
      logPinned(run, error);
      machine = loadMachine(run);
      return machine.then((filter) => inMachine(run, filter, events, at, emit, matched));
    }
  };
  return { filterBatch, close: () => machine?.then((filter) => filter.unload()) };
}

/** Filters one event after the other; `reached` is told of each. */
function runClocked(
  run: RubyRun,
  events: readonly Event[],
  filterOne: (index: number) => void,
  undo: () => void,
  reached: (index: number) => void,
): void {
  let next = 0;
  while (next < events.length) {
    const begun = performance.now();
    const work = (index: number): void => {
      reached(index);
      filterOne(index);
      if (index + 1 < events.length && performance.now() - begun > PAUSE_MILLIS) throw new Pause(index + 1);
    };
    try {
      const stopped = runGuarded(events.length, run.timeoutMillis + PAUSE_MILLIS, work, next);
      if (stopped === -1) return;
      undo();
      run.timedOut(events[stopped]!);
      next = stopped + 1;
    } catch (error) {
      if (!(error instanceof Pause)) throw error;
      next = error.next;
    }
  }
}

// ---- in CRuby ----

async function inMachine(
  run: RubyRun,
  filter: RubyFilter,
  events: readonly Event[],
  from: number,
  emit: Emit,
  matched: Uint8Array = new Uint8Array(events.length),
): Promise<Uint8Array> {
  const outcomes = await filter.run(from === 0 ? events : events.slice(from), run.timeoutMillis);
  for (const [at, outcome] of outcomes.entries()) {
    const index = at + from;
    for (const made of outcome.made) emit(newEvent(made.fields, made.metadata, made.cancelled), index);
    if (outcome.status === 'ok') matched[index] = 1;
    else if (outcome.status === 'timeout') run.timedOut(events[index]!);
    else run.raised(events[index]!, outcome.message ?? '', outcome.kind ?? '');
  }
  return matched;
}

function newEvent(fields: Fields, metadata: Fields | undefined, cancelled: boolean): Event {
  const event = new NewEvent(fields, metadata);
  event.cancelled = cancelled;
  return event;
}
