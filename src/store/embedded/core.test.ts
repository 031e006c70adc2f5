import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { CatalogueRecord, LiveMapping } from './catalogue.ts';
import { Core } from './core.ts';
import { type DeadRow, FrameBuilder } from './frame.ts';
import { mergeSegments } from './merger.ts';
import { sealGeneration } from './sealer.ts';

const folders: string[] = [];
const cores: Core[] = [];
afterEach(async () => {
  for (const core of cores.splice(0)) await core.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const makeMapping = (): LiveMapping => ({
  version: 1,
  fields: new Map(),
  aliases: new Map(),
  nested: new Set(),
  apply: () => {},
  toJSON: () => ({}),
});

async function open(folder?: string): Promise<Core> {
  if (folder === undefined) folders.push((folder = mkdtempSync(join(tmpdir(), 'millrace-core-'))));
  const core = await Core.open({ folder, makeMapping, memoryLimit: 2 ** 29 });
  cores.push(core);
  return core;
}

async function close(core: Core): Promise<void> {
  cores.splice(cores.indexOf(core), 1);
  await core.close();
}

const setUp: CatalogueRecord[] = [
  { t: 'index', ix: 1, name: 'logs', uuid: 'u', created: 1, mapping: {}, settings: {}, aliases: {} },
  { t: 'column', n: 1, field: '@timestamp', type: 'date' },
  { t: 'column', n: 2, field: 'user', type: 'keyword' },
];

/** Rows with these sequence numbers; `dead` go. */
async function write(
  core: Core,
  sequences: readonly number[],
  { dead = [], records = [], ix = 1 }: { dead?: DeadRow[]; records?: CatalogueRecord[]; ix?: number } = {},
): Promise<void> {
  const frame = new FrameBuilder(1000);
  for (const sequence of sequences) {
    const source = Buffer.from(`{"n":${sequence}, "é":"ü"}`);
    const norm = `{"c1":${sequence * 1000},"c2":"u${sequence}","m2":["a","b"],"_ignored":["x"]}`;
    frame.add(
      { sequence, ix, version: 1, time: sequence * 1000, id: `id${sequence}` },
      source,
      0,
      source.length,
      Buffer.from(norm),
    );
  }
  const { payload, tail } = frame.finish({
    records,
    columns: { [ix]: ['c1', 'c2', 'm2'] },
    dead,
    nextSequence: Math.max(...sequences, 0) + 1,
  });
  await core.commit(payload, tail, false);
}

async function found(core: Core): Promise<number[]> {
  const snapshot = core.snapshot([...core.catalogue.indices.values()]);
  const all: number[] = [];
  for (const rowSet of snapshot.rowSets) {
    const rows = await core.duckdb.rows(
      `SELECT _seq, _index, _id, _version, _source, _ignored, c1, c2, m2 FROM (${rowSet.relation(['c1', 'c2', 'm2'])})`,
    );
    for (const [sequence, index, id, version, source, ignored, c1, c2, m2] of rows) {
      const n = sequence as number;
      if (rowSet.tombstones.includes(n)) continue;
      expect([index, id, version, source, ignored, c1, c2, m2]).toEqual([
        'logs',
        `id${n}`,
        1,
        `{"n":${n}, "é":"ü"}`,
        ['x'],
        n * 1000,
        `u${n}`,
        ['a', 'b'],
      ]);
      all.push(n);
    }
    expect(rowSet.rows).toBe(rows.length);
  }
  snapshot.release();
  return all.sort((a, b) => a - b);
}

async function sealAll(core: Core): Promise<void> {
  await core.rotate();
  for (const generation of [...core.generations.values()]) await sealGeneration(core, generation);
}

describe('Core', () => {
  test('what is committed is found: in memory, after a restart, in segments, merged, and after another restart', async () => {
    let core = await open();
    await write(core, [1, 2, 3], { records: setUp });
    await write(core, [4], { dead: [[1, 2, 'id2']] });
    expect(await found(core)).toEqual([1, 3, 4]);
    await close(core);
    core = await open(core.folder);
    expect(await found(core)).toEqual([1, 3, 4]);
    expect(core.hotIds.get(1, 'id2')?.deleted).toBe(true);
    await sealAll(core);
    expect(readdirSync(join(core.folder, 'log'))).toEqual([]);
    expect(core.generations.size).toBe(0);
    expect(await found(core)).toEqual([1, 3, 4]);
    await write(core, [5, 6], { dead: [[1, 3, 'id3']] });
    expect(await found(core)).toEqual([1, 4, 5, 6]);
    await sealAll(core);
    await write(core, [7], { dead: [[1, 6, 'id6']] });
    expect(await found(core)).toEqual([1, 4, 5, 7]);
    await close(core);
    core = await open(core.folder);
    expect(await found(core)).toEqual([1, 4, 5, 7]);
    const index = core.catalogue.byName.get('logs')!;
    expect(index.segments).toHaveLength(2);
    for (const isLast of [false, true]) {
      await mergeSegments(core, { index, segments: [...index.segments], isLast });
      expect(index.segments).toHaveLength(1);
      expect(await found(core)).toEqual([1, 4, 5, 7]);
      // Row 6 is only dead in the log.
      expect(index.segments[0]!.info.rows).toBe(4);
    }
    expect(Object.keys(index.segments[0]!.info.sidecars)).toEqual(['ids', 'tokens']);
    await sealAll(core);
    await close(core);
    core = await open(core.folder);
    expect(await found(core)).toEqual([1, 4, 5, 7]);
    expect(core.problems.texts).toEqual([]);
  });

  test('a row that goes while its table is sealed stays gone', async () => {
    let core = await open();
    await write(core, [1, 2, 3], { records: setUp });
    await core.rotate();
    await write(core, [4], { dead: [[1, 2, null]] });
    await sealGeneration(core, core.generations.get(1)!);
    expect(await found(core)).toEqual([1, 3, 4]);
    await close(core);
    core = await open(core.folder);
    expect(await found(core)).toEqual([1, 3, 4]);
    await sealAll(core);
    expect(await found(core)).toEqual([1, 3, 4]);
    await close(core);
    core = await open(core.folder);
    expect(await found(core)).toEqual([1, 3, 4]);
  });

  test('a dropped index is gone with its files, but not before its last reader', async () => {
    const core = await open();
    await write(core, [1, 2], { records: setUp });
    await sealAll(core);
    await write(core, [3]);
    const reader = core.snapshot([...core.catalogue.indices.values()]);
    await write(core, [], { records: [{ t: 'drop', ix: 1 }] });
    expect(await found(core)).toEqual([]);
    for (const rowSet of reader.rowSets) await core.duckdb.rows(`SELECT * FROM (${rowSet.relation([])})`);
    reader.release();
    expect(readdirSync(join(core.folder, 'segments', 'logs'))).toEqual([]);
    await sealAll(core);
    await close(core);
    const again = await open(core.folder);
    expect(again.catalogue.indices.size).toBe(0);
    expect(readdirSync(join(core.folder, 'segments'))).toEqual([]);
  });

  test('a damaged segment is found and left out, the others serve', async () => {
    const core = await open();
    await write(core, [1, 2], { records: setUp });
    await sealAll(core);
    await write(core, [3]);
    await sealAll(core);
    const [first] = core.catalogue.byName.get('logs')!.segments;
    const file = join(core.folder, first!.info.file);
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 4;
    writeFileSync(file, bytes);
    expect(await core.verify([...core.catalogue.segments.values()])).toBe(true);
    expect(first!.quarantined).toMatch(/checksum/);
    expect(await found(core)).toEqual([3]);
  });

  test('the engine fails: a new one has the rows from the log', async () => {
    const core = await open();
    await write(core, [1, 2], { records: setUp });
    core.duckdb.onFatal!(new Error('FATAL Error'));
    await write(core, [3]);
    for (let tries = 0; tries < 100 && core.problems.has('engine'); tries++)
      await new Promise((done) => setTimeout(done, 10));
    expect(await found(core)).toEqual([1, 2, 3]);
  });
});

test('the engine of merges rests when nobody needs it, never while it works, and comes back', async () => {
  const core = await open();
  const engine = await core.merging(async (one) => one);
  await core.restMerging();
  expect(await core.merging(async (one) => one)).toBe(engine);
  await core.merging(async (one) => {
    // Nothing runs in it now, but more is to come.
    await core.restMerging(0);
    expect((await one.rows('SELECT 1'))[0]).toEqual([1]);
  });
  await core.restMerging(0);
  const fresh = await core.merging(async (one) => one);
  expect(fresh).not.toBe(engine);
  expect((await fresh.rows('SELECT 1'))[0]).toEqual([1]);
});
