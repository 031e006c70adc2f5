/** Text and numbers as Ruby's `inspect` prints them. */

/** Text that `inspect` only puts in quotes: printable ASCII without `"`, `\` and `#`. */
const ORDINARY = /^[ !$-[\]-~]*$/;
/** What has to be escaped: quotes, backslashes, `#` before `{ $ @`, and everything not printable. */
const SPECIAL = /["\\]|#(?=[{$@])|[\p{Cc}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu;

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '#': '\\#',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\v': '\\v',
  '\b': '\\b',
  '\u0007': '\\a',
  '\u001b': '\\e',
  '\u007f': '\\x7F',
};

/** `String#inspect` of UTF-8 text. */
export function rubyString(text: string): string {
  if (ORDINARY.test(text)) return `"${text}"`;
  return `"${text.replace(SPECIAL, escaped)}"`;
}

function escaped(char: string): string {
  const short = escapes[char];
  if (short !== undefined) return short;
  const code = char.codePointAt(0)!.toString(16).toUpperCase();
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
}

/** A number as Ruby prints it: whole ones as integers, others as `Float#to_s`. */
export function rubyFloat(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0.0' : String(value);
  const size = Math.abs(value);
  if (size >= 1e16 || (size < 1e-4 && size > 0)) {
    const [digits, exponent] = value.toExponential().split('e') as [string, string];
    const sign = exponent[0] === '-' ? '-' : '+';
    return `${digits.includes('.') ? digits : `${digits}.0`}e${sign}${exponent.slice(1).padStart(2, '0')}`;
  }
  const text = String(value);
  return /[.]/.test(text) || !Number.isFinite(value) ? text : `${text}.0`;
}
