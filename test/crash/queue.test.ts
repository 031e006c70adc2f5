/**
 * The process is killed with SIGKILL at random moments under an HTTP sender; every event whose request was answered
 * must arrive. MILLRACE_CRASH_ROUNDS sets the rounds.
 */
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { cleanUp, freePort, Millrace, temporaryFolder, until } from '../support/millrace.ts';

const ROUNDS = Number(process.env['MILLRACE_CRASH_ROUNDS'] ?? 10);
const SENDERS = 4;
const EVENTS = 10;

let sink: Server;
afterAll(async () => {
  await cleanUp();
  sink?.closeAllConnections();
  sink?.close();
});

test(`killed ${ROUNDS} times: no acknowledged event is lost`, async () => {
  const arrived = new Map<number, number>();
  let refuses = false;
  sink = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      if (refuses) {
        response.writeHead(503).end();
        return;
      }
      for (const [, id] of body.matchAll(/"n":(\d+)/g))
        arrived.set(Number(id), (arrived.get(Number(id)) ?? 0) + 1);
      response.end('ok');
    });
  });
  const sinkPort = await freePort();
  await new Promise<void>((done) => sink.listen(sinkPort, '127.0.0.1', done));
  const port = await freePort();
  const data = temporaryFolder();
  const start = (): Promise<Millrace> =>
    new Millrace({
      args: [
        '-e',
        `input { http { host => "127.0.0.1" port => ${port} codec => json } }
         output { http { url => "http://127.0.0.1:${sinkPort}/" http_method => post format => json_batch } }`,
        '--path.data',
        join(data, 'data'),
        '--queue.type',
        'persisted',
        '--queue.page_capacity',
        '64kb',
        '--api.enabled',
        'false',
      ],
    }).ready();

  let next = 1;
  const acknowledged = new Set<number>();
  let sending = true;
  const send = async (): Promise<void> => {
    while (sending) {
      const ids = Array.from({ length: EVENTS }, () => next++);
      const body = JSON.stringify(ids.map((n) => ({ n, text: 'x'.repeat(n % 700) })));
      try {
        const answer = await fetch(`http://127.0.0.1:${port}/`, {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json' },
        });
        await answer.text();
        if (answer.ok) for (const id of ids) acknowledged.add(id);
        else await delay(20);
      } catch {
        await delay(20);
      }
    }
  };

  let millrace = await start();
  const senders = Array.from({ length: SENDERS }, send);
  for (let round = 0; round < ROUNDS; round++) {
    refuses = round % 3 !== 2;
    await delay(50 + Math.random() * 400);
    await millrace.kill();
    millrace = await start();
  }
  refuses = false;
  sending = false;
  await Promise.all(senders);
  const lost = (): number => [...acknowledged].filter((id) => !arrived.has(id)).length;
  await until(
    () => lost() === 0,
    `all acknowledged events; ${lost()} of ${acknowledged.size} are missing`,
    20,
  ).catch(() => {});
  expect(lost()).toBe(0);
  expect(acknowledged.size).toBeGreaterThan(ROUNDS * EVENTS);
  await delay(200);
  expect(await millrace.stop()).toBe(0);
}, 120_000);
