/** A compiled filter at work: its instance variables, methods and constants, one event at a time. */
import type { Event, Fields, FieldValue } from '../../kernel/event-types.ts';
import type { Logger } from '../../kernel/logger.ts';
import { classes, Leave, type MethodTable, RubyError, rubyError } from './class.ts';
import type { CompiledRuby, Unit } from './compile.ts';
import { makeEvent } from './core-event.ts';
import { setClass } from './dispatch.ts';
import { type Place, placeOf, REvent } from './event-object.ts';
import { boxed, fromField, unboxed } from './fields.ts';
import { kernel, RLogger } from './kernel.ts';
import { runtime } from './runtime.ts';
import { inspect } from './text.ts';
import { RHash, RObject, RProc, type Value } from './values.ts';

/** What Ruby code sees as self. */
class Host extends RObject {
  readonly kernel = kernel;
  readonly tests = testWords;
  readonly logger: RLogger;
  /** The test of a script that is being described. */
  test: TestCase | undefined;
  readonly found: TestCase[] = [];
  constructor(logger: Logger) {
    super();
    this.logger = new RLogger(logger);
  }
}
setClass(Host, classes.main);

interface TestCase {
  readonly name: string;
  params: Value;
  readonly inputs: RProc[];
  readonly expectations: { readonly name: string; readonly block: RProc }[];
}

/** The words of `test` blocks. */
const testWords = {
  test(self: Host, block: RProc, name: Value): null {
    self.test = { name: String(name), params: new RHash(), inputs: [], expectations: [] };
    self.found.push(self.test);
    block.fn();
    self.test = undefined;
    return null;
  },
  parameters(self: Host, block: RProc): null {
    current(self).params = block.fn();
    return null;
  },
  in_event(self: Host, block: RProc): null {
    current(self).inputs.push(block);
    return null;
  },
  expect(self: Host, block: RProc, name: Value): null {
    current(self).expectations.push({ name: String(name), block });
    return null;
  },
};

function current(self: Host): TestCase {
  if (self.test === undefined) throw rubyError('NoMethodError', 'it belongs into a test');
  return self.test;
}

type Code = (event: REvent, newEventBlock: RProc) => Value;

export class RubyProgram {
  readonly #compiled: CompiledRuby;
  readonly #logger: Logger;
  readonly #times: readonly Place[];
  readonly #tracked: boolean;
  readonly #host: Host;
  readonly #methods: MethodTable = Object.create(null) as MethodTable;
  readonly #code: Code | undefined;
  readonly #load: (() => Value) | undefined;
  /** Events made for the one being filtered. */
  #made: REvent[] = [];
  readonly #newEventBlock: RProc;
  /** The event that is being filtered, until it is done. */
  #running: REvent | undefined;

  /** @param tracked keep events as they were, for `undo` */
  constructor(compiled: CompiledRuby, logger: Logger, times: readonly string[], tracked: boolean) {
    this.#compiled = compiled;
    this.#logger = logger;
    this.#times = times.map((text) => placeOf(text, times));
    this.#tracked = tracked;
    this.#host = new Host(logger);
    const variables: Record<string, Value> = Object.create(null);
    variables['@logger'] = this.#host.logger;
    const constants: Record<string, Value> = Object.create(null);
    const make = (unit: Unit | undefined): any =>
      unit && instantiate(unit, this.#host, variables, this.#methods, constants);
    this.#load = make(compiled.load);
    this.#code = make(compiled.code);
    this.#newEventBlock = new RProc((event: Value) => {
      if (!(event instanceof REvent)) throw rubyError('TypeError', `not an event: ${inspect(event)}`);
      this.#made.push(event);
      return null;
    }, 1);
  }

  /** Runs `init`, or the definitions of the script. @throws RubyError, Unsupported */
  load(): void {
    this.#load?.();
  }

  /** Calls the script's `register`. @throws RubyError, Unsupported */
  register(params: FieldValue): void {
    this.#register(fromField(params));
  }

  #register(params: Value): void {
    if (this.#methods['register'] !== undefined) runtime.callOwn(this.#methods, 'register', null, params);
  }

  /** Runs the tests in the script, each in a program of its own. Returns what failed. @throws RubyError, Unsupported */
  failedTests(): string[] {
    return this.#host.found.flatMap((test, index) => {
      const fresh = new RubyProgram(this.#compiled, this.#logger, [], false);
      fresh.load();
      return fresh.#failures(fresh.#host.found[index]!, test.name);
    });
  }

  #failures(test: TestCase, name: string): string[] {
    this.#register(test.params);
    const results: Value[] = [];
    for (const input of test.inputs) {
      const given = input.fn();
      for (const each of Array.isArray(given) ? given : [given]) {
        if (!(each instanceof RHash)) throw rubyError('TypeError', 'in_event takes a hash');
        results.push(...runtime.splat(runtime.callOwn(this.#methods, 'filter', null, makeEvent(each))));
      }
    }
    return test.expectations
      .filter(({ block }) => {
        try {
          return !runtime.truthy(block.fn(results));
        } catch (error) {
          if (error instanceof RubyError) return true;
          throw error;
        }
      })
      .map((expectation) => `${name}: ${expectation.name}`);
  }

  /**
   * Filters one event in place. Returns undefined, or the exception that the code raised. New events go to `emit`.
   * @throws Unsupported (or any other error) when the event has to be run elsewhere: call `undo` first
   */
  run(event: Event, emit: (event: Event) => void): RubyError | undefined {
    const self = new REvent(event, this.#times, this.#tracked);
    this.#running = self;
    let raised: RubyError | undefined;
    boxed.seen = false;
    if (this.#made.length > 0) this.#made = [];
    try {
      if (this.#code !== undefined) this.#code(self, this.#newEventBlock);
      else this.#script(self);
    } catch (error) {
      raised = asRaised(error);
    }
    if (boxed.seen) unbox(event);
    for (const made of this.#made) {
      if (boxed.seen) unbox(made.event);
      emit(made.event);
    }
    this.#running = undefined;
    return raised;
  }

  /** Puts the event back that `run` did not finish. */
  undo(): void {
    this.#running?.restore();
    this.#running = undefined;
  }

  #script(self: REvent): void {
    const results = runtime.callOwn(this.#methods, 'filter', null, self);
    if (!Array.isArray(results))
      throw rubyError(
        'RuntimeError',
        "Custom script did not return an array from 'filter'. Only arrays may be returned!",
      );
    for (const each of results) {
      if (!(each instanceof REvent))
        throw rubyError('RuntimeError', `Custom script returned a non event object '${inspect(each)}'!`);
    }
    if (!results.includes(self)) self.event.cancelled = true;
    this.#made = results.filter((each) => each !== self);
  }
}

/** The exception of Ruby's; anything else is thrown on. */
function asRaised(error: unknown): RubyError {
  if (error instanceof RubyError) return error;
  if (error instanceof Leave) return rubyError('StandardError', 'unexpected return');
  throw error;
}

function unbox(event: Event): void {
  unboxed(event.fields);
  if (event.metadata !== undefined) unboxed(event.metadata as Fields);
}

function instantiate(
  unit: Unit,
  host: Host,
  variables: Record<string, Value>,
  methods: MethodTable,
  constants: Record<string, Value>,
): unknown {
  const names = Object.keys(runtime);
  const values = unit.values.map((_, index) => `K${index}`);
  const make = new Function(...names, 'S', 'I', 'U', 'C', ...values, `"use strict";\n${unit.body}`);
  return make(...Object.values(runtime), host, variables, methods, constants, ...unit.values);
}
