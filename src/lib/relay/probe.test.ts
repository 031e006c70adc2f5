import dgram from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { AnswerServer } from './answer.ts';
import { Probe } from './probe.ts';
import { type Check, checkReceiver, type Verdict } from './receiver-check.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function until(condition: () => unknown, what: string): Promise<void> {
  const end = Date.now() + 3000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within 3 s: ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}

function startProbe(port: number, timeoutMs = 100): string[] {
  const said: string[] = [];
  const probe = new Probe({
    host: '127.0.0.1',
    port,
    intervalMs: 100,
    timeoutMs,
    onAsk: () => {},
    onAlive: (token) => said.push(`alive ${token}`),
    onDead: (reason) => said.push(`dead ${reason}`),
  });
  open.push(probe);
  probe.start();
  return said;
}

/** A TCP server that does with each connection what the test says. */
async function serve(each: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    each(socket);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return (server.address() as { port: number }).port;
}

async function answering(checks: Check[]): Promise<{ port: number; verdicts: Verdict[] }> {
  const verdicts: Verdict[] = [];
  const server = new AnswerServer({
    host: '127.0.0.1',
    port: 0,
    checks,
    onVerdict: (verdict) => verdicts.push(verdict),
  });
  await server.open();
  open.push(server);
  return { port: server.port, verdicts };
}

async function udpSocket(port = 0): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4');
  await new Promise<void>((done) => socket.bind(port, '127.0.0.1', done));
  return socket;
}

const exchange = (port: number, text: string): Promise<string> =>
  new Promise((done) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => done(answer));
  });

describe('a probe asks an answering side', () => {
  test('alive while the port is bound, another token after a restart of the receiver, dead without it', async () => {
    let receiver = await udpSocket();
    const { port: checked } = receiver.address();
    const { port } = await answering([{ kind: 'port', port: checked, protocol: 'udp' }]);
    const said = startProbe(port);
    await until(() => said.length >= 2, 'two answers');
    expect(said[0]).toMatch(/^alive [0-9a-f]{16}$/);
    expect(said[1]).toBe(said[0]);
    receiver.close();
    receiver = await udpSocket(checked);
    await until(() => said.at(-1) !== said[0], 'restart');
    expect(said.at(-1)).toMatch(/^alive /);
    receiver.close();
    await until(() => said.at(-1) === `dead no process has port ${checked}/udp`, 'dead');
  });
});

describe('a probe is dead, with a reason, when', () => {
  test.each<[string, RegExp, (socket: Socket) => void]>([
    ['nobody answers', /no answer from 127\.0\.0\.1:\d+ within 50 ms/, () => {}],
    ['the connection is closed', /closed the connection/, (socket) => socket.end()],
    ['the connection is reset', /closed the connection|ECONNRESET/, (socket) => socket.resetAndDestroy()],
    ['something else answers', /does not answer as/, (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')],
    ['the answer has no end', /no line of text/, (socket) => socket.write('x'.repeat(2000))],
    [
      'the reason has control characters',
      /^dead \?\[31mred$/,
      (socket) => socket.write('dead \x1b[31mred\n'),
    ],
  ])('%s', async (_name, reason, each) => {
    const said = startProbe(await serve((socket) => socket.once('data', () => each(socket))), 50);
    await until(() => said.length > 0, 'an answer');
    expect(said[0]).toMatch(reason);
    // And it asks again.
    await until(() => said.length > 1, 'another answer');
  });

  test('nothing listens', async () => {
    const port = await serve(() => {});
    open.splice(-1)[0]!.close();
    const said = startProbe(port);
    await until(() => said.length > 0, 'an answer');
    expect(said[0]).toContain('ECONNREFUSED');
  });
});

describe('the answering side', () => {
  test('answers many questions, and nothing but the question', async () => {
    const { port, verdicts } = await answering([{ kind: 'process', name: 'no-such-program' }]);
    expect(await exchange(port, 'alive?\n')).toBe('dead there is no process no-such-program\n');
    expect(await exchange(port, 'alive?\r\n')).toMatch(/^dead/);
    expect(await exchange(port, 'GET / HTTP/1.1\r\n\r\n')).toBe('error the question is "alive?"\n');
    await Promise.all(Array.from({ length: 50 }, () => exchange(port, 'alive?\n')));
    // /proc is not read for each of them.
    expect(verdicts.length).toBeLessThan(20);
  });

  test('closes a connection that sends a line without end, and stands any bytes', async () => {
    const { port } = await answering([{ kind: 'process', name: 'no-such-program' }]);
    expect(await exchange(port, 'x'.repeat(100_000))).toBe('');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        await new Promise((done) => socket.write(bytes, done));
        socket.destroy();
      }),
      { numRuns: 50 },
    );
    expect(await exchange(port, 'alive?\n')).toMatch(/^dead/);
  });
});

describe('checks', () => {
  test('a UDP port that is only connected, or a TCP port that does not listen, is not there', async () => {
    const receiver = await udpSocket();
    const sender = dgram.createSocket('udp4');
    await new Promise<void>((done) => sender.connect(receiver.address().port, '127.0.0.1', done));
    const { port } = sender.address();
    expect(checkReceiver([{ kind: 'port', port, protocol: 'udp' }]).alive).toBe(false);
    const listening = await serve(() => {});
    expect(checkReceiver([{ kind: 'port', port: listening, protocol: 'tcp' }]).alive).toBe(true);
    expect(checkReceiver([{ kind: 'port', port: listening, protocol: 'udp' }]).alive).toBe(false);
    receiver.close();
    sender.close();
  });

  test('all must hold', async () => {
    const listening = await serve(() => {});
    const check: Check = { kind: 'port', port: listening, protocol: 'tcp' };
    expect(checkReceiver([check, { kind: 'process', name: 'no-such-program' }])).toEqual({
      alive: false,
      reason: 'there is no process no-such-program',
    });
  });
});
