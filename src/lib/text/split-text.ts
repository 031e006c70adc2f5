/**
 * Calls back for every part of a record that may still hold delimiters (a datagram, a body): a delimiter at the end
 * ends the last part, it begins no empty one. A record without any delimiter is one part, even when empty.
 */
export function eachPart(text: string, delimiter: string, take: (part: string) => void): void {
  let from = 0;
  for (let to = text.indexOf(delimiter); to >= 0; to = text.indexOf(delimiter, from)) {
    take(text.slice(from, to));
    from = to + delimiter.length;
  }
  if (from === 0) take(text);
  else if (from < text.length) take(text.slice(from));
}
