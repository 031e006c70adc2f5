/**
 * Document 001: its commands as printed, in a shell, with `compat/` as the directory that it changes to; only
 * /etc/logstash is a folder of the test's, and sudo a stand-in that does what sudo does to the environment.
 * (Section 6, item 3.)
 */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildGoLumber } from '../peers/go-lumber/go-lumber.ts';
import { type Certificates, millraceCerts, printed } from '../support/documents.ts';
import { cleanUp, freePort, temporaryFolder, until } from '../support/millrace.ts';
import { describePeer, Peer, peers, root, runProgram } from '../support/peers.ts';

const SECURE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const compat = join(root, 'compat');

/** A machine as the document finds it: settings folder, sudo, no Node in PATH. */
class Shell {
  /** Instead of /etc/logstash. */
  readonly settings = temporaryFolder();
  readonly #tools = temporaryFolder();
  readonly #started: Peer[] = [];

  constructor() {
    writeFileSync(
      join(this.settings, 'logstash.yml'),
      `path.data: ${join(this.settings, 'data')}\napi.http.port: 19600-19999\n`,
    );
    const sudo = join(this.#tools, 'sudo');
    writeFileSync(sudo, `#!/bin/sh\nexec env -i HOME=/root TERM="$TERM" PATH=${SECURE_PATH} "$@"\n`);
    chmodSync(sudo, 0o755);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.settings, name), text);
  }

  environment(path = ''): Record<string, string> {
    return { PATH: `${path}${this.#tools}:${SECURE_PATH}`, HOME: this.settings };
  }

  /** Starts a command line of the document. */
  start(line: string, { cwd = compat, path = '' } = {}): Peer {
    const text = line.replaceAll('/etc/logstash', this.settings);
    const peer = new Peer('sh', ['-c', text], { cwd, env: this.environment(path) });
    this.#started.push(peer);
    return peer;
  }

  /** Runs one to its end. */
  async run(
    line: string,
    options?: { cwd?: string; path?: string },
  ): Promise<{ code: number; output: string }> {
    const peer = this.start(line, options);
    peer.child.stdin!.end();
    return { code: await peer.exited, output: peer.output };
  }

  stop(): Promise<unknown> {
    return Promise.all(this.#started.map((each) => each.stop()));
  }
}

let shell: Shell;
beforeEach(() => {
  shell = new Shell();
});
afterEach(async () => {
  await shell.stop();
  await cleanUp();
});

const count = (text: string, part: string | RegExp): number => text.split(part).length - 1;
const GENERATED = '"message" => "Hello world!"';
const B03 = `bin/logstash --path.settings /etc/logstash -e 'input { generator { count => 10 } } output { stdout {} }'`;

describe('B03: the installation is verified', () => {
  test('as printed: ten events, and the end', async () => {
    const { code, output } = await shell.run(B03);
    expect({ code, events: count(output, GENERATED) }).toEqual({ code: 0, events: 10 });
  });

  test('with sudo', async () => {
    const { code, output } = await shell.run(`sudo ${B03}`);
    expect({ code, events: count(output, GENERATED) }).toEqual({ code: 0, events: 10 });
  });

  test('with compat/bin first in PATH', async () => {
    const { code, output } = await shell.run(B03.replace('bin/', ''), {
      cwd: shell.settings,
      path: `${compat}/bin:`,
    });
    expect({ code, events: count(output, GENERATED) }).toEqual({ code: 0, events: 10 });
  });

  test('B01: where /usr/share/logstash/bin is a link to compat/bin', async () => {
    const home = join(shell.settings, 'usr share', 'logstash');
    mkdirSync(home, { recursive: true });
    symlinkSync(join(compat, 'bin'), join(home, 'bin'));
    const { code, output } = await shell.run(B03, { cwd: home });
    expect({ code, events: count(output, GENERATED) }).toEqual({ code: 0, events: 10 });
  });
});

describePeer('B02 B05: the keystore in a terminal', [peers.python3], () => {
  const create = 'sudo bin/logstash-keystore --path.settings /etc/logstash create';
  const add = 'sudo bin/logstash-keystore --path.settings /etc/logstash add LogAnalyticsKey';

  /** What stands on the screen after a command of the document and the answers to its questions. */
  async function type(line: string, ...dialogue: string[]): Promise<{ code: number; screen: string }> {
    const script = join(root, 'test/peers/terminal.py');
    const run = await runProgram(
      'python3',
      [script, line.replaceAll('/etc/logstash', shell.settings), ...dialogue],
      {
        cwd: compat,
        env: { ...shell.environment(), PATH: `${shell.environment()['PATH']}:${process.env['PATH']}` },
      },
    );
    expect(run.stderr).toBe('');
    return { code: run.code, screen: run.stdout };
  }

  test('create asks whether to go on without a password; add asks for the value and shows nothing of it', async () => {
    const created = await type(create, 'Continue without password protection on the keystore? [y/N]', 'y');
    expect(created).toMatchObject({ code: 0 });
    expect(created.screen).toContain('The keystore password is not set');
    expect(created.screen).toContain('Created Logstash keystore');
    const added = await type(add, 'Enter value for LogAnalyticsKey:', 'k3y+of/the=workspace');
    expect(added).toMatchObject({ code: 0 });
    expect(added.screen).toContain("Added 'loganalyticskey' to the Logstash keystore");
    expect(added.screen).not.toContain('k3y');
    const used = await shell.run(
      'bin/logstash --path.settings /etc/logstash -e \'input { generator { count => 1 message => "${LogAnalyticsKey}" } } output { stdout { codec => line { format => "%{message}" } } }\'',
    );
    expect(used.code).toBe(0);
    expect(used.output).toContain('k3y+of/the=workspace\n');
  });

  test('an existing one stays unless the user says yes', async () => {
    await shell.run(create);
    await type(add, 'Enter value for LogAnalyticsKey:', 'first');
    const kept = await type(create, 'Overwrite ? [y/N]', 'n');
    expect(kept.screen).toContain('without creating');
    const again = await type(
      add,
      'LogAnalyticsKey already exists. Overwrite ? [y/N]',
      'y',
      'Enter value',
      'b',
    );
    expect(again.screen).toContain('Added');
  });

  test('answers may also come from a pipe', async () => {
    const { code, output } = await shell.run(`printf 'y\\nsecret\\n' | ${add}`);
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('Added') });
  });
});

const B07 = 'bin/logstash --debug --path.settings /etc/logstash -f /etc/logstash/generator-to';

describe.each([
  ['sentinel', 'microsoft-logstash-output-azure-loganalytics'],
  ['kusto', 'kusto'],
])('B06 B07: generator-to-%s.conf', (name, plugin) => {
  test('with stdout alone: ten rows, then those that are typed, until standard input ends', async () => {
    const file = `001-generator-to-${name}.conf`;
    const text = printed(file);
    const start = text.indexOf(`    ${plugin} {`);
    const output = text.slice(start, text.indexOf('    }\n', start) + 6);
    shell.write(file.slice(4), printed(file, { [output]: '' }));
    const logstash = shell.start(`${B07}-${name}.conf`);
    await until(() => count(logstash.output, GENERATED) >= 10, `ten rows:\n${logstash.output}`);
    for (let sequence = 0; sequence < 10; sequence++)
      expect(logstash.output).toContain(`"sequence" => ${sequence}`);
    // The generator has ended; the pipeline waits for its user.
    await new Promise((done) => setTimeout(done, 700));
    expect(logstash.hasEnded).toBe(false);
    logstash.child.stdin!.write('a first row\n');
    await until(() => logstash.output.includes('"message" => "a first row"'), 'the row typed');
    logstash.child.stdin!.write('Größe, typed\nlast, without its end');
    await until(() => logstash.output.includes('"message" => "Größe, typed"'), 'the second row');
    expect(logstash.hasEnded).toBe(false);
    logstash.child.stdin!.end();
    expect(await logstash.exited).toBe(0);
    expect(logstash.output).toContain('"message" => "last, without its end"');
    expect(count(logstash.output, GENERATED)).toBe(10);
    expect(count(logstash.output, '"message" =>')).toBe(13);
  });
});

const goLumber = await buildGoLumber();
const noGo = 'missing' in goLumber ? goLumber.missing : undefined;
const client = 'path' in goLumber ? goLumber.path : '';

describePeer('B12: filebeat-to-stdout.conf', [noGo], () => {
  let certificates: Certificates;
  beforeAll(async () => {
    certificates = await millraceCerts();
    return () => certificates.remove();
  });

  /** Starts the document's command with its config; `more` stands beside the port. */
  async function start(more = ''): Promise<{ logstash: Peer; address: string }> {
    const port = await freePort();
    const name = '001-filebeat-to-stdout.conf';
    shell.write(
      name.slice(4),
      printed(name, { 'port => 5044': `port => ${port} host => "127.0.0.1" ${more}` }),
    );
    const logstash = shell.start(
      'bin/logstash --debug --path.settings /etc/logstash -f /etc/logstash/filebeat-to-stdout.conf',
    );
    await until(() => logstash.output.includes('Pipelines running'), `it runs:\n${logstash.output}`);
    return { logstash, address: `127.0.0.1:${port}` };
  }

  test.each([
    ['compressed', [], ''],
    ['not compressed, several windows under way', ['-compress', '0', '-pipelining', '3'], ''],
    ['over TLS', ['-ca'], 'tls'],
  ])('10,000 events of Elastic’s client, %s', async (_name, flags, tls) => {
    const { cert, pk8 } = certificates.of('localhost');
    const { logstash, address } = await start(
      tls && `ssl_enabled => true ssl_certificate => "${cert}" ssl_key => "${pk8}"`,
    );
    const args = ['-addr', address, '-count', '10000', ...flags, ...(tls ? [certificates.ca] : [])];
    expect(await runProgram(client, args)).toEqual({ code: 0, stdout: 'acked 10000\n', stderr: '' });
    const messages = () => [...logstash.output.matchAll(/^ +"message" => "line (\d+)",?$/gm)];
    await until(() => messages().length >= 10_000, 'all events');
    const numbers = messages().map((match) => Number(match[1]));
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 10_000 }, (_, at) => at + 1));
    // The tag that Logstash's input gives.
    expect(count(logstash.output, '"beats_input_codec_plain_applied"')).toBe(10_000);
    expect(logstash.output).not.toContain('@metadata');
  });

  const versionOne = `version 1 of the protocol, compressed and not${peers.python3 ? ` (skipped: ${peers.python3})` : ''}`;
  test.skipIf(peers.python3)(versionOne, async () => {
    const { cert, pk8 } = certificates.of('localhost');
    const { logstash, address } = await start(
      `ssl_enabled => true ssl_certificate => "${cert}" ssl_key => "${pk8}"`,
    );
    const port = address.split(':')[1]!;
    const script = join(root, 'test/peers/lumberjack-v1.py');
    const run = await runProgram('python3', [script, port, certificates.ca, '500']);
    expect(run).toEqual({ code: 0, stdout: 'acked 500\nacked 500\n', stderr: '' });
    await until(() => count(logstash.output, '"message" => "first ') >= 500, 'the first window');
    await until(() => count(logstash.output, '"message" => "second ') >= 500, 'the second window');
    expect(logstash.output).toContain('"file" => "/var/log/größe.log"');
    expect(count(logstash.output, '"message" =>')).toBe(1_000);
  });
});
