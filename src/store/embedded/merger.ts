/**
 * Merges segments of one index that follow one another: rows that are gone stay behind, small files become one, and
 * the last merge of an index sorts within row groups and packs closer. Merged files have sidecars.
 */
import { join } from 'node:path';
import { sqlText } from '../../query/sql-literal.ts';
import { StoreError } from '../errors.ts';
import type { Catalogue, Index, Segment, SegmentInfo } from './catalogue.ts';
import type { Core } from './core.ts';
import type { Duckdb } from './duckdb.ts';
import { IdFilter } from './id-filter.ts';
import { writeIndicators } from './indicator-list.ts';
import { DOCUMENT_COLUMNS, documentsOf, type MergedFiles, writeMergedFiles } from './merged-files.ts';
import { newSegmentId, removeInfo, segmentFile } from './sealer.ts';
import { stemOf } from './segment-files.ts';
import { writeDurably } from './segment-writer.ts';
import { columnType, MAX_COLUMNS, sparseValues } from './sparse-columns.ts';
import { TokenFilterBuilder } from './token-filter.ts';

/** So many small ones are one merge. */
const FAN_IN = 8;
/** So many while rows come in faster than they are sealed: a merge now would be one more of the same rows later. */
const FAN_IN_BUSY = 32;
/** A merge's rows: more stay in several files. */
const MAX_ROWS = 1_000_000;
/** An index that got nothing for so long gets its last merge. */
const QUIET = 3_600_000;
/** An index that got nothing for so long has its new segments merged: searches read fewer files, and of those only what the filters of words let through. */
const CALM = 60_000;
/** A single new segment with fewer rows is not worth it. */
const CALM_ROWS = 2000;
/** Rows in the order of their times before those alike come together: a page of the newest is among so many. */
const SORTED_ROWS = 10_240;
/** Of a segment's rows that are gone: more is worth a merge alone. */
const GONE_SHARE = 0.2;

export interface MergeJob {
  readonly index: Index;
  readonly segments: readonly Segment[];
  readonly isLast: boolean;
}

/**
 * The most useful merge; undefined: none is worth it now. `last`: those left of an index that gets no more.
 * `isBusy`: what can wait does.
 */
export function nextMerge(
  catalogue: Catalogue,
  now: number,
  last?: Index,
  isBusy = false,
): MergeJob | undefined {
  let best: MergeJob | undefined;
  for (const index of last ? [last] : catalogue.indices.values()) {
    const segments = index.segments;
    if (segments.length === 0) continue;
    const newest = Math.max(...segments.map(({ info }) => info.created));
    const isLast = last !== undefined || now - newest > QUIET;
    const isCalm = !isBusy && now - newest > CALM;
    for (const run of runsOf(segments)) {
      const gone = run.find(
        ({ info, tombstones, buried }) => buried.length > 0 && tombstones.length >= info.rows * GONE_SHARE,
      );
      if (
        run.length >= (isBusy ? FAN_IN_BUSY : FAN_IN) ||
        (isLast && (run.length > 1 || run[0]!.info.level < 2))
      ) {
        if (!best || run.length > best.segments.length) best = { index, segments: run, isLast };
        continue;
      }
      const fresh = isCalm ? freshOf(run) : undefined;
      if (fresh) {
        if (!best || fresh.length > best.segments.length) best = { index, segments: fresh, isLast: false };
      } else if (gone && !best) best = { index, segments: [gone], isLast: false };
    }
  }
  return best;
}

/** New segments of a run, with the older ones before them unless those are far larger; undefined: not worth it. */
function freshOf(run: readonly Segment[]): readonly Segment[] | undefined {
  const rowsOf = (segments: readonly Segment[]): number =>
    segments.reduce((sum, { info }) => sum + info.rows, 0);
  const first = run.findIndex(({ info }) => info.level === 0);
  if (first < 0) return undefined;
  // Files that do not agree on their fullest columns would make one with too many.
  if (new Set(run.flatMap(({ info }) => info.columns)).size > MAX_COLUMNS * 2) return undefined;
  const fresh = run.slice(first);
  if (first > 0 && rowsOf(fresh) * 4 >= rowsOf(run)) return run;
  return fresh.length > 1 || (first === 0 && rowsOf(fresh) >= CALM_ROWS) ? fresh : undefined;
}

/** Their merge takes more memory than there is. */
const tooLarge = new WeakSet<Segment>();

/** Nothing is read from it, or written to where it is. */
const stays = (segment: Segment): boolean =>
  segment.quarantined !== undefined || segment.info.archived === true || tooLarge.has(segment);

/** Neighbours that may become one file. */
function runsOf(segments: readonly Segment[]): Segment[][] {
  const runs: Segment[][] = [];
  let run: Segment[] = [];
  let rows = 0;
  for (const segment of segments) {
    const tooBig = rows + segment.info.rows > MAX_ROWS;
    // A file that is large already is not written again for a few rows more.
    // Keys of restored rows are those of the store that they come from.
    const otherKeys = Object.entries(segment.info.sparse ?? {}).some(([name, key]) => name !== key);
    const tooUnlike = segment.info.rows > MAX_ROWS / 2 || otherKeys || stays(segment);
    if (tooBig || tooUnlike) {
      if (run.length > 0) runs.push(run);
      run = [];
      rows = 0;
      if (!stays(segment) && tooUnlike) runs.push([segment]);
      if (tooUnlike) continue;
    }
    run.push(segment);
    rows += segment.info.rows;
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

/** @throws what the disk or the engine say: then nothing changed */
export async function mergeSegments(core: Core, { index, segments, isLast }: MergeJob): Promise<void> {
  const { catalogue } = core;
  for (const { pin } of segments) pin.acquire();
  try {
    // Those that are only in the log must stay tombstones, for the log is replayed.
    const buried = new Map(segments.map((segment) => [segment, segment.buried]));
    const made = await core.merging((duckdb) => writeMerged(core, duckdb, index, segments, buried, isLast));
    if (made === 'too large') return;
    const left = (now: (segment: Segment) => readonly number[]): number[] =>
      segments.flatMap((segment) => {
        const out = new Set(buried.get(segment));
        return now(segment).filter((sequence) => !out.has(sequence));
      });
    try {
      await core.publish(
        () => {
          if (segments.some((segment) => catalogue.segments.get(segment.info.id) !== segment))
            throw new IndexGone();
          const dead = left((segment) => segment.buried);
          return {
            before: [],
            record: {
              t: 'segments',
              add: made ? [made] : [],
              remove: segments.map(({ info }) => info.id),
              dead: made && dead.length > 0 ? { [made.id]: dead } : {},
            },
          };
        },
        () => {
          const inLog = left((segment) => segment.tombstones);
          core.bury(inLog.map((sequence) => [index.ix, sequence, null]));
        },
      );
    } catch (error) {
      if (made) removeInfo(core, made);
      if (error instanceof IndexGone) return;
      throw error;
    }
    if (made && !catalogue.segments.has(made.id)) removeInfo(core, made);
  } finally {
    for (const { pin } of segments) pin.release();
  }
}

class IndexGone extends Error {}

const isOutOfMemory = (error: unknown): boolean => error instanceof StoreError && error.status === 429;

async function writeMerged(
  core: Core,
  duckdb: Duckdb,
  index: Index,
  segments: readonly Segment[],
  buried: ReadonlyMap<Segment, readonly number[]>,
  isLast: boolean,
): Promise<SegmentInfo | 'too large' | undefined> {
  const { catalogue } = core;
  const infos = segments.map(({ info }) => info);
  const columns = [...new Set(infos.flatMap((info) => info.columns))].sort();
  const sparse = [...new Set(infos.flatMap((info) => Object.keys(info.sparse ?? {})))]
    .filter((name) => !columns.includes(name))
    .sort();
  const path = (file: string): string => join(core.folder, file);
  const survivors = (segment: Segment): string => {
    const gone = buried.get(segment)!;
    return gone.length > 0 ? ` WHERE _seq NOT IN (SELECT unnest([${gone.join(',')}]))` : '';
  };
  const parts = segments.map((segment) => {
    const own = new Set(segment.info.columns);
    const inJson = segment.info.sparse ?? {};
    const promoted = columns.filter((name) => !own.has(name) && Object.hasOwn(inJson, name));
    const list = columns.map((name) => {
      if (own.has(name)) return name;
      const value = Object.hasOwn(inJson, name)
        ? `s.${inJson[name]!}`
        : `NULL::${columnType(catalogue.columns, name)}`;
      return `${value} AS ${name}`;
    });
    if (sparse.length > 0) list.push(segment.info.sparse ? '_sparse' : 'NULL::VARCHAR AS _sparse');
    const file = `read_parquet(${sqlText(path(segment.info.file))})`;
    const rows =
      promoted.length === 0
        ? file
        : `(SELECT *, ${sparseValues(catalogue.columns, promoted, inJson)} AS s FROM ${file})`;
    return `SELECT _seq, _index, _id, _version, _explicit, _ignored${list.map((one) => `, ${one}`).join('')} FROM ${rows}${survivors(segment)}`;
  });
  const all = parts.join(' UNION ALL ');
  const times = timesBeside(catalogue, infos);
  const documents = segments
    .map(
      (segment) =>
        `SELECT ${[...DOCUMENT_COLUMNS, ...times].join(', ')} FROM read_parquet(${sqlText(path((segment.info.documents ?? segment.info).file))})${survivors(segment)}`,
    )
    .join(' UNION ALL ');
  const rows = isLast ? sorted(catalogue, columns, all) : all;
  let id = newSegmentId(infos[0]!.first);
  let file = segmentFile(core, index, id);
  let written: MergedFiles | undefined;
  try {
    const packing = isLast ? 'last' : 'merged';
    written = await writeMergedFiles(
      duckdb,
      { columns: rows, documents, alike: !isLast },
      path(file),
      packing,
    );
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    // What is packed closest takes the most. The name must be a new one.
    id = newSegmentId(infos[0]!.first);
    file = segmentFile(core, index, id);
    try {
      written = await writeMergedFiles(duckdb, { columns: all, documents, alike: true }, path(file), 'quick');
    } catch (again) {
      if (!isOutOfMemory(again)) throw again;
      for (const segment of segments) tooLarge.add(segment);
      return 'too large';
    }
  }
  if (!written) return undefined;
  // Only a segment that is merged by itself may have other keys.
  const sparseKeys = Object.fromEntries(sparse.map((name) => [name, infos[0]!.sparse?.[name] ?? name]));
  const short = (path: string): string => path.slice(core.folder.length + 1);
  const stored = documentsOf(written, times, short);
  const stem = path(stemOf(file));
  const sidecars: Record<string, string> = {};
  const explicit = infos.reduce((sum, info) => sum + info.explicit, 0);
  try {
    if (explicit > 0) {
      const { columns: ids, rows } = await duckdb.query(
        `SELECT _id FROM read_parquet(${sqlText(path(file))}) WHERE _explicit`,
        undefined,
        'background',
      );
      await writeDurably(`${stem}.ids`, IdFilter.of((ids[0] ?? []) as string[], rows).encode());
      sidecars['ids'] = short(`${stem}.ids`);
    }
    await writeTokens(duckdb, path(stored.file), `${stem}.tokens`);
    sidecars['tokens'] = short(`${stem}.tokens`);
    if (
      await writeIndicators(catalogue, duckdb, path(file), { columns, sparse: sparseKeys }, `${stem}.values`)
    )
      sidecars['values'] = short(`${stem}.values`);
  } catch (error) {
    removeInfo(core, { file, documents: stored, sidecars });
    throw error;
  }
  const bounds = <K extends 'earliest' | 'latest'>(key: K): number[] =>
    infos.flatMap((info) => (info[key] === undefined ? [] : [info[key]!]));
  const earliest = bounds('earliest');
  const latest = bounds('latest');
  return {
    id,
    ix: index.ix,
    file,
    ...written.columns,
    documents: stored,
    first: Math.min(...infos.map((info) => info.first)),
    last: Math.max(...infos.map((info) => info.last)),
    ...(earliest.length === 0 ? {} : { earliest: Math.min(...earliest) }),
    ...(latest.length === 0 ? {} : { latest: Math.max(...latest) }),
    undated: infos.reduce((sum, info) => sum + info.undated, 0),
    columns,
    ...(sparse.length > 0 && { sparse: sparseKeys }),
    explicit,
    arrived: arrivedOf(infos),
    level: isLast ? 2 : 1,
    created: isLast ? Math.max(...infos.map((info) => info.created)) : Date.now(),
    sidecars,
  };
}

/** From the first to the last; those that do not say it had come when they were made. */
function arrivedOf(infos: readonly SegmentInfo[]): readonly [from: number, to: number] {
  const all = infos.map(({ arrived, created }) => arrived ?? ([created, created] as const));
  return [Math.min(...all.map(([from]) => from)), Math.max(...all.map(([, to]) => to))];
}

/**
 * Columns of `@timestamp` that documents have beside them, so that the newest ones with a word are found without the other
 * columns: those that stand beside the documents of every segment.
 */
const timesBeside = ({ columns }: Catalogue, infos: readonly SegmentInfo[]): string[] =>
  columns
    .of('@timestamp')
    .flatMap(({ number }) => [`c${number}`, `m${number}`])
    .filter((name) => infos.every((info) => (info.documents ?? info).columns.includes(name)));

/** By time, and within so many rows by what makes neighbours alike. */
function sorted(catalogue: Catalogue, columns: readonly string[], all: string): string {
  const column = (field: string): string | undefined =>
    catalogue.columns
      .of(field)
      .map(({ number }) => `c${number}`)
      .find((name) => columns.includes(name));
  const time = column('@timestamp');
  const alike = ['event.dataset', 'event.module', 'host.name', 'host.hostname', 'event.action', 'event.code']
    .map(column)
    .filter((name) => name !== undefined);
  if (alike.length === 0) return time ? `SELECT * FROM (${all}) ORDER BY ${time}, _seq` : all;
  return `SELECT * EXCLUDE (_group) FROM (SELECT *, (row_number() OVER (ORDER BY ${time ? `${time}, ` : ''}_seq) - 1) // ${SORTED_ROWS} AS _group FROM (${all})) ORDER BY _group, ${alike.join(', ')}, ${time ? `${time}, ` : ''}_seq`;
}

/** The file that tells which words may be where. */
async function writeTokens(duckdb: Duckdb, file: string, target: string): Promise<void> {
  const tokens = new TokenFilterBuilder();
  for await (const { columns } of duckdb.stream(`SELECT _source FROM read_parquet(${sqlText(file)})`)) {
    for (const source of columns[0] as string[]) tokens.add(source);
    // Others get their turn.
    await new Promise((done) => setImmediate(done));
  }
  await writeDurably(target, tokens.encode());
}
