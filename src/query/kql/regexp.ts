/**
 * `field ~ /…/` as Lucene's regular expression. It is written as everywhere else: found anywhere in the value, `^` and
 * `$` at the ends of an alternative, `\d \w \s`, and Lucene's own operators are ordinary characters. What a linear
 * matcher can not do (look-around, back-references, `\b`) is an error.
 */

/** Of the whole value. @throws Error in words for the user */
export function luceneFromRegexp(pattern: string): string {
  return alternatives(pattern).map(anchored).join('|');
}

/** Splits at `|` outside of groups and classes. */
function alternatives(pattern: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === '\\') at++;
    else if (char === '[') at = classEnd(pattern, at);
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === '|' && depth === 0) {
      found.push(pattern.slice(start, at));
      start = at + 1;
    }
  }
  found.push(pattern.slice(start));
  return found;
}

function classEnd(pattern: string, from: number): number {
  let at = from + (pattern[from + 1] === '^' ? 2 : 1);
  if (pattern[at] === ']') at++;
  for (; at < pattern.length && pattern[at] !== ']'; at++) if (pattern[at] === '\\') at++;
  return at;
}

function anchored(alternative: string): string {
  let body = alternative;
  const atStart = body.startsWith('^');
  if (atStart) body = body.slice(1);
  const slashes = /\\*\$$/.exec(body)?.[0].length ?? 0;
  const atEnd = slashes % 2 === 1;
  if (atEnd) body = body.slice(0, -1);
  return `${atStart ? '' : '.*'}(${converted(body)})${atEnd ? '' : '.*'}`;
}

const CONTROL: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f', v: '\v', 0: '\0' };

function converted(body: string): string {
  let result = '';
  for (let at = 0; at < body.length; at++) {
    const char = body[at]!;
    if (char === '\\') {
      const { text, length } = escaped(body, at);
      result += text;
      at += length - 1;
    } else if (char === '[') {
      const end = classEnd(body, at);
      result += classText(body.slice(at, end + 1));
      at = end;
    } else if (char === '(' && body[at + 1] === '?') {
      if (body[at + 2] !== ':') throw new Error('groups with `(?` other than `(?:` are not supported');
      result += '(';
      at += 2;
    } else if (char === '^' || char === '$') {
      throw new Error(`\`${char}\` is supported at the ends of the expression and of its alternatives only`);
    } else if ('"@#&<>~'.includes(char)) result += `\\${char}`;
    else if (char === '?' && /[*+?}]/.test(body[at - 1] ?? '') && body[at - 2] !== '\\') {
      // Lazy or not makes no difference to whether it matches.
    } else result += char;
  }
  return result;
}

function escaped(body: string, at: number): { text: string; length: number } {
  const next = body[at + 1];
  if (next === undefined) throw new Error('a character is missing behind `\\`');
  if (/[dwsDWS]/.test(next)) return { text: `\\${next}`, length: 2 };
  if (Object.hasOwn(CONTROL, next)) return { text: CONTROL[next]!, length: 2 };
  const hex = /^(?:x([\da-f]{2})|u([\da-f]{4})|u\{([\da-f]{1,6})\})/i.exec(body.slice(at + 1, at + 11));
  if (hex) {
    const code = Number.parseInt(hex[1] ?? hex[2] ?? hex[3]!, 16);
    if (code > 0x10ffff) throw new Error('there is no such character');
    return { text: `\\${String.fromCodePoint(code)}`, length: hex[0].length + 1 };
  }
  if (/[\da-z]/i.test(next)) throw new Error(`\`\\${next}\` is not supported`);
  return { text: `\\${next}`, length: 2 };
}

/** In classes only escapes differ. */
function classText(text: string): string {
  let result = '';
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '\\') result += text[at];
    else {
      const unit = escaped(text, at);
      result += unit.text;
      at += unit.length - 1;
    }
  }
  return result;
}
