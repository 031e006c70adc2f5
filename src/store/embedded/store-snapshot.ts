/**
 * Copies of indices in a folder or S3, and back. A snapshot is the segments' files and `snapshot.json`, which is written
 * last.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sqlText } from '../../query/sql-literal.ts';
import { StoreError } from '../errors.ts';
import { globMatch } from '../glob-match.ts';
import { validateIndexName } from '../index-selection.ts';
import type { S3Settings } from '../s3/s3-target.ts';
import type { RestoreOptions } from '../store.ts';
import type { CatalogueRecord, Index, IndexRecord, SegmentInfo, SegmentsRecord } from './catalogue.ts';
import type { Core } from './core.ts';
import { newUuid } from './indices.ts';
import { decodeWhole, encodeLine } from './manifest.ts';
import { documentsOf, writeMergedFiles } from './merged-files.ts';
import { newSegmentId, removeInfo, segmentFile } from './sealer.ts';
import { bytesOf, documentsFile, partsOf } from './segment-files.ts';
import { type SnapshotPlace, snapshotPlace } from './snapshot-place.ts';

export interface SnapshotRecord {
  /** Milliseconds since the epoch. */
  readonly taken?: number;
  readonly index: IndexRecord;
  readonly columns: readonly { readonly n: number; readonly field: string; readonly type: string }[];
  readonly segments: readonly (SegmentInfo & { readonly dead: readonly number[] })[];
}

/** Everything that is sealed. `target` must not hold a snapshot yet. */
export async function snapshotTo(
  core: Core,
  indices: readonly Index[],
  target: string,
  s3: S3Settings,
): Promise<{ indices: readonly string[]; bytes: number }> {
  const place = snapshotPlace(target, s3);
  const chosen = indices.flatMap((index) =>
    index.segments.filter(({ quarantined }) => quarantined === undefined),
  );
  const records = indices.map((index) => recordOf(core, index));
  for (const { pin } of chosen) pin.acquire();
  const bytes = chosen.reduce((sum, { info }) => sum + bytesOf(info), 0);
  const task = core.tasks.begin(`snapshot to ${place.name}`, bytes);
  try {
    const state = await place.state();
    if (state === 'whole' || state === 'deleting')
      throw new StoreError(
        400,
        'invalid_snapshot_name_exception',
        state === 'whole'
          ? `[${place.name}] holds a snapshot already`
          : `[${place.name}] holds a snapshot whose deletion was interrupted: delete it again`,
      );
    await place.begin();
    await place.keep(
      chosen.flatMap(({ info }) =>
        partsOf(info).map((part) => ({ info: part, path: core.pathOf(info, part.file) })),
      ),
      (more) => (task.done += more),
    );
    await place.finish(Buffer.concat(records.map((record) => encodeLine([record]))));
  } finally {
    core.tasks.end(task);
    for (const { pin } of chosen) pin.release();
    await place.close();
  }
  return { indices: indices.map(({ name }) => name), bytes };
}

function recordOf(core: Core, { segments, mapping, ...index }: Index): SnapshotRecord {
  const own = segments.filter(({ quarantined }) => quarantined === undefined);
  const numbers = new Set(
    own.flatMap(({ info }) =>
      [...info.columns, ...Object.keys(info.sparse ?? {})].map((name) => Number(name.slice(1))),
    ),
  );
  return {
    taken: Date.now(),
    index: { ...index, mapping: mapping.toJSON() },
    columns: [...numbers].map((n) => {
      const { field, type } = core.catalogue.columns.get(n);
      return { n, field, type };
    }),
    segments: own.map(({ info: { archived: _, ...info }, tombstones }) => ({ ...info, dead: tombstones })),
  };
}

/** Indices that are there already under these names are an error. */
export async function restoreFrom(
  core: Core,
  change: Change,
  source: string,
  { indices: selection, renamePattern, renameReplacement = '' }: RestoreOptions,
  s3: S3Settings,
): Promise<{ indices: readonly string[] }> {
  const place = snapshotPlace(source, s3);
  try {
    const text = await place.manifest();
    if (!text) throw new StoreError(404, 'snapshot_missing_exception', `[${place.name}] holds no snapshot`);
    let damaged = false;
    const records = decodeWhole(text, () => (damaged = true)) as SnapshotRecord[];
    if (damaged) throw new StoreError(500, 'snapshot_exception', `snapshot.json in ${place.name} is damaged`);
    const patterns = (selection.names.length === 0 ? ['*'] : selection.names).map((name) =>
      globMatch(name === '_all' ? '*' : name),
    );
    const chosen = records
      .filter(({ index }) => patterns.some((matches) => matches(index.name)))
      .map((record) => ({
        record,
        name:
          renamePattern === undefined
            ? record.index.name
            : record.index.name.replace(new RegExp(renamePattern), renameReplacement),
      }));
    for (const { name } of chosen) {
      validateIndexName(name);
      checkAbsent(core, name);
    }
    const all = chosen.flatMap(({ record }) => record.segments);
    const task = core.tasks.begin(
      `restore from ${place.name}`,
      all.reduce((sum, segment) => sum + bytesOf(segment), 0),
    );
    try {
      for (const { record, name } of chosen)
        await restoreIndex(core, change, place, record, name, (bytes) => (task.done += bytes));
    } finally {
      core.tasks.end(task);
    }
    return { indices: chosen.map(({ name }) => name) };
  } finally {
    await place.close();
  }
}

/** For good. What an interrupted deletion left is deleted, too. @throws StoreError 404 when there is none */
export async function deleteSnapshot(target: string, s3: S3Settings): Promise<void> {
  const place = snapshotPlace(target, s3);
  try {
    if ((await place.state()) === undefined)
      throw new StoreError(404, 'snapshot_missing_exception', `[${place.name}] holds no snapshot`);
    await place.remove();
  } finally {
    await place.close();
  }
}

type Change = (change: () => readonly CatalogueRecord[]) => Promise<void>;

function checkAbsent({ catalogue }: Core, name: string): void {
  if (catalogue.byName.has(name))
    throw new StoreError(
      400,
      'snapshot_restore_exception',
      `cannot restore index [${name}] because an open index with same name already exists in the cluster`,
    );
}

/** What can not be brought whole is not there at all. */
async function restoreIndex(
  core: Core,
  change: Change,
  place: SnapshotPlace,
  { index, columns, segments }: SnapshotRecord,
  name: string,
  done: (bytes: number) => void,
): Promise<void> {
  const { catalogue } = core;
  // Columns are numbered in each store for itself, and so are rows: files are written anew where they differ.
  let ix = 0;
  const numbers = new Map<string, string>();
  await change(() => {
    checkAbsent(core, name);
    const added: CatalogueRecord[] = [];
    let next = catalogue.columns.next;
    for (const { n, field, type } of columns) {
      const known = catalogue.columns.of(field).find((column) => column.type === type);
      const number = known?.number ?? next++;
      if (!known) added.push({ t: 'column', n: number, field, type: type as never });
      for (const kind of ['c', 'm']) numbers.set(`${kind}${n}`, `${kind}${number}`);
    }
    ix = catalogue.nextIndex;
    const uuid = newUuid();
    return [
      ...added,
      { ...index, t: 'index', ix, name, uuid, dataStream: index.dataStream ?? undefined } as CatalogueRecord,
    ];
  });
  const made = catalogue.indices.get(ix);
  if (!made) return;
  const add: SegmentInfo[] = [];
  try {
    for (const segment of segments) {
      const info = await importSegment(core, place, made, segment, numbers);
      if (info) add.push(info);
      done(bytesOf(segment));
    }
  } catch (error) {
    for (const info of add) removeInfo(core, info);
    await change(() => [{ t: 'drop', ix }]);
    throw error;
  }
  const record: SegmentsRecord = {
    t: 'segments',
    add,
    remove: [],
    dead: {},
    nextSequence: catalogue.nextSequence,
  };
  // The index is only in the log until the next seal, but the manifest has to know it before its segments.
  const { segments: _, mapping, ...own } = made;
  const known: CatalogueRecord[] = [...numbers.values()]
    .filter((name) => name.startsWith('c'))
    .map((name) => catalogue.columns.get(Number(name.slice(1))))
    .map(({ number, field, type }) => ({ t: 'column', n: number, field, type }));
  await core.publish(
    () => ({ before: [...known, { ...own, t: 'index', mapping: mapping.toJSON() }], record }),
    () => {},
  );
}

/** Rows get new sequence numbers, in their old order; rows that are gone stay behind. */
async function importSegment(
  core: Core,
  place: SnapshotPlace,
  index: Index,
  { dead, ...info }: SegmentInfo & { readonly dead: readonly number[] },
  numbers: ReadonlyMap<string, string>,
): Promise<SegmentInfo | undefined> {
  const { catalogue } = core;
  const staged = join(core.folder, 'tmp', `restore-${randomUUID()}.parquet`);
  const stagedDocuments = info.documents ? documentsFile(staged) : staged;
  try {
    await place.bring(info, staged);
    if (info.documents) await place.bring(info.documents, stagedDocuments);
    const first = catalogue.nextSequence;
    catalogue.nextSequence += info.rows;
    const id = newSegmentId(first);
    const file = segmentFile(core, index, id);
    const columns = info.columns.map((name) => `${name} AS ${numbers.get(name)}`);
    if (info.sparse) columns.push('_sparse');
    const beside = (info.documents?.columns ?? []).map((name) => [name, numbers.get(name)!] as const);
    const rows = (from: string, names: readonly string[]): string =>
      `SELECT ${first} - 1 + row_number() OVER (ORDER BY _seq) AS _seq, ${sqlText(index.name)} AS _index, _id, _version, _ignored${names.map((one) => `, ${one}`).join('')} FROM read_parquet(${sqlText(from)})${
        dead.length > 0 ? ` WHERE _seq NOT IN (SELECT unnest([${dead.join(',')}]))` : ''
      }`;
    const selects = {
      columns: rows(staged, ['true AS _explicit', ...columns]),
      documents: rows(stagedDocuments, [...beside.map(([old, own]) => `${old} AS ${own}`), '_source']),
      alike: true,
    };
    const written = await core.merging((duckdb) =>
      writeMergedFiles(duckdb, selects, join(core.folder, file), 'merged'),
    );
    if (!written) return undefined;
    // Ids that the other store made do not say where rows are in this one: all are looked up exactly.
    return {
      ...info,
      ...written.columns,
      documents: documentsOf(
        written,
        beside.map(([, own]) => own),
        (path) => path.slice(core.folder.length + 1),
      ),
      id,
      ix: index.ix,
      file,
      first,
      last: first + info.rows - 1,
      columns: info.columns.map((name) => numbers.get(name)!),
      ...(info.sparse && {
        sparse: Object.fromEntries(
          Object.entries(info.sparse).map(([name, key]) => [numbers.get(name)!, key]),
        ),
      }),
      explicit: written.columns.rows,
      created: Date.now(),
      sidecars: {},
    };
  } finally {
    for (const each of new Set([staged, stagedDocuments])) await rm(each, { force: true });
  }
}
