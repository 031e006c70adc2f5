/** What searching needs of DuckDB: the pool in `duckdb.ts` gives it. */
export type SqlValue = string | number | bigint | boolean | null | readonly SqlValue[];

export interface SqlEngine {
  /**
   * Rows as arrays. 64-bit integers are numbers where a number holds them exactly, otherwise bigints.
   * @throws the signal's reason when it is aborted: the running statement is interrupted.
   */
  rows(sql: string, signal?: AbortSignal): Promise<readonly (readonly SqlValue[])[]>;
}
