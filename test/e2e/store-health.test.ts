/** What is wrong with the event store is in `/_health_report`, in the store's words. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { HealthReport } from '../../src/server/health-report.ts';
import { EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { encodeLine, STORE_FORMAT } from '../../src/store/embedded/manifest.ts';
import { embeddedSearcher } from '../../src/store/embedded/search/searcher.ts';
import { SnapshotScheduler } from '../../src/store/snapshot-scheduler.ts';
import { cleanUp, Millrace, temporaryFolder, until } from '../support/millrace.ts';

afterEach(cleanUp);

async function prepared(data: string): Promise<EmbeddedStore> {
  return EmbeddedStore.open({ folder: join(data, 'store'), searcher: embeddedSearcher, reserve: 0 });
}

/** A Millrace with that data, when it says how its store is. */
async function started(data: string): Promise<{ millrace: Millrace; report: HealthReport }> {
  const millrace = await new Millrace({
    args: [
      ...['-e', 'input { generator { count => 0 } } output { null { } }', '--path.data', data],
      ...['--store.enabled=true', '--store.http.port=0', '--api.http.port=19600-19999'],
      '--config.reload.automatic=true',
    ],
  }).ready(60);
  const report = await until(
    async () => {
      const found = (await (await fetch(`${millrace.api}/_health_report`)).json()) as HealthReport;
      return found.indicators.event_store && found;
    },
    'the health of the event store',
    60,
  );
  return { millrace, report };
}

test('a scheduled snapshot that failed is a yellow problem, with the error and when it is tried again', async () => {
  const data = temporaryFolder();
  const store = await prepared(data);
  const place = join(data, 'place');
  writeFileSync(place, 'a file where the folder should be');
  let now = Date.now() - 3_600_000;
  const scheduler = new SnapshotScheduler(store, { folder: place, runs: false, now: () => now });
  await scheduler.set({ when: '1h', place: '', keep: 1 });
  now = Date.now();
  await scheduler.look();
  await store.close();
  const { report } = await started(data);
  const { status, symptom, diagnosis } = report.indicators.event_store!;
  const cause = diagnosis![0]!['cause'];
  expect(status).toBe('yellow');
  expect(report.status).toBe('yellow');
  expect(report.symptom).toContain('concerning (');
  expect(symptom).toContain(cause);
  expect(cause).toMatch(
    /^the scheduled snapshot of .* UTC: .* was not made: .*(EEXIST|ENOTDIR).*; it is tried again at .* UTC$/,
  );
}, 120_000);

test('a store that can not be opened is red, and says why', async () => {
  const data = temporaryFolder();
  await (await prepared(data)).close();
  const manifest = join(data, 'store', 'manifest');
  const [, ...others] = readFileSync(manifest, 'utf8').split('\n');
  const newer = encodeLine([{ t: 'format', version: STORE_FORMAT + 1, millrace: '9.8.7' }]);
  writeFileSync(manifest, `${Buffer.from(newer)}${others.join('\n')}`);
  const { millrace, report } = await started(data);
  expect(report.status).toBe('red');
  expect(report.indicators.event_store).toMatchObject({
    status: 'red',
    symptom: expect.stringMatching(/it can not be opened: .*start Millrace 9\.8\.7 or a newer one/),
  });
  expect(millrace.stderr).toContain('start Millrace 9.8.7 or a newer one');
}, 120_000);
