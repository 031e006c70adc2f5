/** `String#succ`. */

const digit = /[0-9]/;
const lower = /[a-z]/;
const alnum = /[0-9a-z]/i;

/** The text that follows: the rightmost letter or digit goes up, with carry. */
export function successor(text: string): string {
  if (text === '') return '';
  const chars = [...text];
  if (!chars.some((char) => alnum.test(char))) {
    const last = chars.length - 1;
    chars[last] = String.fromCodePoint(chars[last]!.codePointAt(0)! + 1);
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
    // Letters left of something else only take the carry when they stand beside it.
    if (next < 0 || (at - next > 1 && !chars.slice(0, next + 1).some((each) => alnum.test(each)))) {
      const more = digit.test(char) ? '1' : lower.test(char) ? 'a' : 'A';
      chars.splice(at, 0, more);
      return chars.join('');
    }
    at = next;
  }
}
