/** Ruby's `String#gsub` with templates, as mutate has it. */
import { compileTemplate } from '../event/sprintf.ts';
import type { Event } from '../kernel/event-types.ts';

const translateRegexp = (source: string): { source: string; flags: string } => ({ source, flags: 'm' });

/** A replacement as `String.prototype.replace` takes it. */
type Replacement = string | ((...match: any[]) => string);

export interface Gsub {
  /** Expression and replacement, if they are the same for every event: for `text.replace(regexp, replacement)`. */
  readonly fixed: { readonly regexp: RegExp; readonly replacement: Replacement } | undefined;
  /** @throws Error if what the event makes of the expression is none */
  readonly run: (event: Event, text: string) => string;
}

/** Has the text placeholders? */
export const isDynamic = (text: string): boolean => text.includes('%{');

const MAX_CACHED = 200;

/**
 * Compiles one substitution. An expression with placeholders is compiled per event, and kept while few are in use.
 * @throws Error in words if the expression is none
 */
export function compileGsub(needle: string, replacement: string): Gsub {
  const template = compileTemplate(replacement);
  if (!isDynamic(needle)) {
    const regexp = compileRegexp(needle);
    if (!template.dynamic) {
      const fixed = { regexp, replacement: compileReplacement(replacement) };
      return { fixed, run: (_, text) => text.replace(regexp, fixed.replacement as string) };
    }
    const replacementOf = remembering(compileReplacement);
    return {
      fixed: undefined,
      run: (event, text) => text.replace(regexp, replacementOf(template.format(event)) as string),
    };
  }
  const expression = compileTemplate(needle);
  const regexpOf = remembering(compileRegexp);
  const replacementOf = remembering(compileReplacement);
  return {
    fixed: undefined,
    run: (event, text) =>
      text.replace(regexpOf(expression.format(event)), replacementOf(template.format(event)) as string),
  };
}

function compileRegexp(source: string): RegExp {
  const translated = translateRegexp(source);
  return new RegExp(
    translated.source,
    translated.flags.includes('g') ? translated.flags : `${translated.flags}g`,
  );
}

function remembering<T>(make: (text: string) => T): (text: string) => T {
  const made = new Map<string, T>();
  return (text) => {
    let value = made.get(text);
    if (value === undefined) {
      value = make(text);
      if (made.size >= MAX_CACHED) made.clear();
      made.set(text, value);
    }
    return value;
  };
}

type Piece =
  | { readonly kind: 'text'; text: string }
  | { readonly kind: 'group'; readonly group: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'before' }
  | { readonly kind: 'after' };

/** The pieces of Ruby's replacement text: `\\1`, `\\0`, `\\&`, `\\k<name>`, backquote, quote, `\\\\`. */
function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  const literal = (more: string): void => {
    const last = pieces.at(-1);
    if (last?.kind === 'text') last.text += more;
    else pieces.push({ kind: 'text', text: more });
  };
  for (let at = 0; at < text.length; at++) {
    const next = text[at + 1];
    if (text[at] !== '\\' || next === undefined) {
      literal(text[at]!);
      continue;
    }
    at++;
    const end = next === 'k' && text[at + 1] === '<' ? text.indexOf('>', at) : -1;
    if (/\d/.test(next)) pieces.push({ kind: 'group', group: Number(next) });
    else if (next === '&') pieces.push({ kind: 'group', group: 0 });
    else if (next === '`') pieces.push({ kind: 'before' });
    else if (next === "'") pieces.push({ kind: 'after' });
    else if (next === '\\') literal('\\');
    else if (end > 0) {
      const name = text.slice(at + 2, end);
      pieces.push(/^\d+$/.test(name) ? { kind: 'group', group: Number(name) } : { kind: 'name', name });
      at = end;
    } else literal(`\\${next}`);
  }
  return pieces;
}

function compileReplacement(text: string): Replacement {
  const pieces: Piece[] = text.includes('\\') ? piecesOf(text) : [{ kind: 'text', text }];
  if (pieces.every((piece) => piece.kind === 'text')) {
    return pieces.map((piece) => piece.text.replaceAll('$', '$$$$')).join('');
  }
  return (...match) => {
    // Match, groups 1 to n, offset, whole text, and the named groups if there are any.
    const named = typeof match.at(-1) === 'object' ? match.pop() : undefined;
    const whole: string = match.pop();
    const offset: number = match.pop();
    let made = '';
    for (const piece of pieces) {
      if (piece.kind === 'text') made += piece.text;
      else if (piece.kind === 'group') made += match[piece.group] ?? '';
      else if (piece.kind === 'before') made += whole.slice(0, offset);
      else if (piece.kind === 'after') made += whole.slice(offset + match[0].length);
      else if (named === undefined || !Object.hasOwn(named, piece.name))
        throw new Error(`undefined group name reference: ${piece.name}`);
      else made += named[piece.name] ?? '';
    }
    return made;
  };
}
