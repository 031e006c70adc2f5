/** How many events there are over time, as bars in the terminal. */

import type { Query } from '../query/tree.ts';
import type { IndexSelection, SearchRequest, Store } from '../store/store.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Widths of bars in milliseconds. */
const STEPS = [
  SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR,
  12 * HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY,
] as const; // biome-ignore format: a list
const MOST_BARS = 48;

export interface HistogramRequest {
  readonly indices: IndexSelection;
  readonly query: Query;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

export interface Bar {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly count: number;
}

/** Bars without gaps from the first event to the last, or over the times given. */
export async function histogram(
  store: Store,
  { indices, query, from, to }: HistogramRequest,
  signal: AbortSignal,
): Promise<{ readonly bars: readonly Bar[]; readonly step: number }> {
  const base: SearchRequest = {
    indices,
    query,
    from: 0,
    size: 0,
    sort: [],
    source: false,
    trackTotalHits: false,
  };
  const parameters = { field: '@timestamp' };
  const edges = await store.search(
    { ...base, aggregations: { first: { type: 'min', parameters }, last: { type: 'max', parameters } } },
    signal,
  );
  const { first, last } = JSON.parse(edges.aggregations!) as Record<string, { value: number | null }>;
  if (first?.value == null || last?.value == null) return { bars: [], step: STEPS[0] };
  const begin = from ?? first.value;
  const end = Math.max(begin, to === undefined ? last.value : to - 1);
  const step =
    STEPS.find((one) => Math.floor(end / one) - Math.floor(begin / one) < MOST_BARS) ??
    Math.ceil((end - begin) / MOST_BARS / DAY + 1) * DAY;
  const found = await store.search(
    {
      ...base,
      aggregations: {
        bars: {
          type: 'date_histogram',
          parameters: { ...parameters, fixed_interval: `${step}ms`, min_doc_count: 1 },
        },
      },
    },
    signal,
  );
  const { bars } = JSON.parse(found.aggregations!) as {
    bars: { buckets: readonly { key: number; doc_count: number }[] };
  };
  const counts = new Map(bars.buckets.map(({ key, doc_count: count }) => [key, count]));
  const all: Bar[] = [];
  for (let time = Math.floor(begin / step) * step; time <= end; time += step)
    all.push({ time, count: counts.get(time) ?? 0 });
  return { bars: all, step };
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A line a bar: time, count, and a bar that is in proportion. */
export function drawHistogram(bars: readonly Bar[], step: number, width: number): string {
  const most = Math.max(1, ...bars.map(({ count }) => count));
  const digits = most.toLocaleString('en').length;
  const label = step >= DAY ? 10 : step >= MINUTE ? 16 : 19;
  const room = Math.max(10, width - label - digits - 4);
  const lines = bars.map(({ time, count }) => {
    const when = new Date(time).toISOString().slice(0, label).replace('T', ' ');
    const eighths = Math.max(count > 0 ? 1 : 0, Math.round((count / most) * room * 8));
    const bar = '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7]!;
    return `${when}  ${count.toLocaleString('en').padStart(digits)}  ${bar}`.trimEnd();
  });
  return `${lines.join('\n')}\n`;
}
