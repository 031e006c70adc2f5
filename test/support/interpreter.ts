/**
 * A slow reference interpreter of conditions, field references, sprintf, common options and whole pipelines, written
 * from the rules of Logstash's language (reference, sections 1.3 to 1.7), not from the compiler: the compiled code is
 * tested against it. Everything here favours being obviously right.
 */
import type { Fields, FieldValue, Event as PlainEvent } from '../../src/kernel/event-types.ts';
import type { Expression, Operand } from '../../src/lang/ast.ts';
import type { GraphNode, GraphStatement, PipelineGraph } from '../../src/lang/graph.ts';

// ---- field references (1.4) ------------------------------------------------------------------------------

/** `foo` is `[foo]`; brackets around brackets only group. */
export function pathOf(reference: string): string[] {
  if (!/[[\]]/.test(reference) && reference !== '') return [reference];
  if (!/^(?:\[(?:[^[\]]+|(?:\[[^[\]]+\])+)\])+$/.test(reference)) throw new Error('no field reference');
  return [...reference.matchAll(/\[([^[\]]+)\]/g)].map((match) => match[1]!);
}

function child(value: FieldValue, name: string): FieldValue {
  if (Array.isArray(value)) {
    if (!/^-?\d+$/.test(name)) return undefined;
    const index = Number(name);
    return index < 0 ? value[value.length + index] : value[index];
  }
  if (kind(value) !== 'map') return undefined;
  for (const [key, inner] of Object.entries(value as Fields)) if (key === name) return inner;
  return undefined;
}

export function lookUp(event: PlainEvent, reference: string): FieldValue {
  const path = pathOf(reference);
  let value: FieldValue = event.fields;
  if (path[0] === '@metadata') {
    value = event.metadata ?? {};
    path.shift();
  }
  for (const name of path) value = child(value, name);
  return value;
}

const define = (map: Fields, name: string, value: FieldValue): void => {
  Object.defineProperty(map, name, { value, writable: true, enumerable: true, configurable: true });
};

/** Throws where a scalar is in the way. */
export function assign(event: PlainEvent, reference: string, value: FieldValue): void {
  const path = pathOf(reference);
  let container: FieldValue = event.fields;
  if (path[0] === '@metadata') {
    path.shift();
    if (path.length === 0) {
      if (kind(value) !== 'map') throw new Error('metadata is a map');
      event.metadata = value as Fields;
      return;
    }
    container = event.metadata ??= {};
  }
  for (const name of path.slice(0, -1)) {
    let inner = child(container, name);
    if (inner === undefined || inner === null) {
      inner = {};
      put(container, name, inner);
    }
    container = inner;
  }
  put(container, path.at(-1)!, value);
}

function put(container: FieldValue, name: string, value: FieldValue): void {
  if (kind(container) === 'map') define(container as Fields, name, value);
  else if (Array.isArray(container) && /^-?\d+$/.test(name)) {
    const index = Number(name) < 0 ? container.length + Number(name) : Number(name);
    if (index < 0) throw new Error('before the start');
    while (container.length < index) container.push(null);
    container[index] = value;
  } else throw new Error(`${name} of a ${kind(container)}`);
}

export function take(event: PlainEvent, reference: string): void {
  const path = pathOf(reference);
  let container: FieldValue = event.fields;
  if (path[0] === '@metadata') {
    path.shift();
    if (path.length === 0) {
      event.metadata = undefined;
      return;
    }
    container = event.metadata;
  }
  for (const name of path.slice(0, -1)) container = child(container, name);
  const last = path.at(-1)!;
  if (child(container, last) === undefined) return;
  if (Array.isArray(container)) {
    const index = Number(last) < 0 ? container.length + Number(last) : Number(last);
    container.splice(index, 1);
  } else define(container as Fields, last, undefined);
}

// ---- values ----------------------------------------------------------------------------------------------

type Kind = 'missing' | 'text' | 'number' | 'boolean' | 'list' | 'map';

function kind(value: FieldValue): Kind {
  if (value === undefined || value === null) return 'missing';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number' || typeof value === 'bigint' || JSON.isRawJSON(value)) return 'number';
  return Array.isArray(value) ? 'list' : 'map';
}

const digitsOf = (value: FieldValue): string =>
  typeof value === 'object' ? (value as unknown as { rawJSON: string }).rawJSON : String(value);

/** Difference of two numbers as the sign of an exact integer. */
function numberOrder(left: FieldValue, right: FieldValue): number {
  const parts = [left, right].map((value) => {
    const [mantissa, exponent = '0'] = digitsOf(value).toLowerCase().split('e');
    const [whole, fraction = ''] = mantissa!.split('.');
    return {
      digits: BigInt(whole! + fraction),
      exponent: Number(exponent) - fraction.length,
      negative: whole!.startsWith('-'),
    };
  });
  const lowest = Math.min(...parts.map(({ exponent }) => exponent));
  const [a, b] = parts.map(({ digits, exponent }) => digits * 10n ** BigInt(exponent - lowest));
  return a! < b! ? -1 : a! > b! ? 1 : 0;
}

function equal(left: FieldValue, right: FieldValue): boolean {
  if (kind(left) !== kind(right)) return false;
  switch (kind(left)) {
    case 'missing':
      return true;
    case 'number':
      return numberOrder(left, right) === 0;
    case 'list': {
      const [a, b] = [left as FieldValue[], right as FieldValue[]];
      return a.length === b.length && a.every((item, index) => equal(item, b[index]));
    }
    case 'map': {
      const present = (map: FieldValue) =>
        Object.entries(map as Fields).filter(([, value]) => value !== undefined);
      const [a, b] = [present(left), new Map(present(right))];
      return a.length === b.size && a.every(([name, value]) => b.has(name) && equal(value, b.get(name)));
    }
    default:
      return left === right;
  }
}

// ---- conditions (1.3) --------------------------------------------------------------------------------------

/** The event has no answer to a comparison (ConditionalEvaluationError). */
export class NoAnswer extends Error {}

function operandValue(operand: Operand, event: PlainEvent): FieldValue {
  switch (operand.type) {
    case 'field':
      return lookUp(event, operand.reference);
    case 'array':
      return operand.items.map((item) => operandValue(item, event));
    case 'number':
      return operand.value;
    default:
      return operand.text;
  }
}

export function holds(expression: Expression, event: PlainEvent): boolean {
  switch (expression.type) {
    case 'logical': {
      const left = holds(expression.left, event);
      if (expression.operator === 'and') return left && holds(expression.right, event);
      if (expression.operator === 'or') return left || holds(expression.right, event);
      if (expression.operator === 'nand') return !(left && holds(expression.right, event));
      return left !== holds(expression.right, event);
    }
    case 'not':
      return !holds(expression.operand, event);
    case 'truth': {
      const value = operandValue(expression.operand, event);
      return kind(value) !== 'missing' && value !== '' && value !== 'false' && value !== false;
    }
    case 'compare':
      return compares(
        expression.operator,
        operandValue(expression.left, event),
        operandValue(expression.right, event),
      );
    case 'match': {
      const value = operandValue(expression.left, event);
      const text = expression.left.type === 'regexp' ? undefined : value;
      const matched = typeof text === 'string' && new RegExp(expression.pattern.text, 'm').test(text);
      return matched !== expression.negated;
    }
    case 'in':
      return isIn(expression.left, expression.right, event) !== expression.negated;
  }
}

function compares(operator: string, left: FieldValue, right: FieldValue): boolean {
  if (operator === '==') return equal(left, right);
  if (operator === '!=') return !equal(left, right);
  let sign: number;
  if (kind(left) === 'text' && kind(right) === 'text') {
    sign = Buffer.compare(Buffer.from(left as string), Buffer.from(right as string));
  } else if (kind(left) === 'number' && kind(right) === 'number') sign = numberOrder(left, right);
  else throw new NoAnswer(`${kind(left)} and ${kind(right)}`);
  if (operator === '<') return sign < 0;
  if (operator === '>') return sign > 0;
  return operator === '<=' ? sign <= 0 : sign >= 0;
}

/** What a scalar prints as. */
function printed(value: FieldValue): string | undefined {
  if (kind(value) === 'number') return digitsOf(value);
  return kind(value) === 'text' || kind(value) === 'boolean' ? String(value) : undefined;
}

/** A constant may print in two ways: `1.0` is the number 1 here. */
function printedConstants(operand: Operand): (string | undefined)[] {
  if (operand.type === 'number' && operand.float && Number.isInteger(operand.value))
    return [String(operand.value), `${operand.value}.0`];
  return operand.type === 'array' ? [] : [printed(operandValue(operand, { fields: {} } as PlainEvent))];
}

function isIn(left: Operand, right: Operand, event: PlainEvent): boolean {
  const needle = operandValue(left, event);
  const hay = operandValue(right, event);
  if (left.type === 'field' && right.type === 'field') {
    if (kind(needle) === 'missing' || kind(hay) === 'missing') return false;
    if (kind(needle) === 'list' || kind(needle) === 'map') return false;
    if (kind(needle) === 'text' && kind(hay) === 'text') return (hay as string).includes(needle as string);
    if (kind(hay) === 'list') return (hay as FieldValue[]).some((item) => equal(item, needle));
    return equal(needle, hay);
  }
  if (left.type === 'field') {
    if (right.type === 'array') {
      const text = printed(needle);
      return text !== undefined && right.items.flatMap(printedConstants).includes(text);
    }
    return kind(needle) === 'text' && String(hay).includes(needle as string);
  }
  if (right.type === 'field') {
    if (kind(needle) === 'list') return false;
    if (kind(hay) === 'list') return (hay as FieldValue[]).some((item) => equal(item, needle));
    return kind(needle) === 'text' && kind(hay) === 'text' && (hay as string).includes(needle as string);
  }
  // Constants on both sides.
  if (kind(needle) === 'text' && kind(hay) === 'text') return (hay as string).includes(needle as string);
  if (kind(needle) === 'text' && right.type === 'array')
    return right.items.flatMap(printedConstants).includes(needle as string);
  if (left.type === 'array' && kind(hay) === 'text')
    return left.items.flatMap(printedConstants).includes(hay as string);
  if (kind(needle) !== 'list' && kind(hay) === 'list')
    return (hay as FieldValue[]).some((item) => equal(item, needle));
  return equal(needle, hay);
}

// ---- sprintf (1.5), without dates --------------------------------------------------------------------------

export function interpolate(event: PlainEvent, template: string): string {
  return template.replace(/%\{([^}]*)\}/g, (placeholder, name: string) => {
    if (name === '') return placeholder;
    const value = lookUp(event, name);
    return kind(value) === 'missing' ? placeholder : asText(value);
  });
}

function asText(value: FieldValue): string {
  if (kind(value) === 'missing') return '';
  if (kind(value) === 'list') return (value as FieldValue[]).map(asText).join(',');
  return kind(value) === 'map' ? JSON.stringify(value) : printed(value)!;
}

// ---- common options of filters (1.7) -----------------------------------------------------------------------

const listOf = (value: unknown): FieldValue[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as FieldValue];

/** Throws where a field can not be set: the rest is not applied. */
export function applyCommonOptions(event: PlainEvent, options: Readonly<Record<string, unknown>>): void {
  for (const [name, values] of Object.entries((options['add_field'] ?? {}) as Fields)) {
    const field = interpolate(event, name);
    for (const value of listOf(values)) {
      const text = interpolate(event, asText(value));
      // Only a time may stand there, and only one; the texts of these tests are none.
      if (pathOf(field).join('/') === '@timestamp') throw new Error('no timestamp');
      const old = lookUp(event, field);
      if (old === undefined) assign(event, field, text);
      else if (old === null) assign(event, field, [text]);
      else assign(event, field, kind(old) === 'list' ? [...(old as FieldValue[]), text] : [old, text]);
    }
  }
  for (const name of listOf(options['remove_field'])) take(event, interpolate(event, String(name)));
  for (const tag of listOf(options['add_tag'])) {
    const text = interpolate(event, String(tag));
    event.fields['tags'] = [...tagsOf(event), text];
  }
  for (const tag of listOf(options['remove_tag'])) {
    const { tags } = event.fields;
    if (kind(tags) !== 'text' && kind(tags) !== 'list') continue;
    const text = interpolate(event, String(tag));
    event.fields['tags'] = tagsOf(event).filter((each) => each !== text);
  }
}

/** The tags as a list. What is no tags goes to `_tags`. */
export function tagsOf(event: PlainEvent): FieldValue[] {
  const { tags } = event.fields;
  if (kind(tags) === 'missing') return [];
  if (kind(tags) === 'list') return tags as FieldValue[];
  if (kind(tags) === 'text') return [tags];
  event.fields['_tags'] = tags;
  return ['_tagsparsefailure'];
}

// ---- pipelines ---------------------------------------------------------------------------------------------

export interface Interpretation {
  /** Events that reached each output, in order. */
  readonly outputs: PlainEvent[][];
  readonly conditionErrors: { branch: string; event: PlainEvent }[];
  readonly filterErrors: string[];
  /** Events in and out of each filter, by node id. */
  readonly counts: Map<string, [number, number]>;
}

/** What a filter does to one event: the events that come out, in order, or an error. `matched`: common options. */
export type InterpretFilter = (
  node: GraphNode,
  event: PlainEvent,
) => { before: PlainEvent[]; matched: boolean; error?: boolean };

export function interpretPipeline(
  graph: PipelineGraph,
  events: readonly PlainEvent[],
  filter: InterpretFilter,
): Interpretation {
  const result: Interpretation = { outputs: [], conditionErrors: [], filterErrors: [], counts: new Map() };
  const nodes = new Map<GraphNode, PlainEvent[]>();
  const reported = new Set<PlainEvent>();
  const report = (branch: string, event: PlainEvent): void => {
    if (!reported.has(event)) result.conditionErrors.push({ branch, event });
    reported.add(event);
  };

  const route = (statements: readonly GraphStatement[], event: PlainEvent): void => {
    for (const statement of statements) {
      if (statement.type === 'plugin') nodes.get(statement)!.push(event);
      else {
        try {
          const arm = statement.arms.find(({ condition }) => !condition || holds(condition, event));
          route(arm?.body ?? [], event);
        } catch (error) {
          if (!(error instanceof NoAnswer)) throw error;
          report(statement.id, event);
        }
      }
    }
  };
  const prepare = (statements: readonly GraphStatement[]): void => {
    for (const statement of statements) {
      if (statement.type === 'plugin') {
        const list: PlainEvent[] = [];
        nodes.set(statement, list);
        result.outputs.push(list);
      } else for (const { body } of statement.arms) prepare(body);
    }
  };
  prepare(graph.outputs);

  /** The events that come out of statements for one that goes in. */
  const through = (statements: readonly GraphStatement[], event: PlainEvent): PlainEvent[] => {
    if (event.cancelled) return [];
    const [first, ...behind] = statements;
    if (first === undefined) return [event];
    const out = first.type === 'plugin' ? apply(first, event) : branch(first, event);
    return out.flatMap((each) => through(behind, each));
  };
  const branch = (statement: GraphStatement & { type: 'branch' }, event: PlainEvent): PlainEvent[] => {
    try {
      const arm = statement.arms.find(({ condition }) => !condition || holds(condition, event));
      return through(arm?.body ?? [], event);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      report(statement.id, event);
      return [];
    }
  };
  const apply = (node: GraphNode, event: PlainEvent): PlainEvent[] => {
    const counts = result.counts.get(node.id) ?? [0, 0];
    result.counts.set(node.id, counts);
    counts[0]++;
    const { before, matched, error } = filter(node, event);
    let failed = error ?? false;
    if (matched && !failed) {
      try {
        applyCommonOptions(event, node.options);
      } catch {
        failed = true;
      }
    }
    if (failed) {
      result.filterErrors.push(node.id);
      if (!tagsOf(event).includes('_filter_exception'))
        event.fields['tags'] = [...tagsOf(event), '_filter_exception'];
    }
    const out = [...before, event].filter((each) => !each.cancelled);
    counts[1] += out.length;
    return out;
  };

  for (const event of events) for (const each of through(graph.filters, event)) route(graph.outputs, each);
  return result;
}
