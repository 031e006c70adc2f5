/** What Ruby's String methods do where JavaScript's do something else. */

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13) || code === 0;

/** `String#strip`: ASCII white space and NUL from both ends. */
export function rubyStrip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** `String#split(separator)`: no empty parts at the end; one space means runs of white space; nothing: characters. */
export function rubySplit(text: string, separator: string): string[] {
  const parts =
    separator === ''
      ? Array.from(text)
      : separator === ' '
        ? text.split(/[\0\t-\r ]+/)
        : text.split(separator);
  if (separator === ' ' && parts[0] === '') parts.shift();
  let end = parts.length;
  while (end > 0 && parts[end - 1] === '') end--;
  parts.length = end;
  return parts;
}

/** `String#capitalize`: the first character in upper case, all others in lower case. */
export function rubyCapitalize(text: string): string {
  if (text === '') return text;
  const length = text.codePointAt(0)! > 0xffff ? 2 : 1;
  return text.slice(0, length).toUpperCase() + text.slice(length).toLowerCase();
}
