/**
 * Expands grok expressions: `%{NAME}`, `%{NAME:field}`, `%{NAME:field:int}`, `%{NAME=definition}` become the regular
 * expressions that they stand for, in Ruby's syntax. Named groups carry the whole `NAME:field:int` as their name.
 */
import { suggest } from '../../kernel/diagnostic.ts';

/** What is wrong with an expression, in words for the user. */
export class GrokError extends Error {
  override name = 'GrokError';
  /** A near miss or another way to mend it. */
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** Definitions by name. */
export type GrokPatterns = Readonly<Record<string, string>>;

export interface Reference {
  /** All from `%{` to `}`. */
  readonly text: string;
  readonly index: number;
  readonly name: string;
  /** What follows the name's colon: the field, perhaps with `:int` or `:float`. */
  readonly subname: string | undefined;
  readonly definition: string | undefined;
}

const MAX_EXPANDED = 1 << 20;
const MAX_DEPTH = 100;
const HEAD = /%\{([A-z0-9]+)(?::([@[\]A-z0-9_:.-]+))?/g;

/** The references of an expression from left to right. What is not written as one stays text. */
export function* references(expression: string): Generator<Reference> {
  HEAD.lastIndex = 0;
  for (let head = HEAD.exec(expression); head; head = HEAD.exec(expression)) {
    let end = head.index + head[0].length;
    let definition: string | undefined;
    if (expression[end] === '=') {
      const close = closingBrace(expression, end + 1);
      if (close > end + 1) {
        definition = expression.slice(end + 1, close);
        end = close;
      }
    }
    const close = expression.indexOf('}', end);
    if (close < 0) continue;
    const text = expression.slice(head.index, close + 1);
    yield { text, index: head.index, name: head[1]!, subname: head[2], definition };
    HEAD.lastIndex = close + 1;
  }
}

/** Where the brace closes that was open before `at`; escapes and nested braces are skipped. -1: nowhere. */
function closingBrace(text: string, at: number): number {
  let depth = 0;
  for (let index = at; index < text.length; index++) {
    const char = text[index];
    if (char === '\\') index++;
    else if (char === '{') depth++;
    else if (char === '}' && depth-- === 0) return index;
  }
  return -1;
}

/**
 * The regular expression of a grok expression. Unnamed references do not capture, unless `namedCapturesOnly` is
 * false. Inline definitions are known to everything expanded after them.
 * @throws GrokError for unknown names and for patterns that contain themselves
 */
export function expandGrok(expression: string, patterns: GrokPatterns, namedCapturesOnly: boolean): string {
  const inline: Record<string, string> = Object.create(null);
  let size = expression.length;

  const expand = (text: string, within: readonly string[]): string => {
    let made = '';
    let from = 0;
    for (const reference of references(text)) {
      const { name, subname, definition } = reference;
      if (definition !== undefined) inline[name] = definition;
      const found = inline[name] ?? (Object.hasOwn(patterns, name) ? patterns[name] : undefined);
      if (found === undefined) throw unknownPattern(reference, patterns, within);
      if (within.includes(name) || within.length > MAX_DEPTH) {
        throw new GrokError(`pattern ${name} contains itself (${[...within, name].join(' → ')})`);
      }
      size += found.length;
      if (size > MAX_EXPANDED) throw new GrokError('the expanded pattern is too large');
      const body = expand(found, [...within, name]);
      const open =
        subname !== undefined ? `(?<${name}:${subname}>` : namedCapturesOnly ? '(?:' : `(?<${name}>`;
      made += `${text.slice(from, reference.index)}${open}${body})`;
      from = reference.index + reference.text.length;
    }
    return made + text.slice(from);
  };
  return expand(expression, []);
}

function unknownPattern(reference: Reference, patterns: GrokPatterns, within: readonly string[]): GrokError {
  const near = suggest(reference.name, Object.keys(patterns));
  const where = within.length > 0 ? ` (in pattern ${within.at(-1)})` : ` at offset ${reference.index}`;
  return new GrokError(
    `pattern ${reference.text} not defined${where}`,
    near ? `did you mean %{${near}}?` : 'define it in pattern_definitions or in a file under patterns_dir',
  );
}
