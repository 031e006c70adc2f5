/** Snapshots in S3 against gofakes3, behind Amazon's own signer. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EmbeddedStore } from '../../../src/store/embedded/embedded-store.ts';
import { embeddedSearcher } from '../../../src/store/embedded/search/searcher.ts';
import { sumFile } from '../../../src/store/embedded/segment-writer.ts';
import { S3Client } from '../../../src/store/s3/s3-client.ts';
import { type S3Settings, s3Target } from '../../../src/store/s3/s3-target.ts';
import { buildGoProgram } from '../../support/go-program.ts';
import { describePeer, Peer } from '../../support/peers.ts';
import { startStoreApi } from '../../support/store-api.ts';

const built = await buildGoProgram(import.meta.dirname);
const program = 'path' in built ? built.path : '';

describePeer('gofakes3', ['missing' in built ? built.missing : undefined], () => {
  const folders: string[] = [];
  const closing: (() => Promise<unknown>)[] = [];
  let root = '';
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'millrace-s3-'));
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  async function serve(...flags: string[]): Promise<{ peer: Peer; endpoint: string }> {
    const peer = new Peer(program, flags);
    closing.push(() => peer.stop());
    for (let tries = 0; !peer.output.includes('\n') && tries < 200; tries++)
      await new Promise((done) => setTimeout(done, 25));
    return { peer, endpoint: peer.output.split('\n', 1)[0]! };
  }

  async function open(s3: S3Settings): Promise<EmbeddedStore> {
    const folder = join(root, String(folders.length));
    folders.push(folder);
    mkdirSync(folder);
    const store = await EmbeddedStore.open({ folder, searcher: embeddedSearcher, reserve: 0, s3 });
    closing.push(() => store.close());
    return store;
  }

  const key: S3Settings = { accessKey: 'key', secretKey: 'secret' };

  async function write(store: EmbeddedStore, index: string, count: number): Promise<void> {
    const lines = Array.from({ length: count }, (_, n) => `{"create":{"_index":"${index}"}}\n{"n":${n}}\n`);
    const { errors } = await store.bulkBody({ body: Buffer.from(lines.join('')) });
    expect(errors).toBe(false);
  }
  const count = async (store: EmbeddedStore, index: string): Promise<number> =>
    (await store.count({ names: [index] }, { type: 'all' })).count;
  const uploads = (peer: Peer): string[] => peer.output.match(/^PUT .*\.parquet.*$/gm) ?? [];

  test('a snapshot goes there and comes back into another store; a second one sends only what is new', async () => {
    const { peer, endpoint } = await serve();
    const store = await open({ ...key, endpoint });
    await write(store, 'logs-ü+(1)', 100);
    await write(store, 'logs-2', 50);
    expect(await store.snapshot('s3://backup/millrace/one', { names: [] })).toMatchObject({
      indices: expect.arrayContaining(['logs-2']),
    });
    expect(uploads(peer)).toHaveLength(2);
    // The manifest is last.
    expect(peer.output.trimEnd().split('\n').at(-1)).toBe('PUT /backup/millrace/one/snapshot.json');
    await write(store, 'logs-3', 10);
    await store.snapshot('s3://backup/millrace/two', { names: [] });
    expect(uploads(peer)).toHaveLength(3);
    await expect(store.snapshot('s3://backup/millrace/two', { names: [] })).rejects.toThrow(
      /holds a snapshot already/,
    );

    const other = await open(key);
    const source = `s3://backup/millrace/two?endpoint=${encodeURIComponent(endpoint)}`;
    expect((await other.restore(source, { indices: { names: [] } })).indices).toHaveLength(3);
    expect(await count(other, 'logs-*')).toBe(160);
    await expect(other.restore(source, { indices: { names: [] } })).rejects.toThrow(/already exists/);
    await expect(
      other.restore(source.replace('/two', '/three'), { indices: { names: [] } }),
    ).rejects.toMatchObject({ status: 404 });
    expect((await other.status()).tasks).toEqual([]);
  });

  test('what is deleted takes the data with it that no other snapshot needs; an interrupted deletion goes on', async () => {
    const { endpoint } = await serve();
    const settings = { ...key, endpoint };
    const store = await open(settings);
    const client = new S3Client(s3Target('s3://backup/m/x', settings));
    closing.push(() => client.close());
    const segments = async (): Promise<number> => (await client.list('m/segments/')).size;
    await write(store, 'shared', 20);
    await store.snapshot('s3://backup/m/one', { names: [] });
    await write(store, 'only-two', 20);
    await store.snapshot('s3://backup/m/two', { names: [] });
    await store.deleteIndices({ names: ['*'] });
    expect(await segments()).toBe(2);
    await store.deleteSnapshot('s3://backup/m/two');
    expect(await segments()).toBe(1);
    expect((await store.snapshots('s3://backup/m')).map(({ target }) => target)).toEqual([
      's3://backup/m/one',
    ]);
    await store.restore('s3://backup/m/one', { indices: { names: [] } });
    expect(await count(store, 'shared')).toBe(20);

    // As if the process had ended between its first steps.
    await client.put('m/one/snapshot.deleting', (await client.get('m/one/snapshot.json'))!);
    await client.remove('m/one/snapshot.json');
    expect(await store.snapshots('s3://backup/m')).toMatchObject([
      { problem: expect.stringContaining('interrupted') },
    ]);
    await store.deleteSnapshot('s3://backup/m/one');
    expect((await client.list('m/')).size).toBe(0);
    await expect(store.deleteSnapshot('s3://backup/m/one')).rejects.toMatchObject({ status: 404 });

    // What another snapshot needs is not known when it is damaged: then nothing is deleted of the data.
    await store.snapshot('s3://backup/m/three', { names: [] });
    await store.restore('s3://backup/m/three', {
      indices: { names: [] },
      renamePattern: '.+',
      renameReplacement: 'again',
    });
    expect(await count(store, 'again')).toBe(20);
    await client.put('m/four/snapshot.json', Buffer.from('nonsense\n'));
    await expect(store.deleteSnapshot('s3://backup/m/three')).rejects.toThrow(
      /four\/snapshot\.json .* is damaged/,
    );
    // What was restored has its documents in a file of their own, which comes and goes with it.
    expect(await segments()).toBe(2);
    await store.deleteSnapshot('s3://backup/m/four');
    await store.deleteSnapshot('s3://backup/m/three');
    expect((await client.list('m/')).size).toBe(0);
  });

  test('requests that fail are repeated, and files above 16 MiB go in parts', async () => {
    const { peer, endpoint } = await serve('-fail', '3');
    const client = new S3Client(s3Target('s3://backup/x/y', { ...key, endpoint }));
    closing.push(() => client.close());
    const file = join(root, 'large');
    writeFileSync(file, randomBytes(70 << 20));
    const summed = await sumFile(file);
    expect(summed.sums).toHaveLength(2);
    let sent = 0;
    await client.upload(file, 'x/large.bin', summed, (bytes) => (sent += bytes));
    expect(sent).toBe(70 << 20);
    expect(new Set(peer.output.match(/partNumber=\d+/g)).size).toBe(5);
    await client.download('x/large.bin', `${file}.back`, summed);
    expect(readFileSync(`${file}.back`).equals(readFileSync(file))).toBe(true);
    await expect(
      client.download('x/large.bin', `${file}.back`, { ...summed, sums: [summed.sums[0]!, 1] }),
    ).rejects.toThrow(/damaged/);
    expect(await client.list('x/')).toEqual(new Map([['x/large.bin', 70 << 20]]));
    // What is damaged here is not sent.
    await expect(client.upload(file, 'x/other.bin', { ...summed, sums: [1, 2] }, () => {})).rejects.toThrow(
      /damaged/,
    );
    expect(await client.exists('x/other.bin')).toBe(false);
  }, 60_000);

  test('a connection that breaks goes on where it was', async () => {
    const file = join(root, 'medium');
    writeFileSync(file, randomBytes(3 << 20));
    const summed = await sumFile(file);
    const { server, url, ranges } = await breaking(1 << 20);
    closing.push(() => new Promise((done) => server.close(done)));
    const client = new S3Client(s3Target('s3://backup/x/y', { ...key, endpoint: url }));
    closing.push(() => client.close());
    await client.download('x/medium.bin', `${file}.back`, summed);
    expect(readFileSync(`${file}.back`).equals(readFileSync(file))).toBe(true);
    expect(ranges.length).toBeGreaterThan(1);
  }, 20_000);

  /** A server whose answers are each cut after so many bytes. */
  async function breaking(after: number): Promise<{ server: Server; url: string; ranges: string[] }> {
    const bytes = readFileSync(join(root, 'medium'));
    const ranges: string[] = [];
    const server = createServer((request, response) => {
      const range = request.headers.range ?? 'bytes=0-';
      ranges.push(range);
      const from = Number(/\d+/.exec(range));
      response.writeHead(request.headers.range ? 206 : 200, { 'content-length': bytes.length - from });
      response.write(bytes.subarray(from, from + after), () =>
        from + after >= bytes.length ? response.end() : setTimeout(() => response.destroy(), 50),
      );
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ranges };
  }

  test('what is wrong is said: credentials, regions, buckets; nothing is left of a restore that fails', async () => {
    const { endpoint } = await serve('-region', 'eu-north-1');
    const store = await open({ ...key, endpoint, region: 'eu-north-1' });
    await write(store, 'a', 5);
    await store.snapshot('s3://backup/deep/er/s1', { names: [] });
    const bad = await open({ accessKey: 'key', secretKey: 'wrong', endpoint, region: 'eu-north-1' });
    await expect(bad.restore('s3://backup/deep/er/s1', { indices: { names: [] } })).rejects.toThrow(
      /SignatureDoesNotMatch/,
    );
    await expect(
      store.restore('s3://backup/deep/er/s1?region=us-west-2', { indices: { names: [] } }),
    ).rejects.toMatchObject({ status: 403 });
    await expect(store.snapshot('s3://other/x', { names: [] })).rejects.toMatchObject({ status: 404 });
    const none = await open({ endpoint });
    await expect(none.snapshot('s3://backup/x', { names: [] })).rejects.toThrow(/no credentials/);

    // A segment that was replaced by something else.
    const client = new S3Client(
      s3Target('s3://backup/deep/er/s1', { ...key, endpoint, region: 'eu-north-1' }),
    );
    closing.push(() => client.close());
    const [[name, size] = ['', 0]] = await client.list('deep/er/segments/');
    await client.put(name, Buffer.alloc(size));
    const other = await open({ ...key, endpoint, region: 'eu-north-1' });
    await expect(other.restore('s3://backup/deep/er/s1', { indices: { names: [] } })).rejects.toThrow(
      /damaged/,
    );
    expect(await other.indices({ names: [] })).toEqual([]);
    expect(readdirSync(join(folders.at(-1)!, 'tmp')).filter((each) => each.startsWith('restore'))).toEqual(
      [],
    );
  });

  test('repositories of the API', async () => {
    const { peer, endpoint } = await serve('-region', 'eu-north-1');
    const api = await startStoreApi({}, { s3: key });
    closing.push(() => api.close());
    const settings = {
      bucket: 'backup',
      base_path: '/a/',
      endpoint,
      region: 'eu-north-1',
      path_style_access: true,
    };
    const put = (more: object) =>
      api.ask('PUT', '/_snapshot/cloud', { type: 's3', settings: { ...settings, ...more } });
    expect((await put({ role_arn: 'x' })).json.error.reason).toMatch(/role_arn/);
    expect((await put({})).json).toEqual({ acknowledged: true });
    await write(api.store, 'logs-1', 20);
    const taken = await api.ask('PUT', '/_snapshot/cloud/first?wait_for_completion=true');
    expect(taken.json.snapshot).toMatchObject({ state: 'SUCCESS', indices: ['logs-1'] });
    expect(peer.output).toContain('PUT /backup/a/first/snapshot.json');
    await api.store.deleteIndices({ names: ['logs-1'] });
    expect((await api.ask('POST', '/_snapshot/cloud/first/_restore')).status).toBe(200);
    expect(await count(api.store, 'logs-1')).toBe(20);
  });
});
