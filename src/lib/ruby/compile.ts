/**
 * Compiles Ruby that real filters use to JavaScript; what is beyond it is left to CRuby, by filter. The decision is
 * made when the config is loaded, from the names of everything the code uses; values that turn out to be beyond the
 * runtime raise `Unsupported` while an event is filtered.
 */

import { RubyError, Unsupported } from './class.ts';
import { functionOf } from './compiler/blocks.ts';
import { findCells } from './compiler/cells.ts';
import { Generation, kindOf, type Node, NotCompiled, walk } from './compiler/scope.ts';
import { type Parsed, parseRuby, type RubySyntaxError } from './prism.ts';
import { isConstantState } from './shared-state.ts';

/** The text of a filter: `code` with `init`, or a script. */
export interface RubySource {
  readonly init?: string | undefined;
  readonly code?: string | undefined;
  /** The text of the script that `path` names. */
  readonly source?: string | undefined;
  readonly path?: string | undefined;
}

/** JavaScript of one text and the values that it refers to as K0, K1 …. */
export interface Unit {
  /** Body of a function of `R`, `S`, `I`, `U`, `C` and the K's. */
  readonly body: string;
  readonly values: readonly unknown[];
}

export interface CompiledRuby {
  /** Runs once, at load: `init`, or the script's definitions. */
  readonly load: Unit | undefined;
  /** Gives the function `(event, new_event_block)`; absent for scripts, whose `filter` method it is. */
  readonly code: Unit | undefined;
  /** Why it must run under a clock, or undefined. */
  readonly guard: string | undefined;
  /** Fields that it reads, if they can be told. */
  readonly reads: readonly string[] | undefined;
  /** No value of any event can lead beyond the runtime. */
  readonly total: boolean;
}

export interface RubyAnalysis {
  readonly errors: readonly (RubySyntaxError & { readonly option: 'init' | 'code' | 'path' })[];
  readonly compiled: CompiledRuby | undefined;
  /** Why it was not compiled. */
  readonly reason: string | undefined;
  /** Keeps something between events. */
  readonly shared: boolean;
}

const PREFIX = '->(event, &new_event_block) {';

/** Parses and, where possible, compiles a filter. Never throws for any text. */
export function analyseRuby(given: RubySource, times: readonly string[] = []): RubyAnalysis {
  const texts: { option: 'init' | 'code' | 'path'; parsed: Parsed }[] = [];
  if (given.source !== undefined) texts.push({ option: 'path', parsed: parseRuby(given.source) });
  else {
    if (given.init !== undefined) texts.push({ option: 'init', parsed: parseRuby(given.init) });
    texts.push({ option: 'code', parsed: parseRuby(`${PREFIX}${given.code ?? ''}\n}`) });
  }
  const errors = texts.flatMap(({ option, parsed }) =>
    parsed.errors.map((error) => ({
      option,
      ...error,
      column:
        option === 'code' && error.line === 1 ? Math.max(1, error.column - PREFIX.length) : error.column,
    })),
  );
  if (errors.length > 0) return { errors, compiled: undefined, reason: 'syntax error', shared: true };
  const shared = !isConstantState(
    texts.map(({ option, parsed }) => ({ isCode: option !== 'init', program: parsed.program })),
  );
  try {
    return { errors, compiled: compile(texts, times), reason: undefined, shared };
  } catch (error) {
    if (!(error instanceof NotCompiled) && !(error instanceof Unsupported) && !(error instanceof RubyError)) {
      if (!(error instanceof RangeError)) throw error;
    }
    return { errors, compiled: undefined, reason: (error as Error).message, shared };
  }
}

function compile(
  texts: readonly { option: 'init' | 'code' | 'path'; parsed: Parsed }[],
  times: readonly string[],
): CompiledRuby {
  const methods = new Set<string>();
  const constants = new Set<string>();
  for (const { option, parsed } of texts) {
    if (
      parsed.magic &&
      /^#.*(encoding|frozen_string_literal)/m.test(parsed.source) &&
      !/coding:\s*utf-?8/i.test(parsed.source)
    ) {
      throw new NotCompiled('a magic comment');
    }
    for (const node of walk(parsed.program)) {
      if (kindOf(node) === 'DefNode') methods.add(node.name);
      if (kindOf(node) === 'ConstantWriteNode' && option !== 'code') constants.add(node.name);
    }
  }
  let guard: string | undefined;
  let reads: Set<string> | undefined;
  let total = true;
  const generate = (
    parsed: Parsed,
    eventName: string | undefined,
    write: (g: Generation) => string,
  ): Unit => {
    const cells = findCells(parsed.program, eventName);
    const g = new Generation(parsed, { times, methods, constants, cells });
    const body = write(g);
    guard ??= g.guard;
    reads = g.reads;
    total &&= g.total;
    return { body, values: g.values };
  };
  let load: Unit | undefined;
  let code: Unit | undefined;
  for (const { option, parsed } of texts) {
    if (option === 'code') code = generate(parsed, 'event', (g) => codeUnit(g, parsed));
    else load = generate(parsed, undefined, (g) => topUnit(g, parsed.program));
  }
  return { load, code, guard, reads: code && reads && methods.size === 0 ? [...reads] : undefined, total };
}

/** `init` or a script. */
function topUnit(g: Generation, program: Node): string {
  const { text } = functionOf(
    g,
    'top',
    { locals: program.locals, location: { startOffset: -1 } },
    program.statements,
    () => ({ list: '', start: '' }),
  );
  return `return ${text};`;
}

/** The filter's code. */
function codeUnit(g: Generation, parsed: Parsed): string {
  const lambda = (parsed.program.statements.body as unknown as Node[])[0];
  if (kindOf(lambda) !== 'LambdaNode' || (parsed.program.statements.body as unknown[]).length !== 1)
    throw new NotCompiled('code that ends its block');
  const written = new Set<string>();
  for (const node of walk(lambda))
    if (/^LocalVariable.*(Write|Target)Node$/.test(kindOf(node))) written.add(node.name);
  const { text } = functionOf(
    g,
    'code',
    lambda,
    lambda.body,
    (scope) => {
      if (!written.has('event')) scope.event = 'event';
      scope.block = 'l_new_event_block';
      return { list: 'l_event, l_new_event_block', start: '' };
    },
    'void',
  );
  return `return ${text};`;
}
