/**
 * Key-value text as Logstash's kv filter reads it: one expression that finds a key, a splitter, a value (quoted,
 * bracketed or bare) and the end of the pair, built from the options.
 */
import { ownField } from '../../event/event.ts';
import { isUnsafeName } from '../../event/field-reference.ts';
import type { FieldValue } from '../../kernel/event-types.ts';
import { compileRegexp, translateRegexp } from '../oniguruma.ts';

export interface KeyValueOptions {
  /** Characters of a class. */
  readonly fieldSplit: string;
  /** Regular expressions (Ruby's), which win over the characters. */
  readonly fieldSplitPattern?: string | undefined;
  readonly valueSplit: string;
  readonly valueSplitPattern?: string | undefined;
  /** Strict: no spaces around the splitter of key and value. */
  readonly whitespace: 'lenient' | 'strict';
  readonly includeBrackets: boolean;
  readonly allowEmptyValues: boolean;
  readonly allowDuplicateValues: boolean;
  readonly recursive: boolean;
  readonly trimKey?: string | undefined;
  readonly trimValue?: string | undefined;
  readonly removeCharKey?: string | undefined;
  readonly removeCharValue?: string | undefined;
  readonly transformKey?: ((text: string) => string) | undefined;
  readonly transformValue?: ((text: string) => string) | undefined;
}

/** Keys that are wanted, by the event. */
export interface KeyFilter {
  readonly include: ReadonlySet<string> | undefined;
  readonly exclude: ReadonlySet<string> | undefined;
  readonly prefix: string;
}

export type Pairs = Record<string, FieldValue>;

export interface KeyValueParser {
  /** False: hostile text could take very long; run it under `runGuarded`. */
  readonly linear: boolean;
  /** Adds the pairs of a text. */
  parse(text: string, filter: KeyFilter, pairs: Pairs): void;
}

/** Values inside of values, at most. */
const MAX_DEPTH = 20;

/** @throws RegexpError (of oniguruma.ts) for characters or expressions that make no class or expression */
export function compileKeyValues(options: KeyValueOptions): KeyValueParser {
  const valueSplit = splitter(options);
  const { source, linear } = translateRegexp(pairSource(options, valueSplit));
  return new Parser(options, pairFinder(options, source), compileRegexp(valueSplit), linear);
}

/** `escapes`: there are backslashes in the text. */
type FindPair = (text: string, from: number, escapes: boolean) => RegExpExecArray | null;

/**
 * Finds the next pair. Where keys are runs of characters, a run that is no key has no key within it either: then
 * only the beginnings of runs are tried. (Not so with backslashes, which may stand before any character.)
 */
function pairFinder(options: KeyValueOptions, source: string): FindPair {
  const anywhere = new RegExp(source, 'g');
  const find: FindPair = (text, from) => {
    anywhere.lastIndex = from;
    return anywhere.exec(text);
  };
  if (options.fieldSplitPattern !== undefined || options.valueSplitPattern !== undefined) return find;
  const here = new RegExp(source, 'y');
  const before = translateRegexp(`(?<![^${options.valueSplit}${options.fieldSplit}])`).source;
  const atRun = new RegExp(before + source, 'g');
  return (text, from, escapes) => {
    if (escapes) return find(text, from, escapes);
    here.lastIndex = from;
    const match = here.exec(text);
    if (match) return match;
    atRun.lastIndex = from;
    return atRun.exec(text);
  };
}

function splitter({ valueSplit, valueSplitPattern, whitespace }: KeyValueOptions): string {
  const split = valueSplitPattern === undefined ? `[${valueSplit}]` : `(?:${valueSplitPattern})`;
  // Checked alone: an open bracket must not find its end in another part.
  translateRegexp(split);
  return whitespace === 'lenient' ? ` *${split} *` : split;
}

function pairSource(options: KeyValueOptions, valueSplit: string): string {
  const fieldSplit =
    options.fieldSplitPattern === undefined ? `[${options.fieldSplit}]` : `(?:${options.fieldSplitPattern})`;
  translateRegexp(fieldSplit);
  const byPattern = options.fieldSplitPattern !== undefined || options.valueSplitPattern !== undefined;
  const key = byPattern
    ? untilPattern(`${valueSplit}|${fieldSplit}`)
    : untilCharacters(options.valueSplit + options.fieldSplit);
  const bare =
    options.fieldSplitPattern === undefined ? untilCharacters(options.fieldSplit) : untilPattern(fieldSplit);
  const enclosed = options.includeBrackets ? ['""', "''", '()', '[]', '<>'] : ['""', "''"];
  const values = enclosed.map(([open, close]) => `\\${open}${untilCharacters(`\\${close}`)}?\\${close}`);
  return `${key}${valueSplit}(?:${[...values, bare].join('|')})?(?:${fieldSplit}|$)`;
}

/** Characters that are escaped by a backslash or not of the class. */
const untilCharacters = (characters: string): string => `((?:\\\\.|[^${characters}])+)`;
const untilPattern = (pattern: string): string => `((?:(?!${pattern})(?:\\\\.|.))+)`;

class Parser implements KeyValueParser {
  readonly linear: boolean;
  readonly #options: KeyValueOptions;
  readonly #find: FindPair;
  readonly #split: RegExp;
  readonly #key: ((text: string) => string) | undefined;
  readonly #value: ((text: string) => string) | undefined;

  constructor(options: KeyValueOptions, find: FindPair, split: RegExp, linear: boolean) {
    this.#options = options;
    this.#find = find;
    this.#split = split;
    this.linear = linear;
    this.#key = chain(trimmer(options.trimKey), remover(options.removeCharKey), options.transformKey);
    this.#value = chain(trimmer(options.trimValue), remover(options.removeCharValue), options.transformValue);
  }

  parse(text: string, filter: KeyFilter, pairs: Pairs): void {
    this.#parse(text, filter, pairs, 0);
  }

  #parse(text: string, filter: KeyFilter, pairs: Pairs, depth: number): void {
    if (!this.#split.test(text)) return;
    const { allowEmptyValues, allowDuplicateValues, recursive } = this.#options;
    const { include, exclude, prefix } = filter;
    const find = this.#find;
    const escapes = text.includes('\\');
    for (let at = 0; ; ) {
      const match = find(text, at, escapes);
      if (!match) return;
      at = match.index + match[0].length;
      let value: string = firstGroup(match);
      if (value === '' && !allowEmptyValues) continue;
      let key = match[1]!;
      if (this.#key) key = this.#key(key);
      if ((include && !include.has(key)) || exclude?.has(key)) continue;
      key = prefix + key;
      if (this.#value) value = this.#value(value);
      const old = Object.hasOwn(pairs, key) ? pairs[key] : undefined;
      if (!allowDuplicateValues && includes(old, value)) continue;
      const made = recursive && depth < MAX_DEPTH ? this.#inner(value, filter, depth) : value;
      if (old === undefined) setPair(pairs, key, made);
      else if (Array.isArray(old)) old.push(made);
      else setPair(pairs, key, [old, made]);
    }
  }

  #inner(value: string, filter: KeyFilter, depth: number): FieldValue {
    const inner: Pairs = {};
    this.#parse(value, filter, inner, depth + 1);
    return Object.keys(inner).length > 0 ? inner : value;
  }
}

/** Sets an own property, whatever its name is. */
export function setPair(pairs: Pairs, key: string, value: FieldValue): void {
  if (isUnsafeName(key)) Object.defineProperty(pairs, key, ownField(value));
  else pairs[key] = value;
}

/** The value's group that took part. */
function firstGroup(match: RegExpExecArray): string {
  for (let index = 2; index < match.length; index++) {
    const value = match[index];
    if (value !== undefined) return value;
  }
  return '';
}

/** Ruby's `include?` of what is stored: an element of a list, a part of a text, a key of a map. */
function includes(old: FieldValue, value: string): boolean {
  if (typeof old === 'string') return old.includes(value);
  if (Array.isArray(old)) return old.includes(value);
  return typeof old === 'object' && old !== null && Object.hasOwn(old, value);
}

function trimmer(characters: string | undefined): ((text: string) => string) | undefined {
  if (characters === undefined) return undefined;
  translateRegexp(`[${characters}]`);
  const ends = compileRegexp(`^[${characters}]+|[${characters}]+$`, { global: true });
  return (text) => text.replace(ends, '');
}

function remover(characters: string | undefined): ((text: string) => string) | undefined {
  if (characters === undefined) return undefined;
  const all = compileRegexp(`[${characters}]`, { global: true });
  return (text) => text.replace(all, '');
}

function chain(...steps: (((text: string) => string) | undefined)[]): ((text: string) => string) | undefined {
  const given = steps.filter((step) => step !== undefined);
  if (given.length === 0) return undefined;
  return (text) => given.reduce((made, step) => step(made), text);
}
