/** The README's tour of the event store, command by command as it is printed (ports apart). */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { cleanUp, freePort, Millrace, until } from '../support/millrace.ts';

afterAll(cleanUp);

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
/** Commands of the code block behind a sentence. */
function commands(after: string): string[] {
  const from = readme.indexOf(after);
  expect(from, after).toBeGreaterThan(0);
  const [, block] = /```sh\n(.*?)```/s.exec(readme.slice(from))!;
  return block!.trim().split('\n');
}

test('what arrives on the default listeners is found by the ten commands', { timeout: 60_000 }, async () => {
  const [syslog, http, store] = [await freePort(), await freePort(), await freePort()];
  const millrace = await new Millrace({
    args: [
      'up',
      '--beats',
      'off',
      `--syslog=${syslog}`,
      `--http=${http}`,
      `--store.http.port=${store}`,
      '--api.http.port=19600-19999',
      '--console.http.port=0',
    ],
  }).ready();
  const run = (command: string): string =>
    execFileSync(
      'bash',
      [
        '-c',
        command
          .replaceAll('9200', String(store))
          .replaceAll('8080', String(http))
          .replaceAll('5514', String(syslog)),
      ],
      { encoding: 'utf8', timeout: 20_000 },
    );
  for (const command of commands('**1. Send something.**')) run(command);
  await until(
    () => JSON.parse(run('curl -s http://127.0.0.1:9200/_count')).count === 2,
    `both events; it says\n${millrace.stderr}`,
  );
  const tour = commands('The same with `curl`, ten times:');
  expect(tour).toHaveLength(10);
  const answers = tour.map(run);
  const json = answers.map((text) => (text.startsWith('{') ? JSON.parse(text) : text));
  expect(json[0].tagline).toBe('You Know, for Search');
  expect(json[1]).toMatch(/green\s+open\s+syslog-\d{4}\.\d\d\.\d\d/);
  expect(json[2].hits.hits.map(({ _source }: any) => _source.message)).toEqual(['hello from logger']);
  expect(json[3].hits.hits.map(({ _source }: any) => _source.user)).toEqual(['kim']);
  expect(json[4].count).toBe(1);
  expect(Object.keys(json[5].fields).sort()).toEqual(['@timestamp', 'program', 'user']);
  expect(json[6].aggregations.programs.buckets).toHaveLength(1);
  expect(
    json[7].aggregations.over_time.buckets.reduce((sum: number, { doc_count }: any) => sum + doc_count, 0),
  ).toBe(2);
  expect(json[8].errors).toBe(false);
  expect(json[9]).toMatchObject({ found: true, _source: { event: { action: 'login' } } });
});
