/**
 * Conditions as JavaScript text. Semantics: `reference/logstash.md` 1.3 (EventCondition of Logstash), with the
 * decisions of the design: what the text says counts. A comparison that Logstash ends with
 * ConditionalEvaluationError sets `conditionState.failure` and is false.
 */
import { parseFieldReference, readExpression, step } from '../event/field-reference.ts';
import type { FieldValue } from '../kernel/event-types.ts';
import type { Comparison, Expression, Operand } from './ast.ts';
import { compileConditionRegexp, mayHang } from './condition-regexp.ts';
import {
  conditionState,
  fieldInField,
  holds,
  isPlainText,
  order,
  same,
  scalarText,
} from './condition-values.ts';

/** Gives a value that generated code needs a name in its scope: `bind('r', /x/)` → `r0`. */
export type Bind = (prefix: string, value: unknown) => string;

/** What the text of conditions calls, by name; beside these it uses a variable `t`, to be declared. */
export const conditionNames = { state: conditionState, step, same, order, holds, fieldInField, scalarText };

export interface CompiledCondition {
  /** A boolean expression, closed (needs no parentheses); `true` or `false` if it is constant. */
  readonly code: string;
  /** It may set `conditionState.failure`. */
  readonly fails: boolean;
}

const constant = (value: boolean): CompiledCondition => ({ code: String(value), fails: false });
const exact = (code: string): CompiledCondition => ({ code, fails: false });

/**
 * Compiles a condition over the event in variable `event`.
 * @throws Error for a regular expression that can not be translated, FieldReferenceError
 */
export function compileCondition(expression: Expression, bind: Bind, event = 'e'): CompiledCondition {
  switch (expression.type) {
    case 'logical':
      return logical(expression, bind, event);
    case 'not':
      return negation(compileCondition(expression.operand, bind, event));
    case 'truth':
      return truth(expression.operand, event);
    case 'compare':
      return compare(expression.operator, expression.left, expression.right, bind, event);
    case 'match': {
      const matched = match(expression.left, expression.pattern.text, bind, event);
      return expression.negated ? negation(matched) : matched;
    }
    case 'in': {
      const contained = contains(expression.left, expression.right, bind, event);
      return expression.negated ? negation(contained) : contained;
    }
  }
}

function negation({ code, fails }: CompiledCondition): CompiledCondition {
  if (code === 'true' || code === 'false') return constant(code === 'false');
  return { code: `!${code}`, fails };
}

function logical(expression: Expression & { type: 'logical' }, bind: Bind, event: string): CompiledCondition {
  const { operator } = expression;
  if (operator === 'and' || operator === 'or') return chain(expression, bind, event);
  const left = compileCondition(expression.left, bind, event);
  const right = compileCondition(expression.right, bind, event);
  const fails = left.fails || right.fails;
  const joined =
    operator === 'nand' ? `!(${left.code} && ${right.code})` : `(${left.code} !== ${right.code})`;
  return { code: joined, fails };
}

/** A chain of one operator without nesting parentheses; constants that decide nothing are left out. */
function chain(expression: Expression & { type: 'logical' }, bind: Bind, event: string): CompiledCondition {
  const { operator } = expression;
  const operands: Expression[] = [];
  let first: Expression = expression;
  for (; first.type === 'logical' && first.operator === operator; first = first.left)
    operands.push(first.right);
  operands.push(first);
  const neutral = operator === 'and' ? 'true' : 'false';
  const codes: string[] = [];
  let fails = false;
  for (const operand of operands.reverse()) {
    const compiled = compileCondition(operand, bind, event);
    if (compiled.code === neutral) continue;
    codes.push(compiled.code);
    fails ||= compiled.fails;
    // A constant decides: nothing behind it is looked at.
    if (compiled.code === 'true' || compiled.code === 'false') break;
  }
  if (codes.length === 0) return exact(neutral);
  if (codes.length === 1) return { code: codes[0]!, fails };
  return { code: `(${codes.join(operator === 'and' ? ' && ' : ' || ')})`, fails };
}

/** Does it search the text of a field with an expression that could run for ever? */
export function needsGuard(expression: Expression): boolean {
  switch (expression.type) {
    case 'logical':
      return needsGuard(expression.left) || needsGuard(expression.right);
    case 'not':
      return needsGuard(expression.operand);
    case 'match':
      return expression.left.type === 'field' && mayHang(expression.pattern.text);
    default:
      return false;
  }
}

// ---- operands --------------------------------------------------------------------------------------------

type Constant = { readonly value: FieldValue };

/** The value of an operand that is no field; a regular expression that stands alone is its text. */
function constantOf(operand: Operand): Constant | undefined {
  switch (operand.type) {
    case 'field':
      return undefined;
    case 'string':
    case 'regexp':
      return { value: operand.text };
    case 'number':
      return { value: operand.value };
    case 'array':
      return { value: operand.items.map((item) => constantOf(item)?.value) };
  }
}

const read = (operand: Operand & { type: 'field' }, event: string): string =>
  readExpression(parseFieldReference(operand.reference), event);

/** A constant as JavaScript. */
function literal(value: FieldValue): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  return Object.is(value, -0) ? '0' : JSON.stringify(value);
}

/** Any operand as an expression. */
function operandCode(operand: Operand, bind: Bind, event: string): string {
  if (operand.type === 'field') return read(operand, event);
  const { value } = constantOf(operand)!;
  return Array.isArray(value) ? bind('k', value) : literal(value);
}

// ---- truth, comparison, match ------------------------------------------------------------------------------

function truth(operand: Operand, event: string): CompiledCondition {
  if (operand.type === 'field') {
    const value = read(operand, event);
    return exact(`((t = ${value}) !== undefined && t !== null && t !== false && t !== "" && t !== "false")`);
  }
  const { value } = constantOf(operand)!;
  return constant(value !== '' && value !== 'false');
}

const mirrored: Record<Comparison, Comparison> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '>': '<',
  '<=': '>=',
  '>=': '<=',
};

function compare(
  operator: Comparison,
  left: Operand,
  right: Operand,
  bind: Bind,
  event: string,
): CompiledCondition {
  if (right.type === 'field' && left.type !== 'field')
    return compare(mirrored[operator], right, left, bind, event);
  if (operator === '!=') return negation(equals(left, right, bind, event));
  if (operator === '==') return equals(left, right, bind, event);
  const a = operandCode(left, bind, event);
  const b = operandCode(right, bind, event);
  const exactly = `order(${left.type === 'field' && right.type !== 'field' ? 't' : a}, ${b}) ${operator} 0`;
  const against = constantOf(right)?.value;
  if (left.type === 'field') {
    if (typeof against === 'number' || (typeof against === 'string' && isPlainText(against))) {
      const code = `(typeof (t = ${a}) === "${typeof against}" ? t ${operator} ${b} : ${exactly})`;
      return { code, fails: true };
    }
    return { code: `(order(${a}, ${b}) ${operator} 0)`, fails: true };
  }
  return foldOrder(operator, constantOf(left)!.value, against, `(${exactly})`);
}

/** Constants on both sides; those that have no order fail for every event. */
function foldOrder(
  operator: Comparison,
  left: FieldValue,
  right: FieldValue,
  code: string,
): CompiledCondition {
  const kinds = [left, right].map((value) => (typeof value === 'bigint' ? 'number' : typeof value));
  if (kinds[0] !== kinds[1] || kinds[0] === 'object') return { code, fails: true };
  const sign = order(left, right);
  if (operator === '<') return constant(sign < 0);
  if (operator === '>') return constant(sign > 0);
  return constant(operator === '<=' ? sign <= 0 : sign >= 0);
}

function equals(left: Operand, right: Operand, bind: Bind, event: string): CompiledCondition {
  const [a, b] = [constantOf(left), constantOf(right)];
  if (a && b) return constant(same(a.value, b.value));
  const value = operandCode(left, bind, event);
  if (b && typeof b.value === 'string') return exact(`(${value} === ${literal(b.value)})`);
  if (b && typeof b.value === 'number') {
    const number = literal(b.value);
    return exact(
      `((t = ${value}) === ${number} || (typeof t === "bigint" || typeof t === "object") && same(t, ${number}))`,
    );
  }
  return exact(`same(${value}, ${operandCode(right, bind, event)})`);
}

/** Only text can match. */
function match(left: Operand, pattern: string, bind: Bind, event: string): CompiledCondition {
  const regexp = compileConditionRegexp(pattern);
  if (left.type === 'field') {
    return exact(`(typeof (t = ${read(left, event)}) === "string" && ${bind('r', regexp)}.test(t))`);
  }
  return constant(left.type === 'string' && regexp.test(left.text));
}

// ---- in ----------------------------------------------------------------------------------------------------

function contains(left: Operand, right: Operand, bind: Bind, event: string): CompiledCondition {
  const [a, b] = [constantOf(left), constantOf(right)];
  if (left.type === 'field') {
    const value = read(left, event);
    if (!b) return exact(`fieldInField(${value}, ${read(right as Operand & { type: 'field' }, event)})`);
    if (Array.isArray(b.value)) return fieldInConstants(value, right, bind);
    // A field in constant text: is it a part of the text?
    return exact(`(typeof (t = ${value}) === "string" && ${literal(String(b.value))}.includes(t))`);
  }
  if (b) return constant(constantInConstant(left, right));
  const list = read(right as Operand & { type: 'field' }, event);
  const value = a!.value;
  if (typeof value === 'string') {
    const text = literal(value);
    return exact(
      `(typeof (t = ${list}) === "string" ? t.includes(${text}) : Array.isArray(t) && t.includes(${text}))`,
    );
  }
  // Lists are in no field; a number is looked for in lists.
  return Array.isArray(value) ? constant(false) : exact(`holds(${list}, ${literal(value)})`);
}

/** `[field] in ["a", 1]` compares text with text. */
function fieldInConstants(value: string, list: Operand, bind: Bind): CompiledCondition {
  const texts = constantTexts(list);
  if (texts.length === 0) return constant(false);
  if (texts.length <= 4 && list.type === 'array' && list.items.every((item) => item.type === 'string')) {
    const alternatives = texts.map((text) => `t === ${literal(text)}`).join(' || ');
    return exact(`((t = scalarText(${value})) !== undefined && (${alternatives}))`);
  }
  return exact(`((t = scalarText(${value})) !== undefined && ${bind('k', new Set(texts))}.has(t))`);
}

/** What elements of a list of constants print as; a float with a whole value has two ways. */
function constantTexts(list: Operand): string[] {
  if (list.type !== 'array') return [];
  return list.items.flatMap((item) => {
    const text = scalarText(constantOf(item)?.value);
    if (text === undefined) return [];
    return item.type === 'number' && item.float && !text.includes('.') ? [text, `${text}.0`] : [text];
  });
}

function constantInConstant(left: Operand, right: Operand): boolean {
  const a = constantOf(left)!.value;
  const b = constantOf(right)!.value;
  if (typeof a === 'string' && typeof b === 'string') return b.includes(a);
  if (typeof a === 'string' && Array.isArray(b)) return constantTexts(right).includes(a);
  if (Array.isArray(a) && typeof b === 'string') return constantTexts(left).includes(b);
  return Array.isArray(b) && !Array.isArray(a) ? holds(b, a) : same(a, b);
}
