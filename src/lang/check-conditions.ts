/** Lints of conditions: what can never, or always, be true, and patterns that do not compile. */
import type { Expression, Operand } from './ast.ts';
import { compileConditionRegexp } from './condition-regexp.ts';
import { printExpression } from './print.ts';
import type { Reporter } from './reporter.ts';

export function lintConditions(conditions: readonly Expression[], reporter: Reporter): void {
  for (const condition of conditions) {
    visit(condition, reporter);
    contradictions(condition, reporter);
  }
}

function visit(expression: Expression, reporter: Reporter): void {
  switch (expression.type) {
    case 'logical':
      visit(expression.left, reporter);
      visit(expression.right, reporter);
      return;
    case 'not':
      visit(expression.operand, reporter);
      return;
    case 'compare':
      comparison(expression, reporter);
      return;
    case 'in':
      membership(expression, reporter);
      return;
    case 'match':
      pattern(expression, reporter);
      return;
    case 'truth':
      if (expression.operand.type !== 'field') {
        constant(expression, reporter, 'a condition without a field is the same for every event');
      }
  }
}

function constant(expression: Expression, reporter: Reporter, message: string, hint?: string): void {
  reporter.report('lint', expression.position, message, { hint, length: lengthOf(expression) });
}

/** Characters under the caret; the condition as printed is about as long as written. */
function lengthOf(expression: Expression): number {
  try {
    return printExpression(expression).length;
  } catch {
    return 1;
  }
}

const isConstant = (operand: Operand): boolean => operand.type !== 'field';

function comparison(expression: Expression & { type: 'compare' }, reporter: Reporter): void {
  const { left, right, operator } = expression;
  if (left.type === 'regexp' || right.type === 'regexp') {
    constant(
      expression,
      reporter,
      `a field is never ${operator === '==' ? 'equal' : 'comparable'} to a regular expression`,
      `write ${operator === '!=' ? '!~' : '=~'}`,
    );
  } else if (isConstant(left) && isConstant(right)) {
    constant(
      expression,
      reporter,
      left.type !== right.type
        ? 'text and number are never equal: this is the same for every event'
        : 'this comparison is the same for every event',
      'a field is written [name]',
    );
  } else if (operator !== '==' && operator !== '!=' && (left.type === 'array' || right.type === 'array')) {
    constant(expression, reporter, `a list can not be compared by ${operator}`, 'use `in`');
  }
}

function membership(expression: Expression & { type: 'in' }, reporter: Reporter): void {
  const { left, right, negated } = expression;
  const always = negated ? 'always' : 'never';
  if (right.type === 'number' || right.type === 'regexp') {
    constant(expression, reporter, `\`in\` looks into a list, a string or a field: this is ${always} true`);
  } else if (right.type === 'array' && right.items.length === 0) {
    constant(expression, reporter, `nothing is in an empty list: this is ${always} true`);
  } else if (isConstant(left) && isConstant(right)) {
    constant(expression, reporter, 'this condition is the same for every event', 'a field is written [name]');
  }
}

function pattern(expression: Expression & { type: 'match' }, reporter: Reporter): void {
  const { left, negated } = expression;
  if (left.type !== 'field' && left.type !== 'string') {
    constant(
      expression,
      reporter,
      `only text can match a pattern: this is ${negated ? 'always' : 'never'} true`,
    );
  } else if (left.type === 'string') {
    constant(expression, reporter, 'this condition is the same for every event', 'a field is written [name]');
  }
  try {
    compileConditionRegexp(expression.pattern.text);
  } catch (error) {
    reporter.report(
      'error',
      expression.position,
      `this regular expression does not compile: ${(error as Error).message}`,
      {
        length: lengthOf(expression),
      },
    );
  }
}

/** `[a] == "x" and [a] == "y"`. */
function contradictions(expression: Expression, reporter: Reporter): void {
  if (expression.type === 'not') contradictions(expression.operand, reporter);
  if (expression.type !== 'logical') return;
  if (expression.operator !== 'and') {
    contradictions(expression.left, reporter);
    contradictions(expression.right, reporter);
    return;
  }
  const equal = new Map<string, string>();
  for (const part of conjuncts(expression)) {
    if (part.type === 'logical' || part.type === 'not') contradictions(part, reporter);
    if (part.type !== 'compare' || part.operator !== '==') continue;
    const { left, right } = part;
    if (left.type !== 'field' || (right.type !== 'string' && right.type !== 'number')) continue;
    const value = right.type === 'string' ? JSON.stringify(right.text) : String(right.value);
    const before = equal.get(left.reference);
    if (before !== undefined && before !== value) {
      constant(
        part,
        reporter,
        `${left.reference} can not be ${before} and ${value} at once`,
        'did you mean `or`?',
      );
    }
    equal.set(left.reference, value);
  }
}

function conjuncts(expression: Expression): Expression[] {
  const parts: Expression[] = [];
  const waiting: Expression[] = [expression];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (part.type === 'logical' && part.operator === 'and') waiting.push(part.right, part.left);
    else parts.push(part);
  }
  return parts;
}
