/**
 * Document 000: SensorFleet's events by Lumberjack into a forwarder, by HTTP with client certificates into a
 * receiver (section 6, item 2). The Lumberjack client is Elastic's own library.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildGoLumber } from '../peers/go-lumber/go-lumber.ts';
import { makeCertificates } from '../support/certs.ts';
import { type Certificates, millraceCerts, printed } from '../support/documents.ts';
import { sorted } from '../support/exact-json.ts';
import { cleanUp, freePort, Millrace, runConfig, temporaryFolder, until } from '../support/millrace.ts';
import { describePeer, type Finished, peers, runProgram } from '../support/peers.ts';
import { expectation, sensorEvents } from '../support/sensor-events.ts';

const goLumber = await buildGoLumber();
const missing = [peers.curl, peers.openssl, 'missing' in goLumber ? goLumber.missing : undefined];
const filter = printed('000-filter.conf');

interface Receiver {
  readonly millrace: Millrace;
  readonly url: string;
  /** Lines it has written. */
  lines(): string[];
}

/** The receiver of steps 5 and 7; its events go to a file instead of Elasticsearch. */
async function startReceiver(
  certificates: Certificates | 'no TLS',
  filterHere: boolean,
  changes: Readonly<Record<string, string>> = {},
): Promise<Receiver> {
  const port = changes['8899'] ?? String(await freePort());
  const out = join(temporaryFolder(), 'events.json');
  const text = printed('000-receiver.conf');
  const elasticsearch = text.slice(text.indexOf('  elasticsearch {'), text.indexOf('  stdout {}'));
  const config = printed('000-receiver.conf', {
    ...changes,
    '0.0.0.0': '127.0.0.1',
    ...(changes['8899'] === undefined && { '8899': port }),
    [elasticsearch]: `  file { path => "${out}" codec => json_lines }\n`,
    '\noutput {': `\n${filterHere ? filter : ''}output {`,
    ...(certificates === 'no TLS'
      ? { [text.slice(text.indexOf('    ssl => true'), text.indexOf('    codec => json'))]: '' }
      : {
          '/etc/logstash/logstash_server.crt': certificates.of('localhost').cert,
          '/etc/logstash/ca.crt': certificates.ca,
          '/etc/logstash/logstash_server_pk8.key': certificates.of('localhost').pk8,
        }),
  });
  return {
    millrace: await runConfig(config),
    url: `${certificates === 'no TLS' ? 'http' : 'https'}://localhost:${port}`,
    lines: () => (existsSync(out) ? readFileSync(out, 'utf8').split('\n').slice(0, -1) : []),
  };
}

interface Sender {
  readonly millrace: Millrace;
  readonly address: string;
}

/** The forwarder of step 4, from pipelines.yml without its queue, which comes with the persisted queue. */
async function startSender(
  certificates: Certificates | 'no TLS' | 'no client certificate',
  url: string,
  filterHere: boolean,
  ca = '',
): Promise<Sender> {
  const port = await freePort();
  const text = printed('000-pipelines.yml');
  const keys = text.slice(text.indexOf('        client_cert'), text.indexOf('      }\n      # You can'));
  const settings = temporaryFolder();
  writeFileSync(
    join(settings, 'pipelines.yml'),
    printed('000-pipelines.yml', {
      '  queue.type: persisted\n  queue.max_events: 5\n  queue.max_bytes: 1gb\n': '',
      '15044': String(port),
      'https://elastic.my-upstream-siem.net:8899': url,
      '\n    output {': `\n${filterHere ? filter.replace(/^(?=.)/gm, '    ') : ''}    output {`,
      ...(certificates === 'no TLS'
        ? { [keys]: '' }
        : certificates === 'no client certificate'
          ? { [keys]: `        cacert => "${ca}"\n` }
          : {
              '/transient-data/logstash/files/logstash_client.crt': certificates.of('logstash-client').cert,
              '/transient-data/logstash/files/ca.crt': certificates.ca,
              '/transient-data/logstash/files/logstash_client.key': certificates.of('logstash-client').pk8,
            }),
    }),
  );
  const millrace = new Millrace({
    args: [
      '--path.settings',
      settings,
      '--path.data',
      join(settings, 'data'),
      '--api.http.port',
      '19600-19999',
    ],
  });
  await millrace.ready();
  return { millrace, address: `127.0.0.1:${port}` };
}

/** The fleet's pipeline: sends the lines as they are, one event each. */
function deliver({ address }: Sender, lines: readonly string[], ...flags: string[]): Promise<Finished> {
  const file = join(temporaryFolder(), 'events.json');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const program = 'path' in goLumber ? goLumber.path : '';
  return runProgram(program, ['-addr', address, '-json', file, '-count', String(lines.length), ...flags]);
}

/** Every event arrived once, and is what the document says, to the byte of names and values. */
function expectArrived(
  received: readonly string[],
  sent: readonly string[],
  added: (event: any) => void,
): void {
  expect(received).toHaveLength(sent.length);
  const byId = new Map<number, string>();
  for (const line of received) {
    const event = JSON.parse(line);
    const id = event._sensorfleet_event.sensor_event_id;
    expect(byId.has(id)).toBe(false);
    added(event);
    byId.set(id, sorted(line, ['headers', 'host', '@timestamp']));
  }
  for (const [at, line] of sent.entries()) {
    const expected = expectation(line);
    if (byId.get(at) !== expected) expect(byId.get(at)).toBe(expected);
  }
}

describePeer('document 000: two hops', missing, () => {
  const events = sensorEvents(10_000);
  let rsa: Certificates;
  let ec: Certificates;
  beforeAll(async () => {
    [rsa, ec] = await Promise.all([millraceCerts(), millraceCerts('--ec')]);
  });
  afterEach(cleanUp);
  afterAll(() => {
    rsa?.remove();
    ec?.remove();
  });

  async function pass(
    certificates: Certificates | 'no TLS',
    filterIn: 'receiver' | 'sender',
    sent: readonly string[],
    ...flags: string[]
  ): Promise<void> {
    const receiver = await startReceiver(certificates, filterIn === 'receiver');
    const sender = await startSender(certificates, receiver.url, filterIn === 'sender');
    const start = Date.now();
    expect(await deliver(sender, sent, ...flags)).toMatchObject({
      code: 0,
      stdout: `acked ${sent.length}\n`,
      stderr: '',
    });
    await until(
      () => receiver.lines().length >= sent.length,
      `all events at the receiver\n${sender.millrace.stderr}\n${receiver.millrace.stderr}`,
    );
    // Nothing more comes: the sender ends when its last request is answered.
    expect(await sender.millrace.stop()).toBe(0);
    expectArrived(receiver.lines(), sent, (event) => {
      const time = Date.parse(event['@timestamp']);
      expect(time >= start - 1 && time <= Date.now()).toBe(true);
      // What the receiver's input adds stays when the filter stands before it.
      if (filterIn === 'sender') {
        expect(event.host).toBe('127.0.0.1');
        expect(event.headers.request_method).toBe('PUT');
        expect(event.headers.content_type).toBe('application/json');
      } else expect(event.headers ?? event.host).toBeUndefined();
    });
    expect(receiver.millrace.stdout).toContain('"_sensorfleet_event" => {');
    for (const { stderr } of [sender.millrace, receiver.millrace]) expect(stderr).not.toMatch(/ERROR/);
  }

  test('A17 A20 A21 A24 A32 A34: 10,000 events with RSA certificates, filter in the receiver', () =>
    pass(rsa, 'receiver', events));

  test('A33: 10,000 events with EC certificates, filter in the sender, uncompressed windows under way', () =>
    pass(ec, 'sender', events, '-compress', '0', '-pipelining', '4', '-window', '500'));

  test('the receiver is stopped in the middle and comes back: every event arrives, if some twice', async () => {
    const first = await startReceiver(rsa, true);
    const sender = await startSender(rsa, first.url, false);
    const sent = events.slice(0, 3_000);
    const delivery = deliver(sender, sent, '-window', '200');
    await until(() => first.lines().length >= 200, 'the first events');
    expect(await first.millrace.stop()).toBe(0);
    const second = await startReceiver(rsa, true, { '8899': new URL(first.url).port });
    expect(await delivery).toMatchObject({ code: 0, stdout: 'acked 3000\n' });
    const received = () => [...first.lines(), ...second.lines()];
    const ids = () => new Set(received().map((line) => JSON.parse(line)._sensorfleet_event.sensor_event_id));
    await until(() => ids().size >= sent.length, `all events: ${ids().size} of ${sent.length}`);
    expect(second.lines().length).toBeGreaterThan(0);
  });

  test('A20: plain http:// for a try', () => pass('no TLS', 'receiver', events.slice(0, 1_000)));

  describe('a client without the right certificate is refused, with a clear line in the log', () => {
    const put = (receiver: Receiver, ca: string, ...flags: string[]) =>
      runProgram('curl', ['-sS', '--cacert', ca, '-X', 'PUT', '-d', '{}', ...flags, receiver.url]);
    const logged = (receiver: Receiver, text: RegExp) =>
      until(() => text.test(receiver.millrace.stderr), `${text} in\n${receiver.millrace.stderr}`);

    test('none, and one of another authority, by curl', async () => {
      const receiver = await startReceiver(rsa, true);
      expect((await put(receiver, rsa.ca)).code).not.toBe(0);
      await logged(
        receiver,
        /\[WARN \]\[inputs\.http\] TLS connection from 127\.0\.0\.1:\d+ refused: the client showed no certificate/,
      );
      const strangers = makeCertificates();
      const { cert, key } = strangers.stranger;
      expect((await put(receiver, rsa.ca, '--cert', cert, '--key', key)).code).not.toBe(0);
      strangers.remove();
      await logged(
        receiver,
        /\[WARN \]\[inputs\.http\] TLS connection from 127\.0\.0\.1:\d+ refused: .*authority/,
      );
      const client = rsa.of('logstash-client');
      expect(await put(receiver, rsa.ca, '--cert', client.cert, '--key', client.key)).toMatchObject({
        code: 0,
        stdout: 'ok',
      });
      await until(() => receiver.lines().length > 0, 'the event of the right one');
      expect(receiver.lines()).toHaveLength(1);
    });

    test('A28: the forwarder: it says why, keeps the events, and delivers when it may', async () => {
      const receiver = await startReceiver(rsa, true);
      const sender = await startSender('no client certificate', receiver.url, false, rsa.ca);
      const sent = events.slice(0, 20);
      await deliver(sender, sent);
      await logged(receiver, /refused: the client showed no certificate/);
      await until(
        () => /\[outputs\.http\].*certificate/i.test(sender.millrace.stderr),
        `the reason in\n${sender.millrace.stderr}`,
      );
      expect(receiver.lines()).toEqual([]);
      await receiver.millrace.stop();
      const lenient = await startReceiver(rsa, true, {
        '8899': new URL(receiver.url).port,
        force_peer: 'peer',
      });
      await until(() => lenient.lines().length >= sent.length, 'the events kept');
      expectArrived(lenient.lines(), sent, () => {});
    });
  });
});
