import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { makeCertificates } from '../support/certs.ts';
import { fakeElasticsearch } from '../support/elasticsearch-server.ts';
import { httpServer } from '../support/http-server.ts';
import { cleanUp, freePort, Millrace, runConfig, temporaryFolder, until } from '../support/millrace.ts';
import { parseExposition } from '../support/prometheus.ts';

const closing: (() => unknown)[] = [];
const endAll = async (): Promise<void> => {
  await cleanUp();
  for (const close of closing.splice(0)) await close();
};

const get = async (url: string): Promise<any> => (await fetch(url)).json();
const status = async (url: string, init?: RequestInit): Promise<[number, any]> => {
  const response = await fetch(url, init);
  return [response.status, await response.json()];
};

function connect(port: number): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = createConnection(port, '127.0.0.1', () => done(socket));
    socket.once('error', fail);
    closing.push(() => socket.destroy());
  });
}

describe('a pipeline whose receiver comes and goes', () => {
  afterEach(endAll);
  test('yellow with the cause within 5 s, green when it is there, every event counted', async () => {
    const [port, receiver] = [await freePort(), await freePort()];
    const millrace = await runConfig(
      `input { tcp { id => "in" host => "127.0.0.1" port => ${port} codec => line } }
      filter { grok { id => "parse" match => { "message" => ["^%{WORD:word} %{NUMBER:n}", "%{IP:ip}"] } } }
      output { http { id => "out" url => "http://127.0.0.1:${receiver}/" http_method => post format => json_batch } }`,
    );
    expect((await get(`${millrace.api}/_health_report`)).status).toBe('green');
    const socket = await connect(port);
    const lines = Array.from({ length: 1000 }, (_, at) => (at % 4 === 0 ? 'neither\n' : `line ${at}\n`));
    const sent = Date.now();
    socket.write(lines.join(''));
    const report = await until(async () => {
      const found = await get(`${millrace.api}/_health_report`);
      return found.status === 'yellow' && found;
    }, 'health yellow');
    expect(Date.now() - sent).toBeLessThan(5000);
    expect(report.symptom).toBe('1 indicator is concerning (`pipelines`)');
    expect(report.indicators.pipelines.symptom).toBe('1 indicator is concerning (`main`)');
    const main = report.indicators.pipelines.indicators.main;
    expect(main.status).toBe('yellow');
    expect(main.details.status.state).toBe('RUNNING');
    expect(main.symptom).toMatch(
      new RegExp(
        `output out: .*127\\.0\\.0\\.1:${receiver}.* refuses connections.*, retrying since \\d\\d:\\d\\d, [\\d,]+ events waiting`,
      ),
    );
    expect(main.diagnosis[0]).toMatchObject({ id: 'millrace:health:pipeline:diagnosis:plugin:out' });
    expect(main.impacts[0]).toMatchObject({ severity: 2, impact_areas: ['pipeline_execution'] });
    const waiting = await until(async () => {
      const { main: found } = (await get(`${millrace.api}/_node/stats/pipelines/main`)).pipelines;
      return found.queue.events_count === 1000 && found;
    }, 'all events in the queue');
    expect(waiting.plugins.outputs[0].problem).toContain('refuses connections');

    const server = await httpServer(() => ({ body: 'ok' }), undefined, receiver);
    closing.push(() => server.close());
    await until(
      async () => (await get(`${millrace.api}/_health_report`)).status === 'green',
      'health green again',
      20,
    );
    const stats = await until(
      async () => {
        const { main: found } = (await get(`${millrace.api}/_node/stats/pipelines/main`)).pipelines;
        return found.events.out === 1000 && found.queue.events_count === 0 && found;
      },
      'all events delivered',
      20,
    );
    expect(server.requests.flatMap(({ body }) => JSON.parse(body))).toHaveLength(1000);
    expect(stats.events).toMatchObject({ in: 1000, filtered: 1000, out: 1000 });
    // The output has waited for its receiver, and so has the pipeline.
    const [output] = stats.plugins.outputs;
    expect(output.events).toMatchObject({ in: 1000, out: 1000 });
    expect(output.events.duration_in_millis).toBeGreaterThan(100);
    expect(stats.events.duration_in_millis).toBeGreaterThanOrEqual(output.events.duration_in_millis - 5);
    expect(output.problem).toBeUndefined();
    expect(Object.keys(output.flow)).toEqual(['worker_utilization', 'worker_millis_per_event']);
    expect(stats.plugins.filters[0]).toMatchObject({
      id: 'parse',
      name: 'grok',
      events: { in: 1000, out: 1000 },
      matches: 750,
      failures: 250,
      patterns_per_field: { message: 2 },
    });
    expect(stats.plugins.filters[0].flow.worker_millis_per_event.lifetime).toBeGreaterThan(0);
    expect(stats.plugins.inputs[0]).toMatchObject({ id: 'in', name: 'tcp', events: { out: 1000 } });
    expect(stats.flow.input_throughput.lifetime).toBeGreaterThan(10);
    expect(stats.batch.event_count.average.lifetime).toBeGreaterThan(1);
  });

  test('elasticsearch’s own counters are nested as Logstash nests them', async () => {
    const server = await fakeElasticsearch({
      item: ({ source }) =>
        source?.includes('bad')
          ? { status: 400, error: { type: 'mapper_parsing_exception', reason: 'no' } }
          : undefined,
    });
    closing.push(() => server.close());
    const millrace = await runConfig(
      `input { generator { lines => ["good", "bad", "good"] count => 2 } heartbeat { interval => 3600 message => "good" } }
      output { elasticsearch { hosts => ["${server.url}"] manage_template => false } }`,
      ['-w', '1'],
    );
    const [output] = await until(async () => {
      const { outputs } = (await get(`${millrace.api}/_node/stats/pipelines/main`)).pipelines.main.plugins;
      return outputs[0].rejected === 2 && outputs;
    }, 'the rejected documents');
    expect(output.documents.successes).toBeGreaterThanOrEqual(4);
    expect(output.documents.non_retryable_failures).toBe(2);
    expect(output.bulk_requests.with_errors).toBeGreaterThanOrEqual(1);
    const { vertices } = (await get(`${millrace.api}/_node/stats/pipelines/main?vertices=true`)).pipelines
      .main;
    expect(vertices.at(-1).long_counters).toContainEqual({
      name: 'documents.non_retryable_failures',
      value: 2,
    });
  });

  test('time that an input waits for room is back-pressure', async () => {
    const dead = await freePort();
    const millrace = await runConfig(
      `input { generator { id => "fast" } heartbeat { id => "slow" interval => 3600 } }
      output { tcp { host => "127.0.0.1" port => ${dead} } }`,
    );
    const stats = await until(async () => {
      const { main } = (await get(`${millrace.api}/_node/stats/pipelines/main`)).pipelines;
      return main.events.queue_push_duration_in_millis > 500 && main.events.duration_in_millis > 500 && main;
    }, 'waiting counted');
    const [fast, slow] = stats.plugins.inputs;
    expect(fast.events.queue_push_duration_in_millis).toBe(stats.events.queue_push_duration_in_millis);
    expect(slow.events.queue_push_duration_in_millis).toBe(0);
    expect(stats.flow.queue_backpressure.current).toBeGreaterThan(0.1);
    expect(stats.flow.worker_utilization.current).toBeGreaterThan(10);
    expect(stats.flow.worker_utilization.current).toBeLessThanOrEqual(100);
  });
});

describe('datagrams that find no room', () => {
  afterEach(endAll);
  test.each(['udp', 'syslog'])('%s: counted for their sender, and health says so', async (input) => {
    const [port, dead] = [await freePort(), await freePort()];
    const millrace = await runConfig(
      `input { ${input} { id => "in" host => "127.0.0.1" port => ${port} receive_buffer_bytes => 100000 } }
      output { http { id => "out" url => "http://127.0.0.1:${dead}/" http_method => post } }`,
      ['--queue.max_events', '5'],
    );
    const sender = createSocket('udp4');
    closing.push(() => sender.close());
    const stats = await until(async () => {
      sender.send('<13>Oct 26 15:19:25 host app: text', port, '127.0.0.1');
      const { main } = (await get(`${millrace.api}/_node/stats/pipelines/main`)).pipelines;
      return main.plugins.inputs[0].dropped?.events > 3 && main;
    }, 'drops counted');
    const [{ dropped, kernel_dropped, problem, since }] = stats.plugins.inputs;
    expect(dropped).toEqual({
      events: stats.queue.dropped,
      by_source: { '127.0.0.1': stats.queue.dropped },
      by_reason: { 'the queue was full': stats.queue.dropped },
    });
    expect([kernel_dropped, problem, since]).toEqual([
      0,
      expect.stringMatching(/^\d+ datagrams? dropped because the queue was full$/),
      expect.any(String),
    ]);
    const { symptom, status: health } = (await get(`${millrace.api}/_health_report`)).indicators.pipelines
      .indicators.main;
    expect(health).toBe('yellow');
    expect(symptom).toMatch(/input in: \d+ datagrams? dropped because the queue was full, since \d\d:\d\d/);
    const metrics = await (await fetch(`${millrace.api}/metrics`)).text();
    expect(metrics).toMatch(/^millrace_plugin_dropped_total\{.*id="in".*\} [1-9]/m);
    await millrace.kill();
  });
});

describe('while every worker is busy', () => {
  afterEach(endAll);
  test('it answers within a second, and its health ends with the states', async () => {
    const millrace = await runConfig(
      'input { generator { } } filter { grok { match => { "message" => "%{WORD:a} %{WORD:b}" } } ruby { code => "50.times { |i| event.set(\'f\', i) }" } } output { null { } }',
    );
    await new Promise((done) => setTimeout(done, 1000));
    for (const path of ['/', '/_node/stats', '/_health_report', '/metrics', '/_node/hot_threads?human']) {
      // Our own workers make it a busy machine: the best of three.
      let best = Number.POSITIVE_INFINITY;
      for (let tries = 0; tries < 3 && best >= 1000; tries++) {
        const started = performance.now();
        const response = await fetch(`${millrace.api}${path}`);
        await response.text();
        expect(response.status).toBe(200);
        best = Math.min(best, performance.now() - started);
      }
      expect(best).toBeLessThan(1000);
    }
    const { hot_threads } = await get(`${millrace.api}/_node/hot_threads?threads=1`);
    expect(hot_threads.threads).toHaveLength(1);
    expect(hot_threads.threads[0].name).toMatch(/^worker/);
    expect(hot_threads.threads[0].percent_of_cpu_time).toBeGreaterThan(5);
    const { pipelines } = await get(`${millrace.api}/_node/stats/pipelines`);
    expect(pipelines.main.flow.worker_utilization.current).toBeGreaterThan(50);
  });
});

describe('settings', () => {
  afterEach(endAll);
  const config = 'input { heartbeat { interval => 3600 } } output { stdout { codec => dots } }';

  test('the id stays the same over restarts, the ephemeral one does not', async () => {
    const data = join(temporaryFolder(), 'data');
    const once = async (): Promise<any> => {
      const millrace = new Millrace({
        args: ['-e', config, '--path.data', data, '--api.http.port', '19600-19999'],
      });
      await millrace.ready();
      const found = await get(millrace.api);
      await millrace.stop();
      return found;
    };
    const [first, second] = [await once(), await once()];
    expect(second.id).toBe(first.id);
    expect(second.ephemeral_id).not.toBe(first.ephemeral_id);
  });

  test('basic authentication over TLS', async () => {
    const certificates = makeCertificates();
    closing.push(() => certificates.remove());
    const { cert, key } = certificates.server;
    const store = join(certificates.directory, 'api.p12');
    execFileSync('openssl', [
      'pkcs12',
      '-export',
      '-inkey',
      key,
      '-in',
      cert,
      '-out',
      store,
      '-passout',
      'pass:s3cret',
    ]);
    const millrace = await runConfig(config, [
      ...[
        '--api.ssl.enabled',
        'true',
        '--api.ssl.keystore.path',
        store,
        '--api.ssl.keystore.password',
        's3cret',
      ],
      ...['--api.ssl.supported_protocols', '["TLSv1.3"]'],
      ...[
        '--api.auth.type',
        'basic',
        '--api.auth.basic.username',
        'ops',
        '--api.auth.basic.password',
        'pässw:ord',
      ],
    ]);
    expect(millrace.api).toMatch(/^https:/);
    const ask = (auth: string | undefined, maxVersion?: 'TLSv1.2'): Promise<[number, string]> =>
      new Promise((done, fail) => {
        const url = new URL('/_node/stats', millrace.api);
        const headers = auth === undefined ? {} : { authorization: auth };
        const outgoing = httpsRequest(
          url,
          { rejectUnauthorized: false, headers, ...(maxVersion ? { maxVersion } : {}) },
          (response) => {
            let text = '';
            response.on('data', (chunk) => (text += String(chunk)));
            response.on('end', () => done([response.statusCode!, text]));
          },
        );
        outgoing.on('error', fail).end();
      });
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
    const [code, text] = await ask(basic('ops:pässw:ord'));
    expect(code).toBe(200);
    expect(text).not.toContain('pässw');
    for (const wrong of [
      undefined,
      basic('ops:'),
      basic('ops:pässw:or'),
      basic('undefined:'),
      'Basic',
      'Bearer x',
      basic(':'),
    ]) {
      const [refused, body] = await ask(wrong);
      expect([refused, JSON.parse(body)]).toEqual([
        401,
        { path: '/_node/stats', status: 401, error: { message: 'Unauthorized' } },
      ]);
    }
    await expect(ask(basic('ops:pässw:ord'), 'TLSv1.2')).rejects.toThrow(/protocol|version|alert/i);
  });

  test.each([
    [['--api.auth.type', 'basic'], 'api.auth.type: basic needs api.auth.basic.username'],
    [['--api.ssl.enabled', 'true'], 'api.ssl.enabled needs api.ssl.keystore.path'],
    [['--api.ssl.enabled', 'true', '--api.ssl.keystore.path', import.meta.filename], 'can not be used'],
    [['--api.http.host', '192.0.2.1'], 'Set another api.http.host'],
  ])('%j: the API stays off, the reason is in the log', async (args, reason) => {
    const millrace = new Millrace({
      args: ['-e', config, '--api.http.port', '19600-19999', ...args],
    });
    await until(() => millrace.stderr.includes('ipelines running'), 'running');
    expect(millrace.stderr).toMatch(/\[ERROR\].*the monitoring API is off: /);
    expect(millrace.stderr).toContain(reason);
    expect(millrace.stderr).not.toContain('monitoring API at');
  });

  test('a second process takes the next free port', async () => {
    const port = await freePort();
    const range = ['--api.http.port', `${port}-${port + 20}`];
    const [first, second] = [await runConfig(config, range), await runConfig(config, range)];
    expect(first.api).toBe(`http://127.0.0.1:${port}`);
    expect(Number(new URL(second.api).port)).toBeGreaterThan(port);
    const third = await runConfig(config, ['--api.http.port', String(port)]).catch((error: Error) => error);
    expect(String((third as Millrace).stderr ?? third)).toContain(
      `port ${port} is in use: set another api.http.port`,
    );
  });

  test('a pipeline that can not start is red with the reason, one that has ended yellow', async () => {
    const taken = await httpServer(() => ({ body: '' }));
    closing.push(() => taken.close());
    const settings = temporaryFolder();
    writeFileSync(
      join(settings, 'pipelines.yml'),
      `- pipeline.id: broken
  config.string: input { tcp { host => "127.0.0.1" port => ${taken.port} } } output { null { } }
- pipeline.id: done
  config.string: input { generator { count => 1 } } output { null { } }
- pipeline.id: fine
  config.string: ${config}
`,
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
    const report = await until(async () => {
      const found = await get(`${millrace.api}/_health_report`);
      return found.indicators.pipelines.indicators.done.details.status.state === 'FINISHED' && found;
    }, 'the end of one pipeline');
    const { broken, done, fine } = report.indicators.pipelines.indicators;
    expect([report.status, broken.status, done.status, fine.status]).toEqual([
      'red',
      'red',
      'yellow',
      'green',
    ]);
    expect(broken.details.status.state).toBe('TERMINATED');
    expect(broken.symptom).toContain('EADDRINUSE');
    expect(done.symptom).toContain('it has finished');
    expect(report.indicators.pipelines.symptom).toBe(
      '1 indicator is unhealthy (`broken`) and 1 indicator is concerning (`done`) and 1 indicator is healthy (`fine`)',
    );
    const [code, late] = await status(`${millrace.api}/?wait_for_status=yellow&timeout=300ms`);
    expect([code, late.error.message]).toEqual([408, "Timed out while waiting for status 'yellow'"]);
    const families = parseExposition(await (await fetch(`${millrace.api}/metrics`)).text());
    const health = families
      .get('millrace_pipeline_health')!
      .samples.map(({ labels, value }) => [labels['pipeline'], value]);
    expect(Object.fromEntries(health)).toEqual({ broken: 2, done: 1, fine: 0 });
  });
});
