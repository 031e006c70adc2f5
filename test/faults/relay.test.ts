/** `millrace relay` on a full disk. */
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { fill, noMounts, stopWell, tinyDisk, unmountAll } from '../support/faults.ts';
import { cleanUp, freePort, until } from '../support/millrace.ts';
import { freeUdpPort, startRelay, UdpSender, UdpServer } from '../support/udp-relay.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  unmountAll();
  await cleanUp();
});

const reason = noMounts === undefined ? '' : ` (skipped: ${noMounts})`;

test.skipIf(reason !== '')(
  `relay on a full disk: what can be sent is sent, it says what is not kept, and goes on by itself${reason}`,
  async () => {
    const disk = tinyDisk('4m');
    const server = new UdpServer(await freeUdpPort());
    open.push({ close: () => server.kill() });
    await server.start();
    const numbers = (): number[] => server.numbers().filter(Number.isInteger);
    const probe = `127.0.0.1:${await freePort()}`;
    await startRelay(['--answer', probe, '--check-port', `${server.port}/udp`]);
    const listen = await freeUdpPort();
    const relay = await startRelay([
      ...['--listen', `127.0.0.1:${listen}`, '--server', `127.0.0.1:${server.port}`],
      ...['--probe', probe, '--probe-interval', '0.2', '--queue', join(disk, 'queue')],
    ]);
    await until(() => relay.stderr.includes('the server is alive'), 'first probe');
    const sender = new UdpSender(listen);
    open.push(sender);
    sender.next(20);
    await until(() => numbers().length === 20, 'all');
    const ballast = fill(disk);
    for (let round = 0; round < 40; round++) {
      sender.send(`x ${'y'.repeat(8000)}`);
      sender.next(5);
      await new Promise((done) => setTimeout(done, 5));
    }
    await until(() => numbers().length === 220, 'all while the disk is full');
    await until(() => relay.stderr.includes('the queue can not be used: ENOSPC'), 'the reason');
    ballast.free();
    sender.every(100);
    await until(() => /ENOSPC[\s\S]*the queue can be written again/.test(relay.stderr), 'well again');
    sender.pause();
    // From now on everything is kept again.
    await server.kill();
    await until(() => relay.stderr.includes('not alive'), 'noticed');
    sender.next(50);
    await new Promise((done) => setTimeout(done, 300));
    await server.start();
    await until(() => numbers().length >= sender.sent, 'all');
    expect(numbers()).toEqual(Array.from({ length: sender.sent }, (_, index) => index));
    await stopWell(relay);
  },
  40_000,
);
