/** Document 003: webhooks over HTTPS into the config that it prints (section 6, item 4). */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Certificates, millraceCerts, printed } from '../support/documents.ts';
import {
  cleanUp,
  freePort,
  type Millrace,
  runConfig,
  runToEnd,
  temporaryFolder,
  until,
} from '../support/millrace.ts';
import { describePeer, type Finished, peers, runProgram } from '../support/peers.ts';

/** A running webhook receiver with the document's config, which also writes every event as a JSON line. */
class Receiver {
  readonly out: string;
  readonly millrace: Millrace;
  readonly url: string;
  readonly #ca: string;
  #read = 0;

  private constructor(out: string, millrace: Millrace, url: string, ca: string) {
    this.out = out;
    this.millrace = millrace;
    this.url = url;
    this.#ca = ca;
  }

  static async start(certificates: Certificates, more = ''): Promise<Receiver> {
    const port = await freePort();
    const { cert, key } = certificates.of('localhost');
    const out = join(temporaryFolder(), 'events.json');
    writeFileSync(out, '');
    const config = printed('003-webhook.conf', {
      'port => 5044 ': `host => "127.0.0.1" ${more} port => ${port} `,
      '/etc/server.crt': cert,
      '/etc/server.key': key,
      '\n  ...\n': `\n  file { path => "${out}" codec => json_lines }\n`,
    });
    return new Receiver(out, await runConfig(config), `https://localhost:${port}/`, certificates.ca);
  }

  /** Sends with curl; its standard output is the answer's body and then its status. */
  async curl(...args: string[]): Promise<Finished> {
    const run = await runProgram('curl', ['-sS', '--cacert', this.#ca, '-w', '%{http_code}', ...args]);
    expect(run.stderr).toBe('');
    return run;
  }

  post(body: string, ...args: string[]): Promise<Finished> {
    return this.curl('-H', 'Content-Type: application/json', '--data-binary', body, ...args, this.url);
  }

  /** Lines of the events since the last call. */
  async lines(count: number): Promise<string[]> {
    const read = () => readFileSync(this.out, 'utf8').split('\n').slice(this.#read, -1);
    await until(() => read().length >= count, `${count} events; ${this.millrace.stderr}`);
    const lines = read();
    this.#read += lines.length;
    expect(lines).toHaveLength(count);
    return lines;
  }

  async events(count: number): Promise<any[]> {
    return (await this.lines(count)).map((line) => JSON.parse(line));
  }
}

const hit = printed('003-new-hit.json');
const [document] = JSON.parse(hit);

describePeer('document 003: webhooks by curl', [peers.curl], () => {
  let certificates: Certificates;
  let receiver: Receiver;
  let folder: string;
  beforeAll(async () => {
    certificates = await millraceCerts();
    receiver = await Receiver.start(certificates);
    folder = temporaryFolder();
  });
  afterAll(async () => {
    await cleanUp();
    certificates?.remove();
  });

  const file = (name: string, body: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, body);
    return `@${path}`;
  };

  describe.each(['POST', 'PUT'])('D03: %s', (method) => {
    test('D02: the hit of the document is one event, every value as it was sent', async () => {
      const { stdout } = await receiver.post(file('hit.json', hit), '-X', method);
      expect(stdout).toBe('ok200');
      const [line] = await receiver.lines(1);
      const event = JSON.parse(line!);
      expect(event.headers).toMatchObject({
        request_method: method,
        request_path: '/',
        content_type: 'application/json',
        content_length: String(hit.length),
      });
      expect(event.headers.http_user_agent).toMatch(/^curl/);
      expect(event.host).toBe('127.0.0.1');
      expect(event.tags).toBeUndefined();
      expect(Object.keys(event).sort()).toEqual([
        '@timestamp',
        '@version',
        'details',
        'headers',
        'host',
        'summary',
      ]);
      expect(event.summary).toBe('[Wallarm] New hit detected');
      expect(event.details.hit).toMatchObject({
        stamps_hash: -22222,
        regex_hash: -33333,
        remote_addr6: '',
        regex: [],
        heur_distance: 0.01111,
      });
      expect(Object.keys(event.details.hit)).toHaveLength(27);
      // To the byte, in the document's order.
      expect(line).toContain(`"details":${JSON.stringify(document.details)}`);
    });

    test('D02: one event per element of the array, in order', async () => {
      const array = Array.from({ length: 25 }, (_, at) => ({
        at,
        empty: '',
        list: [],
        nested: { a: [-1 - at] },
      }));
      expect((await receiver.post(JSON.stringify(array), '-X', method)).stdout).toBe('ok200');
      const events = await receiver.events(25);
      expect(events.map(({ at, empty, list, nested }) => ({ at, empty, list, nested }))).toEqual(array);
    });
  });

  test('an object is one event; an empty array is none, and both get 200', async () => {
    expect((await receiver.post('[]')).stdout).toBe('ok200');
    expect((await receiver.post('{"alone": true}')).stdout).toBe('ok200');
    expect((await receiver.events(1))[0].alone).toBe(true);
  });

  test('numbers beyond 2^53 are exact', async () => {
    const numbers = '[12345678901234567890,-9007199254740993,-0.5,1603834606]';
    await receiver.post(`{"numbers":${numbers}}`);
    expect((await receiver.lines(1))[0]).toContain(`"numbers":${numbers}`);
  });

  test.each([
    ['some text', 'this is no JSON'],
    ['a JSON body that is cut off', hit.slice(0, 300)],
    ['D08: the test message as the document prints it', printed('003-test-message.txt')],
  ])('%s gives one event tagged _jsonparsefailure, and 200', async (_name, body) => {
    expect((await receiver.post(file('bad.json', body))).stdout).toBe('ok200');
    const [event] = await receiver.events(1);
    expect(event.tags).toEqual(['_jsonparsefailure']);
    expect(event.message).toBe(body);
  });

  test('a body of another type is one event with its text', async () => {
    await receiver.curl('-H', 'Content-Type: text/plain', '--data-binary', '[1,2]', receiver.url);
    const [event] = await receiver.events(1);
    expect(event.message).toBe('[1,2]');
    expect(event.tags).toBeUndefined();
  });

  test('gzip', async () => {
    const body = file('hit.json.gz', gzipSync(hit));
    expect((await receiver.post(body, '-H', 'Content-Encoding: gzip')).stdout).toBe('ok200');
    expect((await receiver.lines(1))[0]).toContain(`"details":${JSON.stringify(document.details)}`);
    const broken = await receiver.post(file('broken.gz', 'no gzip'), '-H', 'Content-Encoding: gzip');
    expect(broken.stdout).toMatch(/400$/);
  });

  test('1,000 requests over one connection', async () => {
    const body = file('hit.json', hit);
    const run = await runProgram('curl', [
      ...['-sS', '--cacert', certificates.ca, '-H', 'Content-Type: application/json', '--data-binary', body],
      ...['-w', '%{http_code} %{num_connects}\n', '-o', '/dev/null', `${receiver.url}[1-1000]`],
    ]);
    const answers = run.stdout.trim().split('\n');
    expect(answers).toHaveLength(1_000);
    expect(new Set(answers.slice(1))).toEqual(new Set(['200 0']));
    expect(answers[0]).toBe('200 1');
    const events = await receiver.events(1_000);
    const paths = new Set(events.map((event) => event.headers.request_path));
    expect(paths.size).toBe(1_000);
    const digest = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex');
    expect(new Set(events.map((event) => digest(event.details)))).toEqual(
      new Set([digest(document.details)]),
    );
  });

  test('D02: 20,000 elements in one body: whole, in chunks, compressed', async () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => ({ at, text: 'x'.repeat(200) }));
    const body = JSON.stringify(rows);
    const path = file('big.json', body).slice(1);
    const zipped = file('big.json.gz', gzipSync(body));
    expect((await receiver.post(`@${path}`)).stdout).toBe('ok200');
    const chunked = [
      '-X',
      'POST',
      '-H',
      'Content-Type: application/json',
      '-H',
      'Transfer-Encoding: chunked',
    ];
    expect((await receiver.curl(...chunked, '-T', path, receiver.url)).stdout).toBe('ok200');
    expect((await receiver.post(zipped, '-H', 'Content-Encoding: gzip')).stdout).toBe('ok200');
    const events = await receiver.events(60_000);
    const numbers = events.map((event) => event.at).sort((a, b) => a - b);
    expect(numbers.every((number, at) => number === Math.floor(at / 3))).toBe(true);
  });

  test.each([100, 300])(
    '%i connections at a time: 200 means taken, once; 429 (too many wait) not taken',
    async (most) => {
      const run = await runProgram('curl', [
        ...['-s', '-Z', '--parallel-max', `${most}`, '--cacert', certificates.ca, '-o', '/dev/null'],
        ...['-H', 'Content-Type: application/json', '-d', '[{"a":1},{"a":2}]'],
        ...['-w', '%{http_code} %{url_effective}\n', `${receiver.url}[1-900]`],
      ]);
      const answers = run.stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' '));
      expect(answers).toHaveLength(900);
      const taken = answers.filter(([status]) => status === '200').map(([, url]) => new URL(url!).pathname);
      expect(answers.filter(([status]) => status === '429')).toHaveLength(900 - taken.length);
      // 200 requests may wait for their answer, as in Logstash.
      if (most < 200) expect(taken).toHaveLength(900);
      const events = await receiver.events(2 * taken.length);
      expect(events.map((event) => `${event.headers.request_path} ${event.a}`).sort()).toEqual(
        taken.flatMap((path) => [`${path} 1`, `${path} 2`]).sort(),
      );
    },
  );

  test('D04: stdout {} printed every event in rubydebug form', () => {
    expect(receiver.millrace.stdout).toContain('"stamps_hash" => -22222');
    expect(receiver.millrace.stdout).toContain('"remote_addr6" => ""');
    expect(receiver.millrace.stdout).toContain('"regex" => []');
  });

  test('plain HTTP is refused with a line in the log', async () => {
    const url = receiver.url.replace('https', 'http');
    const { code } = await runProgram('curl', ['-s', '-d', '{}', url]);
    expect(code).not.toBe(0);
    await until(
      () => /TLS connection from 127\.0\.0\.1:\d+ refused: .*plain/i.test(receiver.millrace.stderr),
      `the refusal: ${receiver.millrace.stderr}`,
    );
  });

  test('a client that does not know the authority gives up, which the log tells', async () => {
    const { code } = await runProgram('curl', ['-s', '-d', '{}', receiver.url]);
    expect(code).toBe(60);
    await until(
      () => /refused: .*does not know the authority/.test(receiver.millrace.stderr),
      `the refusal: ${receiver.millrace.stderr}`,
    );
  });
});

test('D04: the ellipsis of the printed config is pointed at', async () => {
  const file = join(temporaryFolder(), 'printed.conf');
  writeFileSync(file, printed('003-webhook.conf'));
  const { code, stderr } = await runToEnd({ args: ['-t', '-f', file] });
  await cleanUp();
  expect(code).toBe(1);
  expect(stderr).toContain(`${file}:11:3: error:`);
  expect(stderr).toMatch(/\n {4}\.\.\.\n {4}\^/);
});

describePeer('document 003: webhooks with a password', [peers.curl], () => {
  afterAll(cleanUp);
  test('401 without it or with a wrong one, and nothing gets in; 200 with it', async () => {
    const certificates = await millraceCerts('--ec');
    const receiver = await Receiver.start(certificates, 'user => "wallarm" password => "s3cret:€"');
    expect((await receiver.post(hit)).stdout).toBe('401');
    expect((await receiver.post(hit, '-u', 'wallarm:wrong')).stdout).toBe('401');
    const { stdout } = await receiver.post('{}', '-D', '-');
    expect(stdout).toMatch(/^WWW-Authenticate: Basic realm=/im);
    expect((await receiver.post(hit, '-u', 'wallarm:s3cret:€')).stdout).toBe('ok200');
    expect((await receiver.events(1))[0].details).toEqual(document.details);
    certificates.remove();
  });
});
