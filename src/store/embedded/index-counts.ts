/** How much an index has, and of when. */
import type { IndexInfo } from '../store.ts';
import type { Index } from './catalogue.ts';
import type { Core } from './core.ts';

type Counts = Pick<
  IndexInfo,
  'documents' | 'deleted' | 'bytes' | 'health' | 'earliest' | 'latest' | 'archivedBytes'
>;

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
  let isWhole = true;
  let isAway = false;
  for (const segment of index.segments) {
    const { info, tombstones, quarantined } = segment;
    if (core.isAway(segment)) isAway = true;
    bytes += info.bytes;
    if (info.archived) archived += info.bytes;
    if (quarantined !== undefined) {
      isWhole = false;
      continue;
    }
    documents += info.rows - tombstones.length;
    deleted += tombstones.length;
    within(info.earliest, info.latest);
  }
  for (const { hot } of core.generations.values()) {
    const own = hot.indices.get(index.ix);
    if (!own) continue;
    let gone = 0;
    for (const ix of hot.deadIndex.values()) if (ix === index.ix) gone++;
    documents += own.rows - gone;
    deleted += gone;
    within(own.earliest, own.latest);
  }
  return {
    documents,
    deleted,
    bytes,
    health: !isWhole ? 'red' : isAway ? 'yellow' : 'green',
    ...(archived > 0 && { archivedBytes: archived }),
    ...(earliest === undefined ? {} : { earliest }),
    ...(latest === undefined ? {} : { latest }),
  };
}
