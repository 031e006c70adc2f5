/** A disk that answers EIO (a shim around the system's calls), and a file system that the kernel makes read-only. */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { BreakableDisk, noLoopDisk } from '../support/breakable-disk.ts';
import { brokenDiskShim } from '../support/broken-disk.ts';
import {
  deadLetters,
  HttpSender,
  httpInput,
  httpOutput,
  missing,
  noMounts,
  queued,
  RECOVERY,
  remount,
  Sink,
  startMillrace,
  stopWell,
  tinyDisk,
  unmountAll,
  untilHealth,
} from '../support/faults.ts';
import { cleanUp, freePort, temporaryFolder, until } from '../support/millrace.ts';
import { describePeer, peers } from '../support/peers.ts';

const open: { stop(): unknown }[] = [];
afterAll(async () => {
  for (const each of open.splice(0)) await each.stop();
  unmountAll();
  await cleanUp();
});

const EIO = 5;

describePeer('an I/O error of the queue', [peers.gcc], () => {
  test.concurrent.each([
    ['fdatasync', 's', 'fdatasync'],
    ['write', 'w', 'write'],
    ['both', 'sw', 'write'],
  ])(
    'EIO of %s: red with path and reason, no answers; afterwards all that was answered is on the disk',
    async (_, kinds, call) => {
      const [input, target] = [await freePort(), await freePort()];
      const folder = join(temporaryFolder(), 'queue');
      const flag = join(temporaryFolder(), 'flag');
      const config = `${httpInput(input)} ${httpOutput(target)}`;
      const args = ['--path.queue', folder, '--queue.page_capacity', '256kb'];
      const millrace = await startMillrace(config, args, {
        LD_PRELOAD: brokenDiskShim(),
        FAULT_PATH: folder,
        FAULT_FLAG: flag,
        UV_USE_IO_URING: '0',
      });
      const sender = new HttpSender(input, { padding: 500 });
      await until(() => sender.answered.size > 500, 'first answers');
      for (let round = 0; round < 2; round++) {
        writeFileSync(flag, `${kinds} ${EIO}`);
        await untilHealth(
          millrace,
          'red',
          new RegExp(`the queue in ${join(folder, 'main')} can not be used: EIO: i/o error, ${call}`),
        );
        const answered = sender.answered.size;
        await delay(1200);
        expect(sender.answered.size).toBe(answered);
        rmSync(flag);
        await until(() => sender.answered.size > answered + 500, 'goes on by itself');
      }
      // Nothing but the disk knows now what was answered.
      await millrace.kill();
      const sink = await new Sink(target).start();
      open.push(sink);
      const again = await startMillrace(config, args);
      await sender.stop();
      await until(
        () => missing(sender.answered, sink.arrived).length === 0,
        'all that was answered',
        RECOVERY,
      );
      await untilHealth(again, 'green', '', 15);
      await stopWell(again);
    },
    60_000,
  );

  test.concurrent('EIO on reading what waits: red, then all of it is delivered', async () => {
    const [input, target] = [await freePort(), await freePort()];
    const folder = join(temporaryFolder(), 'queue');
    const flag = join(temporaryFolder(), 'flag');
    const config = `${httpInput(input)} ${httpOutput(target)}`;
    const args = ['--path.queue', folder];
    const first = await startMillrace(config, args);
    const sender = new HttpSender(input, { lines: 5, lanes: 8, pause: 0 });
    await until(() => sender.answered.size > 1500, 'more blocks than are kept in memory');
    await first.kill();
    const millrace = await startMillrace(config, args, {
      LD_PRELOAD: brokenDiskShim(),
      FAULT_PATH: join(folder, 'main/segment'),
      FAULT_FLAG: flag,
      UV_USE_IO_URING: '0',
    });
    writeFileSync(flag, `r ${EIO}`);
    const sink = await new Sink(target).start();
    open.push(sink);
    await untilHealth(millrace, 'red', 'can not be used: EIO: i/o error, read');
    rmSync(flag);
    await sender.stop();
    await until(() => missing(sender.answered, sink.arrived).length === 0, 'all that was answered', RECOVERY);
    await untilHealth(millrace, 'green', '', 15);
    await stopWell(millrace);
  }, 90_000);
});

describePeer('an I/O error of the dead letters', [peers.gcc], () => {
  test.concurrent.each([
    ['fdatasync', 's', 'fdatasync'],
    ['write', 'w', 'write'],
  ])(
    'EIO of %s: red with path and reason, refused events wait, nothing is lost',
    async (_, kinds, call) => {
      const [input, target] = [await freePort(), await freePort()];
      const folder = join(temporaryFolder(), 'dead');
      const flag = join(temporaryFolder(), 'flag');
      const sink = await new Sink(target).start();
      open.push(sink);
      sink.mood = (_, response) => response.writeHead(400).end();
      const millrace = await startMillrace(
        `${httpInput(input)} ${httpOutput(target)}`,
        ['--path.dead_letter_queue', folder],
        { LD_PRELOAD: brokenDiskShim(), FAULT_PATH: folder, FAULT_FLAG: flag, UV_USE_IO_URING: '0' },
      );
      const sender = new HttpSender(input, { pause: 20 });
      await until(() => sender.answered.size > 300, 'first events');
      writeFileSync(flag, `${kinds} ${EIO}`);
      await untilHealth(
        millrace,
        'red',
        new RegExp(`dead letter queue ${join(folder, 'main')}: EIO: i/o error, ${call}; events wait, since`),
      );
      await sender.stop();
      rmSync(flag);
      await until(async () => (await queued(millrace)) === 0, 'all kept');
      await untilHealth(millrace, 'green', '', 15);
      await stopWell(millrace);
      const { numbers } = await deadLetters(folder);
      expect(missing(sender.answered, numbers)).toEqual([]);
    },
    60_000,
  );
});

describePeer('a file system that becomes read-only', [noMounts, noLoopDisk], () => {
  test('under the queue, by an error of the disk: red; it can be unmounted, mended, mounted, and all goes on', async () => {
    const [input, target] = [await freePort(), await freePort()];
    const disk = new BreakableDisk();
    open.push(disk);
    const millrace = await startMillrace(`${httpInput(input)} ${httpOutput(target)}`, [
      '--path.queue',
      disk.folder,
    ]);
    const sink = new Sink(target);
    const sender = new HttpSender(input, { padding: 500 });
    await until(() => sender.answered.size > 500, 'first answers');
    disk.break();
    await untilHealth(
      millrace,
      'red',
      new RegExp(`the queue in ${join(disk.folder, 'main')} can not be used: EROFS: read-only file system`),
    );
    const answered = sender.answered.size;
    await delay(1200);
    expect(sender.answered.size).toBe(answered);
    // Not by force: nothing in it may be open.
    await until(() => disk.unmount(), 'unmounted');
    await untilHealth(millrace, 'red', 'ENOENT');
    disk.mend();
    disk.mount();
    await until(() => sender.answered.size > answered + 500, 'goes on by itself');
    open.push(await sink.start());
    await sender.stop();
    await until(() => missing(sender.answered, sink.arrived).length === 0, 'all that was answered', RECOVERY);
    await untilHealth(millrace, 'green', '', 15);
    expect(await queued(millrace)).toBe(0);
    await stopWell(millrace);
  }, 90_000);
});

describePeer('a remount (ro, then rw)', [noMounts], () => {
  test.concurrent('under the queue, before the start: red with path and reason; it starts by itself afterwards', async () => {
    const [input, target] = [await freePort(), await freePort()];
    const disk = tinyDisk('2m');
    remount(disk, 'ro');
    const sink = await new Sink(target).start();
    open.push(sink);
    const millrace = await startMillrace(`${httpInput(input)} ${httpOutput(target)}`, ['--path.queue', disk]);
    await untilHealth(millrace, 'red', new RegExp(`EROFS: read-only file system, mkdir '${disk}/main'`));
    remount(disk, 'rw');
    await untilHealth(millrace, 'green', '', 40);
    const sender = new HttpSender(input);
    await until(() => sender.answered.size > 100, 'answers');
    await sender.stop();
    await until(() => missing(sender.answered, sink.arrived).length === 0, 'all that was answered', RECOVERY);
    await stopWell(millrace);
  }, 90_000);

  test.concurrent('under the dead letters: red with path and reason, refused events wait, nothing is lost', async () => {
    const [input, target] = [await freePort(), await freePort()];
    const disk = tinyDisk('2m');
    const sink = await new Sink(target).start();
    open.push(sink);
    sink.mood = (_, response) => response.writeHead(400).end();
    const millrace = await startMillrace(`${httpInput(input)} ${httpOutput(target)}`, [
      ...['--path.dead_letter_queue', disk, '--dead_letter_queue.enable', 'true'],
    ]);
    remount(disk, 'ro');
    const sender = new HttpSender(input, { lanes: 1, pause: 20 });
    await untilHealth(
      millrace,
      'red',
      /dead letter queue .*: EROFS: read-only file system, mkdir '.*main'; events wait/,
    );
    await sender.stop();
    remount(disk, 'rw');
    await until(async () => (await queued(millrace)) === 0, 'all kept');
    await untilHealth(millrace, 'green', '', 15);
    await stopWell(millrace);
    const { numbers } = await deadLetters(disk);
    expect(missing(sender.answered, numbers)).toEqual([]);
  }, 90_000);

  test.concurrent('under the file of an output: yellow with the reason, then every line is there', async () => {
    const input = await freePort();
    const disk = tinyDisk('2m');
    const file = join(disk, 'out.log');
    const millrace = await startMillrace(
      `${httpInput(input)} output { file { id => "out" path => "${file}" codec => line { format => "%{message}" } } }`,
    );
    remount(disk, 'ro');
    const sender = new HttpSender(input, { lanes: 2, pause: 20 });
    await untilHealth(millrace, 'yellow', /EROFS: read-only file system, open '.*out\.log'/);
    await sender.stop();
    remount(disk, 'rw');
    await until(async () => (await queued(millrace)) === 0, 'all written', 20);
    const lines = spawnSync('cat', [file], { encoding: 'utf8' }).stdout;
    const written = new Set([...lines.matchAll(/^n=(\d+) x{200}$/gm)].map(([, n]) => Number(n)));
    expect(missing(sender.answered, written)).toEqual([]);
    await untilHealth(millrace, 'green');
    await stopWell(millrace);
  }, 90_000);
});
