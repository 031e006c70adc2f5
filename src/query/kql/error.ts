/** Errors that say what was expected, what is there, where, and how to mend it. */
import { QueryError } from '../query-error.ts';

/**
 * @param expected what could stand here, in the words of the guide
 * @param hint a sentence that says how to mend it
 */
export function syntaxError(
  text: string,
  position: number,
  expected: readonly string[],
  hint?: string,
): QueryError {
  const char = text.codePointAt(position);
  const found = char === undefined ? 'end of input' : `"${String.fromCodePoint(char)}"`;
  return pointedError(text, position, `Expected ${expected.join(', ')} but ${found} found.`, hint);
}

export function pointedError(text: string, position: number, what: string, hint?: string): QueryError {
  return new QueryError('kql_syntax_exception', what, {
    position,
    ...(hint === undefined ? {} : { hint }),
    text: [what, ...pointer(text, position), ...(hint === undefined ? [] : [hint])].join('\n'),
  });
}

const MAX_SHOWN = 100;

/** The line of the position and a caret below it; of long lines the part around it. */
function pointer(text: string, position: number): string[] {
  const start = text.lastIndexOf('\n', position - 1) + 1;
  const end = text.indexOf('\n', position);
  const line = text.slice(start, end < 0 ? undefined : end);
  const column = position - start;
  const from = Math.max(0, column - MAX_SHOWN / 2);
  return [line.slice(from, from + MAX_SHOWN), `${'-'.repeat(column - from)}^`];
}
