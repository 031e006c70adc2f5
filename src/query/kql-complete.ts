/**
 * What can stand at the cursor of a KQL query: fields, operators, values (which the caller looks up for the field that
 * is named here) or `and` and `or`. Looks at the text before the cursor only, and never throws.
 */
import type { FieldType } from './field-types.ts';
import { isSpace, keywordAt, quotedAt, SPECIAL, wordsAt } from './kql/literal.ts';

export interface CompletionField {
  readonly name: string;
  /** `object` and `nested` are no fields with values: nested ones are offered with `{ }`. */
  readonly type: FieldType | 'nested' | 'object';
}

interface CompletionOption {
  /** What replaces the text from `from` to `to`. */
  readonly text: string;
  readonly description: string;
}

export interface Completion {
  readonly kind: 'field' | 'value' | 'operator' | 'conjunction';
  /** What an option replaces, as offsets in the text. */
  readonly from: number;
  readonly to: number;
  /** What is already there, without escapes and an open quote. */
  readonly prefix: string;
  /** Of `value`: the field's full name (undefined: any), and whether a quote is open. Also of `operator`. */
  readonly field?: string | undefined;
  readonly quoted?: boolean;
  readonly options: readonly CompletionOption[];
}

const MAX_OPTIONS = 100;

export function completeKql(text: string, cursor: number, fields: readonly CompletionField[]): Completion {
  const before = text.slice(0, Math.max(0, Math.min(cursor, text.length)));
  const state = scan(before);
  const { expected, from, prefix, path, quoted } = state;
  const place = { from, to: before.length, prefix };
  switch (expected) {
    case 'field':
      return { kind: 'field', ...place, options: fieldOptions(fields, path, prefix) };
    case 'operator': {
      const field = path + state.field;
      return { kind: 'operator', ...place, field, options: operatorOptions(fields, field) };
    }
    case 'value':
      return {
        kind: 'value',
        ...place,
        field: state.listed,
        quoted,
        options: valueOptions(fields, state.listed, prefix),
      };
    case 'conjunction':
      return { kind: 'conjunction', ...place, options: conjunctionOptions(state.open) };
  }
}

/** As KQL writes a value: in quotes where it has to be. */
export function kqlValue(value: string): string {
  const needsQuotes =
    value === '' || /^\s|\s$|[\\():<>"*{}\s]/.test(value) || keywordAt(value, 0) !== undefined;
  return needsQuotes ? `"${value.replace(/["\\]/g, '\\$&')}"` : value;
}

interface State {
  expected: Completion['kind'];
  /** Where the word begins that the cursor is in or behind. */
  from: number;
  prefix: string;
  quoted: boolean;
  /** Nested objects that the cursor is in, with a dot behind them. */
  path: string;
  /** The name behind which an operator is expected. */
  field: string;
  /** The field whose value is expected. */
  listed: string | undefined;
  /** Brackets that are open, from the outside. */
  open: ('(' | '{' | 'list')[];
}

function scan(text: string): State {
  const paths = [''];
  const state: State = {
    expected: 'field',
    from: 0,
    prefix: '',
    quoted: false,
    path: '',
    field: '',
    listed: undefined,
    open: [],
  };
  const expect = (kind: State['expected'], at: number): void => {
    state.expected = kind;
    state.from = at;
    state.prefix = '';
    state.quoted = false;
  };
  const inList = (): boolean => state.open.at(-1) === 'list';
  for (let at = 0; at < text.length; ) {
    const char = text[at]!;
    if (isSpace(char)) {
      at++;
      if (state.prefix === '') state.from = at;
      continue;
    }
    const keyword = keywordAt(text, at);
    // A keyword at the very end may still become a longer word.
    if (keyword !== undefined && at + keyword.length < text.length) {
      at += keyword.length;
      expect(inList() ? 'value' : 'field', at);
      continue;
    }
    if (char === '(') {
      const isList = state.expected === 'value';
      state.open.push(isList ? 'list' : '(');
      at++;
      expect(isList ? 'value' : 'field', at);
    } else if (char === '{') {
      paths.push(`${state.path}${state.field}.`);
      state.path = paths.at(-1)!;
      state.open.push('{');
      at++;
      expect('field', at);
    } else if (char === ')' || char === '}') {
      if (state.open.pop() === '{') {
        paths.pop();
        state.path = paths.at(-1) ?? '';
      }
      at++;
      expect('conjunction', at);
    } else if (char === ':' || char === '<' || char === '>') {
      at++;
      if (text[at] === '=') at++;
      state.listed = state.field === '*' ? undefined : state.path + state.field;
      expect('value', at);
    } else if (char === '~' && state.expected === 'operator') {
      const end = afterRegexp(text, at + 1);
      state.listed = state.path + state.field;
      expect(end === undefined ? 'value' : 'conjunction', end ?? at + 1);
      at = end ?? text.length;
    } else at = literal(text, at, state, expect);
  }
  return state;
}

/** Behind a whole `/…/`; undefined if the cursor is inside of it. */
function afterRegexp(text: string, from: number): number | undefined {
  const match = /^\s*\/(?:[^\\/[]|\\.|\[(?:[^\]\\]|\\.)*\])*\/i?/.exec(text.slice(from));
  return match ? from + match[0].length : undefined;
}

function literal(
  text: string,
  at: number,
  state: State,
  expect: (kind: State['expected'], at: number) => void,
): number {
  const isValue = state.expected === 'value';
  let to = text.length;
  let value = text.slice(at);
  let closed = false;
  const quoted = text[at] === '"';
  try {
    const found = quoted
      ? quotedAt(text, at)
      : wordsAt(text, at, (each) => text[each] === '~' && isSpace(text[each - 1]));
    if (found !== undefined) {
      to = found.to;
      value = found.text;
      closed = quoted || to < text.length;
    } else if (keywordAt(text, at) === undefined) {
      to = at + 1;
      value = '';
    }
  } catch {
    // A quote that is still open, or half an escape.
    value = quoted ? text.slice(at + 1) : text.slice(at);
  }
  if (closed) {
    if (!isValue) state.field = value;
    expect(isValue || state.expected === 'conjunction' ? 'conjunction' : 'operator', to);
  } else {
    state.from = at;
    state.prefix = value;
    state.quoted = quoted;
    if (state.expected === 'operator') state.expected = 'field';
  }
  return to;
}

/** Names that begin with the prefix, then those that have it anywhere, whatever its case. */
function fieldOptions(fields: readonly CompletionField[], path: string, prefix: string): CompletionOption[] {
  const wanted = prefix.toLowerCase();
  const starts: CompletionOption[] = [];
  const contains: CompletionOption[] = [];
  for (const { name, type } of fields) {
    if (type === 'object' || !name.startsWith(path)) continue;
    const shown = name.slice(path.length);
    const at = shown.toLowerCase().indexOf(wanted);
    if (at < 0) continue;
    (at === 0 ? starts : contains).push({ text: fieldName(shown), description: type });
  }
  const byName = (a: CompletionOption, b: CompletionOption): number =>
    a.text < b.text ? -1 : a.text > b.text ? 1 : 0;
  return [...starts.toSorted(byName), ...contains.toSorted(byName)].slice(0, MAX_OPTIONS);
}

/** Special characters of names are escaped. */
const fieldName = (name: string): string =>
  [...name].map((char) => (SPECIAL.includes(char) ? `\\${char}` : char)).join('');

function operatorOptions(fields: readonly CompletionField[], name: string): CompletionOption[] {
  const type = fields.find((field) => field.name === name)?.type;
  if (type === 'nested') return [{ text: ': {', description: 'one object that meets all of these' }];
  const options = [
    { text: ':', description: 'equals some value' },
    { text: ': *', description: 'exists in any form' },
  ];
  if (type !== 'boolean' && type !== 'text') {
    options.push(
      { text: '>', description: 'is greater than' },
      { text: '>=', description: 'is greater than or equal to' },
      { text: '<', description: 'is less than' },
      { text: '<=', description: 'is less than or equal to' },
    );
  }
  if (type === 'keyword' || type === 'text' || type === 'flattened') {
    options.push({ text: '~ /', description: 'matches a regular expression' });
  }
  return options;
}

function valueOptions(
  fields: readonly CompletionField[],
  name: string | undefined,
  prefix: string,
): CompletionOption[] {
  const field = fields.find((each) => each.name === name);
  const known = field?.type === 'boolean' ? ['true', 'false'] : [];
  return known
    .filter((value) => value.startsWith(prefix.toLowerCase()))
    .map((text) => ({ text, description: 'boolean' }));
}

function conjunctionOptions(open: State['open']): CompletionOption[] {
  const options = [
    { text: 'and', description: 'both must be true' },
    { text: 'or', description: 'one or both must be true' },
  ];
  const last = open.at(-1);
  if (last !== undefined) options.push({ text: last === '{' ? '}' : ')', description: 'closes the group' });
  return options;
}
