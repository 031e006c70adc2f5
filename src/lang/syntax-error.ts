import type { Diagnostic } from '../kernel/diagnostic.ts';

/** The one error of the parser: a config that is not Logstash's language. The diagnostic says where and why. */
export class ConfigSyntaxError extends Error {
  override name = 'ConfigSyntaxError';
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}
