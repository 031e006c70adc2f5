/** From a hot table to segments: one file for each index, then one line in the manifest, then the log file goes. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sqlText } from '../../query/sql-literal.ts';
import type { Index, SegmentInfo } from './catalogue.ts';
import type { Core, Generation } from './core.ts';
import type { HotIndex } from './hot-table.ts';
import { IdFilter } from './id-filter.ts';
import { type Family, familiesOf, wholeOf } from './row-families.ts';
import { filesOf, stemOf } from './segment-files.ts';
import { type WrittenFile, writeDurably, writeSegment } from './segment-writer.ts';
import { columnType, MAX_COLUMNS, sparseText, splitColumns, textIfAny } from './sparse-columns.ts';

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

/** Sealed SELECTs have the columns of the segment's contract, and whether the sender chose the id. */
async function sealIndex(
  core: Core,
  { hot, began }: Generation,
  index: Index,
  stats: HotIndex,
  ownDead: ReadonlySet<number>,
): Promise<SegmentInfo | undefined> {
  const { catalogue } = core;
  const { dense: columns, sparse } = await columnsOf(core, hot, index.ix, stats);
  const gone = [...ownDead].filter((sequence) => hot.deadIndex.get(sequence) === index.ix);
  const rowsWithout = gone.length > 0 ? ` AND seq NOT IN (SELECT unnest([${gone.join(',')}]))` : '';
  const selectOf = (families: readonly Family[]): string =>
    families
      .map(({ where, columns: own, others }) => {
        const list = columns.map((name) =>
          own.has(name)
            ? `, s.${name} AS ${name}`
            : `, NULL::${columnType(catalogue.columns, name)} AS ${name}`,
        );
        const read = columns.filter((name) => own.has(name));
        // Looking at a few more columns costs less than counting the names in the text.
        const few = others !== undefined && others.size <= FEW_OTHERS ? [...others] : undefined;
        if (sparse.length > 0)
          list.push(`, ${few ? textIfAny('norm', few) : sparseText('norm', read)} AS _sparse`);
        if (sparse.length > 0 && few) read.push(...few);
        const values = `from_json(norm, ${sqlText(hot.structure([...read, '_ignored']))}) AS s`;
        return `SELECT seq AS _seq, ${sqlText(index.name)} AS _index, id AS _id, version AS _version, explicit AS _explicit, s._ignored AS _ignored${list.join('')}, src AS _source FROM (SELECT seq, id, version, explicit, src, norm, ${values} FROM ${hot.table} WHERE ix = ${index.ix}${where}${rowsWithout})`;
      })
      .join(' UNION ALL ');
  const id = newSegmentId(stats.first);
  const file = segmentFile(core, index, id);
  const path = join(core.folder, file);
  const write = (families: readonly Family[]): Promise<WrittenFile> =>
    writeSegment(core.duckdb, selectOf(families), path, 'quick', 'background');
  const families = familiesOf(stats, columns);
  let written = await write(families);
  if (families.length > 1 && written.rows !== stats.rows - gone.length) {
    // No row may be lost because its kind is not known.
    rmSync(path, { force: true });
    written = await write([wholeOf(columns)]);
  }
  const { rows, bytes, sums } = written;
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
    ...(sparse.length > 0 && { sparse: Object.fromEntries(sparse.map((name) => [name, name])) }),
    explicit: stats.explicit,
    arrived: [Math.min(began, core.now()), core.now()],
    level: 0,
    created: Date.now(),
    sidecars,
  };
}

/** Of the columns that few rows fill: so many are looked at one by one. */
const FEW_OTHERS = 32;

/** Rows by which the fullest columns are chosen. */
const SAMPLE = 2000;

/** The columns that the segment gets, and those that go into `_sparse`. */
async function columnsOf(
  core: Core,
  hot: Generation['hot'],
  ix: number,
  { columns, rows }: HotIndex,
): Promise<{ dense: string[]; sparse: string[] }> {
  if (columns.size <= MAX_COLUMNS) return { dense: [...columns].sort(), sparse: [] };
  const every = Math.ceil(rows / SAMPLE);
  const sample = `SELECT norm, row_number() OVER () % ${every} AS place FROM ${hot.table} WHERE ix = ${ix}`;
  const found = await core.duckdb.query(
    `SELECT name, count(*) FROM (SELECT unnest(json_keys(norm)) AS name FROM (${sample}) WHERE place = 0) GROUP BY name`,
    undefined,
    'background',
  );
  const counts = new Map<string, number>();
  for (let at = 0; at < found.rows; at++)
    counts.set(found.columns[0]![at] as string, Number(found.columns[1]![at]));
  // Keys within objects that are kept as one text are looked for in their columns only.
  const isFlattened = (name: string): boolean =>
    core.catalogue.columns.get(Number(name.slice(1))).type === 'flattened';
  return splitColumns(columns, counts, Math.floor(rows / every), isFlattened);
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
