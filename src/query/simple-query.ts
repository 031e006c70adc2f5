/**
 * `simple_query_string`: `+` and, `|` or, `-` not, "phrase", prefix*, ( ). Wrong syntax is text, never an error; only
 * fuzzy words and distances (`~2`), which would change the result, are errors.
 */
import { askFields, askPhrase, askWords, type FieldNames, namedFields } from './field-query.ts';
import { MAX_CLAUSES, MAX_DEPTH, QueryError, tooDeep, tooManyClauses } from './query-error.ts';
import type { Query } from './tree.ts';
import { escapeWildcard } from './wildcard.ts';

export interface SimpleQueryOptions {
  readonly fields?: readonly string[] | undefined;
  readonly operator?: 'or' | 'and';
}

/** @throws QueryError */
export function parseSimpleQuery(text: string, options: SimpleQueryOptions = {}): Query {
  const fields = namedFields(options.fields);
  const state: State = { text, at: 0, depth: 0, clauses: 0, fields, operator: options.operator ?? 'or' };
  const found: Query[] = [];
  while (state.at < text.length) {
    const query = group(state);
    if (query !== undefined) found.push(query);
    // A `)` that nothing opened.
    state.at++;
  }
  return found.length === 0
    ? { type: 'none' }
    : found.length === 1
      ? found[0]!
      : { type: state.operator, of: found };
}

interface State {
  readonly text: string;
  at: number;
  depth: number;
  clauses: number;
  readonly fields: FieldNames;
  readonly operator: 'or' | 'and';
}

/** From left to right, each operator for itself: `a | b + c` is (a | b) + c. */
function group(state: State): Query | undefined {
  if (++state.depth > MAX_DEPTH) throw tooDeep();
  let whole: Query | undefined;
  let operator: 'or' | 'and' | undefined;
  while (state.at < state.text.length && state.text[state.at] !== ')') {
    const char = state.text[state.at]!;
    if (/\s/.test(char)) state.at++;
    else if (char === '+' || char === '|') {
      operator = char === '+' ? 'and' : 'or';
      state.at++;
    } else {
      const part = clause(state);
      if (part === undefined) continue;
      if (++state.clauses > MAX_CLAUSES) throw tooManyClauses();
      whole = whole === undefined ? part : joined(whole, operator ?? state.operator, part);
      operator = undefined;
    }
  }
  state.depth--;
  return whole;
}

function joined(left: Query, type: 'or' | 'and', right: Query): Query {
  if (left.type === type && !('minimum' in left)) return { type, of: [...left.of, right] };
  return { type, of: [left, right] };
}

function clause(state: State): Query | undefined {
  const { text } = state;
  let negated = false;
  while (text[state.at] === '-') {
    negated = !negated;
    state.at++;
  }
  const part = plain(state);
  return part !== undefined && negated ? { type: 'not', of: part } : part;
}

function plain(state: State): Query | undefined {
  const { text, fields } = state;
  const char = text[state.at];
  if (char === undefined || /[\s)]/.test(char)) return undefined;
  if (char === '(') {
    state.at++;
    const inner = group(state);
    if (text[state.at] === ')') state.at++;
    return inner;
  }
  const close = char === '"' ? closingQuote(text, state.at + 1) : -1;
  if (close > 0) {
    const phrase = unescaped(text.slice(state.at + 1, close));
    state.at = close + 1;
    noFuzziness(state);
    return askPhrase(fields, phrase);
  }
  if (char === '"') {
    // A quote that is not closed stands for nothing.
    state.at++;
    return undefined;
  }
  const start = state.at;
  while (state.at < text.length && !/[\s()|+"~]/.test(text[state.at]!))
    state.at += text[state.at] === '\\' ? 2 : 1;
  if (state.at === start) state.at++;
  const term = text.slice(start, Math.min(state.at, text.length));
  noFuzziness(state);
  if (term.endsWith('*') && !term.endsWith('\\*') && term.length > 1)
    return prefix(fields, unescaped(term.slice(0, -1)));
  return askWords(fields, unescaped(term), state.operator);
}

function prefix(fields: FieldNames, value: string): Query {
  if (fields === undefined) return { type: 'anywhere', text: `${escapeWildcard(value)}*`, pattern: true };
  return askFields(fields, { type: 'prefix', value });
}

function closingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return -1;
}

const unescaped = (text: string): string => text.replace(/\\([\s\S])/g, '$1');

function noFuzziness(state: State): void {
  if (!/^~\d*/.test(state.text.slice(state.at, state.at + 2)) || state.at === 0) return;
  throw new QueryError(
    'illegal_argument_exception',
    '[simple_query_string] fuzzy words and distances (`~`) are not supported',
    {
      position: state.at,
    },
  );
}
