/** Configs as they were written for Elasticsearch, with their templates and index lifecycles, against the event store. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { cleanUp, freePort, Millrace, temporaryFolder, until } from '../support/millrace.ts';

afterAll(cleanUp);

interface Started {
  readonly millrace: Millrace;
  ask(method: string, path: string, body?: unknown): Promise<any>;
}

/** `before` finds a store that runs without the config, whose outputs may need at once what it puts there. */
async function run(
  config: (hosts: string, folder: string, own: number) => string,
  before?: (ask: Started['ask']) => Promise<void>,
): Promise<Started> {
  const port = await freePort();
  const folder = temporaryFolder();
  const own = await freePort();
  const start = async (text: string): Promise<Started> => {
    const file = join(folder, 'pipeline.conf');
    writeFileSync(file, text);
    const millrace = await new Millrace({
      args: [
        ...['-f', file, '--path.data', join(folder, 'data'), '--api.http.port', '19600-19999'],
        ...['--store.enabled', 'true', '--store.http.port', String(port)],
      ],
    }).ready(30);
    await until(
      () => millrace.stderr.includes('Event store at'),
      `the store; it says ${millrace.stderr}`,
      30,
    );
    return {
      millrace,
      ask: async (method, path, body) =>
        (
          await fetch(`http://127.0.0.1:${port}${path}`, {
            method,
            ...(body !== undefined && {
              body: JSON.stringify(body),
              headers: { 'content-type': 'application/json' },
            }),
          })
        ).json(),
    };
  };
  if (before) {
    const { millrace, ask } = await start(`input { tcp { host => "127.0.0.1" port => ${own} } }`);
    await before(ask);
    expect(await millrace.stop()).toBe(0);
  }
  return start(config(`["http://localhost:${port}"]`, folder, own));
}

/** The listener keeps the process running when all lines are through. */
const lines = (count: number, port: number): string =>
  `input { generator { lines => ["one", "two"] count => ${count / 2} } tcp { host => "127.0.0.1" port => ${port} } }`;

async function untilCount({ ask, millrace }: Started, index: string, count: number): Promise<any[]> {
  let hits: any;
  await until(
    async () => {
      ({ hits } = await ask('POST', `/${index}/_search`, { size: 100, sort: ['_doc'] }));
      return hits?.total?.value === count;
    },
    `${count} documents in ${index}; it says ${millrace.stderr}`,
    30,
  );
  return hits.hits;
}

test('the default index, template and lifecycle', async () => {
  const started = await run(
    (hosts, _, own) => `${lines(20, own)} output { elasticsearch { hosts => ${hosts} } }`,
  );
  const hits = await untilCount(started, 'logstash-*', 20);
  expect(hits[0]._index).toMatch(/^logstash-\d{4}\.\d\d\.\d\d(-\d{6})?$/);
  expect(hits[0]._source).toMatchObject({ message: 'one' });
  expect(await started.millrace.stop()).toBe(0);
}, 60_000);

test('a template of its own, ids, and a lifecycle with an alias', async () => {
  const config = (hosts: string, folder: string, own: number): string => {
    const template = join(folder, 'template.json');
    writeFileSync(
      template,
      JSON.stringify({
        index_patterns: ['web-*'],
        template: { mappings: { properties: { message: { type: 'text' }, size: { type: 'long' } } } },
      }),
    );
    return `${lines(20, own)}
      filter { mutate { add_field => { "size" => "17" "id" => "%{message}" } } }
      output {
        elasticsearch { hosts => ${hosts} index => "web-%{+yyyy.MM.dd}" template => "${template}" template_name => "web"
          template_overwrite => true manage_template => true document_id => "%{id}" ilm_enabled => false }
        elasticsearch { hosts => ${hosts} ilm_enabled => true ilm_rollover_alias => "audit" ilm_pattern => "000001"
          ilm_policy => "audit-policy" manage_template => true template_name => "audit" }
      }`;
  };
  // As with Elasticsearch, the policy must be there.
  const started = await run(config, async (ask) => {
    await ask('PUT', '/_ilm/policy/audit-policy', { policy: { phases: { hot: { actions: {} } } } });
  });
  const [one] = await untilCount(started, 'web-*', 2);
  const mappings = Object.values<any>(await started.ask('GET', '/web-*/_mapping'))[0].mappings;
  expect(mappings.properties).toMatchObject({ message: { type: 'text' }, size: { type: 'long' } });
  expect(['one', 'two']).toContain(one._id);
  const audit = await untilCount(started, 'audit', 20);
  expect(audit[0]._index).toBe('audit-000001');
  expect(await started.millrace.stop()).toBe(0);
}, 60_000);

test('a data stream, of the templates that are built in', async () => {
  const started = await run(
    (hosts, _, own) => `${lines(20, own)} output { elasticsearch { hosts => ${hosts} data_stream => true
      data_stream_type => "logs" data_stream_dataset => "web" data_stream_namespace => "test" } }`,
  );
  const hits = await untilCount(started, 'logs-web-test', 20);
  expect(hits[0]._source).toMatchObject({ data_stream: { type: 'logs', dataset: 'web', namespace: 'test' } });
  expect(hits[0]._index).toMatch(/^\.ds-logs-web-test-\d{4}\.\d\d\.\d\d-000001$/);
  expect((await started.ask('GET', '/_data_stream/logs-web-test')).data_streams).toMatchObject([
    { name: 'logs-web-test', template: 'logs', generation: 1 },
  ]);
  const counted = async (kql: string): Promise<number> =>
    (await started.ask('GET', `/logs-*/_count?q=${encodeURIComponent(kql)}`)).count;
  expect(await counted('data_stream.type:logs AND data_stream.dataset:web AND message:one')).toBe(10);
  expect(await counted('data_stream.dataset:other')).toBe(0);
  expect(await started.millrace.stop()).toBe(0);
}, 60_000);
