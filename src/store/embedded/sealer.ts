/** From a hot table to segments: one file for each index, then one line in the manifest, then the log file goes. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sqlText } from '../../query/sql-literal.ts';
import type { Index, SegmentInfo } from './catalogue.ts';
import type { Core, Generation } from './core.ts';
import type { HotIndex } from './hot-table.ts';
import { IdFilter } from './id-filter.ts';
import { filesOf, stemOf } from './segment-files.ts';
import { writeDurably, writeSegment } from './segment-writer.ts';
import { firstColumns } from './sparse-columns.ts';

/** Seals the oldest generation, whose log file gets no more frames. @throws what the disk or the engine say: then nothing changed */
export async function sealGeneration(core: Core, generation: Generation): Promise<void> {
  const { hot, number, dead } = generation;
  const { catalogue } = core;
  await core.complete(generation);
  hot.freeze();
  // Only what this log file itself says of its rows: what later ones say must stay a tombstone, for they are replayed.
  const ownDead = new Set(
    dead.map(([, sequence]) => sequence).filter((sequence) => hot.deadIndex.has(sequence)),
  );
  const add: SegmentInfo[] = [];
  try {
    for (const [ix, stats] of hot.indices) {
      const index = catalogue.indices.get(ix);
      if (!index || stats.rows === 0) continue;
      const info = await sealIndex(core, generation, index, stats, ownDead);
      if (info) add.push(info);
    }
    await core.publish(
      () => ({
        before: generation.records,
        record: {
          t: 'segments',
          add,
          remove: [],
          dead: tombstonesOfSegments(core, generation),
          log: number,
          nextSequence: catalogue.nextSequence,
        },
      }),
      () => {
        const later = [...hot.deadIndex].filter(([sequence]) => !ownDead.has(sequence));
        core.generations.delete(number);
        core.bury(later.map(([sequence, ix]) => [ix, sequence, null]));
        core.hotIds.forget(hot.lastSequence);
      },
    );
  } catch (error) {
    for (const info of add) removeInfo(core, info);
    throw error;
  }
  for (const info of add) if (!catalogue.segments.has(info.id)) removeInfo(core, info);
  generation.pin.retire(() => void hot.drop().catch(() => {}));
  core.log.remove(number);
}

/**
 * Its file has few columns of its own: making all of them takes longer than everything else, and the merge, which writes
 * every row anew, makes them anyway.
 */
async function sealIndex(
  core: Core,
  { hot, began }: Generation,
  index: Index,
  stats: HotIndex,
  ownDead: ReadonlySet<number>,
): Promise<SegmentInfo | undefined> {
  const { dense: columns, sparse } = firstColumns(core.catalogue.columns, stats.columns, core.asked);
  const gone = [...ownDead].filter((sequence) => hot.deadIndex.get(sequence) === index.ix);
  const rowsWithout = gone.length > 0 ? ` AND seq NOT IN (SELECT unnest([${gone.join(',')}]))` : '';
  const list = columns.map((name) => `, s.${name} AS ${name}`);
  if (sparse.length > 0) list.push(', norm AS _sparse');
  const values = `from_json(norm, ${sqlText(hot.structure([...columns, '_ignored']))}) AS s`;
  const select = `SELECT seq AS _seq, ${sqlText(index.name)} AS _index, id AS _id, version AS _version, explicit AS _explicit, s._ignored AS _ignored${list.join('')}, src AS _source FROM (SELECT seq, id, version, explicit, src, norm, ${values} FROM ${hot.table} WHERE ix = ${index.ix}${rowsWithout})`;
  const id = newSegmentId(stats.first);
  const file = segmentFile(core, index, id);
  const path = join(core.folder, file);
  const { rows, bytes, sums } = await writeSegment(core.duckdb, select, path, 'quick', 'background');
  if (rows === 0) return undefined;
  const sidecars: Record<string, string> = {};
  if (stats.explicit > 0) {
    const ids = await core.duckdb.query(
      `SELECT id FROM ${hot.table} WHERE ix = ${index.ix} AND explicit`,
      undefined,
      'background',
    );
    sidecars['ids'] = `${stemOf(file)}.ids`;
    await writeDurably(
      join(core.folder, sidecars['ids']),
      IdFilter.of(ids.columns[0] as string[], ids.rows).encode(),
    );
  }
  return {
    id,
    ix: index.ix,
    file,
    rows,
    bytes,
    sums,
    first: stats.first,
    last: stats.last,
    ...(stats.earliest === undefined ? {} : { earliest: stats.earliest }),
    ...(stats.latest === undefined ? {} : { latest: stats.latest }),
    undated: stats.undated,
    columns,
    ...(sparse.length > 0 && {
      sparse: Object.fromEntries(sparse.map((name) => [name, name])),
      packed: true,
    }),
    explicit: stats.explicit,
    arrived: [Math.min(began, core.now()), core.now()],
    level: 0,
    created: Date.now(),
    sidecars,
  };
}

/** Rows of older segments that this generation's frames took out. */
function tombstonesOfSegments({ catalogue }: Core, { dead, hot }: Generation): Record<string, number[]> {
  const bySegment: Record<string, number[]> = {};
  for (const [ix, sequence] of dead) {
    if (hot.deadIndex.has(sequence)) continue;
    const segment = catalogue.segmentOf(ix, sequence);
    if (segment) (bySegment[segment.info.id] ??= []).push(sequence);
  }
  return bySegment;
}

export const newSegmentId = (first: number): string =>
  `${String(first).padStart(12, '0')}-${randomBytes(5).toString('hex')}`;

/** Its path below the store's folder; makes the folder. */
export function segmentFile(core: Core, index: Index, id: string): string {
  const folder = join('segments', index.name);
  mkdirSync(join(core.folder, folder), { recursive: true, mode: 0o700 });
  return join(folder, `${id}.parquet`);
}

export function removeInfo(core: Core, info: Pick<SegmentInfo, 'file' | 'documents' | 'sidecars'>): void {
  for (const one of filesOf(info)) rmSync(join(core.folder, one), { force: true });
}
