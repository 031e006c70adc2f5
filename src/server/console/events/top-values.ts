/** The most frequent values of a field among the events of a search. */
import { parseJson } from '../../../event/json.ts';
import type { Query } from '../../../query/tree.ts';
import type { IndexSelection, Store } from '../../../store/store.ts';

export interface ValuesRequest {
  readonly selection: IndexSelection;
  readonly query: Query;
  readonly field: string;
  readonly size: number;
  /** Milliseconds. */
  readonly timeout: number;
}

export interface TopValues {
  readonly values: { value: string | number | boolean; count: number }[];
  readonly other: number;
  readonly missing: number;
  readonly total: number;
  readonly timedOut: boolean;
}

interface Buckets {
  readonly top?: {
    readonly buckets: readonly { key: unknown; key_as_string?: string; doc_count: number }[];
    readonly sum_other_doc_count: number;
  };
  readonly missing?: { readonly doc_count: number };
}

/** @throws StoreError for fields that have no values to count, such as analysed text */
export async function topValues(
  store: Store,
  { selection, query, field, size, timeout }: ValuesRequest,
  signal: AbortSignal,
): Promise<TopValues> {
  const { aggregations, total, timedOut } = await store.search(
    {
      indices: selection,
      query,
      from: 0,
      size: 0,
      sort: [],
      source: false,
      trackTotalHits: true,
      timeout,
      aggregations: {
        top: { type: 'terms', parameters: { field, size } },
        missing: { type: 'missing', parameters: { field } },
      },
    },
    signal,
  );
  const { top, missing } = (aggregations === undefined ? {} : parseJson(aggregations)) as Buckets;
  return {
    values: (top?.buckets ?? []).map(({ key, key_as_string: text, doc_count: count }) => ({
      value: shownKey(key, text),
      count: Number(count),
    })),
    other: Number(top?.sum_other_doc_count ?? 0),
    missing: Number(missing?.doc_count ?? 0),
    total: total?.value ?? 0,
    timedOut,
  };
}

function shownKey(key: unknown, text: string | undefined): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text !== undefined) return text;
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean') return key;
  return JSON.isRawJSON(key) ? (key as { rawJSON: string }).rawJSON : String(key);
}
