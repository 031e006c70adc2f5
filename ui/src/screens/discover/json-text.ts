/** JSON text with line breaks and indents between its tokens; no token is altered. */
const MAX = 2_000_000;

export function indentJson(text: string): string {
  if (text.length > MAX) return text;
  const out: string[] = [];
  let depth = 0;
  const line = (): void => void out.push(`\n${'  '.repeat(Math.min(depth, 60))}`);
  for (let at = 0; at < text.length; ) {
    const char = text[at]!;
    if (char === '"') {
      const end = stringEnd(text, at);
      out.push(text.slice(at, end));
      at = end;
      continue;
    }
    if (char === '{' || char === '[') {
      const close = /^\s*[}\]]/.exec(text.slice(at + 1, at + 100));
      if (close) {
        out.push(char, close[0].trim());
        at += 1 + close[0].length;
        continue;
      }
      out.push(char);
      depth++;
      line();
    } else if (char === '}' || char === ']') {
      depth--;
      line();
      out.push(char);
    } else if (char === ',') {
      out.push(char);
      line();
    } else if (char === ':') out.push(': ');
    else if (char > ' ') out.push(char);
    at++;
  }
  return out.join('');
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}
