/** What searching needs of DuckDB: the pool in `duckdb.ts` gives it. */
export type SqlValue = string | number | bigint | boolean | null | readonly SqlValue[];

export interface SqlEngine {
  /**
   * Rows as arrays. 64-bit integers are numbers where a number holds them exactly, otherwise bigints.
   * `rows`: so many it has to read, as told to `SearchProgress.expect`.
   * @throws the signal's reason when it is aborted: the running statement is interrupted.
   */
  rows(sql: string, signal?: AbortSignal, rows?: number): Promise<readonly (readonly SqlValue[])[]>;
}
