/** How much an index has, and of when. */
import type { IndexInfo } from '../store.ts';
import type { Index } from './catalogue.ts';
import type { Core } from './core.ts';
import { bytesOf } from './segment-files.ts';

type Counts = Pick<
  IndexInfo,
  'documents' | 'deleted' | 'bytes' | 'health' | 'earliest' | 'latest' | 'archivedBytes' | 'arrivals'
>;

const DAY = 86_400_000;

export function countsOf(core: Core, index: Index): Counts {
  let documents = 0;
  let deleted = 0;
  let bytes = 0;
  let archived = 0;
  let earliest: number | undefined;
  let latest: number | undefined;
  const within = (from: number | undefined, to: number | undefined): void => {
    if (from !== undefined) earliest = Math.min(earliest ?? from, from);
    if (to !== undefined) latest = Math.max(latest ?? to, to);
  };
  // Days that rows came in, from and to: one for the segments that have the same.
  const arrivals = new Map<string, { from: number; to: number; bytes: number; documents: number }>();
  const arrive = (from: number, to: number, size: number, rows: number): void => {
    const key = `${Math.floor(from / DAY)} ${Math.floor(to / DAY)}`;
    const known = arrivals.get(key);
    if (!known) arrivals.set(key, { from, to, bytes: size, documents: rows });
    else {
      known.from = Math.min(known.from, from);
      known.to = Math.max(known.to, to);
      known.bytes += size;
      known.documents += rows;
    }
  };
  let isWhole = true;
  let isAway = false;
  for (const segment of index.segments) {
    const { info, tombstones, quarantined } = segment;
    if (core.isAway(segment)) isAway = true;
    const own = bytesOf(info);
    bytes += own;
    if (info.archived) archived += own;
    const { arrived: [from, to] = [info.created, info.created] } = info;
    arrive(from, to, own, quarantined === undefined ? info.rows - tombstones.length : 0);
    if (quarantined !== undefined) {
      isWhole = false;
      continue;
    }
    documents += info.rows - tombstones.length;
    deleted += tombstones.length;
    within(info.earliest, info.latest);
  }
  for (const { hot, began } of core.generations.values()) {
    const own = hot.indices.get(index.ix);
    if (!own) continue;
    let gone = 0;
    for (const ix of hot.deadIndex.values()) if (ix === index.ix) gone++;
    documents += own.rows - gone;
    arrive(Math.min(began, core.now()), core.now(), 0, own.rows - gone);
    deleted += gone;
    within(own.earliest, own.latest);
  }
  return {
    documents,
    deleted,
    bytes,
    health: !isWhole ? 'red' : isAway ? 'yellow' : 'green',
    ...(archived > 0 && { archivedBytes: archived }),
    arrivals: [...arrivals.values()],
    ...(earliest === undefined ? {} : { earliest }),
    ...(latest === undefined ? {} : { latest }),
  };
}
