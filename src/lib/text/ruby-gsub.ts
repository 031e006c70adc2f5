/** Ruby's `String#gsub` with templates, as mutate has it. */
import { compileTemplate } from '../../event/sprintf.ts';
import type { Event } from '../../kernel/event-types.ts';
import { type TranslatedGroup, translateRegexp } from '../oniguruma.ts';

/** A replacement as `String.prototype.replace` takes it. */
type Replacement = string | ((...match: any[]) => string);

interface Expression {
  readonly regexp: RegExp;
  readonly linear: boolean;
  readonly groups: readonly TranslatedGroup[];
}

export interface Gsub {
  /** Expression and replacement, if they are the same for every event: for `text.replace(regexp, replacement)`. */
  readonly fixed: { readonly regexp: RegExp; readonly replacement: Replacement } | undefined;
  /** It can not hang on any text. Otherwise it has to run under a guard. */
  readonly linear: boolean;
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
    const { regexp, groups, linear } = compileExpression(needle);
    if (!template.dynamic) {
      const fixed = { regexp, replacement: compileReplacement(replacement, groups) };
      return { fixed, linear, run: (_, text) => text.replace(regexp, fixed.replacement as string) };
    }
    const replacementOf = remembering((text) => compileReplacement(text, groups));
    return {
      fixed: undefined,
      linear,
      run: (event, text) => text.replace(regexp, replacementOf(template.format(event)) as string),
    };
  }
  const expression = compileTemplate(needle);
  const expressionOf = remembering(compileExpression);
  return {
    fixed: undefined,
    linear: false,
    run: (event, text) => {
      const { regexp, groups } = expressionOf(expression.format(event));
      return text.replace(regexp, compileReplacement(template.format(event), groups) as string);
    },
  };
}

function compileExpression(source: string): Expression {
  const { source: translated, flags, groups, linear } = translateRegexp(source);
  return { regexp: new RegExp(translated, `${flags}g`), groups, linear };
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

/** JavaScript's groups that stand for a group of Ruby; of several at most one takes part in a match. */
function groupsOf(piece: Piece, groups: readonly TranslatedGroup[]): readonly number[] {
  const found: number[] = [];
  groups.forEach((group, at) => {
    if (at === 0 || group.index === 0) return;
    if (
      piece.kind === 'name'
        ? group.name === piece.name
        : piece.kind === 'group' && group.index === piece.group
    )
      found.push(at);
  });
  if (piece.kind === 'name' && found.length === 0)
    throw new Error(`undefined group name reference: ${piece.name}`);
  return piece.kind === 'group' && piece.group === 0 ? [0] : found;
}

function compileReplacement(text: string, groups: readonly TranslatedGroup[]): Replacement {
  const pieces: Piece[] = text.includes('\\') ? piecesOf(text) : [{ kind: 'text', text }];
  const only = pieces[0];
  if (pieces.length === 0) return '';
  if (pieces.length === 1 && only?.kind === 'text') return only.text.replaceAll('$', '$$$$');
  const sources = pieces.map((piece) => groupsOf(piece, groups));
  return (...match) => {
    // Match, groups 1 to n, offset, whole text.
    const whole: string = match.at(-1);
    const offset: number = match.at(-2);
    let made = '';
    for (const [at, piece] of pieces.entries()) {
      if (piece.kind === 'text') made += piece.text;
      else if (piece.kind === 'before') made += whole.slice(0, offset);
      else if (piece.kind === 'after') made += whole.slice(offset + match[0].length);
      else for (const group of sources[at]!) made += match[group] ?? '';
    }
    return made;
  };
}
