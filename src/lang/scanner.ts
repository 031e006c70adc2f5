/** A cursor over the text of one config file: white space, comments, words, strings, and where things stand. */
import type { Diagnostic, Position } from '../kernel/diagnostic.ts';
import { ConfigSyntaxError } from './syntax-error.ts';

/** Sections, branches, plugins, lists and brackets inside each other: deeper is refused. */
const MAX_DEPTH = 200;
const MAX_DIGITS = 400;

const WORD = /[A-Za-z0-9_-]+/y;
const BAREWORD = /[A-Za-z_][A-Za-z0-9_]+/y;
const NUMBER = /-?[0-9]+(?:\.[0-9]*)?/y;
const SPACE = /[ \t\r\n]+/y;
const COMMENT = /#[^\r\n]*/y;
/** What a reader would take for one word, for messages. */
const RUN = /[^\s,{}[\]"'#]+/y;

interface Complaint {
  readonly expected?: string;
  /** What stands there; read from the text unless given. */
  readonly found?: string;
  readonly hint?: string;
  readonly length?: number;
}

export class Scanner {
  readonly source: string;
  readonly file: string;
  readonly supportEscapes: boolean;
  readonly lints: Diagnostic[] = [];
  at = 0;
  /** What is read now is a secret: messages do not show it. */
  confidential = false;
  /** Where the string read last stands, quotes included. */
  lastString = { start: 0, end: 0 };
  #depth = 0;
  readonly #lineStarts: number[] = [0];

  constructor(source: string, file: string, supportEscapes: boolean) {
    this.source = source;
    this.file = file;
    this.supportEscapes = supportEscapes;
    for (const match of source.matchAll(/\r\n|\n|\r/g)) this.#lineStarts.push(match.index + match[0].length);
    if (source.charCodeAt(0) === 0xfeff) this.at = 1;
  }

  get ended(): boolean {
    return this.at >= this.source.length;
  }

  /** The character at the cursor, empty at the end. */
  get next(): string {
    return this.source[this.at] ?? '';
  }

  position(at: number = this.at): Position {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lineStarts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return { file: this.file, line: low + 1, column: at - this.#lineStarts[low]! + 1 };
  }

  /** `line 3, column 7`. */
  place(at: number): string {
    const { line, column } = this.position(at);
    return `line ${line}, column ${column}`;
  }

  /** Skips white space and comments. */
  skip(): void {
    while (this.match(SPACE) !== undefined || this.match(COMMENT) !== undefined);
  }

  /** Skips white space alone; tells whether there was any. */
  skipSpace(): boolean {
    return this.match(SPACE) !== undefined;
  }

  /** Takes `text` if it stands at the cursor. */
  take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  startsWith(text: string): boolean {
    return this.source.startsWith(text, this.at);
  }

  /** Takes what a sticky pattern matches at the cursor. */
  match(pattern: RegExp): string | undefined {
    const text = this.peek(pattern);
    if (text !== undefined) this.at += text.length;
    return text;
  }

  peek(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    return pattern.exec(this.source)?.[0];
  }

  /** Name of a plugin or option, without quotes. */
  word(): string | undefined {
    return this.match(WORD);
  }

  peekWord(): string | undefined {
    return this.peek(WORD);
  }

  bareword(): string | undefined {
    return this.match(BAREWORD);
  }

  /** The number at the cursor: its value, and whether it was written with a dot. */
  number(): { value: number | bigint; float: boolean } | undefined {
    const start = this.at;
    const text = this.match(NUMBER);
    if (text === undefined) return undefined;
    if (text.length > MAX_DIGITS) {
      this.fail(`this number has more than ${MAX_DIGITS} digits`, { found: 'a very long number' }, start);
    }
    const float = text.includes('.');
    const value = Number(text);
    if (!Number.isFinite(value)) this.fail('this number is too large', {}, start);
    return { value: float || Number.isSafeInteger(value) ? value : BigInt(text), float };
  }

  /** The quoted string at the cursor, with escapes applied if they are on. */
  string(): string | undefined {
    const quote = this.next;
    if (quote !== '"' && quote !== "'") return undefined;
    const start = this.at;
    const end = this.#closing(quote, start + 1);
    if (end < 0) this.#failUnclosedString(quote, start);
    this.at = end + 1;
    this.lastString = { start, end: this.at };
    const text = this.source.slice(start + 1, end);
    return this.supportEscapes ? applyEscapes(text) : text;
  }

  /** The text between the slashes of the regular expression at the cursor. */
  regexp(): string | undefined {
    if (this.next !== '/') return undefined;
    const start = this.at;
    const end = this.#closing('/', start + 1);
    if (end < 0) {
      this.fail(
        'this regular expression is never closed',
        {
          expected: 'a / that ends it',
          found: 'the end of the file',
          hint: 'a slash inside of it is written \\/',
        },
        start,
      );
    }
    this.at = end + 1;
    return this.source.slice(start + 1, end);
  }

  /** Index of the closing delimiter; one behind a backslash does not close. Negative if there is none. */
  #closing(delimiter: string, from: number): number {
    let end = this.source.indexOf(delimiter, from);
    while (end > from && this.source[end - 1] === '\\') end = this.source.indexOf(delimiter, end + 1);
    return end;
  }

  #failUnclosedString(quote: string, start: number): never {
    const line = /[^\r\n]*/y;
    line.lastIndex = start + 1;
    const rest = line.exec(this.source)![0];
    const swallowed = rest.indexOf(`\\${quote}`);
    this.fail(
      'this string is never closed',
      {
        expected: `a ${quote} that ends it`,
        found: 'the end of the file',
        length: rest.length + 1,
        ...(swallowed >= 0 && {
          hint: `the backslash at ${this.place(start + 1 + swallowed)} takes the quote behind it into the string: a string can not end with a backslash`,
        }),
      },
      start,
    );
  }

  /** Runs `body` one level deeper. */
  nested<T>(body: () => T): T {
    if (this.#depth >= MAX_DEPTH) {
      this.fail(`this is nested more than ${MAX_DEPTH} levels deep`, { found: 'one level more' });
    }
    this.#depth++;
    try {
      return body();
    } finally {
      this.#depth--;
    }
  }

  /** What stands at the cursor, in words. */
  found(at: number = this.at): { text: string; length: number } {
    if (at >= this.source.length) return { text: 'the end of the file', length: 1 };
    RUN.lastIndex = at;
    const character = String.fromCodePoint(this.source.codePointAt(at)!);
    const run = RUN.exec(this.source)?.[0] ?? character;
    const name = INVISIBLE[character];
    if (name) return { text: name, length: 1 };
    return { text: `\`${run.length > 40 ? `${run.slice(0, 40)}…` : run}\``, length: run.length };
  }

  fail(message: string, complaint: Complaint, at: number = this.at): never {
    const there = this.found(at);
    let hint = complaint.hint ?? characterHint(this.source[at]);
    if (this.confidential && hint?.startsWith('write ')) hint = 'put it in quotes';
    throw new ConfigSyntaxError({
      ...this.position(at),
      severity: 'error',
      message: clip(message),
      ...(complaint.expected !== undefined && { expected: complaint.expected }),
      found: this.confidential ? 'a text that is not shown' : (complaint.found ?? there.text),
      ...(hint !== undefined && { hint: clip(hint) }),
      length: complaint.length ?? there.length,
    });
  }

  lint(message: string, at: number, length: number, hint?: string): void {
    this.lints.push({
      ...this.position(at),
      severity: 'lint',
      message: clip(message),
      length,
      ...(hint !== undefined && { hint: clip(hint) }),
    });
  }
}

const clip = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}…` : text);

const INVISIBLE: Record<string, string> = {
  ' ': 'a space',
  '\t': 'a tab',
  '\n': 'the end of the line',
  '\r': 'the end of the line',
  '\u00a0': 'a non-breaking space (U+00A0)',
  '\u200b': 'a zero-width space (U+200B)',
  '\ufeff': 'a byte order mark (U+FEFF)',
};

function characterHint(character: string | undefined): string | undefined {
  if (character === undefined) return undefined;
  if (/[“”„‟‘’‚‛«»‹›]/.test(character)) return 'this is a typographic quote: write " or \'';
  if (/[\u00a0\u200b\ufeff\u2000-\u200a\u3000]/.test(character))
    return 'replace this character by an ordinary space';
  return undefined;
}

const ESCAPES: Record<string, string> = {
  '\\"': '"',
  "\\'": "'",
  '\\\\': '\\',
  '\\n': '\n',
  '\\r': '\r',
  '\\t': '\t',
  '\\0': '\0',
};

/** `config.support_escapes`: seven escapes are translated, others stay as written. */
function applyEscapes(text: string): string {
  return text.replace(/\\[^\n]/g, (pair) => ESCAPES[pair] ?? pair);
}
