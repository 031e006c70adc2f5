/** What is wrong with a query, in Elasticsearch's words where it has some; the store answers with it. */
export class QueryError extends Error {
  readonly status: number = 400;
  /** e.g. `parsing_exception` */
  readonly type: string;
  readonly reason: string;
  /** Offset in the query's text (UTF-16 units), where it is known. */
  readonly position: number | undefined;
  /** What would mend it, as a sentence. */
  readonly hint: string | undefined;

  constructor(type: string, reason: string, where: { position?: number; hint?: string; text?: string } = {}) {
    super(where.text ?? reason);
    this.name = 'QueryError';
    this.type = type;
    this.reason = reason;
    this.position = where.position;
    this.hint = where.hint;
  }
}

/** Trees nested deeper than this are refused (Elasticsearch's limit for `bool`). */
export const MAX_DEPTH = 30;
/** Clauses in one query (Elasticsearch scales its limit with memory, at least 1,024). */
export const MAX_CLAUSES = 8192;
/** Values in one `terms` (Elasticsearch's `index.max_terms_count`). */
export const MAX_TERMS = 65_536;
/** Characters of one pattern (Elasticsearch's `index.max_regex_length`). */
export const MAX_PATTERN = 1000;

export const tooDeep = (): QueryError =>
  new QueryError(
    'illegal_argument_exception',
    `The nested depth of the query exceeds the maximum nested depth for queries set in [indices.query.bool.max_nested_depth]: ${MAX_DEPTH}`,
  );

export const tooManyClauses = (): QueryError =>
  new QueryError(
    'too_many_nested_clauses',
    `Query contains too many nested clauses; maxClauseCount is set to ${MAX_CLAUSES}`,
  );

export const tooManyTerms = (field: string, count: number): QueryError =>
  new QueryError(
    'illegal_argument_exception',
    `The number of terms [${count}] used in the Terms Query request on [${field}] has exceeded the allowed maximum of [${MAX_TERMS}].`,
  );
