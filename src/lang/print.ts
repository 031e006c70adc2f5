/**
 * Prints a syntax tree as config text: parsing it again gives the same tree. Parentheses stand wherever Logstash
 * would group without them in another way, so that the text means the same there.
 */
import type { Attribute, Config, Expression, Operand, PluginNode, Statement, Value } from './ast.ts';
import type { ParseOptions } from './parse.ts';

/**
 * The text of a config, two spaces a level.
 * @throws RangeError for a string that the language can not hold without `supportEscapes`
 */
export function printConfig(config: Config, options: ParseOptions = { supportEscapes: false }): string {
  const printer = new Printer(options.supportEscapes);
  return config.sections.map((section) => `${section.kind} ${printer.body(section.body, '')}\n`).join('\n');
}

/** One condition as text, for messages, ids and the UI. */
export function printExpression(
  expression: Expression,
  options: ParseOptions = { supportEscapes: false },
): string {
  return new Printer(options.supportEscapes).expression(expression);
}

class Printer {
  readonly #supportEscapes: boolean;
  constructor(supportEscapes: boolean) {
    this.#supportEscapes = supportEscapes;
  }

  body(statements: readonly Statement[], indent: string): string {
    if (statements.length === 0) return '{ }';
    const inner = `${indent}  `;
    return `{\n${statements.map((each) => inner + this.#statement(each, inner)).join('\n')}\n${indent}}`;
  }

  #statement(statement: Statement, indent: string): string {
    if (statement.type === 'plugin') return this.plugin(statement, indent);
    return statement.arms
      .map((arm, index) => {
        const word = index === 0 ? 'if' : arm.condition ? 'else if' : 'else';
        const condition = arm.condition ? ` ${this.expression(arm.condition)}` : '';
        return `${word}${condition} ${this.body(arm.body, indent)}`;
      })
      .join(' ');
  }

  plugin(plugin: PluginNode, indent: string): string {
    const name = /^[A-Za-z0-9_-]+$/.test(plugin.name) ? plugin.name : this.#string(plugin.name);
    if (plugin.attributes.length === 0) return `${name} { }`;
    const inner = `${indent}  `;
    const lines = plugin.attributes.map((each) => inner + this.#attribute(each, inner));
    return `${name} {\n${lines.join('\n')}\n${indent}}`;
  }

  #attribute({ name, value }: Attribute, indent: string): string {
    const plain = /^[A-Za-z0-9_-]+$/.test(name);
    return `${plain ? name : quoteRaw(name)} => ${this.value(value, indent)}`;
  }

  value(value: Value, indent: string): string {
    switch (value.type) {
      case 'plugin':
        return this.plugin(value, indent);
      case 'string':
        return this.#text(value);
      case 'number':
        return printNumber(value.value, value.float);
      case 'array':
        return `[${value.items.map((item) => this.value(item, indent)).join(', ')}]`;
      case 'hash': {
        if (value.entries.length === 0) return '{ }';
        const inner = `${indent}  `;
        const lines = value.entries.map(
          (entry) => `${inner}${this.value(entry.key, inner)} => ${this.value(entry.value, inner)}`,
        );
        return `{\n${lines.join('\n')}\n${indent}}`;
      }
    }
  }

  expression(expression: Expression): string {
    switch (expression.type) {
      case 'logical': {
        const { operator, left, right } = expression;
        const chained = operator === 'and' || operator === 'or';
        const leftText = this.#side(left, chained ? operator : undefined);
        return `${leftText} ${operator} ${this.#side(right, undefined)}`;
      }
      case 'not': {
        const { operand } = expression;
        if (operand.type === 'truth' && operand.operand.type === 'field')
          return `!${operand.operand.reference}`;
        return `!(${this.expression(operand)})`;
      }
      case 'compare':
        return `${this.#operand(expression.left)} ${expression.operator} ${this.#operand(expression.right)}`;
      case 'in':
        return `${this.#operand(expression.left)} ${expression.negated ? 'not in' : 'in'} ${this.#operand(expression.right)}`;
      case 'match': {
        const { pattern } = expression;
        const text = pattern.regexp ? `/${pattern.text}/` : this.#string(pattern.text);
        return `${this.#operand(expression.left)} ${expression.negated ? '!~' : '=~'} ${text}`;
      }
      case 'truth':
        return this.#operand(expression.operand);
    }
  }

  /** One side of `and`, `or`, `xor`, `nand`; a chain of `same` needs no parentheses on the left. */
  #side(side: Expression, same: string | undefined): string {
    const text = this.expression(side);
    return side.type === 'logical' && side.operator !== same ? `(${text})` : text;
  }

  #operand(operand: Operand): string {
    switch (operand.type) {
      case 'string':
        return this.#text(operand);
      case 'number':
        return printNumber(operand.value, operand.float);
      case 'field':
        return operand.reference;
      case 'regexp':
        return `/${operand.text}/`;
      case 'array':
        return `[${operand.items.map((item) => this.#operand(item)).join(', ')}]`;
    }
  }

  #text({ text, quoted }: { text: string; quoted: boolean }): string {
    return !quoted && /^[A-Za-z_][A-Za-z0-9_]+$/.test(text) ? text : this.#string(text);
  }

  #string(text: string): string {
    if (!this.#supportEscapes) return quoteRaw(text);
    // A backslash can not stand before the closing quote, not even an escaped one.
    if (text.endsWith('\\')) throw unwritable(text);
    return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\0', '\\0')}"`;
  }
}

/** Quotes text in which backslashes stay as they are. */
function quoteRaw(text: string): string {
  if (!text.endsWith('\\')) {
    if (!/(?<!\\)"/.test(text)) return `"${text}"`;
    if (!/(?<!\\)'/.test(text)) return `'${text}'`;
  }
  throw unwritable(text);
}

const unwritable = (text: string): RangeError =>
  new RangeError(`the config language can not hold this string: ${JSON.stringify(text.slice(0, 80))}`);

/** Decimal digits without exponent, as the grammar wants them. */
function printNumber(value: number | bigint, float: boolean): string {
  if (typeof value === 'bigint' || !float) return Object.is(value, -0) ? '-0' : String(value);
  const text = Object.is(value, -0) ? '-0' : String(value);
  const exponent = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!exponent) return text.includes('.') ? text : `${text}.0`;
  const [, sign, first, rest = '', power] = exponent;
  const shift = Number(power);
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${first}${rest}`;
  return `${sign}${first}${rest.padEnd(shift, '0')}.0`;
}
