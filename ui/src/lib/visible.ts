/** Text that somebody else wrote, so that it can be read as it is: nothing of it turns, hides or feigns other text. */

// What changes the direction of text or can not be seen is shown as a sign.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

const hex = (char: string): string => char.charCodeAt(0).toString(16).padStart(4, '0');

const sign = (char: string): string => {
  const code = char.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `\u27e8U+${hex(char).toUpperCase()}\u27e9`;
};

/** Text for people, cut where it is longer than `max`. */
export function visible(value: string | number | boolean, max = 500): string {
  const text = String(value);
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return cut.replace(UNSEEN, sign);
}

/** JSON text that means the same, and has no such characters. */
export const visibleJson = (json: string): string =>
  json.replace(UNSEEN, (char) => (char < ' ' ? char : `\\u${hex(char)}`));
