/** What comes into a cluster, whoever writes it and whatever time it bears, is seen live: by the store, the console, the command. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { silentLogger } from '../../src/kernel/logger.ts';
import { OpenSearchStore } from '../../src/store/opensearch/opensearch-store.ts';
import type { ArrivalPosition, Arrivals } from '../../src/store/store.ts';
import { type OpenSearch, openSearchMissing, startOpenSearch } from '../peers/opensearch.ts';
import { startEventsConsole } from '../support/events-console.ts';
import { Millrace, until } from '../support/millrace.ts';
import { describePeer } from '../support/peers.ts';

const PATIENCE = { timeout: 20_000, interval: 200 };

describePeer('OpenSearch', [await openSearchMissing()], () => {
  let server: OpenSearch;
  let store: OpenSearchStore;
  let repository = '';
  let written = 0;
  beforeAll(async () => {
    repository = mkdtempSync(join(tmpdir(), 'millrace-repository-'));
    server = await startOpenSearch({ 'path.repo': repository });
    store = await OpenSearchStore.open({
      connection: { hosts: [server.url] },
      templatePatterns: ['*'],
      logger: silentLogger,
      snapshots: { runs: true, every: 300 },
    });
  }, 150_000);
  afterAll(async () => {
    await store?.close();
    await server?.stop();
    rmSync(repository, { recursive: true, force: true });
  });

  /** By somebody else, of any time. Gives the numbers. */
  async function write(index: string, count: number, time = new Date().toISOString()): Promise<number[]> {
    const numbers = Array.from({ length: count }, () => written++);
    for (const n of numbers)
      await server.ask('POST', `/${index}/_doc`, {
        '@timestamp': time,
        n,
        kind: n % 2 === 0 ? 'even' : 'odd',
      });
    return numbers;
  }
  const numbersOf = ({ hits }: Pick<Arrivals, 'hits'>): number[] =>
    hits.map(({ source }) => JSON.parse(source!).n);

  test('each event once, of old indices and new ones, with many shards, of any time', async () => {
    await server.ask('PUT', '/live-shards', { settings: { number_of_shards: 3, number_of_replicas: 0 } });
    await write('live-one', 3);
    const request = {
      indices: { names: ['live-*'] },
      query: { type: 'all' as const },
      size: 100,
      source: true,
    };
    let position: ArrivalPosition = (await store.arrivals(request)).position;
    const seen: number[] = [];
    const look = async (): Promise<void> => {
      const came = await store.arrivals({ ...request, after: position });
      position = came.position;
      expect(came.skipped).toBe(0);
      seen.push(...numbersOf(came));
    };
    await look();
    expect(seen).toEqual([]);
    const wanted = [
      ...(await write('live-one', 5)),
      ...(await write('live-shards', 20)),
      ...(await write('live-new', 2, '2001-01-01T00:00:00Z')),
    ];
    await vi.waitFor(async () => {
      await look();
      expect(seen.toSorted((a, b) => a - b)).toEqual(wanted);
    }, PATIENCE);
    await server.ask('DELETE', '/live-new');
    const more = await write('live-new', 1);
    await vi.waitFor(async () => {
      await look();
      expect(seen.at(-1)).toBe(more[0]);
    }, PATIENCE);
    for (let n = 0; n < 3; n++) await look();
    expect(seen).toHaveLength(wanted.length + 1);
  });

  test('of too much the newest are given, and the others counted', async () => {
    await write('many', 1);
    const request = {
      indices: { names: ['many'] },
      query: { type: 'term', field: 'kind', value: 'even' } as never,
      size: 5,
      source: true,
    };
    let { position } = await store.arrivals(request);
    await write('many', 40);
    await server.ask('POST', '/many/_refresh');
    let [given, skipped] = [0, 0];
    for (let n = 0; n < 3; n++) {
      const came = await store.arrivals({ ...request, after: position });
      position = came.position;
      expect(came.hits.length).toBeLessThanOrEqual(5);
      if (n === 0) expect(numbersOf(came)).toHaveLength(5);
      given += came.hits.length;
      skipped += came.skipped;
    }
    expect(given + skipped).toBe(20);
  });

  test('live mode of the console shows it, within the rights of its caller', async () => {
    await write('console-open', 1);
    await write('console-secret', 1);
    const started = await startEventsConsole(store, {
      name: 'vera',
      role: 'analyst',
      indices: ['console-open'],
      filter: 'kind: odd',
    });
    const gone = new AbortController();
    try {
      const response = await fetch(`${started.url}/api/events/tail?indices=console-*`, {
        signal: gone.signal,
      });
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      const reading = (async () => {
        for (;;) {
          const { value, done } = await reader.read();
          if (done) return;
          text += value;
        }
      })().catch(() => {});
      await vi.waitFor(() => expect(text).toContain('"hits":[]'), PATIENCE);
      const secret = await write('console-secret', 4);
      const open = await write('console-open', 4);
      const odd = open.filter((n) => n % 2 === 1);
      await vi.waitFor(() => {
        for (const n of odd) expect(text).toMatch(new RegExp(`n\\\\":${n}[,}]`));
      }, PATIENCE);
      for (const n of [...secret, ...open.filter((each) => each % 2 === 0)])
        expect(text).not.toMatch(new RegExp(`n\\\\":${n}[,}]`));
      gone.abort();
      await reading;
      expect(started.errors).toEqual([]);
    } finally {
      gone.abort();
      await started.console.close();
    }
  });

  test('millrace search --follow', async () => {
    const [before] = await write('followed', 1);
    await server.ask('POST', '/followed/_refresh');
    const tail = new Millrace({
      args: ['search', 'n >= 0', '--index', 'followed', '--follow', '--format', 'ndjson'].concat(
        '--store.driver=opensearch',
        `--store.hosts=${server.url}`,
      ),
    });
    await until(() => tail.stdout.includes(`"n":${before},`), `the latest event; ${tail.stderr}`, 20);
    const came = await write('followed', 3);
    await until(() => came.every((n) => tail.stdout.includes(`"n":${n},`)), 'the new events', 20);
    expect(await tail.stop()).toBe(0);
    expect(tail.stdout.trim().split('\n')).toHaveLength(4);
  });

  test('snapshots into a repository of the cluster: by the clock, and deleted', async () => {
    await expect(store.setSnapshotSchedule({ when: '1h', place: 'backup', keep: 1 })).rejects.toThrow(
      /no snapshot repository/,
    );
    await server.ask('PUT', '/_snapshot/backup', { type: 'fs', settings: { location: repository } });
    await store.snapshot('backup/mine', { names: ['many'] });
    await store.setSnapshotSchedule({ when: '1h', place: 'backup', keep: 1 });
    const [kept] = await store.objects('saved_object', 'snapshot-schedule');
    await store.putObject('saved_object', 'snapshot-schedule', { ...kept!.body, since: 0 });
    await vi.waitFor(async () => {
      const { snapshotSchedule } = await store.status();
      expect(snapshotSchedule?.last?.target).toMatch(/^backup\/scheduled-/);
      expect(snapshotSchedule!.last).not.toHaveProperty('problem');
    }, PATIENCE);
    const names = async (): Promise<string[]> =>
      (await store.snapshots('backup')).map(({ target }) => target);
    expect(await names()).toEqual([expect.stringMatching(/^backup\/scheduled-/), 'backup/mine']);
    await store.deleteSnapshot('backup/mine');
    expect(await names()).toHaveLength(1);
    await expect(store.deleteSnapshot('backup')).rejects.toThrow(/give repository\/snapshot/);
    await expect(store.deleteSnapshot('backup/mine')).rejects.toMatchObject({ status: 404 });
    await store.setSnapshotSchedule(undefined);
  });
});
