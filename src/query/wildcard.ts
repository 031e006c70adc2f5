/** Patterns with `*` (any characters) and `?` (one character); `\` takes the meaning from the character behind it. */

/** A piece of literal text, `*` as MANY, `?` as ONE. */
export const MANY = 0;
export const ONE = 1;
export type WildcardPart = string | typeof MANY | typeof ONE;

/** Splits a pattern; runs of `*` are one. */
export function parseWildcard(pattern: string): WildcardPart[] {
  const parts: WildcardPart[] = [];
  let literal = '';
  const end = (): void => {
    if (literal !== '') parts.push(literal);
    literal = '';
  };
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!;
    if (char === '\\' && at + 1 < pattern.length) literal += pattern[++at];
    else if (char === '*') {
      end();
      if (parts.at(-1) !== MANY) parts.push(MANY);
    } else if (char === '?') {
      end();
      parts.push(ONE);
    } else literal += char;
  }
  end();
  return parts;
}

export const hasWildcard = (parts: readonly WildcardPart[]): boolean =>
  parts.some((part) => typeof part === 'number');

/** The text as a pattern for itself. */
export const escapeWildcard = (text: string): string => text.replace(/[*?\\]/g, '\\$&');

/** Tests whole texts, in time of at most text × pattern. */
export function wildcardTest(parts: readonly WildcardPart[]): (text: string) => boolean {
  const [first, second, third] = parts;
  if (parts.length === 0) return (text) => text === '';
  if (parts.length === 1 && typeof first === 'string') return (text) => text === first;
  if (parts.length === 1 && first === MANY) return () => true;
  if (parts.length === 2 && typeof first === 'string' && second === MANY)
    return (text) => text.startsWith(first);
  if (parts.length === 2 && first === MANY && typeof second === 'string')
    return (text) => text.endsWith(second);
  if (parts.length === 3 && first === MANY && typeof second === 'string' && third === MANY) {
    return (text) => text.includes(second);
  }
  return (text) => matches(parts, text);
}

/** Where it fails it goes back to the last `*` only: earlier ones can not do better. */
function matches(parts: readonly WildcardPart[], text: string): boolean {
  let at = 0;
  let part = 0;
  let starPart = -1;
  let starAt = 0;
  while (at < text.length || part < parts.length) {
    const now = parts[part];
    if (now === MANY) {
      starPart = part++;
      starAt = at;
      if (part === parts.length) return true;
      continue;
    }
    if (now === ONE && at < text.length) {
      at += widthAt(text, at);
      part++;
      continue;
    }
    if (typeof now === 'string' && text.startsWith(now, at)) {
      at += now.length;
      part++;
      continue;
    }
    if (starPart < 0 || starAt >= text.length) return false;
    starAt += widthAt(text, starAt);
    at = starAt;
    part = starPart + 1;
  }
  return true;
}

const widthAt = (text: string, at: number): number => (text.codePointAt(at)! > 0xffff ? 2 : 1);
