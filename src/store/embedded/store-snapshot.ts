/**
 * Copies of indices in a folder, and back: hard links where the file system can, otherwise copies. A snapshot is a
 * folder with the segments' files and `snapshot.json`, which is written last.
 */
import { randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StoreError, unsupported } from '../errors.ts';
import { validateIndexName } from '../index-selection.ts';
import { globMatch } from '../mapping/dynamic-templates.ts';
import type { RestoreOptions } from '../store.ts';
import type { CatalogueRecord, Index, IndexRecord, SegmentInfo, SegmentsRecord } from './catalogue.ts';
import type { Core } from './core.ts';
import { sqlText } from './duckdb.ts';
import { newUuid } from './indices.ts';
import { decodeLines, encodeLine } from './manifest.ts';
import { newSegmentId, segmentFile } from './sealer.ts';
import { checkSegment, writeDurably, writeSegment } from './segment-writer.ts';

interface SnapshotRecord {
  readonly index: IndexRecord;
  readonly columns: readonly { readonly n: number; readonly field: string; readonly type: string }[];
  readonly segments: readonly (SegmentInfo & { readonly dead: readonly number[] })[];
}

const NAME = 'snapshot.json';

/** Everything that is sealed. `target` must not hold a snapshot yet. */
export async function snapshotTo(
  core: Core,
  indices: readonly Index[],
  target: string,
): Promise<{ indices: readonly string[]; bytes: number }> {
  const folder = localFolder(target);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (await exists(join(folder, NAME)))
    throw new StoreError(400, 'invalid_snapshot_name_exception', `[${target}] holds a snapshot already`);
  const chosen = indices.flatMap((index) =>
    index.segments.filter(({ quarantined }) => quarantined === undefined),
  );
  const records: SnapshotRecord[] = indices.map(({ segments, mapping, ...index }) => {
    const own = segments.filter(({ quarantined }) => quarantined === undefined);
    const numbers = new Set(
      own.flatMap(({ info }) =>
        [...info.columns, ...Object.keys(info.sparse ?? {})].map((name) => Number(name.slice(1))),
      ),
    );
    return {
      index: { ...index, mapping: mapping.toJSON() },
      columns: [...numbers].map((n) => {
        const { field, type } = core.catalogue.columns.get(n);
        return { n, field, type };
      }),
      segments: own.map(({ info, tombstones }) => ({ ...info, dead: tombstones })),
    };
  });
  for (const { pin } of chosen) pin.acquire();
  let bytes = 0;
  try {
    for (const { info } of chosen) {
      bytes += info.bytes;
      for (const file of [info.file, ...Object.values(info.sidecars)])
        await linkOrCopy(join(core.folder, file), join(folder, file));
    }
  } finally {
    for (const { pin } of chosen) pin.release();
  }
  await writeDurably(join(folder, NAME), Buffer.concat(records.map((record) => encodeLine([record]))));
  return { indices: indices.map(({ name }) => name), bytes };
}

/** Indices that are there already under these names are an error. */
export async function restoreFrom(
  core: Core,
  change: (change: () => readonly CatalogueRecord[]) => Promise<void>,
  source: string,
  { indices: selection, renamePattern, renameReplacement = '' }: RestoreOptions,
): Promise<{ indices: readonly string[] }> {
  const folder = localFolder(source);
  const text = await readFile(join(folder, NAME)).catch(() => {
    throw new StoreError(404, 'snapshot_missing_exception', `[${source}] holds no snapshot`);
  });
  let damaged = false;
  const records = decodeLines(text, () => (damaged = true)) as SnapshotRecord[];
  if (damaged) throw new StoreError(500, 'snapshot_exception', `${join(folder, NAME)} is damaged`);
  const patterns = (selection.names.length === 0 ? ['*'] : selection.names).map((name) =>
    globMatch(name === '_all' ? '*' : name),
  );
  const names: string[] = [];
  for (const record of records) {
    if (!patterns.some((matches) => matches(record.index.name))) continue;
    const name =
      renamePattern === undefined
        ? record.index.name
        : record.index.name.replace(new RegExp(renamePattern), renameReplacement);
    validateIndexName(name);
    await restoreIndex(core, change, folder, record, name);
    names.push(name);
  }
  return { indices: names };
}

async function restoreIndex(
  core: Core,
  change: (change: () => readonly CatalogueRecord[]) => Promise<void>,
  folder: string,
  { index, columns, segments }: SnapshotRecord,
  name: string,
): Promise<void> {
  const { catalogue } = core;
  const exists = (): void => {
    if (catalogue.byName.has(name))
      throw new StoreError(
        400,
        'snapshot_restore_exception',
        `cannot restore index [${name}] because an open index with same name already exists in the cluster`,
      );
  };
  exists();
  for (const { file, bytes, sums } of segments) {
    const reason = await checkSegment(join(folder, file), bytes, sums);
    if (reason !== undefined)
      throw new StoreError(500, 'snapshot_restore_exception', `${join(folder, file)}: ${reason}`);
  }
  // Columns are numbered in each store for itself, and so are rows: files are written anew where they differ.
  let ix = 0;
  const numbers = new Map<string, string>();
  await change(() => {
    exists();
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
  for (const segment of segments) {
    const info = await importSegment(core, folder, made, segment, numbers);
    if (info) add.push(info);
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
  folder: string,
  index: Index,
  { dead, ...info }: SegmentInfo & { readonly dead: readonly number[] },
  numbers: ReadonlyMap<string, string>,
): Promise<SegmentInfo | undefined> {
  const { catalogue } = core;
  const staged = join(core.folder, 'tmp', `restore-${randomUUID()}.parquet`);
  await linkOrCopy(join(folder, info.file), staged);
  try {
    const first = catalogue.nextSequence;
    catalogue.nextSequence += info.rows;
    const id = newSegmentId(first);
    const file = segmentFile(core, index, id);
    const columns = info.columns.map((name) => `${name} AS ${numbers.get(name)}`);
    if (info.sparse) columns.push('_sparse');
    const written = await writeSegment(
      await core.mergeDuckdb(),
      `SELECT ${first} - 1 + row_number() OVER (ORDER BY _seq) AS _seq, ${sqlText(index.name)} AS _index, _id, _version, true AS _explicit, _ignored${columns.map((one) => `, ${one}`).join('')}, _source FROM read_parquet(${sqlText(staged)})${
        dead.length > 0 ? ` WHERE _seq NOT IN (SELECT unnest([${dead.join(',')}]))` : ''
      }`,
      join(core.folder, file),
      3,
      'background',
    );
    if (written.rows === 0) return undefined;
    // Ids that the other store made do not say where rows are in this one: all are looked up exactly.
    return {
      ...info,
      ...written,
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
      explicit: written.rows,
      created: Date.now(),
      sidecars: {},
    };
  } finally {
    await rm(staged, { force: true });
  }
}

function localFolder(target: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(target)) throw unsupported(`A snapshot in ${target.split('://')[0]}`);
  return target;
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await rm(to, { force: true });
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to);
  }
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );
