/**
 * A store that is written to as fast as it goes until the process is killed: rows with ids of the store, documents that are
 * replaced and deleted, indices that are dropped by name or by retention, snapshots that are made and deleted, moves to the
 * archive and back; sealed and merged all the time.
 * Says on stdout what it found, what it is about to do, and what was acknowledged.
 */
import { mkdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { everything } from './store-everything.ts';

export interface Found {
  /** Index → numbers of its rows. */
  readonly rows: Readonly<Record<string, readonly number[]>>;
  /** Id → values: one each. */
  readonly documents: Readonly<Record<string, readonly number[]>>;
  readonly problems: readonly string[];
}

export type Said =
  | { readonly found: Found }
  | { readonly sent: Operation }
  | { readonly acknowledged: Operation };

export type Operation =
  | { readonly rows: readonly [index: string, first: number, count: number] }
  | { readonly documents: readonly (readonly [id: string, value: number | null])[] }
  | { readonly dropped: string };

/** Every other life moves to the archive what is there for a while. */
const archives = process.pid % 2 === 0;
const folder = process.argv[2]!;
const snapshots = process.argv[3]!;
let next = Number(process.argv[4]);

const say = (said: Said): void => {
  writeSync(1, `${JSON.stringify(said)}\n`);
};

const store = await EmbeddedStore.open({
  folder,
  searcher: everything,
  memoryLimit: 2 ** 28,
  reserve: 0,
  archive: archive(`${snapshots}-archive`),
  ...(archives && { retention: [{ pattern: '*', archiveAfter: 150 }] }),
  maintenance: { sealAfter: 60, sealRows: 400, mergeEvery: 100, verifyEvery: 50, retentionEvery: 1e6 },
});
say({ found: await look() });

await Promise.all([writeRows(), writeRows(), writeDocuments(), takeSnapshots(), bringBack()]);

function archive(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}

async function look(): Promise<Found> {
  const rows: Record<string, number[]> = {};
  const documents: Record<string, number[]> = {};
  const { hits } = await store.search({ indices: { names: [] }, query: { type: 'all' } } as never);
  for (const { index, id, source } of hits) {
    const { n } = JSON.parse(source!) as { n: number };
    if (index === 'documents') (documents[id] ??= []).push(n);
    else (rows[index] ??= []).push(n);
  }
  for (const { name, documents: count } of await store.indices({ names: [] })) {
    const seen = name === 'documents' ? Object.values(documents).flat() : (rows[name] ??= []);
    if (seen.length !== count) throw new Error(`${name} says ${count} but has ${seen.length}`);
  }
  return { rows, documents, problems: (await store.status()).problems };
}

async function writeRows(): Promise<void> {
  for (;;) {
    const count = 1 + Math.floor(Math.random() * 200);
    const first = next;
    next += count;
    const index = `rows-${Math.floor(first / 2000)}`;
    await run({ rows: [index, first, count] }, async () => {
      const texts = Array.from({ length: count }, (_, at) =>
        JSON.stringify({ n: first + at, [`f${first % 7}`]: 'x'.repeat(first % 300) }),
      );
      const ends = new Int32Array(count);
      texts.reduce((end, text, at) => (ends[at] = end + text.length), 0);
      const { errors } = await store.bulk({
        source: Buffer.from(texts.join('')),
        ends,
        operations: { action: 'create', index },
      });
      if (errors) throw new Error('rows were refused');
    });
    const old = (await store.indices({ names: ['rows-*'] })).map(({ name }) => name);
    if (old.length > 3) {
      const [dropped] = old.sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));
      await run({ dropped: dropped! }, async () => {
        if (Math.random() < 0.5) await store.deleteIndices({ names: [dropped!], ignoreUnavailable: true });
        else await store.setRetention([{ pattern: dropped!, maxAge: 1 }]);
      });
    }
  }
}

async function writeDocuments(): Promise<void> {
  for (;;) {
    const documents = new Map<string, number | null>();
    for (let count = 1 + Math.floor(Math.random() * 20); count > 0; count--)
      documents.set(`id${Math.floor(Math.random() * 60)}`, Math.random() < 0.2 ? null : next++);
    await run({ documents: [...documents] }, async () => {
      const lines = [...documents].flatMap(([id, n]) =>
        n === null
          ? [JSON.stringify({ delete: { _index: 'documents', _id: id } })]
          : [JSON.stringify({ index: { _index: 'documents', _id: id } }), JSON.stringify({ n })],
      );
      await store.bulkBody({ body: Buffer.from(`${lines.join('\n')}\n`) });
    });
  }
}

async function takeSnapshots(): Promise<void> {
  for (let number = 0; ; number++) {
    await new Promise((done) => setTimeout(done, 150));
    const target = join(snapshots, `${process.pid}-${number}`);
    await store.snapshot(target, { names: ['documents'], ignoreUnavailable: true });
    // What the lives before left behind goes, too; one of them may be half deleted.
    for (const left of await store.snapshots(snapshots)) await store.deleteSnapshot(left.target);
  }
}

/** What the rules moved to the archive comes back from it. */
async function bringBack(): Promise<void> {
  for (;;) {
    await new Promise((done) => setTimeout(done, 200));
    const away = (await store.indices({ names: [] })).filter(({ archivedBytes = 0 }) => archivedBytes > 0);
    const [one] = away;
    if (one) await store.unarchive({ names: [one.name], ignoreUnavailable: true });
  }
}

async function run(operation: Operation, work: () => Promise<void>): Promise<void> {
  say({ sent: operation });
  await work();
  say({ acknowledged: operation });
}
