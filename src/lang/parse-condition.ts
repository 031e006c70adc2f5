/**
 * Conditions. `and` binds tighter than `or`; `xor` and `nand` stand alone between two operands, as Logstash
 * demands (parentheses make longer ones). Where Logstash groups or reads a condition in another way than its text
 * says, the text counts, and a lint tells.
 */
import { FieldReferenceError, parseFieldReference } from '../event/field-reference.ts';
import type { Comparison, Expression, Logical, Operand } from './ast.ts';
import { parseValue } from './parse-plugin.ts';
import type { Scanner } from './scanner.ts';

/** Operands of one chain: the tree is as deep as the chain is long, and code walks it recursively. */
const MAX_OPERANDS = 1000;

const LOGICAL = /(?:and|or|xor|nand)(?![A-Za-z0-9_-])/y;
const COMPARISON = /==|!=|<=|>=|<|>/y;
const SELECTOR = /(?:\[[^\][,]+\])+/y;
const EMBEDDED = /\[(?:\[[^\][,]*\]){2}/y;
const QUOTED = /\[[ \t\r\n]*["']/y;
/** `["a"]["b"]`: a field reference with quotes in its names. */
const QUOTED_NAMES = /\[[ \t\r\n]*(?:"[^"\][,]*"|'[^'\][,]*')[ \t\r\n]*\]\[/y;
const ONE_NUMBER = /\[[ \t\r\n]*-?\d+(?:\.\d*)?[ \t\r\n]*\](?!\[)/y;

/** A condition, up to what is no operator any more. */
export function parseCondition(scanner: Scanner): Expression {
  const start = scanner.at;
  const operands: Expression[] = [expression(scanner)];
  const operators: Logical[] = [];
  for (;;) {
    const end = scanner.at;
    scanner.skip();
    const operatorStart = scanner.at;
    const operator = scanner.match(LOGICAL) as Logical | undefined;
    if (operator === undefined) {
      scanner.at = end;
      break;
    }
    if (operators.length > 0 && [operator, ...operators].some((each) => each === 'xor' || each === 'nand')) {
      scanner.fail(
        `\`${operators.at(-1)}\` and \`${operator}\` can not follow each other without parentheses`,
        {
          expected: '{, or parentheses around one of the two',
          hint: '`xor` and `nand` join two operands only: write `([a] xor [b]) and [c]`',
          length: operator.length,
        },
        operatorStart,
      );
    }
    if (operands.length >= MAX_OPERANDS) {
      scanner.fail(
        `this condition joins more than ${MAX_OPERANDS} operands`,
        { hint: 'compare with a list by `in`, or use the translate filter' },
        operatorStart,
      );
    }
    operators.push(operator);
    scanner.skip();
    operands.push(expression(scanner));
  }
  if (groupsOtherwise(operators)) {
    scanner.lint(
      'Logstash groups this mix of `and` and `or` in another way than it reads: here `and` binds tighter throughout',
      start,
      Math.max(1, scanner.at - start),
      'put parentheses around the `and` parts, then both agree',
    );
  }
  return join(operands, operators);
}

function join(operands: Expression[], operators: Logical[]): Expression {
  const logical = (operator: Logical, left: Expression, right: Expression): Expression => ({
    type: 'logical',
    operator,
    left,
    right,
    position: left.position,
  });
  const alternatives: Expression[] = [operands[0]!];
  for (const [index, operator] of operators.entries()) {
    const right = operands[index + 1]!;
    if (operator === 'or') alternatives.push(right);
    else alternatives.push(logical(operator, alternatives.pop()!, right));
  }
  return alternatives.reduce((left, right) => logical('or', left, right));
}

/**
 * Does Logstash's grouping of a chain differ from `and` before `or`? Its shunting yard takes only one operator
 * off the stack where the precedence drops, and then works from the right.
 */
function groupsOtherwise(operators: readonly Logical[]): boolean {
  if (!operators.includes('or') || !operators.includes('and')) return false;
  const out: (number | Logical)[] = [0];
  const waiting: Logical[] = [];
  for (const [index, operator] of operators.entries()) {
    if (waiting.at(-1) === 'and' && operator === 'or') out.push(waiting.pop()!);
    waiting.push(operator);
    out.push(index + 1);
  }
  // `and` over an `or`, without parentheses, is never what the text says.
  const stack: ('and' | 'or' | 'operand')[] = [];
  for (const item of [...out, ...waiting.reverse()]) {
    if (typeof item === 'number') stack.push('operand');
    else {
      const [right, left] = [stack.pop(), stack.pop()];
      if (item === 'and' && (left === 'or' || right === 'or')) return true;
      stack.push(item as 'and' | 'or');
    }
  }
  return false;
}

function expression(scanner: Scanner): Expression {
  const start = scanner.at;
  if (scanner.next === '(') return scanner.nested(() => parenthesised(scanner));
  if (scanner.next === '!' && !scanner.startsWith('!=') && !scanner.startsWith('!~'))
    return negative(scanner);
  const left = operand(scanner, false);
  const position = scanner.position(start);
  const end = scanner.at;
  scanner.skip();
  if (scanner.match(/in(?![A-Za-z0-9_-])/y) !== undefined) {
    scanner.skip();
    return { type: 'in', negated: false, left, right: operand(scanner, true), position };
  }
  if (scanner.match(/not(?![A-Za-z0-9_-])/y) !== undefined) {
    scanner.skip();
    if (scanner.match(/in(?![A-Za-z0-9_-])/y) === undefined) {
      scanner.fail('`not` is only a part of `not in`', {
        expected: '`in`',
        hint: 'a negation is written !([a] == "x") or ![field]',
      });
    }
    scanner.skip();
    return { type: 'in', negated: true, left, right: operand(scanner, true), position };
  }
  const operatorStart = scanner.at;
  const matching = scanner.match(/=~|!~/y);
  if (matching !== undefined) return match(scanner, left, matching === '!~', start);
  const comparison = scanner.match(COMPARISON) as Comparison | undefined;
  if (comparison !== undefined) {
    if (scanner.next === '=' || scanner.next === '>') {
      const text = scanner.source.slice(operatorStart, scanner.at + 1);
      scanner.fail(
        `there is no operator \`${text}\``,
        {
          expected: 'one of ==, !=, <, >, <=, >=, =~, !~, in, not in',
          found: `\`${text}\``,
          length: text.length,
          hint: `write \`${text.startsWith('<>') ? '!=' : text.slice(0, 2)}\``,
        },
        operatorStart,
      );
    }
    scanner.skip();
    return { type: 'compare', operator: comparison, left, right: operand(scanner, false), position };
  }
  if (left.type === 'field' || left.type === 'string' || left.type === 'regexp')
    failMistakenOperator(scanner);
  scanner.at = end;
  return { type: 'truth', operand: left, position };
}

/** `=`, `=<`, `=>`, `eq` and the like behind an operand. */
function failMistakenOperator(scanner: Scanner): void {
  const mistaken = scanner.peek(
    /=<|=>|=!|=|~=|~|(?:eq|ne|is|equals|contains|like|matches|IN|NOT)(?![A-Za-z0-9_-])/y,
  );
  if (mistaken === undefined) return;
  const instead: Record<string, string> = {
    '=': '==',
    '=>': '>=',
    '=<': '<=',
    '=!': '!=',
    '~': '=~',
    '~=': '=~',
    eq: '==',
    ne: '!=',
    is: '==',
    equals: '==',
    contains: '"text" in [field]',
    like: '=~',
    matches: '=~',
    IN: 'in',
    NOT: 'not in',
  };
  scanner.fail(`there is no operator \`${mistaken}\``, {
    expected: 'one of ==, !=, <, >, <=, >=, =~, !~, in, not in',
    length: mistaken.length,
    found: `\`${mistaken}\``,
    hint: `write \`${instead[mistaken]}\``,
  });
}

function parenthesised(scanner: Scanner): Expression {
  const open = scanner.at;
  scanner.take('(');
  scanner.skip();
  const inner = parseCondition(scanner);
  scanner.skip();
  if (!scanner.take(')')) {
    const hints: Record<string, string> = { '&': 'write `and`', '|': 'write `or`' };
    const hint = hints[scanner.next];
    scanner.fail('this ( is not closed', {
      expected: `an operator, or the ) for the ( at ${scanner.place(open)}`,
      ...(hint !== undefined && { hint }),
    });
  }
  return inner;
}

function negative(scanner: Scanner): Expression {
  const start = scanner.at;
  scanner.take('!');
  scanner.skip();
  const position = scanner.position(start);
  if (scanner.next === '(') {
    return { type: 'not', operand: scanner.nested(() => parenthesised(scanner)), position };
  }
  const fieldStart = scanner.at;
  const field = selector(scanner);
  if (field === undefined) {
    scanner.fail('`!` negates a field or a condition in parentheses', { expected: '(condition) or [field]' });
  }
  const end = scanner.at;
  scanner.skip();
  const operator = scanner.peek(/==|!=|<=|>=|<|>|=~|!~|in(?![\w-])|not(?![\w-])/y);
  if (operator !== undefined) {
    scanner.fail(`\`!\` binds to the field alone, it can not be compared`, {
      expected: '`and`, `or` or {',
      hint: `write !(${scanner.source.slice(fieldStart, end)} ${operator} …)`,
    });
  }
  scanner.at = end;
  return {
    type: 'not',
    operand: { type: 'truth', operand: field, position: field.position },
    position,
  };
}

function match(scanner: Scanner, left: Operand, negated: boolean, start: number): Expression {
  scanner.skip();
  const position = scanner.position(start);
  const regexp = scanner.regexp();
  if (regexp !== undefined) {
    return { type: 'match', negated, left, pattern: { text: regexp, regexp: true }, position };
  }
  const text = scanner.string();
  if (text !== undefined) {
    return { type: 'match', negated, left, pattern: { text, regexp: false }, position };
  }
  scanner.fail('a pattern is missing', {
    expected: 'a regular expression /…/ or a string',
    ...(scanner.next === '[' && { hint: 'a field can not be the pattern; a list is searched by `in`' }),
  });
}

/** The strict check of a field reference. */
function selector(scanner: Scanner): Operand | undefined {
  const start = scanner.at;
  const text = scanner.match(SELECTOR);
  if (text === undefined) return undefined;
  try {
    parseFieldReference(text);
  } catch (error) {
    if (!(error instanceof FieldReferenceError)) throw error;
    scanner.fail(error.message, { expected: 'a field reference such as [a][b]' }, start);
  }
  if (/\[["']/.test(text)) {
    scanner.lint(
      `the quotes are part of the name of the field in ${text}`,
      start,
      text.length,
      `write ${text.replace(/["']/g, '')}`,
    );
  }
  return { type: 'field', reference: text, position: scanner.position(start) };
}

/** One side of an operator. `listed`: it stands behind `in`. */
function operand(scanner: Scanner, listed: boolean): Operand {
  const start = scanner.at;
  const position = scanner.position(start);
  const next = scanner.next;
  if (next === '"' || next === "'")
    return { type: 'string', text: scanner.string()!, quoted: true, position };
  if (next === '/') return { type: 'regexp', text: scanner.regexp()!, position };
  if (next === '[') {
    if (scanner.peek(EMBEDDED) !== undefined) {
      scanner.fail('field references are not nested in conditions', {
        expected: 'a field reference such as [a][b]',
        hint: 'write [a][b] instead of [[a][b]]',
      });
    }
    return list(scanner, listed) ?? selector(scanner) ?? array(scanner);
  }
  const number = scanner.number();
  if (number !== undefined) return { type: 'number', ...number, position };
  failNoOperand(scanner);
}

/** A list that Logstash would take for a field: by its text it is none. */
function list(scanner: Scanner, listed: boolean): Operand | undefined {
  const start = scanner.at;
  const quoted = scanner.peek(QUOTED) !== undefined && scanner.peek(QUOTED_NAMES) === undefined;
  if (!quoted && !(listed && scanner.peek(ONE_NUMBER) !== undefined)) return undefined;
  const made = array(scanner);
  const text = scanner.source.slice(start, scanner.at);
  if (made.type === 'array' && made.items.length === 1 && /^\[[^\][,]+\]$/.test(text)) {
    scanner.lint(
      `Logstash reads ${text} as a field of that name; here it is a list of one element`,
      start,
      text.length,
      listed
        ? 'compare with == instead, or add a second element'
        : `a field is written without quotes: ${text.replace(/[\s"']/g, '')}`,
    );
  }
  return made;
}

function array(scanner: Scanner): Operand {
  const start = scanner.at;
  const value = parseValue(scanner, 'the list');
  const convert = (each: typeof value): Operand => {
    if (each.type === 'array') {
      return { type: 'array', items: each.items.map(convert), position: each.position };
    }
    if (each.type === 'string' || each.type === 'number') return each;
    scanner.fail(
      'a list in a condition holds strings and numbers only',
      { expected: 'strings or numbers' },
      start,
    );
  };
  const made = convert(value);
  if (made.type === 'array' && made.items.some((item) => item.type === 'array')) {
    scanner.lint(
      'the inner brackets are a list of words here, not a field',
      start,
      1,
      'compare with each field on its own, joined by `or`',
    );
  }
  return made;
}

function failNoOperand(scanner: Scanner): never {
  const expected = '[field], a string in quotes, a number, a list, a regular expression, ( or !';
  const word = scanner.peekWord();
  if (word === 'not') {
    scanner.fail('a negation is not written `not`', {
      expected,
      hint: 'write !([a] == "x") or ![field]; `not` exists in `not in` only',
    });
  }
  if (word !== undefined && /^[A-Za-z_]/.test(word)) {
    const start = scanner.at;
    scanner.word();
    scanner.skip();
    if (scanner.next === '(') {
      scanner.fail(
        `there is no function \`${word}\` in conditions`,
        { expected, found: `\`${word}(\``, length: word.length },
        start,
      );
    }
    scanner.fail(
      `\`${word}\` is neither a field nor a string`,
      {
        expected,
        found: `\`${word}\``,
        length: word.length,
        hint:
          word === 'true' || word === 'false'
            ? `write "${word}" for the text; the truth of a field is tested by [field] alone`
            : `write [${word}] for the field, "${word}" for the text`,
      },
      start,
    );
  }
  const hints: Record<string, string> = {
    '&': 'write `and`',
    '|': 'write `or`',
    '%': 'fields are written [name] in conditions, not %{name}',
    $: 'a variable stands in quotes: "${NAME}"',
    '=': 'equality is written ==',
  };
  const hint = hints[scanner.next];
  scanner.fail('a part of the condition is missing', { expected, ...(hint !== undefined && { hint }) });
}
