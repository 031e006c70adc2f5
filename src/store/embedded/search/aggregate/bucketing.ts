/** What a bucket aggregation is to the evaluator: keys in SQL, an order, and how its answer looks. */
import type { SqlValue } from '../sql-engine.ts';

export interface KeyColumn {
  /** The row's bucket, or with `multi` a list of them; NULL: none. */
  readonly sql: string;
  readonly multi: boolean;
  /** NULL is a bucket of its own (composite's `missing_bucket`). */
  readonly nullable?: boolean;
}

export interface Bucket {
  readonly keys: readonly SqlValue[];
  readonly count: number;
  /** Results of the aggregations inside, by name. */
  readonly inside: Readonly<Record<string, unknown>>;
}

/** Expressions that orders are made of: columns of keys, and what a path (`_count`, `price.max`) stands for. */
export interface OrderNames {
  readonly keys: readonly string[];
  /** @throws StoreError for a path that is nothing to order by */
  expression(path: string): string;
}

export interface Bucketing {
  readonly keys: readonly KeyColumn[];
  /** The first `limit` buckets of each parent in this order; without it all of them, by key. */
  readonly limit?: number;
  order?(names: OrderNames): string;
  /** Further condition on groups. */
  having?(names: OrderNames): string | undefined;
  /** Buckets with fewer documents are left out before the limit applies. */
  readonly minimum: number;
  /**
   * The answer for one parent. `documents` and `buckets` count those that the limit cut off, too. `empty` gives what
   * stands inside of a bucket without documents.
   */
  show(
    found: readonly Bucket[],
    all: { readonly documents: number; readonly buckets: number },
    empty: () => Readonly<Record<string, unknown>>,
  ): Record<string, unknown>;
}
