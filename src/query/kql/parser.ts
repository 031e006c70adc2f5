/**
 * The grammar, by descent: or, and, not, then a group, `field: value`, a range, nested fields, or free text.
 *
 *     query   = and *( "or" and )            and   = not *( "and" not )        not = "not" not / term
 *     term    = "(" query ")" / field ":" value / field ("<" / "<=" / ">" / ">=") literal
 *             / field ":" "{" query "}" / field "~" "/" regexp "/" ["i"] / literal
 *     value   = literal / "(" list ")"       list  = query of literals without fields
 */
import { askFields, askPattern, askPhrase, askWords, type FieldNames } from '../field-query.ts';
import { translateLuceneRegexp } from '../lucene-regexp.ts';
import { MAX_CLAUSES, MAX_DEPTH, tooManyClauses } from '../query-error.ts';
import type { FieldClause, Query } from '../tree.ts';
import { pointedError, syntaxError } from './error.ts';
import { isSpace, keywordAt, type Literal, quotedAt, wordsAt } from './literal.ts';
import { luceneFromRegexp } from './regexp.ts';

/** Characters of one query. */
const MAX_LENGTH = 1_000_000;

const COMPARISONS = { '<=': 'lte', '>=': 'gte', '<': 'lt', '>': 'gt' } as const;
const JOIN_HINT = 'Join conditions with `and` or `or`; put values with special characters into quotes.';

export class KqlParser {
  readonly #text: string;
  readonly #timeZone: string | undefined;
  #at = 0;
  #depth = 0;
  #clauses = 0;
  /** What opened the groups that are not closed yet. */
  readonly #open: string[] = [];

  constructor(text: string, timeZone: string | undefined) {
    this.#text = text;
    this.#timeZone = timeZone;
  }

  /** @throws QueryError */
  parse(): Query {
    if (this.#text.length > MAX_LENGTH) {
      throw pointedError('', 0, `The query is longer than ${MAX_LENGTH} characters.`);
    }
    this.#space();
    if (this.#at >= this.#text.length) return { type: 'all' };
    const query = this.#query('', undefined);
    if (this.#at < this.#text.length) throw this.#unexpected();
    return query;
  }

  #space(): void {
    while (isSpace(this.#text[this.#at])) this.#at++;
  }

  #take(char: string): boolean {
    if (!this.#text.startsWith(char, this.#at)) return false;
    this.#at += char.length;
    return true;
  }

  #takeKeyword(word: 'and' | 'or' | 'not'): boolean {
    this.#space();
    if (keywordAt(this.#text, this.#at) !== word) return false;
    this.#at += word.length;
    return true;
  }

  /** Something stands behind a whole condition that does not belong there. */
  #unexpected(): Error {
    const close = this.#open.at(-1) === '{' ? '"}"' : '")"';
    const expected = [
      ...(this.#open.length > 0 ? [close] : []),
      'AND',
      'OR',
      ...(this.#open.length > 0 ? [] : ['end of input']),
    ];
    const hint =
      this.#at >= this.#text.length ? `Close the group with ${close.replaceAll('"', '`')}.` : JOIN_HINT;
    return syntaxError(this.#text, this.#at, expected, hint);
  }

  /**
   * @param path nested objects that fields are in, with a dot behind it
   * @param list the field whose values are listed; undefined: not in a list
   */
  #query(path: string, list: string | undefined | null): Query {
    if (++this.#depth > MAX_DEPTH) {
      throw pointedError(this.#text, this.#at, `Groups are nested deeper than ${MAX_DEPTH}.`);
    }
    const or: Query[] = [];
    do {
      const and: Query[] = [];
      do and.push(this.#not(path, list));
      while (this.#takeKeyword('and'));
      or.push(and.length === 1 ? and[0]! : { type: 'and', of: and });
    } while (this.#takeKeyword('or'));
    this.#depth--;
    return or.length === 1 ? or[0]! : { type: 'or', of: or };
  }

  #not(path: string, list: string | undefined | null): Query {
    let negated = false;
    while (this.#takeKeyword('not')) negated = !negated;
    this.#space();
    if (++this.#clauses > MAX_CLAUSES) throw tooManyClauses();
    const query = this.#term(path, list);
    this.#space();
    return negated ? { type: 'not', of: query } : query;
  }

  #term(path: string, list: string | undefined | null): Query {
    const from = this.#at;
    if (this.#take('(')) return this.#group('(', ')', from, () => this.#query(path, list));
    if (list !== undefined) return this.#ask(list === null ? undefined : [list], this.#literal(['value']));
    const literal = this.#literal(['NOT', '"("', 'field', 'value'], (at) => at > from && this.#regexpAt(at));
    const end = this.#at;
    this.#space();
    const next = this.#text[this.#at];
    if (next === ':') {
      this.#at++;
      return this.#fieldIs(path, literal);
    }
    for (const [sign, key] of Object.entries(COMPARISONS)) {
      if (this.#take(sign)) return this.#range(path, literal, key);
    }
    if (next === '~' && this.#regexpAt(this.#at)) {
      this.#at++;
      return this.#regexp(path, literal);
    }
    this.#at = end;
    if (path !== '') {
      this.#space();
      throw syntaxError(
        this.#text,
        this.#at,
        ['":"', '<', '<=', '>', '>='],
        'Inside `{ }` every value needs a field.',
      );
    }
    return this.#ask(undefined, literal);
  }

  #group(open: string, close: string, from: number, inside: () => Query): Query {
    this.#open.push(open);
    const query = inside();
    this.#space();
    if (this.#at >= this.#text.length) {
      throw syntaxError(
        this.#text,
        this.#at,
        [`"${close}"`, 'AND', 'OR'],
        `Close the \`${open}\` of position ${from + 1} with \`${close}\`.`,
      );
    }
    if (!this.#take(close)) throw this.#unexpected();
    this.#open.pop();
    return query;
  }

  #literal(expected: readonly string[], isEnd?: (at: number) => boolean): Literal {
    this.#space();
    const from = this.#at;
    const literal = this.#text[from] === '"' ? quotedAt(this.#text, from) : wordsAt(this.#text, from, isEnd);
    if (literal === undefined) {
      const keyword = keywordAt(this.#text, from);
      const hint =
        keyword !== undefined
          ? `Write \`\\${keyword}\` or \`"${keyword}"\` for the word.`
          : from < this.#text.length
            ? `Write \`\\${this.#text[from]}\` for the character, or put the value into quotes.`
            : undefined;
      throw syntaxError(this.#text, from, expected, hint);
    }
    this.#at = literal.to;
    return literal;
  }

  /** Names of fields: undefined for `*`, which is any. */
  #names(path: string, literal: Literal): FieldNames {
    if (literal.pattern === undefined) return [path + literal.text];
    if (literal.text === '*' && path === '') return undefined;
    return [path + literal.text];
  }

  #fieldIs(path: string, field: Literal): Query {
    this.#space();
    const from = this.#at;
    if (this.#take('{')) {
      if (field.pattern !== undefined) {
        throw pointedError(this.#text, field.from, 'The name of nested fields can not have wildcards.');
      }
      const name = path + field.text;
      const of = this.#group('{', '}', from, () => this.#query(`${name}.`, undefined));
      return { type: 'nested', path: name, of };
    }
    const names = this.#names(path, field);
    if (this.#take('(')) return this.#group('(', ')', from, () => this.#query(path, names?.[0] ?? null));
    return this.#ask(names, this.#literal(['value', '"("', '"{"']));
  }

  #ask(fields: FieldNames, value: Literal): Query {
    if (value.quoted) return askPhrase(fields, value.text);
    if (value.pattern === undefined) return askWords(fields, value.text, 'or');
    if (fields !== undefined) return askPattern(fields, value.pattern);
    const words = value.pattern.split(/\s+/).map((word) => askPattern(undefined, word));
    return words.length === 1 ? words[0]! : { type: 'or', of: words };
  }

  #range(path: string, field: Literal, key: 'gt' | 'gte' | 'lt' | 'lte'): Query {
    const value = this.#literal(['value']);
    if (value.pattern !== undefined) {
      throw pointedError(
        this.#text,
        value.from,
        'A range can not have wildcards.',
        'Write `\\*` for the character.',
      );
    }
    const clause = {
      type: 'range',
      [key]: value.text,
      ...(this.#timeZone === undefined ? {} : { timeZone: this.#timeZone }),
    };
    return askFields(this.#names(path, field), clause as FieldClause);
  }

  /** Is there a `~` and a whole `/…/` behind it? Otherwise the `~` is part of a word. */
  #regexpAt(at: number): boolean {
    if (this.#text[at] !== '~') return false;
    REGEXP.lastIndex = at + 1;
    return REGEXP.test(this.#text);
  }

  #regexp(path: string, field: Literal): Query {
    REGEXP.lastIndex = this.#at;
    const [whole, source = '', flags = ''] = REGEXP.exec(this.#text)!;
    const from = this.#at + whole.indexOf('/');
    this.#at += whole.length;
    if (/[^i]/.test(flags)) {
      throw pointedError(
        this.#text,
        from + source.length + 2,
        'The only flag of regular expressions is `i` (any case).',
      );
    }
    try {
      const pattern = luceneFromRegexp(source.replaceAll('\\/', '/'));
      const ignoreCase = flags !== '';
      translateLuceneRegexp(pattern, ignoreCase);
      return askFields(this.#names(path, field), {
        type: 'regexp',
        pattern,
        ...(ignoreCase ? { ignoreCase } : {}),
      });
    } catch (error) {
      // The translator speaks of its own text, whose positions are not those of the query.
      const { message } = error as Error;
      const reason = message.slice(message.lastIndexOf(']: ') + 1).replace(/^: | at position \d+$/g, '');
      throw pointedError(this.#text, from, `The regular expression is not understood: ${reason}.`);
    }
  }
}

/** Slashes in it are escaped or stand in a class. The space before it tells it from a path such as `~/bin/`. */
const REGEXP = /\s+\/((?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/(\w*)(?=[\s)}]|$)/y;
