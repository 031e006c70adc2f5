/** Looks for numbers in JSON text that a double would alter; most texts have none and may be parsed the fast way. */

/** An exponent of three digits or more. */
const HUGE_EXPONENT = /\d[eE][+-]?\d{3}/;
/** So many digits (or points) in a row may be more than a double holds. */
const RUN = 16;

const isDigitOrPoint = (code: number): boolean => (code >= 48 && code <= 57) || code === 46;

/**
 * May the text hold a number that needs `parseJson`? True a few times too often (digits in strings), never false for
 * one that does. A run of sixteen covers every sixteenth place, so only those are looked at: several times faster than
 * a regular expression.
 */
export function mayNeedExactNumbers(text: string): boolean {
  const { length } = text;
  for (let at = RUN - 1; at < length; at += RUN) {
    if (!isDigitOrPoint(text.charCodeAt(at))) continue;
    let from = at;
    while (from > 0 && isDigitOrPoint(text.charCodeAt(from - 1))) from--;
    let to = at + 1;
    while (to < length && isDigitOrPoint(text.charCodeAt(to))) to++;
    if (to - from >= RUN) return true;
  }
  return HUGE_EXPONENT.test(text);
}
