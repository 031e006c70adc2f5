/** `millrace tap`: events at the nodes of a running pipeline, in the terminal. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client, PASSWORD } from '../support/console.ts';
import { cleanUp, freePort, Millrace, runToEnd, temporaryFolder, until } from '../support/millrace.ts';

let url: string;
let millrace: Millrace;
let send: NodeJS.Timeout;

beforeAll(async () => {
  const port = await freePort();
  millrace = new Millrace({
    args: [
      '-e',
      `input { http { host => "127.0.0.1" port => ${port} } }
       filter {
         mutate { id => "mark" add_field => { "seen" => "yes" } }
         if [kind] == "noise" { drop { } }
       }
       output { store { index => "taps" } }`,
      ...['--path.data', temporaryFolder(), '--api.enabled=false'],
      ...['--console.enabled=true', '--console.http.port=0', '--store.http.port=0'],
    ],
  });
  url = await until(() => /Console at (\S+)/.exec(millrace.stderr)?.[1], 'the console', 60);
  const code = await until(() => /Set-up code: (\S+)/.exec(millrace.stderr)?.[1], 'the code', 60);
  const admin = new Client(url);
  await admin.ask('POST', '/api/setup', { code, name: 'admin', password: PASSWORD });
  await admin.ask('POST', '/api/users', { name: 'vera', role: 'viewer', password: PASSWORD });
  await millrace.ready(60);
  const body = '[{"kind": "login", "user": "kim"}, {"kind": "noise", "message": "GET /healthz"}]';
  send = setInterval(() => {
    const headers = { 'content-type': 'application/json' };
    fetch(`http://127.0.0.1:${port}`, { method: 'POST', headers, body }).catch(() => {});
  }, 100);
}, 200_000);
afterAll(async () => {
  clearInterval(send);
  await cleanUp();
}, 120_000);

const tap = (what: string, ...more: string[]): ReturnType<typeof runToEnd> =>
  runToEnd({
    args: [
      'tap',
      what,
      ...(more.includes('--url') ? [] : ['--url', url]),
      ...(more.includes('--user') ? [] : ['--user', 'admin']),
      ...more,
    ],
    env: { MILLRACE_PASSWORD: PASSWORD },
  });

test('shows what a plugin makes of events, those that are asked for', async () => {
  const { code, stdout, stderr } = await tap('main:mark', '--filter', 'user: kim', '--limit', '1');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\S+Z {2}changed 1 of \d+ fields\n {2}\+ \[seen\] "yes"\n$/);
  const dropped = await tap('main:drop', '--filter', 'message: healthz', '--limit', '1');
  expect(dropped.stdout).toMatch(/^\S+Z {2}dropped\n/);
}, 120_000);

test('the whole pipeline as JSON', async () => {
  const { stdout } = await tap('main', '--json', '--limit', '1', '--filter', 'kind: login');
  const { at, after } = JSON.parse(stdout);
  expect(Date.parse(at)).toBeGreaterThan(Date.now() - 60_000);
  expect(after).toMatchObject([{ kind: 'login', user: 'kim', seen: 'yes' }]);
}, 120_000);

test('says what is wrong: names, roles, addresses, KQL', async () => {
  const said = async (...given: Parameters<typeof tap>): Promise<string> => {
    const { code, stderr } = await tap(...given);
    expect(code).not.toBe(0);
    return stderr;
  };
  expect(await said('other')).toContain('pipeline other does not exist');
  expect(await said('main:grok')).toContain('there is no node grok; the nodes are');
  expect(await said('main', '--user', 'vera')).toContain('this needs the role operator, and vera is viewer');
  expect(await said('main', '--user', 'nobody')).toContain('the name or the password is wrong');
  expect(await said('main', '--filter', 'a: (')).toContain('^');
  const store = await until(() => /Event store at (\S+)/.exec(millrace.stderr)?.[1], 'the store', 60);
  expect(await said('main', '--url', store)).toContain(
    'no console of Millrace (400); the console has a port',
  );
  expect(await said('main', '--rate', '1000')).toContain('--rate takes a number from 1 to 100');
}, 120_000);
