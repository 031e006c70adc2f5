/** The clock is set by an hour or a day, forward and backward, while events flow. */
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { type FakeElasticsearch, fakeElasticsearch } from '../support/elasticsearch-server.ts';
import { HttpSender, missing, queued, startMillrace, stopWell, untilHealth } from '../support/faults.ts';
import { cleanUp, freePort, temporaryFolder, until } from '../support/millrace.ts';
import { OtherClock } from '../support/other-clock.ts';
import { describePeer, peers } from '../support/peers.ts';

const open: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of open.splice(0)) await close();
  await cleanUp();
});

const HOUR = 3600;
const DAY = 24 * HOUR;

const indexOf = (time: Date): string => `events-${time.toISOString().slice(0, 10).replaceAll('-', '.')}`;

interface Scene {
  readonly clock: OtherClock;
  readonly server: FakeElasticsearch;
  /** The cluster answers 500. */
  down: boolean;
  readonly ports: { readonly http: number; readonly tcp: number };
  readonly log: string;
  sincedb(): string;
  readonly millrace: Awaited<ReturnType<typeof startMillrace>>;
  readonly arrived: () => Set<number>;
  texts(): string;
}

async function scene(): Promise<Scene> {
  const clock = new OtherClock();
  const state = { down: false };
  const server = await fakeElasticsearch({
    instead: ({ url }) => (state.down && url.includes('_bulk') ? { status: 500 } : undefined),
  });
  open.push(() => server.close());
  const ports = { http: await freePort(), tcp: await freePort() };
  const folder = temporaryFolder();
  const log = join(folder, 'app.log');
  writeFileSync(log, '');
  const data = join(folder, 'data');
  const millrace = await startMillrace(
    `input {
       http { host => "127.0.0.1" port => ${ports.http} codec => line }
       tcp { host => "127.0.0.1" port => ${ports.tcp} codec => multiline { pattern => "^ " what => previous auto_flush_interval => 1 } }
       file { path => "${log}" start_position => beginning stat_interval => 0.1 sincedb_write_interval => 0.3 }
     }
     output { elasticsearch { id => "siem" hosts => ["${server.url}"] index => "events-%{+yyyy.MM.dd}" manage_template => false retry_initial_interval => 0.2 retry_max_interval => 1 } }`,
    ['--path.data', data],
    clock.environment,
  );
  return Object.assign(state, {
    clock,
    server,
    ports,
    log,
    millrace,
    sincedb: () => {
      const where = join(data, 'plugins/inputs/file');
      return readFileSync(join(where, readdirSync(where).find((name) => /sincedb_\w+$/.test(name))!), 'utf8');
    },
    arrived: () =>
      new Set(server.documents.map(({ source }) => Number(/n=(\d+) x/.exec(source ?? '')?.[1] ?? 0))),
    texts: () => server.documents.map(({ source }) => source).join('\n'),
  });
}

describePeer('the clock is set while events flow', [peers.faketime], () => {
  test.concurrent.each([
    ['an hour forward, then back', [HOUR, 0]],
    ['an hour backward, then forward', [-HOUR, 0]],
    ['a day forward, then back', [DAY, 0]],
    ['a day backward, then forward', [-DAY, 0]],
  ])(
    '%s: nothing stalls, nothing is lost, indexes follow the clock',
    async (_, offsets) => {
      const s = await scene();
      const sender = new HttpSender(s.ports.http, { lanes: 2, pause: 20 });
      const lines = connect(s.ports.tcp, '127.0.0.1');
      open.push(() => lines.destroy());
      await until(() => s.server.documents.length > 100, 'first documents');
      for (const [round, offset] of offsets.entries()) {
        // What is under way at the jump: a codec waits for more lines, the position of a file is to be written.
        lines.write(`stack ${round}\n  at a\n`);
        appendFileSync(s.log, `line ${round}\n`);
        await delay(250);
        s.clock.set(offset);
        const documents = s.server.documents.length;
        const answered = sender.answered.size;
        const before = indexOf(s.clock.now);
        await until(() => sender.answered.size > answered + 100, 'answers');
        await until(() => s.server.documents.length > documents + 100, 'documents');
        await until(() => s.texts().includes(`"stack ${round}\\n  at a"`), 'a multiline event is flushed', 5);
        await until(() => s.texts().includes(`line ${round}`), 'a line of the file', 5);
        await until(() => s.sincedb().includes(` ${7 * (round + 1)} `), 'its position is written', 5);
        const newest = s.server.documents.findLast(({ source }) => source!.includes('n='))!;
        expect([before, indexOf(s.clock.now)]).toContain(newest.meta['_index']);
      }
      lines.end();
      // The clock jumps while an output waits before another try.
      s.down = true;
      await untilHealth(s.millrace, 'yellow', /output siem: .*answered 500.*, retrying since \d\d:\d\d/);
      s.clock.set(-offsets[0]!);
      await sender.stop();
      s.down = false;
      await until(() => missing(sender.answered, s.arrived()).length === 0, 'all events', 10);
      await untilHealth(s.millrace, 'green', '', 10);
      expect(await queued(s.millrace)).toBe(0);
      await stopWell(s.millrace);
    },
    90_000,
  );
});
