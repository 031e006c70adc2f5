/** Document 002, the OSSEC broker: C09 to C16. Real processes, killed. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, freePort, type Millrace, runToEnd, temporaryFolder, until } from '../support/millrace.ts';
import { freeUdpPort, startRelay, UdpSender, UdpServer } from '../support/udp-relay.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  await cleanUp();
});

interface Scene {
  readonly server: UdpServer;
  readonly sender: UdpSender;
  readonly queue: string;
  readonly answer: Millrace;
  readonly relayArguments: readonly string[];
  relay: Millrace;
}

/** Server, answering side, relay and sender; the first probe is answered. */
async function scene(more: readonly string[] = [], check?: (server: UdpServer) => string[]): Promise<Scene> {
  const server = new UdpServer(await freeUdpPort());
  open.push({ close: () => server.kill() });
  await server.start();
  const answerPort = await freePort();
  const answer = await startRelay([
    '--answer',
    `127.0.0.1:${answerPort}`,
    ...(check?.(server) ?? ['--check-port', `${server.port}/udp`]),
  ]);
  const listen = await freeUdpPort();
  const queue = join(temporaryFolder(), 'queue');
  const relayArguments = [
    ...['--listen', `127.0.0.1:${listen}`, '--server', `127.0.0.1:${server.port}`],
    ...['--probe', `127.0.0.1:${answerPort}`, '--probe-interval', '0.2', '--queue', queue, ...more],
  ];
  const relay = await startRelay(relayArguments);
  await until(() => relay.stderr.includes('the server is alive'), 'first probe');
  const sender = new UdpSender(listen);
  open.push(sender);
  return { server, sender, queue, answer, relayArguments, relay };
}

const inOrder = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const allArrived = ({ server, sender }: Scene, seconds = 10): Promise<boolean> =>
  until(
    () => server.numbers().length >= sender.sent,
    `all; ${server.numbers().length} of ${sender.sent}`,
    seconds,
  );

describe('C12, C13, C14: the server is killed and restarted under a steady stream', () => {
  test('every datagram arrives, in order', async () => {
    const s = await scene();
    s.sender.every(2);
    for (const pause of [700, 0]) {
      await new Promise((done) => setTimeout(done, 600));
      await s.server.kill();
      await new Promise((done) => setTimeout(done, pause));
      await s.server.start();
    }
    await new Promise((done) => setTimeout(done, 800));
    s.sender.pause();
    await allArrived(s);
    expect(s.sender.sent).toBeGreaterThan(500);
    expect(s.server.numbers()).toEqual(inOrder(s.sender.sent));
    // C15: it says what it does.
    expect(s.relay.stderr).toMatch(/the server is not alive any more, after [\d.]+ s, datagrams are queued/);
    expect(s.relay.stderr).toMatch(/the server is alive after [\d.]+ s: sending \d+ queued datagrams/);
    expect(s.relay.stderr).toContain('nothing is queued any more');
    expect(s.answer.stderr).toMatch(/the receiver is not alive: no process has port \d+\/udp/);
  });

  test('also when the whole host goes, with the answering side', async () => {
    const s = await scene();
    s.sender.every(2);
    await new Promise((done) => setTimeout(done, 300));
    s.answer.child.kill('SIGKILL');
    await s.server.kill();
    await until(() => s.relay.stderr.includes('not alive'), 'noticed');
    await new Promise((done) => setTimeout(done, 300));
    await s.server.start();
    await startRelay([...['--answer', s.relayArguments[5]!], ...['--check-port', `${s.server.port}/udp`]]);
    await until(() => s.relay.stderr.includes('queued datagrams, 1000/s'), 'return');
    s.sender.pause();
    await allArrived(s);
    expect(s.server.numbers()).toEqual(inOrder(s.sender.sent));
  });
});

describe('the relay itself is killed', () => {
  test('what it queued survives, and is sent in order', async () => {
    const s = await scene();
    s.sender.next(5);
    await allArrived(s);
    await s.server.kill();
    await until(() => s.relay.stderr.includes('not alive'), 'noticed');
    s.sender.next(300);
    await until(() => readdirSync(s.queue).some((name) => name.endsWith('.datagrams')), 'queue');
    await new Promise((done) => setTimeout(done, 150));
    await s.relay.kill();
    s.relay = await startRelay(s.relayArguments);
    expect(s.relay.stderr).toMatch(/\d+ datagrams of before are to be sent/);
    s.sender.next(10);
    await new Promise((done) => setTimeout(done, 300));
    await s.server.start();
    await allArrived(s);
    expect(s.server.numbers()).toEqual(inOrder(315));
  });

  test('a second relay on the same folder is refused', async () => {
    const s = await scene();
    const second = await runToEnd({ args: ['relay', ...s.relayArguments] });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`is in use by process ${s.relay.child.pid}`);
  });
});

test('C12: dead when the process dies though host and port are up', async () => {
  const s = await scene([], (server) => [
    '--check-process',
    'udp-server.cjs',
    '--check-port',
    `${server.port}/udp`,
  ]);
  s.sender.next();
  await allArrived(s);
  process.kill(s.server.pid, 'SIGSTOP');
  await until(() => s.relay.stderr.includes('the process udp-server.cjs is stopped'), 'stopped');
  process.kill(s.server.pid, 'SIGCONT');
  await until(() => s.relay.stderr.match(/the server is alive/g)!.length === 2, 'goes on');
  await s.server.kill();
  await until(() => /not alive.*(ICMP|there is no process udp-server.cjs)/.test(s.relay.stderr), 'dead');
});

test('C13: the queue is sent no faster than --rate', async () => {
  const s = await scene(['--rate', '200']);
  await s.server.kill();
  await until(() => s.relay.stderr.includes('not alive'), 'noticed');
  s.sender.next(300);
  await new Promise((done) => setTimeout(done, 100));
  await s.server.start();
  await allArrived(s);
  const received = s.server.received();
  const seconds = (received.at(-1)!.at - received[0]!.at) / 1000;
  expect(received.length / seconds).toBeLessThan(240);
  expect(received.length / seconds).toBeGreaterThan(40);
  expect(s.server.numbers()).toEqual(inOrder(300));
});

describe('a full queue', () => {
  const filler = 'x'.repeat(8000);
  test.each(['oldest', 'newest'])('drops the %s, and says how many', async (drop) => {
    const s = await scene(['--max-bytes', '1mb', '--drop', drop, '--log.format', 'json', '--rate', '10000']);
    await s.server.kill();
    await until(() => s.relay.stderr.includes('not alive'), 'noticed');
    for (let sent = 0; sent < 300; sent++) {
      s.sender.send(`n ${sent} ${filler}`);
      if (sent % 10 === 0) await new Promise((done) => setTimeout(done, 2));
    }
    await until(() => /"dropped":\d+,"unprotected"/.test(s.relay.stderr), 'count');
    await s.server.start();
    await until(() => s.server.numbers().length > 100, 'replay');
    await until(() => s.relay.stderr.includes('nothing is queued any more'), 'end');
    process.kill(s.relay.child.pid!, 'SIGUSR1');
    const status = await until(
      () =>
        s.relay.stderr
          .split('\n')
          .filter((line) => line.includes('"state":"live"'))
          .map((line) => JSON.parse(line).logEvent)[0],
      'status',
    );
    const numbers = s.server.numbers();
    expect(status).toMatchObject({ received: 300, queued: 0 });
    expect(status.dropped + numbers.length).toBe(300);
    expect(numbers).toEqual(drop === 'oldest' ? inOrder(300).slice(status.dropped) : inOrder(numbers.length));
  });
});

describe('C09, C10: nothing but a way through', () => {
  test('answers of the server reach the sender that asked', async () => {
    const s = await scene();
    const other = new UdpSender(Number(s.relayArguments[1]!.split(':')[1]));
    open.push(other);
    s.sender.send('keepalive? one');
    other.send('keepalive? two');
    await until(() => s.sender.replies.length + other.replies.length === 2, 'answers');
    expect(s.sender.replies).toEqual(['answer to keepalive? one']);
    expect(other.replies).toEqual(['answer to keepalive? two']);
  });

  test('--purge removes the folder, when no relay uses it', async () => {
    const s = await scene();
    s.sender.next(3);
    await allArrived(s);
    const refused = await runToEnd({ args: ['relay', '--purge', '--queue', s.queue] });
    expect(refused).toMatchObject({ code: 1 });
    expect(existsSync(s.queue)).toBe(true);
    expect(await s.relay.stop()).toBe(0);
    const done = await runToEnd({ args: ['relay', '--purge', '--queue', s.queue] });
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toMatch(/^removed .*; \d datagrams in it were not confirmed\n$/);
    expect(existsSync(s.queue)).toBe(false);
  });
});
