/** `String#succ`. */
import { Unsupported } from './class.ts';

const digit = /[0-9]/;
const lower = /[a-z]/;
const alnum = /[0-9a-z]/i;

/** The text that follows: the rightmost letter or digit goes up, with carry. */
export function successor(text: string): string {
  if (text === '') return '';
  if (/[^\0-\x7f]/.test(text)) throw new Unsupported('the successor of such letters');
  const chars = [...text];
  if (!chars.some((char) => alnum.test(char))) {
    const last = chars.length - 1;
    const code = chars[last]!.charCodeAt(0) + 1;
    if (code < 0x20 || code > 0x7e) throw new Unsupported('the successor of such characters');
    chars[last] = String.fromCharCode(code);
    return chars.join('');
  }
  let at = chars.length - 1;
  while (!alnum.test(chars[at]!)) at--;
  for (;;) {
    const char = chars[at]!;
    const wraps = char === '9' || char === 'z' || char === 'Z';
    chars[at] = wraps
      ? char === '9'
        ? '0'
        : char === 'z'
          ? 'a'
          : 'A'
      : String.fromCharCode(char.charCodeAt(0) + 1);
    if (!wraps) return chars.join('');
    let next = at - 1;
    while (next >= 0 && !alnum.test(chars[next]!)) next--;
    // Over a gap, a digit carries to a digit and a letter to a letter only.
    if (next < 0 || (at - next > 1 && digit.test(char) !== digit.test(chars[next]!))) {
      const more = digit.test(char) ? '1' : lower.test(char) ? 'a' : 'A';
      chars.splice(at, 0, more);
      return chars.join('');
    }
    at = next;
  }
}
