/**
 * What has come into a cluster since the last look, whatever time it bears and whoever wrote it. Each shard numbers its
 * writes: the statistics say which shards have new ones, and only those are searched, each behind the number seen last.
 *
 * Writes that run at the same time become visible in another order than they were numbered. So every look goes back to where
 * the look before the last one ended, and leaves out what was given already.
 */
import type { Arrivals, ArrivalsRequest, SearchHit, SearchRequest, ShardPosition } from '../store.ts';
import { type Cluster, path } from './cluster.ts';
import { askShard } from './search.ts';
import { selectionPath } from './selection.ts';

interface Shard {
  readonly index: string;
  readonly number: string;
  readonly max: number;
}

interface Look {
  readonly key: string;
  readonly hits: readonly SearchHit[];
  readonly skipped: number;
  readonly position: ShardPosition;
}

/** Searches at the same time. */
const AT_ONCE = 6;
/** More are counted as so many. */
const MAX_COUNTED = 100_000;

export async function arrivals(
  cluster: Cluster,
  request: ArrivalsRequest,
  signal?: AbortSignal,
): Promise<Arrivals> {
  const shards = await shardsOf(cluster, request, signal);
  const { after } = request;
  const position: Record<string, ShardPosition> = {};
  const changed: (readonly [key: string, shard: Shard, from: ShardPosition])[] = [];
  for (const [key, shard] of shards) {
    // An index that was made since is new as a whole.
    const from = after === undefined ? startAt(shard.max) : (after[key] ?? startAt(-1));
    position[key] = from;
    if (shard.max > from.last || from.before < from.last) changed.push([key, shard, from]);
  }
  const looks: Look[] = [];
  if (after !== undefined) {
    const waiting = changed.values();
    const work = async (): Promise<void> => {
      for (const [key, shard, from] of waiting) {
        const look = await lookAt(cluster, request, shard, from, signal);
        if (look) looks.push({ key, ...look });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
  for (const look of looks) position[look.key] = look.position;
  const hits = looks.flatMap((look) => look.hits);
  const shown = newest(hits, request.size, looks.length > 1);
  const skipped = looks.reduce((sum, look) => sum + look.skipped, 0) + hits.length - shown.length;
  return { hits: shown, skipped, position };
}

const startAt = (last: number): ShardPosition => ({ last, before: last, counted: 0, given: [] });

/** By the identity of their index: one that is deleted and made again begins anew. */
async function shardsOf(
  cluster: Cluster,
  { indices: selection }: ArrivalsRequest,
  signal: AbortSignal | undefined,
): Promise<Map<string, Shard>> {
  const { names } = selectionPath(selection);
  const { indices = {} } = await cluster.json<{ indices?: Readonly<Record<string, any>> }>({
    method: 'GET',
    path: path([names, '_stats', 'docs'], {
      level: 'shards',
      ignore_unavailable: true,
      allow_no_indices: true,
      filter_path: 'indices.*.uuid,indices.*.shards.*.routing.primary,indices.*.shards.*.seq_no.max_seq_no',
    }),
    signal,
  });
  const found = new Map<string, Shard>();
  for (const [index, { uuid, shards = {} }] of Object.entries(indices))
    for (const [number, copies] of Object.entries<any>(shards)) {
      const all = copies as readonly { routing?: { primary?: boolean }; seq_no?: { max_seq_no?: number } }[];
      const max = Math.max(-1, ...all.map(({ seq_no }) => Number(seq_no?.max_seq_no ?? -1)));
      found.set(`${uuid}/${number}`, { index, number, max });
    }
  return found;
}

/** Undefined: the index has gone meanwhile. */
async function lookAt(
  cluster: Cluster,
  { query, source, highlight, size }: ArrivalsRequest,
  { index, number }: Shard,
  from: ShardPosition,
  signal: AbortSignal | undefined,
): Promise<Omit<Look, 'key'> | undefined> {
  const search: SearchRequest = {
    indices: { names: [index], ignoreUnavailable: true },
    query: { type: 'range', field: '_seq_no', gt: from.before },
    postFilter: query,
    from: 0,
    // Those that were given already are among them.
    size: size + from.given.length,
    sort: [
      { field: '_seq_no', order: 'desc' },
      { field: '@timestamp', order: 'desc', unmappedType: 'date' },
    ],
    source,
    ...(highlight && { highlight: { ...highlight, query: highlight.query ?? query } }),
    trackTotalHits: MAX_COUNTED,
    version: true,
    aggregations: { last: { type: 'max', parameters: { field: '_seq_no' } } },
  };
  const found = await askShard(cluster, search, number, signal);
  if (found.shards === 0) return undefined;
  const visible = Number(JSON.parse(found.aggregations ?? '{}').last?.value ?? -1);
  const last = Math.max(from.last, visible);
  const given = new Set(from.given);
  // Where some were left out before, they can not be told from those that came late: these are only counted, too.
  const isAllGiven = from.counted === from.given.length;
  const fresh = found.hits
    .filter(({ seqNo = -1 }) => seqNo > from.last || (isAllGiven && !given.has(seqNo)))
    .slice(0, size);
  const total = found.total?.value ?? 0;
  const isNew = Math.max(fresh.length, total - from.counted);
  return {
    hits: fresh,
    skipped: isNew - fresh.length,
    position: {
      last,
      before: from.last,
      counted: isNew,
      given: fresh.map(({ seqNo = -1 }) => seqNo),
    },
  };
}

/** The newest of all shards, the oldest first: by their time, and within a shard as they came. */
function newest(hits: readonly SearchHit[], size: number, areMixed: boolean): SearchHit[] {
  const time = ({ sort }: SearchHit): number => Number(sort?.[1] ?? 0);
  const ordered = areMixed ? [...hits].sort((a, b) => time(b) - time(a)) : hits;
  return ordered.slice(0, size).reverse();
}
