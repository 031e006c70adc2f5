/**
 * Grok expressions as matchers: one JavaScript regular expression each (inner patterns inlined, unnamed groups not
 * capturing), and generated functions that put its captures into events.
 */
import type { EcsMode } from '../../kernel/plugin.ts';
import { fillLoopCaptures, RegexpError, type Translation, translateRegexp } from '../oniguruma.ts';
import { expandGrok, GrokError, type GrokPatterns, references } from './expand.ts';
import { stockPatterns } from './stock.ts';

export { GrokError };

export interface GrokOptions {
  /** Definitions beside the stock ones, which they may replace. */
  readonly patterns?: GrokPatterns;
  /** Which stock set: legacy when `disabled`, else ECS v1. Default: disabled. */
  readonly ecs?: EcsMode;
  /** False: `%{NAME}` without a field is captured as field NAME. Default: true. */
  readonly namedCapturesOnly?: boolean;
}

export interface GrokCapture {
  /** Field name or reference as written. */
  readonly field: string;
  readonly convert: 'int' | 'float' | undefined;
  /** Groups of the regular expression that may hold it; the last one that took part counts. */
  readonly groups: readonly number[];
}

/** Captures of one match by field; several captures of one field make a list. */
export type GrokCaptures = Record<string, string | number | bigint | (string | number | bigint)[]>;

export interface GrokMatcher {
  readonly expression: string;
  /** In the order in which Logstash sets them. */
  readonly captures: readonly GrokCapture[];
  /** False: it could take very long on hostile text; run it under `runGuarded`. */
  readonly linear: boolean;
  /** The raw match, for `captures[…].groups`. */
  exec(text: string): RegExpExecArray | null;
  /** Convenience for a few matches: non-empty captures by field, converted. Undefined: no match. */
  match(text: string): GrokCaptures | undefined;
}

/**
 * Compiles an expression.
 * @throws GrokError naming the pattern and the offset in it
 */
export function compileGrok(expression: string, options: GrokOptions = {}): GrokMatcher {
  const { ecs = 'disabled', namedCapturesOnly = true, patterns = {} } = options;
  const key = JSON.stringify([expression, ecs === 'disabled', namedCapturesOnly, patterns]);
  let matcher = cache.get(key);
  if (matcher === undefined) {
    matcher = compile(expression, options);
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(key, matcher);
  }
  return matcher;
}

/** A config is checked, asked for its fields, and compiled: the same expressions each time. */
const cache = new Map<string, GrokMatcher>();
const MAX_CACHED = 500;

function compile(expression: string, options: GrokOptions): GrokMatcher {
  const stock = stockPatterns(options.ecs ?? 'disabled');
  const patterns = options.patterns ? { ...stock, ...options.patterns } : stock;
  const expanded = expandGrok(expression, patterns, options.namedCapturesOnly ?? true);
  const translation = translate(expanded, expression, patterns);
  const captures = capturesOf(translation);
  const exec = matcherOf(translation);
  return {
    expression,
    captures,
    linear: translation.linear,
    exec,
    match(text) {
      const found = exec(text);
      return found ? collect(captures, found) : undefined;
    },
  };
}

function translate(expanded: string, expression: string, patterns: GrokPatterns): Translation {
  // Numbered back-references are legal only where no group has a name: then unnamed groups must capture.
  const captureUnnamed = /\\[1-9k]/.test(expanded);
  try {
    return translateRegexp(expanded, {
      dotAll: true,
      openEnd: true,
      keepLoopCaptures: true,
      captureUnnamed,
    });
  } catch (error) {
    if (!(error instanceof RegexpError)) throw error;
    throw guilty(expression, patterns, new Set()) ?? new GrokError(`${short(expression)}: ${error.message}`);
  }
}

/** The innermost pattern that is wrong by itself. */
function guilty(expression: string, patterns: GrokPatterns, seen: Set<string>): GrokError | undefined {
  for (const { name, definition } of references(expression)) {
    const found = definition ?? patterns[name];
    if (found === undefined || seen.has(name)) continue;
    seen.add(name);
    const inner = guilty(found, patterns, seen);
    if (inner) return inner;
    try {
      translateRegexp(expandGrok(found, patterns, true), { dotAll: true });
    } catch (error) {
      if (error instanceof RegexpError)
        return new GrokError(`pattern ${name} (${short(found)}): ${error.message}`);
    }
  }
  return undefined;
}

const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}…` : text);

function capturesOf({ names, groups }: Translation): GrokCapture[] {
  const byName = new Map<string, { field: string; convert: GrokCapture['convert']; indexes: number[] }>();
  for (const [index, name] of names.entries()) {
    if (name === undefined) continue;
    const known = byName.get(name);
    if (known) known.indexes.push(index);
    else {
      const [pattern, subname, type] = name.split(':');
      const convert = type === 'int' || type === 'float' ? type : undefined;
      byName.set(name, { field: subname || pattern!, convert, indexes: [index] });
    }
  }
  return [...byName.values()].flatMap(({ field, convert, indexes }) =>
    indexes.map((index) => ({
      field,
      convert,
      groups: groups.flatMap((group, at) => (at > 0 && group.index === index ? [at] : [])),
    })),
  );
}

const LINE_START = '(?:^|(?<=\\n))';

/**
 * A pattern that begins with `^` is tried at the start of the text first; only text of several lines is searched
 * for other line starts. That makes a pattern that does not match cheap.
 */
function matcherOf({ source, captureLoops }: Translation): (text: string) => RegExpExecArray | null {
  const flags = captureLoops.length > 0 ? 'd' : '';
  const pattern = new RegExp(source, flags);
  const rest = source.slice(LINE_START.length);
  const atStart = source.startsWith(LINE_START) && !hasTopLevelChoice(rest);
  const anchored = new RegExp(atStart ? `^${rest}` : '(?!)', flags);
  const exec = atStart
    ? (text: string) => anchored.exec(text) ?? (text.includes('\n') ? pattern.exec(text) : null)
    : (text: string) => pattern.exec(text);
  if (captureLoops.length === 0) return exec;
  return (text) => {
    const match = exec(text);
    if (match) fillLoopCaptures(match, text, captureLoops);
    return match;
  };
}

function hasTopLevelChoice(source: string): boolean {
  let depth = 0;
  let inClass = false;
  for (let at = 0; at < source.length; at++) {
    const char = source[at];
    if (char === '\\') at++;
    else if (inClass) inClass = char !== ']';
    else if (char === '[') inClass = true;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === '|' && depth === 0) return true;
  }
  return false;
}

function collect(captures: readonly GrokCapture[], found: RegExpExecArray): GrokCaptures {
  const made: GrokCaptures = Object.create(null);
  for (const { field, convert, groups } of captures) {
    let text: string | undefined;
    for (const group of groups) text = found[group] ?? text;
    if (text === undefined || (text === '' && !convert)) continue;
    const value = convert === 'int' ? toInteger(text) : convert === 'float' ? toFloat(text) : text;
    const old = made[field];
    if (old === undefined) made[field] = value;
    else if (Array.isArray(old)) old.push(value);
    else made[field] = [old, value];
  }
  return made;
}

/** Ruby's `to_i`: the number with which the text begins, 0 if there is none. Exact beyond 2^53. */
export function toInteger(text: string): number | bigint {
  const length = text.length;
  let at = 0;
  const sign = text.charCodeAt(0);
  if (sign === 45 || sign === 43) at = 1;
  let value = 0;
  if (length - at <= 15) {
    for (; at < length; at++) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) return slowInteger(text);
      value = value * 10 + digit;
    }
    return sign === 45 ? 0 - value : value;
  }
  return slowInteger(text);
}

function slowInteger(text: string): number | bigint {
  const match = /^\s*([+-]?\d+(?:_\d+)*)/.exec(text);
  if (!match) return 0;
  const digits = match[1]!.replaceAll('_', '').replace('+', '');
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value + 0 : BigInt(digits);
}

/** Ruby's `to_f`: the number with which the text begins, 0 if there is none. */
export function toFloat(text: string): number {
  const match = /^\s*[+-]?(?:\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?|\.\d+)(?:[eE][+-]?\d+)?/.exec(text);
  if (!match) return 0;
  const value = Number(match[0].includes('_') ? match[0].replaceAll('_', '') : match[0]);
  // Beyond the range of a double there is no number that JSON could hold.
  return Number.isFinite(value) ? value + 0 : value > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE;
}
