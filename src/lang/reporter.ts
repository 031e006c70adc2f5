import type { Diagnostic, Position } from '../kernel/diagnostic.ts';

interface ReportDetails {
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
  readonly hint?: string | undefined;
  readonly length?: number | undefined;
}

/** Collects the messages about one check; the same message about the same place counts once. */
export class Reporter {
  readonly #seen = new Map<string, Diagnostic>();
  #errors = 0;

  report(
    severity: Diagnostic['severity'],
    { file, line, column }: Position,
    message: string,
    details: ReportDetails = {},
  ): void {
    const { expected, found, hint, length } = details;
    this.add({
      file,
      line,
      column,
      severity,
      message,
      ...(expected !== undefined && { expected }),
      ...(found !== undefined && { found }),
      ...(hint !== undefined && { hint }),
      ...(length !== undefined && { length }),
    });
  }

  add(diagnostic: Diagnostic): void {
    const { file, line, column, message } = diagnostic;
    const key = `${file}\n${line}:${column} ${message}`;
    if (this.#seen.has(key)) return;
    this.#seen.set(key, diagnostic);
    if (diagnostic.severity === 'error') this.#errors++;
  }

  /** Errors first, then warnings, then lints; each by file (in the order of their first message) and place. */
  get diagnostics(): Diagnostic[] {
    const severities = ['error', 'warning', 'lint'];
    const files = [...new Set([...this.#seen.values()].map((each) => each.file))];
    return [...this.#seen.values()].sort(
      (a, b) =>
        severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
        files.indexOf(a.file) - files.indexOf(b.file) ||
        a.line - b.line ||
        a.column - b.column,
    );
  }

  get errors(): number {
    return this.#errors;
  }
}
