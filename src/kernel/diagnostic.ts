/** Messages about configs: `FILE:LINE:COLUMN: error: …`, the source line, a caret, and how to mend it. */

export interface Position {
  /** Name as printed: a path, or `<config.string>`. */
  readonly file: string;
  /** Both from 1; columns count characters. */
  readonly line: number;
  readonly column: number;
}

export interface Diagnostic extends Position {
  readonly severity: 'error' | 'warning' | 'lint';
  readonly message: string;
  /** What would have been right here, in words. */
  readonly expected?: string;
  readonly found?: string;
  /** How to mend it. */
  readonly hint?: string;
  /** Characters under the caret line; 1 unless given. */
  readonly length?: number;
}

/** Formats one diagnostic with its source line; `source` is the text of the file it names. */
export function formatDiagnostic(diagnostic: Diagnostic, source: string | undefined): string {
  const { file, line, column, severity, message } = diagnostic;
  const lines = [`${file}:${line}:${column}: ${severity}: ${message}`];
  const text = source?.split(/\r\n|\n|\r/)[line - 1];
  if (text !== undefined) {
    const indent = text.slice(0, column - 1).replace(/[^\t]/g, ' ');
    const width = Math.max(1, Math.min(diagnostic.length ?? 1, text.length - column + 1));
    lines.push(`  ${text}`, `  ${indent}${'^'.repeat(width)}`);
  }
  if (diagnostic.expected) lines.push(`  expected: ${diagnostic.expected}`);
  if (diagnostic.found) lines.push(`  found: ${diagnostic.found}`);
  if (diagnostic.hint) lines.push(`  hint: ${diagnostic.hint}`);
  return lines.join('\n');
}

/** The nearest of `names` to `name` by edit distance, or undefined when none is near. */
export function suggest(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      current[j] = Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        current[j] = Math.min(current[j]!, beforePrevious[j - 2]! + 1);
      }
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length]!;
}
