/** Receivers that misbehave: health says in words what they do, and when they are well again everything arrives. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, describe, expect, test } from 'vitest';
import { makeCertificates } from '../support/certs.ts';
import {
  type FakeElasticsearch,
  type FakeOptions,
  fakeElasticsearch,
} from '../support/elasticsearch-server.ts';
import {
  deadLetters,
  HttpSender,
  httpInput,
  httpOutput,
  missing,
  queued,
  RECOVERY,
  Sink,
  startMillrace,
  stopWell,
  untilHealth,
} from '../support/faults.ts';
import { httpServer } from '../support/http-server.ts';
import { cleanUp, freePort, temporaryFolder, until } from '../support/millrace.ts';

const open: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of open.splice(0)) await close();
  await cleanUp();
});

const QUICK = 'request_timeout => 1 socket_timeout => 1 automatic_retries => 0';

/** The health report about an output with these words. */
const outputSays = (words: string): RegExp =>
  new RegExp(`output siem: ${words}, retrying since \\d\\d:\\d\\d, [\\d,]+ events waiting`);

describe.concurrent('output http', () => {
  type Mood = (request: IncomingMessage, response: ServerResponse, body: string, sink: Sink) => void;
  const cases: [string, string, Mood][] = [
    [
      'answers 500',
      'answered 500 \\(Internal Server Error\\)',
      (_, response) => response.writeHead(500).end(),
    ],
    [
      'asks for patience with 429',
      'answered 429 \\(Too Many Requests\\)',
      (_, response) => response.writeHead(429, { 'retry-after': '1' }).end(),
    ],
    ['takes the request and never answers', 'did not answer within 1 seconds?', () => {}],
    ['resets the connection', 'broke the connection', (request) => request.socket.resetAndDestroy()],
    [
      'takes the events and breaks off in the middle of its answer',
      '(broke the connection|closed the connection without an answer)',
      (_, response, body, sink) => {
        sink.take(body);
        response.writeHead(200, { 'content-length': '100' }).write('half of i');
        setTimeout(() => response.destroy(), 5);
      },
    ],
    [
      'stops in the middle of its answer',
      '(stopped in the middle of its answer|did not answer within 1 seconds?)',
      (_, response) => response.writeHead(200, { 'content-length': '100' }).write('half of i'),
    ],
  ];
  test.each(cases)(
    'a receiver that %s',
    async (_, words, mood) => {
      const [input, target] = [await freePort(), await freePort()];
      const sink = await new Sink(target).start();
      open.push(() => sink.stop());
      const millrace = await startMillrace(`${httpInput(input)} ${httpOutput(target, QUICK)}`);
      const sender = new HttpSender(input, { lanes: 2 });
      await until(() => sink.arrived.size > 50, 'first events');
      sink.mood = (request, response, body) => mood(request, response, body, sink);
      await untilHealth(millrace, 'yellow', outputSays(`http://127.0.0.1:${target} ${words}`));
      const before = sink.requests;
      await sender.stop();
      expect(await queued(millrace)).toBeGreaterThan(0);
      await until(() => sink.requests > before, 'another try');
      sink.mood = undefined;
      await until(() => missing(sender.answered, sink.arrived).length === 0, 'all events', RECOVERY);
      await untilHealth(millrace, 'green', '', RECOVERY);
      expect(await queued(millrace)).toBe(0);
      await stopWell(millrace);
    },
    90_000,
  );

  test('a receiver that is not there', async () => {
    const [input, target] = [await freePort(), await freePort()];
    const sink = new Sink(target);
    const millrace = await startMillrace(`${httpInput(input)} ${httpOutput(target, QUICK)}`);
    const sender = new HttpSender(input, { lanes: 2 });
    await untilHealth(
      millrace,
      'yellow',
      outputSays(`http://127.0.0.1:${target} refuses connections: nothing listens there`),
    );
    await sender.stop();
    await sink.start();
    open.push(() => sink.stop());
    await until(() => missing(sender.answered, sink.arrived).length === 0, 'all events', RECOVERY);
    await untilHealth(millrace, 'green', '', RECOVERY);
    await stopWell(millrace);
  }, 90_000);

  test('a receiver that finds bodies too large (413): they become dead letters with the reason', async () => {
    const [input, target, dead] = [await freePort(), await freePort(), temporaryFolder()];
    const sink = await new Sink(target).start();
    open.push(() => sink.stop());
    sink.mood = (_, response, body) => {
      if (body.includes('n=7 ')) return response.writeHead(413).end('at most 1 MB');
      sink.take(body);
      return response.end();
    };
    const millrace = await startMillrace(
      `${httpInput(input)} output { http { id => "siem" url => "http://127.0.0.1:${target}/" http_method => post ${QUICK} } }`,
      ['--path.dead_letter_queue', dead],
    );
    const sender = new HttpSender(input, { lanes: 1, pause: 50 });
    await until(() => sink.arrived.size > 50, 'events');
    await sender.stop();
    await until(async () => (await queued(millrace)) === 0, 'all done');
    await untilHealth(millrace, 'green');
    await stopWell(millrace);
    const { numbers, reasons } = await deadLetters(dead);
    expect([...numbers]).toEqual([7]);
    expect([...reasons]).toEqual([
      `http://127.0.0.1:${target} answered 413 (Payload Too Large): at most 1 MB`,
    ]);
    expect(missing(sender.answered, sink.arrived)).toEqual([7]);
  }, 60_000);

  test('a receiver with another certificate is refused; with the right one it gets everything', async () => {
    const certs = makeCertificates();
    open.push(() => certs.remove());
    const [input, target] = [await freePort(), await freePort()];
    const arrived = new Set<number>();
    const serve = (pair: { cert: string; key: string }) =>
      httpServer(
        ({ body }) => {
          for (const [, n] of body.matchAll(/n=(\d+)/g)) arrived.add(Number(n));
          return {};
        },
        { cert: readFileSync(pair.cert), key: readFileSync(pair.key) },
        target,
      );
    let server = await serve(certs.server);
    open.push(() => server.close());
    const url = `https://127.0.0.1:${target}`;
    const millrace = await startMillrace(
      `${httpInput(input)} output { http { id => "siem" url => "${url}/" http_method => post format => json_batch ssl_certificate_authorities => "${certs.ca}" ${QUICK} } }`,
    );
    const sender = new HttpSender(input, { lanes: 2 });
    await until(() => arrived.size > 50, 'first events');
    await server.close();
    server = await serve(certs.stranger);
    await untilHealth(
      millrace,
      'yellow',
      outputSays(
        `${url} can not be reached over TLS: the certificate of the other side comes from an unknown authority \\(CA\\)`,
      ),
    );
    expect(server.requests).toEqual([]);
    await sender.stop();
    await server.close();
    server = await serve(certs.server);
    await until(() => missing(sender.answered, arrived).length === 0, 'all events', RECOVERY);
    await untilHealth(millrace, 'green', '', RECOVERY);
    await stopWell(millrace);
  }, 90_000);
});

describe.concurrent('output elasticsearch', () => {
  const arrivedAt = ({ documents }: FakeElasticsearch): Set<number> =>
    new Set(documents.map(({ source }) => Number(/n=(\d+)/.exec(source ?? '')?.[1])));
  const output = (port: number, more = ''): string =>
    `output { elasticsearch { id => "siem" hosts => ["http://127.0.0.1:${port}"] index => "events" manage_template => false timeout => 1 retry_initial_interval => 0.2 retry_max_interval => 1 ${more} } }`;
  const start = async (fake: FakeOptions, dead = temporaryFolder()) => {
    const input = await freePort();
    const server = await fakeElasticsearch(fake);
    open.push(() => server.close());
    const millrace = await startMillrace(`${httpInput(input)} ${output(server.port)}`, [
      '--path.dead_letter_queue',
      dead,
    ]);
    return { input, server, millrace, dead };
  };

  type Instead = NonNullable<FakeOptions['instead']>;
  const cases: [string, string, Instead][] = [
    ['answers 500', 'answered 500 \\(Internal Server Error\\)', () => ({ status: 500 })],
    ['answers 429', 'answered 429 \\(Too Many Requests\\)', () => ({ status: 429 })],
    ['takes the request and never answers', 'did not answer within 1 seconds?', () => new Promise(() => {})],
    [
      'resets the connection',
      '(broke the connection|closed the connection without an answer)',
      ({ socket }) => {
        socket.resetAndDestroy();
        return new Promise(() => {});
      },
    ],
    [
      'breaks off in the middle of its answer',
      '(broke the connection|closed the connection without an answer)',
      ({ socket }) => {
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"errors":fal');
        return new Promise(() => {});
      },
    ],
  ];
  test.each(cases)(
    'a cluster that %s',
    async (_, words, instead) => {
      let fails = false;
      const { input, server, millrace } = await start({
        instead: (asked, count) => (fails && asked.url.includes('_bulk') ? instead(asked, count) : undefined),
      });
      const sender = new HttpSender(input, { lanes: 2 });
      await until(() => server.documents.length > 50, 'first documents');
      fails = true;
      await untilHealth(millrace, 'yellow', outputSays(`.*127\\.0\\.0\\.1:${server.port}.* ${words}`));
      await sender.stop();
      expect(await queued(millrace)).toBeGreaterThan(0);
      fails = false;
      await until(() => missing(sender.answered, arrivedAt(server)).length === 0, 'all documents', RECOVERY);
      await untilHealth(millrace, 'green', '', RECOVERY);
      await stopWell(millrace);
    },
    90_000,
  );

  test('half of a bulk: what was 429 comes again alone, what can not be mapped becomes dead letters', async () => {
    let busy = true;
    const { input, server, millrace, dead } = await start({
      item: ({ source }) => {
        const n = Number(/n=(\d+)/.exec(source ?? '')?.[1]);
        if (n % 10 === 3)
          return {
            status: 400,
            error: { type: 'mapper_parsing_exception', reason: 'failed to parse field [n]' },
          };
        return busy && n % 10 === 6
          ? { status: 429, error: { type: 'es_rejected_execution_exception', reason: 'queue is full' } }
          : undefined;
      },
    });
    const sender = new HttpSender(input, { lanes: 2, pause: 30 });
    await untilHealth(
      millrace,
      'yellow',
      outputSays('documents are refused for now: 429 es_rejected_execution_exception'),
    );
    await sender.stop();
    busy = false;
    const wanted = [...sender.answered].filter((n) => n % 10 !== 3);
    await until(() => missing(wanted, arrivedAt(server)).length === 0, 'all that can be', RECOVERY);
    await until(async () => (await queued(millrace)) === 0, 'all done');
    await untilHealth(millrace, 'green', '', RECOVERY);
    await stopWell(millrace);
    // Nothing that was accepted came again.
    expect(server.documents).toHaveLength(wanted.length);
    const { numbers, reasons } = await deadLetters(dead);
    expect([...numbers].sort((a, b) => a - b)).toEqual([...sender.answered].filter((n) => n % 10 === 3));
    expect([...reasons].every((each) => each.includes('mapper_parsing_exception'))).toBe(true);
  }, 90_000);

  test('a cluster that finds requests too large (413): they are halved, what is too large alone is a dead letter', async () => {
    const { input, server, millrace, dead } = await start({
      instead: ({ url, body }) =>
        url.includes('_bulk') && (body.length > 2500 || body.includes('n=7 ')) ? { status: 413 } : undefined,
    });
    const sender = new HttpSender(input, { lanes: 1, pause: 50 });
    await until(() => server.documents.length > 50, 'documents');
    await sender.stop();
    await until(async () => (await queued(millrace)) === 0, 'all done');
    await untilHealth(millrace, 'green');
    await stopWell(millrace);
    expect(missing(sender.answered, arrivedAt(server))).toEqual([7]);
    const { numbers, reasons } = await deadLetters(dead);
    expect([...numbers]).toEqual([7]);
    expect([...reasons][0]).toContain('413 (Payload Too Large)');
  }, 60_000);

  test('a cluster with another certificate is refused; with the right one it gets everything', async () => {
    const certs = makeCertificates();
    open.push(() => certs.remove());
    const [input, target] = [await freePort(), await freePort()];
    const serve = (pair: { cert: string; key: string }) =>
      fakeElasticsearch({
        tls: { cert: readFileSync(pair.cert), key: readFileSync(pair.key) },
        port: target,
      });
    const first = await serve(certs.server);
    open.push(() => first.close());
    const config = `${httpInput(input)} ${output(target, `ssl_certificate_authorities => "${certs.ca}"`)}`;
    const millrace = await startMillrace(config.replace('http://127.0.0.1:', 'https://127.0.0.1:'));
    const sender = new HttpSender(input, { lanes: 2 });
    await until(() => first.documents.length > 50, 'first documents');
    await first.close();
    const stranger = await serve(certs.stranger);
    open.push(() => stranger.close());
    await untilHealth(
      millrace,
      'yellow',
      outputSays(
        '.*can not be reached over TLS: the certificate of the other side comes from an unknown authority \\(CA\\).*',
      ),
    );
    expect(stranger.requests).toEqual([]);
    await sender.stop();
    await stranger.close();
    const last = await serve(certs.server);
    open.push(() => last.close());
    const arrived = (): Set<number> => new Set([...arrivedAt(first), ...arrivedAt(last)]);
    await until(() => missing(sender.answered, arrived()).length === 0, 'all documents', RECOVERY);
    await untilHealth(millrace, 'green', '', RECOVERY);
    await stopWell(millrace);
  }, 90_000);
});
