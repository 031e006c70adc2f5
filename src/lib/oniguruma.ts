/**
 * Ruby's regular expressions (Onigmo, Joni) as JavaScript's: the same matches and captures, written so that V8 runs
 * them fast and, wherever the meaning allows, in its linear engine too (no look-ahead, back-reference or large
 * count), to which the process falls back on excessive backtracking.
 *
 * Known differences: `$` also stands before a carriage return (unless at the end of a pattern with `openEnd`); `\b`
 * behind a word and where nothing is known of its sides looks at ASCII letters only, and so does `\B`; case is ignored
 * character by character (`ß` is not `ss`); a back-reference to a group that took no part matches nothing instead of
 * failing, one to a name given twice wants all groups of that name; captures in loops are those of the last round (but
 * see `keepLoopCaptures`), and a round that matches nothing leaves no capture.
 */
import type { Parsed } from './oniguruma/ast.ts';
import { RegexpError } from './oniguruma/ast.ts';
import { emit } from './oniguruma/emit.ts';
import { type CaptureLoop, fillLoopCaptures } from './oniguruma/loops.ts';
import { type ParseOptions, parseRegexp } from './oniguruma/parse.ts';
import { rewrite } from './oniguruma/rewrite.ts';

export { fillLoopCaptures, RegexpError };

export interface TranslateOptions extends ParseOptions {
  /**
   * The caller looks at captures only, not at where the match ends: look-aheads at the end of the pattern may then
   * consume, which keeps it in the linear engine. Default: false.
   */
  readonly openEnd?: boolean;
  /**
   * Groups in loops keep what they held in earlier rounds, as in Ruby, if the caller compiles with the flag `d` and
   * hands matches to `fillLoopCaptures` where `captureLoops` is not empty. Default: false.
   */
  readonly keepLoopCaptures?: boolean;
}

export interface Translation {
  /** For `new RegExp(source, flags)`; add `g` or `y` as needed. Groups are numbered, never named. */
  readonly source: string;
  readonly flags: string;
  /**
   * Groups by JavaScript's numbers, entry 0 unused: Ruby's number and name. Several entries may stand for one group
   * of Ruby (the last that took part counts), and `index` 0 marks helpers to be ignored.
   */
  readonly groups: readonly TranslatedGroup[];
  /** Names of all of Ruby's groups by their numbers (some may have no entry in `groups`: they never take part). */
  readonly names: readonly (string | undefined)[];
  /** It can not hang: V8's linear engine takes it, or it has no loops. Otherwise run it under a guard. */
  readonly linear: boolean;
  /** See `keepLoopCaptures`. */
  readonly captureLoops: readonly CaptureLoop[];
}

export interface TranslatedGroup {
  readonly index: number;
  readonly name: string | undefined;
}

/**
 * Translates a pattern.
 * @throws RegexpError with the offset of what is wrong or has no counterpart
 */
export function translateRegexp(source: string, options: TranslateOptions = {}): Translation {
  const parsed: Parsed = parseRegexp(source, options);
  const emitted = emit(
    rewrite(parsed.tree, options.openEnd ?? false),
    source,
    options.keepLoopCaptures ?? false,
  );
  const groups = emitted.groups.map((index) => ({ index, name: parsed.groups[index]?.name }));
  try {
    new RegExp(emitted.source);
  } catch (error) {
    throw new RegexpError(`can not be compiled (${(error as Error).message.slice(0, 100)})`, source, 0);
  }
  const names = parsed.groups.map((group) => group?.name);
  const { captureLoops } = emitted;
  const linear = emitted.linear || !emitted.loops;
  return { source: emitted.source, flags: '', groups, names, linear, captureLoops };
}

/** Can matching this pattern never hang (see `Translation.linear`)? @throws RegexpError */
export function isLinear(source: string, options: TranslateOptions = {}): boolean {
  return translateRegexp(source, options).linear;
}

/** Compiles a pattern that is only tested or searched for. @throws RegexpError */
export function compileRegexp(
  source: string,
  options: TranslateOptions & { readonly global?: boolean } = {},
): RegExp {
  const translation = translateRegexp(source, options);
  return new RegExp(translation.source, options.global ? 'g' : '');
}
