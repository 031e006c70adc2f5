/**
 * Lucene's query strings, as `q=` and `query_string` take them: terms, "phrases", field:, wildcards, [ranges TO x],
 * >=, /regular expressions/, AND OR NOT && || + - !, groups, `_exists_:`, escapes. Boosts change no result here and
 * are read over; fuzzy terms and distances (`~`) are errors that name them.
 *
 * Two things are kinder than Lucene: `/` inside a term needs no quotes (10.0.0.0/8), nor does `:` inside a value
 * (2001:db8::1, 10:15:00).
 */
import { askFields, askPattern, askPhrase, askWords, type FieldNames, namedFields } from './field-query.ts';
import { MAX_CLAUSES, MAX_DEPTH, QueryError, tooManyClauses } from './query-error.ts';
import type { FieldClause, Query } from './tree.ts';

export interface LuceneOptions {
  /** Asked where the text names no field; with patterns and boosts. Default: all. */
  readonly fields?: readonly string[] | undefined;
  readonly operator?: 'or' | 'and';
  readonly timeZone?: string | undefined;
}

/** Characters of one query string. */
const MAX_LENGTH = 100_000;

/** @throws QueryError with the position */
export function parseLucene(text: string, options: LuceneOptions = {}): Query {
  if (text.length > MAX_LENGTH) {
    throw new QueryError(
      'query_shard_exception',
      `Failed to parse query: it is longer than ${MAX_LENGTH} characters`,
    );
  }
  const parser = new Parser(text, options);
  return parser.parse();
}

type Occur = 'must' | 'should' | 'not';

class Parser {
  readonly #text: string;
  readonly #options: LuceneOptions;
  #at = 0;
  #depth = 0;
  #clauses = 0;

  constructor(text: string, options: LuceneOptions) {
    this.#text = text;
    this.#options = options;
  }

  parse(): Query {
    this.#space();
    if (this.#at >= this.#text.length) return { type: 'none' };
    const query = this.#group(namedFields(this.#options.fields));
    if (this.#at < this.#text.length) throw this.#error('unexpected `)`', 'Write `\\)` for the character.');
    return query;
  }

  #error(what: string, hint?: string): QueryError {
    const shown = this.#text.length > 200 ? `${this.#text.slice(0, 200)}…` : this.#text;
    return new QueryError(
      'query_shard_exception',
      `Failed to parse query [${shown}]: ${what} at position ${this.#at}`,
      {
        position: this.#at,
        ...(hint === undefined ? {} : { hint }),
      },
    );
  }

  #space(): void {
    while (/\s|\u3000/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  /** A word that is an operator, if a term does not merely begin with it. */
  #takeWord(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    const next = this.#text[this.#at + word.length];
    if (next !== undefined && !/[\s("+\-!]/.test(next)) return false;
    this.#at += word.length;
    return true;
  }

  /** Clauses until the end or a `)`. AND makes both its sides required; there is no precedence, as in Lucene. */
  #group(fields: FieldNames): Query {
    if (++this.#depth > MAX_DEPTH) throw this.#error('groups are nested too deeply');
    const all: { occur: Occur; query: Query }[] = [];
    const defaultAnd = this.#options.operator === 'and';
    for (;;) {
      this.#space();
      if (this.#at >= this.#text.length || this.#text[this.#at] === ')') break;
      let conjunction: 'and' | 'or' | undefined;
      if (this.#takeWord('AND') || this.#take('&&')) conjunction = 'and';
      else if (this.#takeWord('OR') || this.#take('||')) conjunction = 'or';
      if (conjunction !== undefined && all.length === 0)
        throw this.#error('an operator has nothing before it');
      this.#space();
      let modifier: 'must' | 'not' | undefined;
      if (this.#take('+')) modifier = 'must';
      else if (this.#take('-') || this.#take('!') || this.#takeWord('NOT')) modifier = 'not';
      this.#space();
      if (this.#at >= this.#text.length || this.#text[this.#at] === ')') throw this.#error('expected a term');
      if (++this.#clauses > MAX_CLAUSES) throw tooManyClauses();
      const query = this.#clause(fields);
      const last = all.at(-1);
      if (last !== undefined && last.occur !== 'not') {
        if (conjunction === 'and') last.occur = 'must';
        else if (conjunction === 'or' && defaultAnd) last.occur = 'should';
      }
      const required = defaultAnd ? conjunction !== 'or' : modifier === 'must' || conjunction === 'and';
      all.push({ occur: modifier === 'not' ? 'not' : required ? 'must' : 'should', query });
    }
    this.#depth--;
    return combined(all);
  }

  #clause(fields: FieldNames): Query {
    const start = this.#at;
    const name = this.#fieldName();
    if (name === undefined) {
      this.#at = start;
      return this.#value(fields);
    }
    this.#space();
    if (name === '_exists_') return askFields([this.#term().text], { type: 'exists' });
    const named: FieldNames = name === '*' ? undefined : [name];
    const comparison = /^(>=?|<=?)/.exec(this.#text.slice(this.#at, this.#at + 2))?.[0];
    if (comparison !== undefined) {
      this.#at += comparison.length;
      this.#space();
      const { text } = this.#bound(/[\s)]/);
      const key = { '>': 'gt', '>=': 'gte', '<': 'lt', '<=': 'lte' }[comparison]!;
      return askFields(named, this.#range({ [key]: text }));
    }
    return this.#value(named, name !== '*');
  }

  #range(bounds: Record<string, string>): FieldClause {
    const { timeZone } = this.#options;
    return { type: 'range', ...bounds, ...(timeZone === undefined ? {} : { timeZone }) };
  }

  /** `name:`; undefined (and the position anywhere) when there is none. */
  #fieldName(): string | undefined {
    let name = '';
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]!;
      if (char === '\\' && this.#at + 1 < this.#text.length) name += this.#text[++this.#at];
      else if (char === ':') {
        this.#at++;
        return name === '' ? undefined : name;
      } else if (/[\s()"[\]{}^~]/.test(char) || (char === '/' && name === '')) return undefined;
      else name += char;
    }
    return undefined;
  }

  #value(fields: FieldNames, isField = false): Query {
    const char = this.#text[this.#at];
    switch (char) {
      case undefined:
        throw this.#error('expected a value');
      case '(': {
        this.#at++;
        const query = this.#group(fields);
        if (!this.#take(')')) throw this.#error('expected `)`');
        this.#suffix();
        return query;
      }
      case '"': {
        const text = this.#quoted();
        this.#suffix();
        return askPhrase(fields, text);
      }
      case '[':
      case '{':
        return this.#interval(fields);
      case '/':
        return this.#regexp(fields);
      case ')':
      case ']':
      case '}':
      case ':':
      case '^':
      case '~':
        throw this.#error(`unexpected \`${char}\``, `Write \`\\${char}\` for the character.`);
    }
    const term = this.#term(isField);
    this.#suffix();
    if (term.pattern === undefined) return askWords(fields, term.text, this.#options.operator ?? 'or');
    return askPattern(fields, term.pattern);
  }

  /** Boosts are read over. */
  #suffix(): void {
    if (this.#text[this.#at] === '~') {
      throw this.#error(
        'fuzzy terms and distances (`~`) are not supported',
        'Use wildcards (`*`, `?`) or a regular expression (`/…/`).',
      );
    }
    const boost = /^\^\d+(\.\d+)?/.exec(this.#text.slice(this.#at, this.#at + 20));
    if (boost) this.#at += boost[0].length;
    else if (this.#text[this.#at] === '^') throw this.#error('expected a number after `^`');
  }

  #quoted(): string {
    const start = this.#at++;
    let text = '';
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]!;
      if (char === '\\' && this.#at + 1 < this.#text.length) text += this.#text[++this.#at];
      else if (char === '"') {
        this.#at++;
        return text;
      } else text += char;
    }
    this.#at = start;
    throw this.#error('the quote is not closed');
  }

  /** `pattern` when there are wildcards, in the tree's own escapes. */
  #term(isField = false): { text: string; pattern: string | undefined } {
    let text = '';
    let pattern = '';
    let wild = false;
    const start = this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]!;
      if (char === '\\') {
        if (this.#at + 1 >= this.#text.length) throw this.#error('a character is missing behind `\\`');
        const next = this.#text[++this.#at]!;
        text += next;
        pattern += /[*?\\]/.test(next) ? `\\${next}` : next;
        continue;
      }
      if (/[\s\u3000()"[\]{}^~]/.test(char) || (char === ':' && !isField)) break;
      wild ||= char === '*' || char === '?';
      text += char;
      pattern += char;
    }
    if (this.#at === start) throw this.#error(`unexpected \`${this.#text[this.#at] ?? 'end'}\``);
    if (this.#text[this.#at] === ':') throw this.#error('unexpected `:`', 'Write `\\:` for the character.');
    return { text, pattern: wild ? pattern : undefined };
  }

  #bound(end: RegExp): { text: string; open: boolean } {
    if (this.#text[this.#at] === '"') return { text: this.#quoted(), open: false };
    let text = '';
    const start = this.#at;
    for (; this.#at < this.#text.length && !end.test(this.#text[this.#at]!); this.#at++) {
      if (this.#text[this.#at] === '\\' && this.#at + 1 < this.#text.length) this.#at++;
      text += this.#text[this.#at];
    }
    if (text === '') throw this.#error('expected a bound');
    return { text, open: this.#text.slice(start, this.#at) === '*' };
  }

  #interval(fields: FieldNames): Query {
    const bounds: Record<string, string> = {};
    const includeLower = this.#text[this.#at++] === '[';
    this.#space();
    const lower = this.#bound(/[\s\]}]/);
    this.#space();
    if (!this.#takeWord('TO')) throw this.#error('expected `TO`');
    this.#space();
    const upper = this.#bound(/[\s\]}]/);
    this.#space();
    const close = this.#text[this.#at];
    if (close !== ']' && close !== '}') throw this.#error('expected `]` or `}`');
    this.#at++;
    if (!lower.open) bounds[includeLower ? 'gte' : 'gt'] = lower.text;
    if (!upper.open) bounds[close === ']' ? 'lte' : 'lt'] = upper.text;
    this.#suffix();
    return askFields(fields, lower.open && upper.open ? { type: 'exists' } : this.#range(bounds));
  }

  #regexp(fields: FieldNames): Query {
    const start = this.#at++;
    let pattern = '';
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]!;
      if (char === '/') {
        this.#at++;
        this.#suffix();
        return askFields(fields, { type: 'regexp', pattern });
      }
      if (char === '\\' && this.#at + 1 < this.#text.length) {
        const next = this.#text[++this.#at]!;
        pattern += next === '/' ? '/' : `\\${next}`;
      } else pattern += char;
    }
    this.#at = start;
    throw this.#error('the regular expression is not closed', 'Write `\\/` for the character.');
  }
}

/** Where something is required, what is optional has no say. Only prohibitions: everything else. */
function combined(all: readonly { occur: Occur; query: Query }[]): Query {
  const of = (occur: Occur): Query[] => all.filter((each) => each.occur === occur).map((each) => each.query);
  const [must, should, not] = [of('must'), of('should'), of('not')];
  const parts: Query[] = [...must];
  if (must.length === 0 && should.length > 0)
    parts.push(should.length === 1 ? should[0]! : { type: 'or', of: should });
  parts.push(...not.map((query): Query => ({ type: 'not', of: query })));
  if (all.length === 0) return { type: 'none' };
  return parts.length === 1 ? parts[0]! : { type: 'and', of: parts };
}
