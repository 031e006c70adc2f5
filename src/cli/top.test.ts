/** `millrace top` as a process: against a running Millrace, against nothing, and in a terminal. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { createConnection } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { slowness } from '../../test/support/busy-machine.ts';
import { cleanUp, freePort, runConfig, runToEnd } from '../../test/support/millrace.ts';

afterEach(cleanUp);
const top = (...args: string[]) => runToEnd({ args: ['top', ...args] });

describe('--once', () => {
  test('prints one table with the rates of every plugin', async () => {
    const port = await freePort();
    const millrace = await runConfig(
      `input { tcp { id => "in" host => "127.0.0.1" port => ${port} } }
      filter { mutate { id => "change" add_field => { "a" => "b" } } }
      output { stdout { codec => dots } if [message] == "x" { null { id => "never" } } }`,
      ['--node.name', 'ned'],
    );
    const socket = createConnection(port, '127.0.0.1');
    const timer = setInterval(() => socket.write('line\n'.repeat(50)), 20);
    try {
      const { code, stdout, stderr } = await top('--url', millrace.api, '--once', '--interval', '0.5');
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).not.toContain('\x1b');
      const lines = stdout.trimEnd().split('\n');
      expect(lines[0]).toMatch(/^ned: green {3}1 pipeline {3}in [\d.]+k?\/s /);
      expect(lines[2]).toMatch(/^main {3}in [\d.]+k?\/s {3}out [\d.]+k?\/s {3}queue \d+/);
      expect(lines.slice(4).map((line) => line.trim().split(/ +/).slice(0, 3).join(' '))).toEqual([
        'input tcp in',
        'filter mutate change',
        expect.stringMatching(/^output stdout [0-9a-f]{6}$/),
        'output null never',
      ]);
      const [entered, left] = /(\d+) +(\d+) +[\d.]+ +[\d.]+ %$/.exec(lines[5]!)!.slice(1).map(Number);
      expect(entered).toBeGreaterThan(100);
      expect(left).toBeGreaterThan(100);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    } finally {
      clearInterval(timer);
      socket.destroy();
    }
  });

  test('what is wrong stands under its plugin', async () => {
    const millrace = await runConfig(
      `input { generator { } } output { tcp { host => "127.0.0.1" port => ${await freePort()} } }`,
    );
    const { stdout } = await top('--url', new URL(millrace.api).host, '--once');
    expect(stdout).toMatch(/\n {10}! .*ECONNREFUSED.*, since \d\d:\d\d:\d\d UTC\n/);
    expect(stdout).toContain(': yellow');
  });

  test('a user and password go with the URL', async () => {
    const millrace = await runConfig(
      'input { heartbeat { interval => 3600 } } output { stdout { codec => dots } }',
      [
        ...['--api.auth.type', 'basic'],
        ...['--api.auth.basic.username', 'ops', '--api.auth.basic.password', 'a b:c'],
      ],
    );
    const { host } = new URL(millrace.api);
    const good = await top('--url', `http://ops:a%20b%3Ac@${host}`, '--once', '--interval', '0.1');
    expect([good.code, good.stderr]).toEqual([0, '']);
    const bad = await top('--url', `http://ops:wrong@${host}`, '--once');
    expect(bad.code).toBe(1);
    expect(bad.stderr).toContain('it wants a user and password: --url http://USER:PASSWORD@HOST:PORT');
    expect(bad.stderr).not.toContain('wrong');
  });
});

describe('errors', () => {
  test('nothing runs: the address, the reason and what to do', async () => {
    const port = await freePort();
    const { code, stderr } = await top('--url', `http://127.0.0.1:${port}`);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `millrace: no monitoring API at http://127.0.0.1:${port} (connect ECONNREFUSED 127.0.0.1:${port}): is Millrace running, with api.enabled? Another address goes with --url\n`,
    );
  });

  test('something else listens there', async () => {
    const server = createServer((_, response) => response.end('<html>hello</html>'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as { port: number };
    const { code, stderr } = await top('--url', `127.0.0.1:${port}`, '--once');
    server.close();
    expect(code).toBe(1);
    expect(stderr).toContain('what answers there is something else');
  });

  test.each([
    [['--nonsense'], 'unknown argument --nonsense'],
    [['--url'], '--url needs a value'],
    [['--url', 'http://['], '--url: http://[ is not an address'],
    [['--interval', 'soon'], '--interval takes seconds'],
    [['--cacert', '/no/such/file'], '--cacert: ENOENT'],
  ])('%j', async (args, message) => {
    const { code, stderr } = await top(...args);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('.ts:');
  });
});

/** Runs a command in a terminal of 80 by 24, types after three seconds, and prints what it wrote and its end. */
const terminal = `
import json, os, pty, select, struct, fcntl, sys, termios, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
before = termios.tcgetattr(fd)
out = b''
typed = False
start = time.time()
while time.time() - start < 15:
    ready, _, _ = select.select([fd], [], [], 0.05)
    if ready:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data: break
        out += data
    if not typed and b'q ends' in out and time.time() - start > 3:
        typed = True
        raw = termios.tcgetattr(fd)
        os.write(fd, sys.argv[1].encode())
        sent = time.time()
_, status = os.waitpid(pid, 0)
after = termios.tcgetattr(fd)
print(json.dumps({'out': out.decode(), 'code': os.waitstatus_to_exitcode(status), 'seconds': time.time() - sent,
  'raw': raw[3] != before[3], 'restored': after[3] == before[3]}))
`;

describe('in a terminal', () => {
  test.each([
    ['q', 'q'],
    ['Ctrl-C', '\x03'],
  ])('%s ends it within a second, and the terminal is as it was', async (_name, key) => {
    const millrace = await runConfig('input { generator { } } output { null { } }');
    const launcher = resolve(import.meta.dirname, '../../bin/millrace.js');
    const { stdout } = await promisify(execFile)('python3', [
      ...['-c', terminal, key, process.execPath, launcher, 'top'],
      ...['--url', millrace.api, '--interval', '0.5'],
    ]);
    const { out, code, seconds, raw, restored } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(seconds / slowness()).toBeLessThan(1);
    expect([raw, restored]).toEqual([true, true]);
    expect(out.startsWith('\x1b[?1049h\x1b[?25l')).toBe(true);
    expect(out.endsWith('\x1b[?25h\x1b[?1049l')).toBe(true);
    // Several screens, each of 24 lines of at most 80 columns, without colours.
    const screens = out.split('\x1b[H').slice(1);
    expect(screens.length).toBeGreaterThanOrEqual(3);
    const lines = screens[2].split('\x1b[J')[0].split(/\r+\n/);
    expect(lines).toHaveLength(24);
    for (const line of lines) expect(line.replace('\x1b[K', '')).toMatch(/^.{0,80}$/);
    expect(out).not.toMatch(/\x1b\[[\d;]*m/);
    expect(screens[2]).toContain('input   generator');
  });
});
