/** Every path of the monitoring API: what it answers, and how it refuses. */
import { createConnection } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cleanUp, freePort, type Millrace, runConfig } from '../support/millrace.ts';
import { parseExposition } from '../support/prometheus.ts';

const get = async (url: string): Promise<any> => (await fetch(url)).json();
const status = async (url: string, init?: RequestInit): Promise<[number, any]> => {
  const response = await fetch(url, init);
  return [response.status, await response.json()];
};

const ID = 'my pipe"line';
let millrace: Millrace;
let api: string;
beforeAll(async () => {
  millrace = await runConfig(
    `input { tcp { id => "in" host => "127.0.0.1" port => ${await freePort()} } }
    filter {
      if [x] == 1 { mutate { id => "then" } } else if [x] == 2 { drop { id => "drop" } } else { grok { id => "else" match => { "message" => "a" } } }
    }
    output { stdout { id => "print" codec => dots } }`,
    ['--node.name', 'ned', '--pipeline.id', ID, '-w', '2', '-b', '100', '-u', '10'],
  );
  api = millrace.api;
});
afterAll(cleanUp);

const windows = expect.objectContaining({ current: expect.any(Number), lifetime: expect.any(Number) });
const number = expect.any(Number);
const pipelineInfo = {
  ephemeral_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  hash: expect.stringMatching(/^[0-9a-f]{64}$/),
  workers: 2,
  batch_size: 100,
  batch_delay: 10,
  config_reload_automatic: false,
  config_reload_interval: 3_000_000_000,
  dead_letter_queue_enabled: true,
  dead_letter_queue_path: expect.stringMatching(/\/dead_letter_queue\/./),
};
const os = {
  name: 'Linux',
  arch: expect.any(String),
  version: expect.any(String),
  available_processors: number,
};
const jvmInfo = {
  pid: number,
  version: expect.any(String),
  vm_version: expect.any(String),
  vm_vendor: expect.any(String),
  vm_name: expect.any(String),
  start_time_in_millis: number,
  mem: {
    heap_init_in_bytes: number,
    heap_max_in_bytes: number,
    non_heap_init_in_bytes: number,
    non_heap_max_in_bytes: number,
  },
  gc_collectors: expect.any(Array),
};
const pool = {
  used_in_bytes: number,
  committed_in_bytes: number,
  max_in_bytes: number,
  peak_used_in_bytes: number,
  peak_max_in_bytes: number,
};
const collector = { collection_count: number, collection_time_in_millis: number };
const jvm = {
  threads: { count: number, peak_count: number },
  mem: {
    heap_used_percent: number,
    heap_committed_in_bytes: number,
    heap_max_in_bytes: number,
    heap_used_in_bytes: number,
    non_heap_used_in_bytes: number,
    non_heap_committed_in_bytes: number,
    pools: { young: pool, old: pool, survivor: pool },
  },
  gc: { collectors: { young: collector, old: collector } },
  uptime_in_millis: number,
};
const processStats = {
  open_file_descriptors: number,
  peak_open_file_descriptors: number,
  max_file_descriptors: number,
  mem: { total_virtual_in_bytes: number, resident_in_bytes: number },
  cpu: {
    total_in_millis: number,
    percent: number,
    load_average: { '1m': number, '5m': number, '15m': number },
  },
};
const events = {
  in: 0,
  filtered: 0,
  out: 0,
  duration_in_millis: 0,
  queue_push_duration_in_millis: 0,
};
const flow = {
  input_throughput: windows,
  filter_throughput: windows,
  output_throughput: windows,
  queue_backpressure: windows,
  worker_concurrency: windows,
};
const filter = (id: string, name: string, more: object = {}): object => ({
  id,
  name,
  events: { in: 0, out: 0, duration_in_millis: 0 },
  flow: { worker_utilization: windows, worker_millis_per_event: {} },
  ...more,
});
const codec = (id: string, name: string): object => ({
  id,
  name,
  decode: { writes_in: 0, out: 0, duration_in_millis: 0 },
  encode: { writes_in: 0, duration_in_millis: 0 },
});
const average = { current: 0, average: { lifetime: 0 } };
const pipelineStats = {
  batch: { event_count: average, byte_size: average },
  events,
  flow: { ...flow, worker_utilization: windows },
  plugins: {
    inputs: [
      {
        id: 'in',
        name: 'tcp',
        events: { out: 0, queue_push_duration_in_millis: 0 },
        flow: { throughput: windows },
        refused_connections: 0,
      },
    ],
    codecs: [codec('in-codec', 'line'), codec('print-codec', 'dots')],
    filters: [
      filter('then', 'mutate'),
      filter('drop', 'drop'),
      filter('else', 'grok', { matches: 0, failures: 0, patterns_per_field: { message: 1 } }),
    ],
    outputs: [filter('print', 'stdout')],
  },
  reloads: {
    last_error: null,
    successes: 0,
    failures: 0,
    last_success_timestamp: null,
    last_failure_timestamp: null,
  },
  queue: {
    type: 'memory',
    events_count: 0,
    events: 0,
    queue_size_in_bytes: 0,
    max_queue_size_in_bytes: number,
    capacity: { queue_size_in_bytes: 0, max_queue_size_in_bytes: number, max_unread_events: 0 },
    dropped: 0,
  },
  dead_letter_queue: {
    queue_size_in_bytes: 0,
    max_queue_size_in_bytes: 1024 ** 3,
    events: 0,
    dropped_events: 0,
    expired_events: 0,
    storage_policy: 'drop_older',
    last_error: 'no errors',
  },
  pipeline: { workers: 2, batch_size: 100, batch_delay: 10 },
  condition_errors: 0,
  hash: pipelineInfo.hash,
  ephemeral_id: pipelineInfo.ephemeral_id,
};
const stats = {
  jvm,
  process: processStats,
  events,
  flow,
  pipelines: { [ID]: pipelineStats },
  reloads: { successes: 0, failures: 0 },
  os: expect.any(Object),
  queue: { events_count: 0 },
};
const healthy = { status: 'green', symptom: 'The pipeline is healthy' };
const encoded = encodeURIComponent(ID);

test.each<[string, object]>([
  ['/', { build_date: '', build_sha: '', build_snapshot: false }],
  ['/_node', { pipelines: { [ID]: pipelineInfo }, os, jvm: jvmInfo }],
  ['/_node/', { pipelines: { [ID]: pipelineInfo }, os, jvm: jvmInfo }],
  ['/_node/os', { os }],
  ['/_node/jvm', { jvm: jvmInfo }],
  ['/_node/os,jvm', { os, jvm: jvmInfo }],
  ['/_node/pipelines', { pipelines: { [ID]: pipelineInfo } }],
  [`/_node/pipelines/${encoded}`, { pipelines: { [ID]: pipelineInfo } }],
  ['/_node/stats', stats],
  ['/_stats', stats],
  ['/_node/stats/jvm', { jvm }],
  ['/_node/stats/process', { process: processStats }],
  ['/_node/stats/events', { events }],
  ['/_node/stats/flow', { flow }],
  ['/_node/stats/reloads', { reloads: stats.reloads }],
  ['/_node/stats/os', { os: stats.os }],
  ['/_node/stats/queue', { queue: stats.queue }],
  ['/_node/stats/geoip_download_manager', { geoip_download_manager: {} }],
  ['/_node/stats/events,queue,nonsense', { events, queue: stats.queue }],
  ['/_node/stats/pipelines', { pipelines: { [ID]: pipelineStats } }],
  [`/_node/stats/pipelines/${encoded}`, { pipelines: { [ID]: pipelineStats } }],
  ['/_node/logging', { loggers: { logstash: 'INFO' } }],
  [
    '/_node/hot_threads',
    { hot_threads: { time: expect.any(String), busiest_threads: 10, threads: expect.any(Array) } },
  ],
  [
    '/_health_report',
    {
      symptom: '1 indicator is healthy (`pipelines`)',
      indicators: {
        pipelines: {
          status: 'green',
          symptom: `1 indicator is healthy (\`${ID}\`)`,
          indicators: {
            [ID]: {
              ...healthy,
              details: { status: { state: 'RUNNING' }, flow: { worker_utilization: windows } },
            },
          },
        },
      },
    },
  ],
])('%s', async (path, expected) => {
  const response = await fetch(api + path);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.json()).toEqual({
    host: expect.any(String),
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    http_address: api.replace('http://', ''),
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    name: 'ned',
    ephemeral_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    snapshot: false,
    status: 'green',
    pipeline: { workers: 2, batch_size: 100, batch_delay: 10 },
    ...expected,
  });
});

test('the graph of a pipeline', async () => {
  const { graph } = (await get(`${api}/_node/pipelines/${encoded}?graph=true`)).pipelines[ID].graph;
  const names = graph.vertices.map((vertex: any) => vertex.config_name ?? vertex.type);
  expect(names).toEqual(['queue', 'tcp', 'if', 'mutate', 'drop', 'grok', 'stdout']);
  expect(graph.vertices.map((vertex: any) => vertex.explicit_id)).toEqual(
    names.map((name: string) => !['queue', 'if'].includes(name)),
  );
  expect(graph.vertices[3].meta.source).toMatchObject({ line: 3, column: expect.any(Number) });
  const ends = new Set(graph.vertices.map((vertex: any) => vertex.id));
  for (const edge of graph.edges) expect([ends.has(edge.from), ends.has(edge.to)]).toEqual([true, true]);
  expect(graph.edges).toContainEqual(expect.objectContaining({ from: 'in', to: '__QUEUE__', type: 'plain' }));
  expect((await get(`${api}/_node/pipelines`)).pipelines[ID].graph).toBeUndefined();
});

test('vertices of a pipeline, as Metricbeat reads them', async () => {
  const { vertices, ephemeral_id } = (await get(`${api}/_node/stats/pipelines/${encoded}?vertices=true`))
    .pipelines[ID];
  expect(vertices.map((vertex: any) => vertex.id)).toEqual(['in', 'then', 'drop', 'else', 'print']);
  expect(vertices[0]).toEqual({
    id: 'in',
    pipeline_ephemeral_id: ephemeral_id,
    events_out: 0,
    queue_push_duration_in_millis: 0,
    long_counters: [{ name: 'refused_connections', value: 0 }],
    double_gauges: [],
  });
  expect(vertices[3]).toEqual({
    id: 'else',
    pipeline_ephemeral_id: ephemeral_id,
    events_in: 0,
    events_out: 0,
    duration_in_millis: 0,
    long_counters: [
      { name: 'matches', value: 0 },
      { name: 'failures', value: 0 },
    ],
    double_gauges: [{ name: 'patterns_per_field.message', value: 1 }],
  });
});

test('plugins', async () => {
  const { total, plugins } = await get(`${api}/_node/plugins`);
  expect(total).toBe(plugins.length);
  expect(plugins).toContainEqual({ name: 'logstash-filter-grok', version: expect.any(String) });
});

test('hot threads as text', async () => {
  for (const query of ['human', 'human=true&threads=2&ignore_idle_threads=false']) {
    const response = await fetch(`${api}/_node/hot_threads?${query}`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await response.text()).toMatch(/^::: \{.+\}\nHot threads at \S+, busiestThreads=\d+:\n=+\n/);
  }
  const idle = await get(`${api}/_node/hot_threads?ignore_idle_threads=false&threads=2`);
  expect(idle.hot_threads.threads).toHaveLength(2);
  expect((await get(`${api}/_node/hot_threads?threads=nonsense`)).hot_threads.busiest_threads).toBe(10);
});

test('?pretty', async () => {
  expect(await (await fetch(`${api}/?pretty`)).text()).toMatch(/^\{\n {2}"host": ".*",\n[\s\S]*\n\}\n$/);
  expect(await (await fetch(`${api}/`)).text()).not.toContain('\n');
});

test('HEAD has the headers of GET', async () => {
  const response = await fetch(`${api}/_node/stats`, { method: 'HEAD' });
  expect(response.status).toBe(200);
  expect(Number(response.headers.get('content-length'))).toBeGreaterThan(1000);
  expect(await response.text()).toBe('');
});

test('/metrics is valid, with labels escaped', async () => {
  const response = await fetch(`${api}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const families = parseExposition(await response.text());
  const sample = (name: string, labels: object = {}) =>
    families
      .get(name)
      ?.samples.find((each) => Object.entries(labels).every(([key, value]) => each.labels[key] === value));
  expect(sample('millrace_pipeline_health')).toMatchObject({ labels: { pipeline: ID }, value: 0 });
  expect(sample('millrace_pipeline_up')?.value).toBe(1);
  expect(families.get('millrace_pipeline_events_in_total')).toMatchObject({ type: 'counter' });
  expect(sample('millrace_plugin_count_total', { id: 'else', name: 'matches' })?.labels).toEqual({
    pipeline: ID,
    kind: 'filter',
    plugin: 'grok',
    id: 'else',
    name: 'matches',
  });
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_open_fds'])
    expect(sample(name)?.value).toBeGreaterThan(0);
});

test.each([
  ['GET', '/nothing', 404, 'Not Found'],
  ['GET', '/_node/nothing', 404, 'Not Found'],
  ['GET', '/_node/stats/nothing', 404, 'Not Found'],
  ['GET', '/_node/stats/constructor', 404, 'Not Found'],
  ['GET', '/_node/stats/events/more', 404, 'Not Found'],
  ['GET', '/_node/stats/pipelines/nothing', 404, 'Not Found'],
  ['GET', '/_node/pipelines/nothing', 404, 'Not Found'],
  ['GET', '/_node/pipelines/__proto__', 404, 'Not Found'],
  ['GET', '/_health_report/more', 404, 'Not Found'],
  ['GET', '/_node/pipelines/%ff', 400, 'the path is not encoded well'],
  ['GET', '/?wait_for_status=blue&timeout=1s', 400, expect.stringContaining("Invalid status 'blue'")],
  ['GET', '/?wait_for_status=green', 400, expect.stringContaining("Invalid timeout ''")],
  ['GET', '/?wait_for_status=green&timeout=soon', 400, expect.stringContaining("Invalid timeout 'soon'")],
  ['POST', '/_node/stats', 405, 'Method Not Allowed'],
  ['DELETE', '/', 405, 'Method Not Allowed'],
  ['PUT', '/_node/stats', 405, 'Method Not Allowed'],
  ['PUT', '/_node/logging/nothing', 404, 'Not Found'],
  ['PUT', '/_node/loggingreset', 405, 'Method Not Allowed'],
])('%s %s → %d', async (method, path, code, message) => {
  expect(await status(api + path, { method })).toEqual([
    code,
    { path: path.split('?')[0], status: code, error: { message } },
  ]);
});

test('wait_for_status', async () => {
  expect((await status(`${api}/?wait_for_status=green&timeout=1s`))[0]).toBe(200);
  expect((await status(`${api}/?wait_for_status=red&timeout=50ms`))[0]).toBe(200);
});

test('log levels', async () => {
  const put = (path: string, body?: string): Promise<[number, any]> =>
    status(`${api}/_node/logging${path}`, { method: 'PUT', ...(body === undefined ? {} : { body }) });
  const level = async (): Promise<string> => (await get(`${api}/_node/logging`)).loggers.logstash;
  expect(await put('', '{"logger.logstash.agent": "DEBUG"}')).toMatchObject([200, { acknowledged: true }]);
  expect(await level()).toBe('DEBUG');
  const [code, { error }] = await put('', '{"logger.logstash.agent": "LOUD"}');
  expect([code, error.message]).toEqual([400, 'invalid level[LOUD] for logger[logstash.agent]']);
  expect((await put('', '{"logger.a": "ERROR", "other": "INFO"}'))[1].error.message).toBe(
    'unrecognized option [other]',
  );
  expect(await level()).toBe('DEBUG');
  for (const body of ['', 'nonsense', 'null', '[]', '7', '"logger.a"', '{"logger.a": null}', '{"a": {}}'])
    expect((await put('', body))[0]).toBe(400);
  expect((await put('', `{"logger.a": "${'x'.repeat(100_000)}"}`))[1].error.message).toContain('64 KiB');
  expect(await put('/reset')).toMatchObject([200, { acknowledged: true }]);
  expect(await level()).toBe('INFO');
});

test('no request ends it', async () => {
  const port = Number(new URL(api).port);
  const send = (bytes: Buffer): Promise<void> =>
    new Promise((done) => {
      const socket = createConnection(port, '127.0.0.1', () => socket.end(bytes));
      socket.on('error', () => {});
      socket.on('close', () => done());
      socket.resume();
      setTimeout(() => socket.destroy(), 200);
    });
  const method = fc.constantFrom('GET', 'PUT', 'HEAD', 'POST', 'OPTIONS', 'CONNECT', 'TRACE', 'X', '');
  const part = fc.constantFrom(
    ...[
      '/',
      '//',
      '*',
      '_node',
      'stats',
      'pipelines',
      'logging',
      '..',
      '%',
      '%00',
      '%2f',
      '__proto__',
      'a'.repeat(300),
    ],
    ...[
      '?',
      '&',
      '=',
      'pretty',
      'human',
      'threads=-1',
      'threads=1e999',
      'wait_for_status=green',
      'timeout=0',
      'http://x',
    ],
  );
  const target = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
  const header = fc.constantFrom(
    ...[
      '',
      'Host: x\r\n',
      'Content-Length: 10\r\n',
      'Content-Length: -1\r\n',
      'Transfer-Encoding: chunked\r\n',
    ],
    ...[
      'Authorization: Basic ====\r\n',
      'Expect: 100-continue\r\n',
      'Upgrade: websocket\r\nConnection: Upgrade\r\n',
    ],
  );
  const weird = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(method, target, header, fc.string())
        .map(([verb, path, head, body]) => Buffer.from(`${verb} ${path} HTTP/1.1\r\n${head}\r\n${body}`)),
    },
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );
  const requests = fc.sample(weird, { numRuns: 300, seed: 9600 });
  for (let at = 0; at < requests.length; at += 50) await Promise.all(requests.slice(at, at + 50).map(send));
  expect((await status(`${api}/`))[0]).toBe(200);
  expect(millrace.exitCode).toBeUndefined();
  expect(millrace.stderr).not.toMatch(/ERROR|internal error|at .*\.ts:/);
});
