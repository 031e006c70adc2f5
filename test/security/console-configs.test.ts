/** Edit, check, preview, apply, roll back and refuse configs through the API of the real program. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, startConsoleOf, type TestConsole } from '../support/console.ts';
import { freePort, until } from '../support/millrace.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-configs-'));
const settings = join(folder, 'settings');
const config = (port: number, filter: string): string => `input {
  http { id => "in" host => "127.0.0.1" port => ${port} }
}
# What people wrote stays.
filter {
  ${filter}
}
output { file { path => "${folder}/out.txt" codec => line { format => "%{message} %{env}" } } }
`;
const SECRET = 'hunter2hunter2';

describe('configs in the console', { timeout: 150_000 }, () => {
  let started: TestConsole;
  let admin: Client;
  let analyst: Client;
  let viewer: Client;
  let port: number;
  const main = join(settings, 'conf.d', 'main.conf');

  beforeAll(async () => {
    port = await freePort();
    mkdirSync(join(settings, 'conf.d'), { recursive: true });
    writeFileSync(main, config(port, 'mutate { add_field => { "env" => "one" } }'));
    writeFileSync(join(folder, 'outside.conf'), 'filter { }');
    writeFileSync(
      join(settings, 'other.conf'),
      `input { heartbeat { interval => 3600 } }
output { http { id => "siem" url => "http://127.0.0.1:9/" http_method => post user => "u" password => "${SECRET}" } }`,
    );
    writeFileSync(
      join(settings, 'pipelines.yml'),
      `- pipeline.id: main\n  path.config: ${settings}/conf.d/*.conf\n- pipeline.id: other\n  path.config: ${settings}/other.conf\n`,
    );
    started = await startConsoleOf('--path.settings', settings, '--store.enabled=false');
    admin = await started.setUp();
    analyst = await started.user(admin, 'ada', 'analyst');
    viewer = await started.user(admin, 'vera', 'viewer');
    await started.millrace.ready();
  }, 120_000);
  afterAll(async () => {
    await started?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const list = async (client = admin) => (await client.ask('GET', '/api/configs')).json;
  const idOf = async (name: string): Promise<string> =>
    (await list()).files.find((file: { name: string }) => file.name === name).id;
  const read = async (name: string, client = admin) =>
    (await client.ask('GET', `/api/configs/files/${await idOf(name)}`)).json;
  const apply = async (name: string, text: string, more: object = {}) => {
    const { hash } = await read(name);
    return admin.ask('POST', `/api/configs/files/${await idOf(name)}/apply`, { text, base: hash, ...more });
  };
  const send = (body: string, to = port) =>
    fetch(`http://127.0.0.1:${to}/`, { method: 'POST', body, headers: { 'content-type': 'text/plain' } });
  const arrives = (line: string) =>
    until(
      async () =>
        existsSync(join(folder, 'out.txt')) &&
        readFileSync(join(folder, 'out.txt'), 'utf8').includes(`${line}\n`),
      `${line} arrives`,
      30,
    );

  test('the list names files, the pipelines that read them, and where new ones go', async () => {
    const { files, pipelines, takesPipelines, customFolder } = await list(viewer);
    expect(files.map(({ name, kind, pipelines: users }: any) => [name, kind, users])).toEqual([
      ['conf.d/main.conf', 'pipeline', ['main']],
      ['other.conf', 'pipeline', ['other']],
      ['pipelines.yml', 'pipelines', []],
    ]);
    expect(pipelines[0]).toMatchObject({ id: 'main', inputs: ['in'], takesFiles: true });
    expect(takesPipelines).toBe(true);
    expect(customFolder).toBe(join(started.dataPath, 'files'));
  });

  test('who may not apply sees asterisks where secrets stand', async () => {
    expect((await read('other.conf')).text).toContain(SECRET);
    for (const client of [viewer, analyst]) {
      const { text, masked } = await read('other.conf', client);
      expect(masked).toBe(true);
      expect(text).not.toContain(SECRET);
      expect(text).toContain(`password => "${'*'.repeat(SECRET.length)}"`);
    }
  });

  test('a check has line, column and hint, and knows all pipelines', async () => {
    const id = await idOf('conf.d/main.conf');
    const check = async (text: string) =>
      (await analyst.ask('POST', '/api/configs/check', { edits: [{ id, text }] })).json;
    const { findings } = await check(config(port, 'mutat { add_field => { } }'));
    expect(findings[0]).toMatchObject({
      file: id,
      line: 6,
      column: 3,
      length: 5,
      severity: 'error',
      message: 'there is no filter `mutat`',
      hint: 'did you mean `mutate`?',
    });
    expect((await check('filter {')).findings[0]).toMatchObject({ line: 1, column: 8, severity: 'error' });
    const lists = await idOf('pipelines.yml');
    const { json } = await analyst.ask('POST', '/api/configs/check', {
      edits: [{ id: lists, text: '- pipeline.id: a\n  path.confg: x\n' }],
    });
    expect(json.findings[0]).toMatchObject({
      file: lists,
      line: 2,
      severity: 'error',
      message: expect.stringContaining('did you mean path.config'),
    });
  });

  test('a preview shows what each filter does, and writes nothing', async () => {
    const id = await idOf('conf.d/main.conf');
    const { status, json } = await analyst.ask('POST', '/api/configs/preview', {
      pipeline: 'main',
      edits: [
        {
          id,
          text: config(
            port,
            'grok { match => { "message" => "%{WORD:verb}" } }\n  mutate { rename => { "verb" => "action" } }',
          ),
        },
      ],
      sample: { kind: 'events', text: '{"message":"GET /","big":12345678901234567890}' },
    });
    expect(status).toBe(200);
    expect(json.error).toBeUndefined();
    const [event] = json.events;
    expect(event.steps).toMatchObject([
      {
        name: 'grok',
        line: 6,
        outcome: 'matched',
        changes: [{ kind: 'added', field: 'verb', after: '"GET"' }],
      },
      { name: 'mutate', line: 7, file: id },
    ]);
    expect(event.results[0].event).toContain('"action":"GET"');
    expect(event.results[0].event).toContain('"big":12345678901234567890');
    expect(readFileSync(main, 'utf8')).toContain('"env" => "one"');
    const lines = await analyst.ask('POST', '/api/configs/preview', {
      pipeline: 'main',
      edits: [],
      sample: { kind: 'lines', text: '{"a":1}\n{"a":2}\n', codec: 'json' },
    });
    expect(lines.json.events).toHaveLength(2);
  });

  test('an edit is applied, runs, and is rolled back', async () => {
    await send('first');
    await arrives('first one');
    const { json } = await apply(
      'conf.d/main.conf',
      config(port, 'mutate { add_field => { "env" => "two" } }'),
      {
        comment: 'to two',
      },
    );
    expect(json).toMatchObject({ outcome: 'applied', pipelines: [{ id: 'main', outcome: 'reloaded' }] });
    await send('second');
    await arrives('second two');
    const id = await idOf('conf.d/main.conf');
    const { versions } = (await viewer.ask('GET', `/api/configs/files/${id}/versions`)).json;
    expect(versions).toMatchObject([
      { number: 2, user: 'admin', comment: 'to two', action: 'apply', outcome: 'running', current: true },
      { number: 1, action: 'found', current: false },
    ]);
    const { text } = (await admin.ask('GET', `/api/configs/files/${id}/versions/1`)).json;
    const back = await apply('conf.d/main.conf', text, { rollback: 1 });
    expect(back.json.outcome).toBe('applied');
    await send('third');
    await arrives('third one');
    const audit = (await admin.ask('GET', '/api/audit')).json;
    expect(JSON.stringify(audit)).toContain('config.roll_back');
  });

  test('what has errors, or does not start, changes nothing', async () => {
    const before = readFileSync(main, 'utf8');
    const refused = await apply('conf.d/main.conf', config(port, 'nothing { }'));
    expect(refused.json).toMatchObject({ outcome: 'refused', findings: [{ severity: 'error', line: 6 }] });
    const taken = Number(new URL(started.url).port);
    const failed = await apply('conf.d/main.conf', config(taken, ''));
    expect(failed.json.outcome).toBe('failed');
    expect(failed.json.error).toMatch(/EADDRINUSE|in use/);
    expect(readFileSync(main, 'utf8')).toBe(before);
    await send('fourth');
    await arrives('fourth one');
    const id = await idOf('conf.d/main.conf');
    const { versions } = (await admin.ask('GET', `/api/configs/files/${id}/versions`)).json;
    expect(versions[0]).toMatchObject({ outcome: 'refused', current: false });
    expect(versions[1]).toMatchObject({ current: true });
  });

  test('a change by somebody else is not overwritten', async () => {
    const id = await idOf('conf.d/main.conf');
    const { status, json } = await admin.ask('POST', `/api/configs/files/${id}/apply`, {
      text: 'filter { }',
      base: 'stale',
    });
    expect([status, json.code]).toEqual([409, 'changed']);
  });

  test('a new pipeline is made, runs, and stands in pipelines.yml', async () => {
    const made = await admin.ask('POST', '/api/configs/files', {
      kind: 'pipeline',
      name: 'third.conf',
      pipeline: 'third',
      text: 'input { heartbeat { interval => 3600 } } output { null { } }',
    });
    expect(made.json).toMatchObject({ outcome: 'applied', pipelines: [{ id: 'third', outcome: 'started' }] });
    expect(readFileSync(join(settings, 'pipelines.yml'), 'utf8')).toContain('- pipeline.id: third');
    expect((await list()).pipelines.map(({ id }: any) => id)).toEqual(['main', 'other', 'third']);
  });

  test('paths are never taken from requests, and links do not lead out', async () => {
    for (const name of ['../evil.conf', '/etc/evil', 'a/b.conf', '.hidden', 'x\u0000.conf', '..'])
      for (const kind of ['pipeline', 'test', 'custom']) {
        const { status } = await admin.ask('POST', '/api/configs/files', {
          kind,
          name,
          text: '',
          pipeline: 'main',
        });
        expect([name, status]).toEqual([name, 400]);
      }
    for (const id of ['..%2f..%2fetc%2fpasswd', '0000000000000000', '%2e%2e'])
      expect((await admin.ask('GET', `/api/configs/files/${id}`)).status).toBe(404);
    mkdirSync(join(started.dataPath, 'files'), { recursive: true });
    symlinkSync('/etc/passwd', join(started.dataPath, 'files', 'passwd.txt'));
    symlinkSync(join(folder, 'outside.conf'), join(settings, 'conf.d', 'linked.conf'));
    const { files } = await list();
    expect(files.some(({ name }: any) => name === 'passwd.txt')).toBe(false);
    const linked = files.find(({ name }: any) => name === 'conf.d/linked.conf');
    expect(linked.readOnly).toMatch(/a link to/);
    const { status } = await apply('conf.d/linked.conf', 'filter { drop { } }');
    expect(status).toBe(409);
    rmSync(join(settings, 'conf.d', 'linked.conf'));
  });

  test('secrets are set and removed, never read, not even by a preview', async () => {
    const set = await admin.ask('PUT', '/api/configs/secrets/SIEM_KEY', { value: 'kept-in-the-dark' });
    expect(set.json.names).toEqual([{ name: 'siem_key', usedBy: [] }]);
    const id = await idOf('conf.d/main.conf');
    for (const client of [admin, analyst]) {
      const { json } = await client.ask('POST', '/api/configs/preview', {
        pipeline: 'main',
        edits: [
          {
            id,
            text: config(port, 'mutate { add_field => { "x" => "${SIEM_KEY}" "home" => "${HOME:none}" } }'),
          },
        ],
        sample: { kind: 'events', text: '{}' },
      });
      expect(JSON.stringify(json)).not.toContain('kept-in-the-dark');
      expect(json.events[0].results[0].event).toContain('"x":"<password>"');
      expect(json.events[0].results[0].event).toContain('"home":"none"');
    }
    expect((await admin.ask('DELETE', '/api/configs/secrets/SIEM_KEY')).json.names).toEqual([]);
    expect((await admin.ask('DELETE', '/api/configs/secrets/SIEM_KEY')).status).toBe(404);
  });

  test('an analyst can not run new Ruby code or read other files', async () => {
    const id = await idOf('conf.d/main.conf');
    const preview = (client: Client, filter: string, codec?: string) =>
      client.ask('POST', '/api/configs/preview', {
        pipeline: 'main',
        edits: [{ id, text: config(port, filter) }],
        sample: { kind: 'events', text: '{}', ...(codec !== undefined && { codec }) },
      });
    const ruby = `ruby { code => 'event.set("seen", ENV.to_h.to_s)' }`;
    expect((await preview(analyst, ruby)).status).toBe(403);
    expect((await preview(analyst, 'grok { patterns_dir => ["/etc"] match => { "a" => "b" } }')).status).toBe(
      403,
    );
    expect(
      (
        await preview(
          analyst,
          '',
          `json } } filter { ruby { code => 'x' } } input { generator { codec => json`,
        )
      ).status,
    ).toBe(403);
    const { status, json } = await preview(admin, ruby);
    expect(status).toBe(200);
    expect(JSON.stringify(json)).not.toMatch(/LOGSTASH_KEYSTORE_PASS|SSH_/);
  });

  test('custom files: the exact line of a wrong indent, lists, keys that are never shown', async () => {
    const bad = '- file_name: a.crt\n  file_text: |\n    line one\n   line two\n';
    const { json } = await admin.ask('POST', '/api/configs/custom/check', {
      name: 'x',
      text: bad,
      list: true,
    });
    expect(json.findings).toMatchObject([
      { line: 4, column: 4, severity: 'error', message: expect.stringContaining('indented by 3 spaces') },
    ]);
    const imported = await admin.ask('POST', '/api/configs/custom/import', {
      text: '- file_name: hosts.yml\n  file_text: |\n    a: b\n- file_name: k.key\n  file_text: |\n    -----BEGIN PRIVATE KEY-----\n    AAAA\n    -----END PRIVATE KEY-----\n',
    });
    expect(imported.json.findings).toEqual([]);
    expect(imported.json.files).toHaveLength(2);
    expect((await read('hosts.yml')).text).toBe('a: b\n');
    expect(await read('k.key')).toMatchObject({ secret: true, text: '' });
    const wrong = await apply('hosts.yml', 'a: b\n c: d\n');
    expect(wrong.json).toMatchObject({ outcome: 'refused', findings: [{ line: 2 }] });
  });

  test('a sample becomes a test, and tests run on an edit that is not saved', async () => {
    const saved = await admin.ask('POST', '/api/configs/tests/save', {
      pipeline: 'main',
      edits: [],
      name: 'env is one',
      sample: { kind: 'events', text: '{"message":"hello"}' },
    });
    expect(saved.json).toMatchObject({ name: 'main.test.yml' });
    const run = (text?: string) =>
      idOf('conf.d/main.conf').then((id) =>
        analyst.ask('POST', '/api/configs/tests/run', { edits: text === undefined ? [] : [{ id, text }] }),
      );
    expect((await run()).json).toMatchObject({ passed: 1, failed: 0, broken: 0 });
    const { json } = await run(config(port, 'mutate { add_field => { "env" => "three" } }'));
    expect(json).toMatchObject({ passed: 0, failed: 1 });
    expect(json.files[0].tests[0].problems[0].differences).toEqual([
      { kind: 'different', field: 'env', expected: '"one"', actual: '"three"' },
    ]);
  });

  test('all plugins are listed with their options', async () => {
    const { plugins } = (await viewer.ask('GET', '/api/configs/plugins')).json;
    const grok = plugins.find(({ name }: any) => name === 'grok');
    expect(grok.options.find(({ name }: any) => name === 'match')).toMatchObject({ type: 'hash' });
    expect(plugins.filter(({ kind }: any) => kind === 'codec').length).toBeGreaterThan(5);
  });
});
