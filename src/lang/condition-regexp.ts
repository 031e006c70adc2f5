/** Regular expressions of conditions: Ruby's, as in Logstash (`^` and `$` are line anchors, the dot stops there). */
import { translateRegexp } from '../lib/oniguruma.ts';

/**
 * Compiles a pattern of `=~` or `!~`, once at load.
 * @throws Error saying what of the pattern can not be translated
 */
export function compileConditionRegexp(pattern: string): RegExp {
  const { source, flags } = translateRegexp(pattern);
  return new RegExp(source, flags);
}

/** Could it run for ever on some text? Then it is run under a time limit, a whole batch at once. */
export function mayHang(pattern: string): boolean {
  return !translateRegexp(pattern).linear;
}
