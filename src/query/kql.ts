/**
 * The Kibana Query Language, whole, and `field ~ /…/` for regular expressions. The language is described in
 * docs/guides/kql.md, whose examples are tests.
 *
 * `field: words` finds any of the words in analysed text and the exact value in every other field; `"…"` is a phrase;
 * without a field all fields are meant.
 */
import { KqlParser } from './kql/parser.ts';
import type { Query } from './tree.ts';

export interface KqlOptions {
  /** Of times in ranges that say none, and of where days begin; UTC if not given. */
  readonly timeZone?: string | undefined;
}

/** Parses; an empty text is everything. @throws QueryError with position, a line that points to it, and a hint */
export function parseKql(text: string, options: KqlOptions = {}): Query {
  return new KqlParser(text, options.timeZone).parse();
}
