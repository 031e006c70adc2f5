/**
 * Document 000's forwarder, pipelines.yml as printed but for addresses and certificates (`queue.type: persisted`,
 * `queue.max_events: 5`): 10,000 events in windows of 500, while it is killed, stopped and started again.
 */
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { AckReader, encodeJson, encodeWindow, V2 } from '../../src/lib/lumberjack/lumberjack.ts';
import { printed } from '../support/documents.ts';
import { cleanUp, freePort, Millrace, temporaryFolder, until } from '../support/millrace.ts';
import { sensorEvents } from '../support/sensor-events.ts';

const WINDOW = 500;
const MAX_EVENTS = 5;
const AGAIN_MS = 50;

let siem: Server | undefined;
afterAll(async () => {
  await cleanUp();
  siem?.closeAllConnections();
  siem?.close();
});

/** As Beats do: one window at a time; what was not acknowledged is sent again over a new connection. */
async function deliver(port: number, events: readonly string[]): Promise<void> {
  let acknowledged = 0;
  while (acknowledged < events.length) {
    await new Promise<void>((closed) => {
      const socket = connect(port, '127.0.0.1');
      const reader = new AckReader();
      let [start, count] = [acknowledged, 0];
      const next = (): void => {
        start = acknowledged;
        const window = events.slice(start, start + WINDOW);
        count = window.length;
        if (count === 0) socket.end();
        else socket.write(Buffer.concat([encodeWindow(V2, count), encodeJson(window)]));
      };
      socket.on('connect', next).on('error', () => {});
      socket.on('data', (chunk: Buffer) =>
        reader.push(chunk, (sequence) => {
          acknowledged = Math.max(acknowledged, start + sequence);
          if (sequence === count) next();
        }),
      );
      socket.on('close', () => closed());
    });
    await delay(AGAIN_MS);
  }
}

test('10,000 events in windows of 500 through a forwarder that is killed and stopped: all arrive, doubles are those in flight', async () => {
  const arrived = new Map<number, number>();
  let [now, most] = [0, 0];
  siem = createServer((request, response) => {
    most = Math.max(most, ++now);
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('close', () => now--);
    request.on('end', () => {
      const id = JSON.parse(body).sensor_event_id;
      arrived.set(id, (arrived.get(id) ?? 0) + 1);
      response.end();
    });
  });
  await new Promise<void>((done) => siem!.listen(0, '127.0.0.1', done));
  const { port: target } = siem.address() as { port: number };
  const port = await freePort();
  const settings = temporaryFolder();
  const text = printed('000-pipelines.yml');
  writeFileSync(
    join(settings, 'pipelines.yml'),
    printed('000-pipelines.yml', {
      '15044': String(port),
      'https://elastic.my-upstream-siem.net:8899': `http://127.0.0.1:${target}`,
      [text.slice(text.indexOf('        client_cert'), text.indexOf('      }\n      # You can'))]: '',
    }),
  );
  const args = ['--path.settings', settings, '--path.data', join(settings, 'data'), '--api.enabled', 'false'];
  const start = (): Promise<Millrace> => new Millrace({ args }).ready(30);

  const events = sensorEvents(10_000);
  let forwarder = await start();
  const delivery = deliver(port, events);
  const restarts = [
    { at: 1200, how: 'kill' },
    { at: 4100, how: 'stop' },
    { at: 7300, how: 'kill' },
  ] as const;
  for (const { at, how } of restarts) {
    await until(() => arrived.size >= at, `${at} events; there are ${arrived.size}`, 60);
    if (how === 'kill') await forwarder.kill();
    else expect(await forwarder.stop()).toBe(0);
    forwarder = await start();
  }
  await delivery;
  await until(() => arrived.size === events.length, `all events; there are ${arrived.size}`, 60);
  expect(await forwarder.stop()).toBe(0);

  const doubles = [...arrived.values()].reduce((sum, count) => sum + count - 1, 0);
  // The sender sends its window again, and the queue what it held.
  expect(doubles).toBeLessThanOrEqual(restarts.length * (WINDOW + MAX_EVENTS));
  expect(most).toBeLessThanOrEqual(MAX_EVENTS);
}, 180_000);
