/**
 * `${NAME}` and `${NAME:default}` in configs and settings: from the keystore, then the environment, then the
 * default (LogStash::Util::SubstitutionVariables).
 */
import type { Expression, Operand } from './ast.ts';

export interface Variables {
  /** The keystore's text of a name; undefined if it has none. */
  readonly keystore?: (name: string) => string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A variable that is nowhere defined and has no default. */
export class VariableError extends Error {
  override name = 'VariableError';
}

const PLACEHOLDER = /\$\{([a-zA-Z_.][a-zA-Z0-9_.]*)(?::([^}]*))?\}/g;

export interface Replaced<T> {
  readonly value: T;
  /** Part of it came from the keystore: mask it wherever it is shown. */
  readonly secret: boolean;
  /** There was a placeholder. */
  readonly found: boolean;
}

/** Replaces every placeholder of a text. @throws VariableError */
export function replaceVariables(text: string, variables: Variables): Replaced<string> {
  if (!text.includes('${')) return { value: text, secret: false, found: false };
  let secret = false;
  let found = false;
  const value = text.replace(PLACEHOLDER, (placeholder: string, name: string, fallback?: string) => {
    found = true;
    const kept = variables.keystore?.(name);
    if (kept !== undefined) {
      secret = true;
      return kept;
    }
    const replacement = own(variables.environment, name) ?? fallback;
    if (replacement === undefined) {
      throw new VariableError(
        `Cannot evaluate \`${placeholder}\`. Replacement variable \`${name}\` is not defined in a Logstash secret store or as an Environment entry and there is no default value given.`,
      );
    }
    return replacement;
  });
  return { value, secret, found };
}

/** process.env answers names of Object.prototype too. */
function own(environment: Variables['environment'], name: string): string | undefined {
  return Object.hasOwn(environment, name) ? environment[name] : undefined;
}

/**
 * Replaces in all strings of a value, deeply (not in keys). With `refine`, for the value of an option itself:
 * where a variable was replaced, enclosing quotes are taken off, and `[a, b]` becomes a list.
 */
export function replaceDeep(value: unknown, variables: Variables, refine = false): Replaced<unknown> {
  if (typeof value === 'string') {
    const replaced = replaceVariables(value, variables);
    return refine && replaced.found ? { ...replaced, value: refined(replaced.value) } : replaced;
  }
  let secret = false;
  let found = false;
  const inner = (each: unknown): unknown => {
    const replaced = replaceDeep(each, variables);
    secret ||= replaced.secret;
    found ||= replaced.found;
    return replaced.value;
  };
  if (Array.isArray(value)) return { value: value.map(inner), secret, found };
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    const copy = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, inner(each)]));
    return { value: copy, secret, found };
  }
  return { value, secret, found };
}

function refined(text: string): string | string[] {
  const bare = unquoted(text);
  if (!bare.startsWith('[') || !bare.endsWith(']') || bare.length < 2) return bare;
  const items = bare.slice(1, -1).split(',');
  // Ruby's split drops empty strings at the end.
  while (items.length > 0 && items.at(-1) === '') items.pop();
  return items.map((item) => unquoted(item.trim()));
}

/** Without one pair of single quotes around it, then without one of double quotes. */
function unquoted(text: string): string {
  for (const quote of ["'", '"']) {
    if (text.length > 1 && text.startsWith(quote) && text.endsWith(quote)) text = text.slice(1, -1);
  }
  return text;
}

/** Replaces in the strings, patterns and field names of a condition. @throws VariableError */
export function replaceInCondition(expression: Expression, variables: Variables): Replaced<Expression> {
  let secret = false;
  let found = false;
  const inText = (text: string): string => {
    const replaced = replaceVariables(text, variables);
    secret ||= replaced.secret;
    found ||= replaced.found;
    return replaced.value;
  };
  const value = mapTexts(expression, inText);
  return { value, secret, found };
}

function mapTexts(expression: Expression, inText: (text: string) => string): Expression {
  const inOperand = (operand: Operand): Operand => {
    switch (operand.type) {
      case 'string':
      case 'regexp':
        return { ...operand, text: inText(operand.text) };
      case 'field':
        return { ...operand, reference: inText(operand.reference) };
      case 'array':
        return { ...operand, items: operand.items.map(inOperand) };
      case 'number':
        return operand;
    }
  };
  switch (expression.type) {
    case 'logical':
      return {
        ...expression,
        left: mapTexts(expression.left, inText),
        right: mapTexts(expression.right, inText),
      };
    case 'not':
      return { ...expression, operand: mapTexts(expression.operand, inText) };
    case 'compare':
    case 'in':
      return { ...expression, left: inOperand(expression.left), right: inOperand(expression.right) };
    case 'match':
      return {
        ...expression,
        left: inOperand(expression.left),
        pattern: { ...expression.pattern, text: inText(expression.pattern.text) },
      };
    case 'truth':
      return { ...expression, operand: inOperand(expression.operand) };
  }
}
