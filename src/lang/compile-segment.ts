/**
 * Generates JavaScript for a stretch of a pipeline that never waits: one loop over the batch, straight code for each
 * event. Where a filter may drop or make events, what comes behind it is a function of its own, so that made events
 * go the same way before their original does. Everything that follows an event is in tail position.
 *
 * Names in generated code: e event, f filter, d decorate, q events a filter made, s statements behind a filter,
 * o events for an output, n events that entered a block, m milliseconds of a node, r regular expression, k constant.
 */
import type { Event } from '../kernel/event-types.ts';
import type { Filter, FilterPlugin } from '../kernel/plugin.ts';
import type { Decorate } from './common-options.ts';
import { conditionTexts, describeNode, printCondition } from './compile-text.ts';
import { type Bind, compileCondition, conditionNames } from './condition.ts';
import type { GraphBranch, GraphNode, GraphStatement } from './graph.ts';
import { nodesOf } from './graph-walk.ts';

/** Three numbers for each node index: events in, events out, milliseconds. */
export const COUNTERS_PER_NODE = 3;

/** What the compiler knows of a node. */
export interface NodeInfo {
  /** Node index. */
  readonly index: number;
  /** Filters only. */
  readonly plugin?: FilterPlugin;
  readonly filter?: Filter;
  readonly decorate?: Decorate | undefined;
  /** Outputs only: which of the lists of events is theirs. */
  readonly output?: number;
}

export interface SegmentInput {
  readonly filters: readonly GraphStatement[];
  /** Where the events go behind the filters: to the outputs, or into one list, with or without their places. */
  readonly end: { readonly outputs: readonly GraphStatement[] } | 'list' | 'placed list';
  readonly node: (node: GraphNode) => NodeInfo;
  readonly timed: boolean;
  readonly conditionFailed: (branch: string, condition: string, event: Event, drop: boolean) => void;
  readonly filterFailed: (node: string, error: unknown, event: Event) => void;
}

export interface Segment {
  readonly source: string;
  /**
   * Takes events through. `sinks`: a list for each output, or the one list. `places`: where each event came from, and
   * where those of `sinks[0]` came from, if the segment ends in a placed list.
   */
  run(events: readonly Event[], sinks: Event[][], counters: Float64Array, places?: Places): void;
  /** Events made by the flush of a filter of this segment continue behind it. */
  enter(
    node: GraphNode,
    events: readonly Event[],
    sinks: Event[][],
    counters: Float64Array,
    places?: Places,
  ): void;
}

interface Places {
  readonly from: readonly number[];
  readonly to: number[];
}

export function compileSegment(input: SegmentInput): Segment {
  return new SegmentCode(input).compile();
}

/** Statements that one function holds at most: V8 does not optimise functions of any size. */
const FUNCTION_STATEMENTS = 40;
/** Bodies of at least so many statements, in a branch too large for one function, get functions of their own. */
const ARM_STATEMENTS = 8;

const CONDITION_FAILED = 'conditionFailed(';

/** A function in the making. */
interface Scope {
  readonly lines: string[];
  /** How to be done with the event: `continue` in the loop, `return` in functions. */
  readonly exit: string;
  room: number;
}

class SegmentCode {
  readonly #input: SegmentInput;
  readonly #names: string[] = [];
  readonly #values: unknown[] = [];
  readonly #functions: string[] = [];
  readonly #variables: string[] = [];
  /** Lines that add the block counters up, in and out of nodes. */
  readonly #sums: string[] = [];
  /** Node indices of filters with a function for what comes behind them. */
  readonly #behind: number[] = [];
  /** Outputs (by their index) that it writes to; a list is output 0. */
  readonly #sinks: readonly number[];
  #next = 0;

  constructor(input: SegmentInput) {
    this.#input = input;
    this.#sinks =
      typeof input.end === 'string'
        ? [0]
        : nodesOf(input.end.outputs).map((node) => input.node(node).output!);
  }

  compile(): Segment {
    const loop: Scope = { lines: [], exit: 'continue', room: FUNCTION_STATEMENTS };
    const block = this.#block();
    this.#statements(this.#input.filters, this.#tail(), block, loop, '      ');
    const source = this.#source(loop, block);
    const names = [...Object.keys(helpers), 'conditionFailed', 'filterFailed', ...this.#names];
    const values = [...Object.values(helpers), this.#input.conditionFailed, this.#input.filterFailed];
    const compiled = new Function(...names, source)(...values, ...this.#values);
    return {
      source,
      run: compiled.run,
      enter: (node, events, sinks, counters, places) =>
        compiled.enter(this.#input.node(node).index, events, sinks, counters, places),
    };
  }

  #source(loop: Scope, block: string): string {
    const sinks = this.#sinks.map((at) => `o${at}`);
    const placed = this.#input.end === 'placed list';
    const declared = [...sinks, ...this.#variables, ...(placed ? ['place', 'to'] : [])];
    const initial = declared.map((name) =>
      name.startsWith('n') || name.startsWith('m')
        ? `${name} = 0`
        : name.startsWith('q')
          ? `${name} = []`
          : name,
    );
    const taken = this.#sinks.map((at) => `    o${at} = sinks[${at}];`);
    const counted = typeof this.#input.end === 'string' ? [] : this.#countOutputs(this.#input.end.outputs);
    return [
      '"use strict";',
      ...(initial.length > 0 ? [`let ${initial.join(', ')};`] : []),
      ...this.#functions,
      `const behind = { ${this.#behind.map((index) => `${index}: b${index}`).join(', ')} };`,
      'function count(c) {',
      ...this.#sums.map((line) => `  ${line}`),
      ...this.#variables.filter((name) => /^[nm]/.test(name)).map((name) => `  ${name} = 0;`),
      '}',
      'return {',
      '  run(events, sinks, counters, places) {',
      ...taken,
      ...(placed ? ['    to = places.to;'] : []),
      ...counted.map(({ before }) => `    ${before}`),
      `    ${block} += events.length;`,
      '    for (let i = 0, size = events.length; i < size; i++) {',
      '      const e = events[i];',
      ...(usesTemporary(loop.lines) ? ['      let t;'] : []),
      ...(placed ? ['      place = places.from[i];'] : []),
      ...loop.lines,
      '    }',
      '    count(counters);',
      ...counted.map(({ after }) => `    ${after}`),
      '  },',
      '  enter(node, events, sinks, counters, places) {',
      ...taken,
      ...(placed ? ['    place = places.from[0]; to = places.to;'] : []),
      ...counted.map(({ before }) => `    ${before}`),
      '    behind[node](events);',
      '    count(counters);',
      ...counted.map(({ after }) => `    ${after}`),
      '  },',
      '};',
    ].join('\n');
  }

  /** Outputs count what they are given by the length of their lists. */
  #countOutputs(outputs: readonly GraphStatement[]): { before: string; after: string }[] {
    return nodesOf(outputs).map((node) => {
      const { index, output } = this.#input.node(node);
      return {
        before: `const l${output} = o${output}.length;`,
        after: `counters[${index * COUNTERS_PER_NODE}] += o${output}.length - l${output};`,
      };
    });
  }

  // ---- names -----------------------------------------------------------------------------------------------

  #bind: Bind = (prefix, value) => this.#bindAs(`${prefix}${this.#next++}`, value);

  #bindAs(name: string, value: unknown): string {
    this.#names.push(name);
    this.#values.push(value);
    return name;
  }

  #variable(prefix: string): string {
    const name = `${prefix}${this.#next++}`;
    this.#variables.push(name);
    return name;
  }

  /** A counter of the events that enter a stretch of statements without a way out between them. */
  #block(): string {
    return this.#variable('n');
  }

  #count(node: NodeInfo, slot: 0 | 1 | 2, variable: string): void {
    this.#sums.push(`c[${node.index * COUNTERS_PER_NODE + slot}] += ${variable};`);
  }

  /** Makes a function over one event; returns the call. */
  #function(write: (scope: Scope) => void): string {
    const name = `s${this.#next++}`;
    const scope: Scope = { lines: [], exit: 'return', room: FUNCTION_STATEMENTS };
    write(scope);
    const { lines } = scope;
    this.#functions.push(
      [`function ${name}(e) {`, ...(usesTemporary(lines) ? ['  let t;'] : []), ...lines, '}'].join('\n'),
    );
    return `${name}(e);`;
  }

  // ---- filters -----------------------------------------------------------------------------------------------

  /** What is done with an event behind all filters, as one call. */
  #tail(): string {
    const { end } = this.#input;
    if (end === 'list') return 'o0.push(e);';
    if (end === 'placed list') return 'o0.push(e); to.push(place);';
    if (end.outputs.length <= 4 && end.outputs.every((each) => each.type === 'plugin'))
      return end.outputs.map((each) => this.#push(each as GraphNode)).join(' ');
    return this.#function((scope) => this.#outputs(end.outputs, scope, '  '));
  }

  /** Statements and then `tail`, for events that entered `block`. */
  #statements(
    statements: readonly GraphStatement[],
    tail: string,
    block: string,
    scope: Scope,
    indent: string,
  ): void {
    let entered = block;
    for (const [at, statement] of statements.entries()) {
      const behind = statements.slice(at + 1);
      if (scope.room <= 0) {
        scope.lines.push(indent + this.#rest(statements.slice(at), tail));
        return;
      }
      if (statement.type === 'plugin') {
        scope.room--;
        if (this.#filter(statement, behind, tail, entered, scope, indent)) return;
      } else if (this.#isSplit(statement)) {
        this.#branch(statement, this.#rest(behind, tail), scope, indent, true);
        return;
      } else {
        const before = scope.lines.length;
        this.#branch(statement, '', scope, indent, false);
        // Events may have been dropped in it.
        if (behind.length > 0 && scope.lines.slice(before).some((line) => line.includes(CONDITION_FAILED))) {
          entered = this.#block();
          scope.lines.push(`${indent}${entered}++;`);
        }
      }
    }
    if (tail) scope.lines.push(indent + tail);
  }

  /** A call of the function that holds statements and tail. */
  #rest(statements: readonly GraphStatement[], tail: string): string {
    if (statements.length === 0) return tail;
    return this.#function((scope) => {
      const block = this.#block();
      scope.lines.push(`  ${block}++;`);
      this.#statements(statements, tail, block, scope, '  ');
    });
  }

  /** Must a branch end in calls of what follows it? Because events may leave or come up in it, or for its size. */
  #isSplit(branch: GraphBranch): boolean {
    const nodes = nodesOf([branch]);
    return nodes.length + branch.arms.length > FUNCTION_STATEMENTS || nodes.some((node) => this.#isCut(node));
  }

  #isCut(node: GraphNode): boolean {
    const { plugin, filter } = this.#input.node(node);
    return plugin?.changesCount === true || filter?.flush !== undefined;
  }

  /** Returns true when it has written everything up to the tail. */
  #filter(
    node: GraphNode,
    behind: readonly GraphStatement[],
    tail: string,
    block: string,
    scope: Scope,
    indent: string,
  ): boolean {
    const info = this.#input.node(node);
    this.#count(info, 0, block);
    const lines = scope.lines;
    lines.push(`${indent}// ${describeNode(node)}`);
    if (!this.#isCut(node)) {
      this.#count(info, 1, block);
      this.#call(node, info, 'noEmit', scope, indent);
      return false;
    }
    const left = this.#block();
    this.#count(info, 1, left);
    const rest = this.#rest(behind, tail);
    const drain = `b${info.index}`;
    this.#behind.push(info.index);
    this.#functions.push(
      [
        `function ${drain}(made) {`,
        '  for (const e of made) {',
        '    if (e.cancelled) continue;',
        `    ${left}++;`,
        `    ${rest}`,
        '  }',
        '}',
      ].join('\n'),
    );
    if (!info.plugin?.changesCount) this.#call(node, info, 'noEmit', scope, indent);
    else {
      const made = this.#variable('q');
      const emit = `emit${info.index}`;
      this.#functions.push(`const ${emit} = (x) => { ${made}.push(x); };`);
      this.#call(node, info, emit, scope, indent);
      lines.push(
        `${indent}if (${made}.length !== 0) { const x = ${made}; ${made} = []; ${drain}(x); }`,
        `${indent}if (e.cancelled) ${scope.exit};`,
      );
    }
    lines.push(`${indent}${left}++;`, indent + rest);
    return true;
  }

  #call(node: GraphNode, info: NodeInfo, emit: string, scope: Scope, indent: string): void {
    const call = `${this.#bindAs(`f${info.index}`, info.filter)}.filter(e, ${emit})`;
    const line = info.decorate
      ? `if (${call}) ${this.#bindAs(`d${info.index}`, info.decorate)}(e);`
      : `${call};`;
    const failed = `catch (error) { filterFailed(${JSON.stringify(node.id)}, error, e); }`;
    if (!this.#input.timed) {
      scope.lines.push(`${indent}try { ${line} } ${failed}`);
      return;
    }
    const spent = this.#variable('m');
    this.#count(info, 2, spent);
    scope.lines.push(
      `${indent}{`,
      `${indent}  const start = now();`,
      `${indent}  try { ${line} } ${failed}`,
      `${indent}  ${spent} += now() - start;`,
      `${indent}}`,
    );
  }

  // ---- branches ----------------------------------------------------------------------------------------------

  /** `split`: every way through ends in `tail`; otherwise the code goes on behind the branch. */
  #branch(branch: GraphBranch, tail: string, scope: Scope, indent: string, split: boolean): void {
    const small = !split || nodesOf([branch]).length + branch.arms.length <= FUNCTION_STATEMENTS;
    const arms = this.#arms(branch, true, scope, indent);
    for (const [at, { body }] of branch.arms.entries()) {
      scope.lines.push(indent + arms.heads[at]!);
      scope.room--;
      if (!small && nodesOf(body).length >= ARM_STATEMENTS)
        scope.lines.push(`${indent}  ${this.#rest(body, tail)}`);
      else if (body.length > 0) {
        const block = this.#block();
        scope.lines.push(`${indent}  ${block}++;`);
        const room = scope.room;
        if (small) scope.room = Number.POSITIVE_INFINITY;
        this.#statements(body, tail, block, scope, `${indent}  `);
        if (small) scope.room = room - nodesOf(body).length;
      } else if (tail) scope.lines.push(`${indent}  ${tail}`);
    }
    if (tail && branch.arms.at(-1)?.condition) scope.lines.push(`${indent}} else {`, `${indent}  ${tail}`);
    scope.lines.push(`${indent}}`);
  }

  /**
   * The lines that open the arms of a branch. Where a comparison may fail, the arm is chosen first, and an event
   * without an answer is dropped (`drop`) or takes no arm.
   */
  #arms(branch: GraphBranch, drop: boolean, scope: Scope, indent: string): { heads: string[] } {
    const conditions = branch.arms.map(({ condition }) =>
      condition ? compileCondition(condition, this.#bind) : { code: 'true', fails: false },
    );
    if (!conditions.some(({ fails }) => fails)) {
      const heads = branch.arms.map(({ condition }, at) => {
        const opening = condition ? `if ${parenthesised(conditions[at]!.code)} {` : '{';
        return `${at === 0 ? '' : '} else '}${opening}${condition ? ` // ${printCondition(condition)}` : ''}`;
      });
      return { heads };
    }
    const chosen = `arm${this.#next++}`;
    const choice = conditions.map(({ code }, at) => `${code} ? ${at} : `).join('');
    const failed = `${CONDITION_FAILED}${JSON.stringify(branch.id)}, ${JSON.stringify(conditionTexts(branch))}, e, ${drop})`;
    scope.lines.push(`${indent}const ${chosen} = ${choice}-1;`);
    if (drop) scope.lines.push(`${indent}if (state.failure !== undefined) { ${failed}; ${scope.exit}; }`);
    const heads = branch.arms.map(({ condition }, at) => {
      const comment = condition ? ` // ${printCondition(condition)}` : '';
      const opening = `${at === 0 ? '' : '} else '}if (${chosen} === ${at}) {${comment}`;
      if (drop || at > 0) return opening;
      return `if (state.failure !== undefined) ${failed};\n${indent}else ${opening}`;
    });
    return { heads };
  }

  // ---- outputs -----------------------------------------------------------------------------------------------

  #push(node: GraphNode): string {
    return `o${this.#input.node(node).output}.push(e);`;
  }

  /** An event whose condition fails keeps its place in the other outputs. */
  #outputs(statements: readonly GraphStatement[], scope: Scope, indent: string): void {
    for (const statement of statements) {
      if (statement.type === 'plugin') {
        scope.lines.push(`${indent}${this.#push(statement)} // ${describeNode(statement)}`);
        continue;
      }
      const { heads } = this.#arms(statement, false, scope, indent);
      for (const [at, { body }] of statement.arms.entries()) {
        scope.lines.push(indent + heads[at]!);
        this.#outputs(body, scope, `${indent}  `);
      }
      scope.lines.push(`${indent}}`);
    }
  }
}

/** What generated code calls by these names. */
const helpers = {
  ...conditionNames,
  now: () => performance.now(),
  noEmit: (): never => {
    throw new Error('the filter made an event, but does not declare `changesCount`');
  },
};

const usesTemporary = (lines: readonly string[]): boolean => lines.some((line) => line.includes('(t = '));

const parenthesised = (code: string): string => (/^\(.*\)$/.test(code) ? code : `(${code})`);
