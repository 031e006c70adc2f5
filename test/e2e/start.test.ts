/** `millrace up`, which is `npm start`: what a newcomer sees first. */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync, statSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { slowness } from '../support/busy-machine.ts';
import { cleanUp, freePort, Millrace, runToEnd, until } from '../support/millrace.ts';

const closing: (() => void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await cleanUp();
});

interface Ports {
  readonly beats: number;
  readonly syslog: number;
  readonly http: number;
}

const servers = ['--api.http.port=19600-19999', '--store.http.port=0', '--console.http.port=0'];

const freePorts = async (): Promise<Ports> => ({
  beats: await freePort(),
  syslog: await freePort(),
  http: await freePort(),
});

function up(ports: Ports, ...more: string[]): Millrace {
  const { beats, syslog, http } = ports;
  const listeners = ['--beats', String(beats), `--syslog=${syslog}`, '--http', String(http)];
  return new Millrace({ args: ['up', ...listeners, ...servers, '--print', ...more] });
}

function connect(port: number): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = createConnection(port, '127.0.0.1', () => done(socket));
    socket.once('error', fail);
    closing.push(() => socket.destroy());
  });
}

/** A window of one event in lumberjack version 2; resolves to the acknowledged sequence number. */
async function sendBeat(port: number, event: object): Promise<number> {
  const socket = await connect(port);
  const payload = Buffer.from(JSON.stringify(event));
  const frame = Buffer.alloc(6 + 10);
  frame.write('2W', 0);
  frame.writeUInt32BE(1, 2);
  frame.write('2J', 6);
  frame.writeUInt32BE(1, 8);
  frame.writeUInt32BE(payload.length, 12);
  socket.write(Buffer.concat([frame, payload]));
  const answer = await new Promise<Buffer>((done) => socket.once('data', done));
  expect(answer.toString('latin1', 0, 2)).toBe('2A');
  return answer.readUInt32BE(2);
}

async function sendDatagram(port: number, text: string): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.send(text, port, '127.0.0.1', () => done()));
  socket.close();
}

/** What rubydebug prints for a field. */
const printed = (millrace: Millrace, text: string): Promise<unknown> =>
  until(
    () => millrace.stdout.includes(text),
    `${text} printed; it says\n${millrace.stdout}${millrace.stderr}`,
  );

/** Local addresses of sockets of a port, as /proc has them. */
function addresses(port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => local?.endsWith(`:${hex}`) && ['0A', '07'].includes(state!))
      .map(([, local]) => `${table} ${local!.split(':')[0]}`),
  );
}
const LOOPBACK = '0100007F';

describe('millrace up', () => {
  test('prints what real senders send: Beats, syslog over TCP and UDP, webhooks', async () => {
    const ports = await freePorts();
    const millrace = await up(ports).ready();
    expect(millrace.stderr).toContain(
      `127.0.0.1: Beats ${ports.beats}, syslog (TCP and UDP) ${ports.syslog}, HTTP ${ports.http}. Ctrl-C ends.`,
    );
    expect(await sendBeat(ports.beats, { message: 'from a beat', agent: { type: 'filebeat' } })).toBe(1);
    execFileSync('bash', [
      '-c',
      `echo '<13>Nov 20 12:00:00 myhost su: from bash' >/dev/tcp/127.0.0.1/${ports.syslog}`,
    ]);
    await sendDatagram(ports.syslog, '<34>Nov 20 12:00:01 router sshd[42]: from a datagram');
    const response = await fetch(`http://127.0.0.1:${ports.http}/hook`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '[{"text": "from a webhook"}, {"text": "and another"}]',
    });
    expect([response.status, await response.text()]).toEqual([200, 'ok']);
    await printed(millrace, '"message" => "from a beat"');
    await printed(millrace, '"message" => "from bash"');
    await printed(millrace, '"message" => "from a datagram"');
    await printed(millrace, '"text" => "from a webhook"');
    await printed(millrace, '"text" => "and another"');
    expect(millrace.stdout).toContain('"program" => "sshd"');
    expect(millrace.stdout).toContain('"severity_label" => "Critical"');
    expect(await millrace.stop()).toBe(0);
  });

  test('listens on loopback only, keeps its data in ./data for nobody else', async () => {
    const ports = await freePorts();
    const millrace = await up(ports).ready();
    expect(addresses(ports.beats)).toEqual([`tcp ${LOOPBACK}`]);
    expect(addresses(ports.syslog)).toEqual([`tcp ${LOOPBACK}`, `udp ${LOOPBACK}`]);
    expect(addresses(ports.http)).toEqual([`tcp ${LOOPBACK}`]);
    expect(addresses(Number(new URL(millrace.api).port))).toEqual([`tcp ${LOOPBACK}`]);
    expect(statSync(join(millrace.folder, 'data')).mode & 0o777).toBe(0o700);
  });

  test('is ready in under two seconds, and Ctrl-C ends it within one, connections or not', async () => {
    const ports = await freePorts();
    const times: number[] = [];
    const stops: number[] = [];
    for (let round = 0; round < 2 || (round < 5 && Math.min(...times) >= 2000); round++) {
      const started = performance.now();
      const millrace = await up(ports).ready();
      times.push((performance.now() - started) / slowness());
      await connect(ports.beats);
      const half = await connect(ports.syslog);
      half.write('<13>Nov 20 12:00:00 myhost su: half a li');
      const web = await connect(ports.http);
      web.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf');
      for (const socket of [half, web]) socket.on('error', () => {});
      await until(() => web.bytesWritten > 0 && half.bytesWritten > 0, 'sent');
      const stopping = performance.now();
      millrace.child.kill('SIGINT');
      expect(await millrace.exited).toBe(0);
      stops.push((performance.now() - stopping) / slowness());
    }
    expect(Math.min(...times)).toBeLessThan(2000);
    expect(Math.min(...stops)).toBeLessThan(1000);
  });

  test('a port in use: named with its owner and what to change, the other listeners run', async () => {
    const ports = await freePorts();
    const owner = createServer();
    await new Promise<void>((done) => owner.listen(ports.http, '127.0.0.1', done));
    closing.push(() => owner.close());
    const millrace = await up(ports).ready();
    expect(millrace.stderr).toMatch(
      new RegExp(
        `\\[ERROR\\].*input http: .*Port ${ports.http} is in use by node .*\\(pid ${process.pid}\\): end that, or choose another with --http PORT`,
      ),
    );
    expect(millrace.stderr).not.toMatch(/\.ts:\d+/);
    expect(await sendBeat(ports.beats, { message: 'still taken' })).toBe(1);
    await sendDatagram(ports.syslog, '<34>Nov 20 12:00:01 router sshd[42]: taken, too');
    await printed(millrace, '"message" => "still taken"');
    await printed(millrace, '"message" => "taken, too"');
    const health: any = await (await fetch(`${millrace.api}/_health_report`)).json();
    expect(health.status).toBe('red');
    expect(health.indicators.pipelines.indicators['default-http'].symptom).toContain('EADDRINUSE');
    expect(await millrace.stop()).toBe(0);
  });

  test('a second one is called another millrace, and ends when it has nothing to do', async () => {
    const ports = await freePorts();
    const first = await up(ports).ready();
    const second = up(ports);
    expect(await second.exited).toBe(1);
    expect(second.stderr).toContain(
      `Port ${ports.beats} is in use by another millrace (pid ${first.child.pid}): end that, or choose another with --beats PORT`,
    );
  });

  test('the same for a UDP port', async () => {
    const ports = await freePorts();
    const owner = createSocket('udp4');
    await new Promise<void>((done) => owner.bind(ports.syslog, '127.0.0.1', done));
    closing.push(() => owner.close());
    const millrace = await up(ports).ready();
    expect(millrace.stderr).toMatch(
      new RegExp(`Port ${ports.syslog} is in use by node .*\\(pid ${process.pid}\\): .*--syslog PORT`),
    );
    expect(await sendBeat(ports.beats, { message: 'x' })).toBe(1);
  });

  test('a signal while it starts ends it', async () => {
    for (const delay of [0, 150, 400]) {
      const millrace = up(await freePorts());
      await until(() => millrace.stderr.includes('Starting listeners'), 'starting');
      await new Promise((done) => setTimeout(done, delay));
      millrace.child.kill('SIGTERM');
      expect(await Promise.race([millrace.exited, sleep(15_000, 'still there')]), millrace.stderr).not.toBe(
        'still there',
      );
    }
  });

  test('listeners can be left out, or listen elsewhere', async () => {
    const { http } = await freePorts();
    const millrace = new Millrace({
      args: ['up', '--beats', 'off', '--syslog=off', '--print', '--http', `localhost:${http}`, ...servers],
    });
    await millrace.ready();
    expect(millrace.stderr).toContain(
      `Starting listeners on 127.0.0.1: HTTP localhost:${http}. Ctrl-C ends.`,
    );
    await fetch(`http://localhost:${http}/`, { method: 'POST', body: 'hello' });
    await printed(millrace, '"message" => "hello"');
    const { pipelines }: any = await (await fetch(`${millrace.api}/_node/pipelines`)).json();
    expect(Object.keys(pipelines)).toEqual(['default-http']);
  });

  test.each([
    [['--http', '99999'], '--http takes a port, HOST:PORT or off, and is "99999"'],
    [['--beats'], '--beats takes a port, HOST:PORT or off, and is ""'],
    [['--syslog', '"; drop {}:1'], '--syslog takes a port'],
    [['--beats', 'off', '--syslog', 'off', '--http', 'off'], 'every listener is off'],
    [['-f', 'x.conf'], 'millrace up has its own pipelines'],
    [['--beat', '5045'], 'unknown argument --beat'],
  ])('%j is refused', async (args, message) => {
    const { code, stdout, stderr } = await runToEnd({ args: ['up', ...args] });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
  });
});
