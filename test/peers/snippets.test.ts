/** What the page of sources and destinations tells people to set at senders, as it stands, at real senders. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Endpoint } from '../../src/server/integrations/endpoint.ts';
import {
  ensureOwnCertificate,
  issueClientCertificate,
  type OwnCertificate,
} from '../../src/server/integrations/own-certificate.ts';
import { snippetsOf } from '../../src/server/integrations/snippets.ts';
import { cleanUp, freePort, type Millrace, runConfig, temporaryFolder, until } from '../support/millrace.ts';
import { describePeer, type Peer, peers, runProgram, startRsyslog, startSyslogNg } from '../support/peers.ts';

let certificate: OwnCertificate;
/** Where the certificate and the key of the sender lie, without their endings. */
let client: string;
let millrace: Millrace;
const endpoints: Record<'syslog' | 'tls' | 'mutual' | 'http', Endpoint> = {} as never;

beforeAll(async () => {
  const data = temporaryFolder();
  certificate = await ensureOwnCertificate(data);
  const issued = await issueClientCertificate(data, 'sender-1');
  client = join(data, 'client');
  writeFileSync(`${client}.crt`, issued.certificate);
  writeFileSync(`${client}.key`, issued.key);
  const plain = {
    host: '127.0.0.1',
    tls: false,
    ownCertificate: true,
    clients: undefined,
    user: undefined,
    password: undefined,
    codec: 'plain',
    paths: [],
  };
  endpoints.syslog = { ...plain, speaks: 'syslog', card: 'syslog', port: await freePort() };
  endpoints.tls = { ...endpoints.syslog, port: await freePort(), tls: true };
  endpoints.mutual = { ...endpoints.tls, port: await freePort(), clients: 'made' };
  endpoints.http = {
    ...plain,
    speaks: 'http',
    card: 'webhook',
    port: await freePort(),
    tls: true,
    user: "o'hara",
    password: 'pw',
  };
  const tls = `ssl_enabled => true ssl_certificate => "${certificate.certificate}" ssl_key => "${certificate.key}"`;
  millrace = await runConfig(`
    input {
      syslog { host => "127.0.0.1" port => ${endpoints.syslog.port} }
      syslog { host => "127.0.0.1" port => ${endpoints.tls.port} ${tls} }
      syslog { host => "127.0.0.1" port => ${endpoints.mutual.port} ${tls}
        ssl_client_authentication => required ssl_certificate_authorities => ["${certificate.authority}"] }
      http { host => "127.0.0.1" port => ${endpoints.http.port} user => "o'hara" password => "pw" ${tls} }
    }
    output { stdout { codec => json_lines } }`);
}, 60_000);
afterAll(cleanUp);

/** As it is shown, with the CA certificate where it lies here. */
function snippet(endpoint: Endpoint, title: string): string {
  const found = snippetsOf(endpoint, ['127.0.0.1']).find((each) => each.title === title);
  return found!.text
    .replaceAll('/etc/millrace-ca.crt', certificate.authority)
    .replaceAll('/etc/millrace-client', client);
}

const arrives = (text: string, peer?: Peer): Promise<unknown> =>
  until(
    () => millrace.events().some(({ message }) => String(message).trim() === text),
    `an event "${text}"; ${peer?.output ?? ''}\n${millrace.stderr}`,
    30,
  );

async function sendTo(socket: string, text: string): Promise<void> {
  const run = await runProgram('logger', ['-u', socket, '-t', 'test', '--socket-errors=on', text]);
  expect(run).toMatchObject({ code: 0 });
}

const ways = [
  ['plain', 'syslog'],
  ['with TLS and our own CA', 'tls'],
  ['with TLS and a certificate of the sender', 'mutual'],
] as const;

describePeer('the snippet for rsyslog', [peers.rsyslog, peers.logger], () => {
  test.each(ways)('%s', { timeout: 60_000 }, async (_, name) => {
    const folder = temporaryFolder();
    const socket = join(folder, 'log');
    const config = join(folder, 'rsyslog.conf');
    writeFileSync(
      config,
      `global(workDirectory="${folder}")
module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" Socket="${socket}")
${snippet(endpoints[name], 'rsyslog')}`,
    );
    const rsyslog = startRsyslog(folder, config);
    try {
      await until(async () => (await runProgram('test', ['-S', socket])).code === 0, 'rsyslog listens', 30);
      await sendTo(socket, `from rsyslog, ${name}`);
      await arrives(`from rsyslog, ${name}`, rsyslog);
    } finally {
      await rsyslog.stop();
    }
  });
});

describePeer('the snippet for syslog-ng', [peers.syslogNg, peers.logger], () => {
  test.each(ways)('%s', { timeout: 60_000 }, async (_, name) => {
    const folder = temporaryFolder();
    const socket = join(folder, 'log');
    const config = join(folder, 'syslog-ng.conf');
    writeFileSync(
      config,
      `@version: 3.38
options { stats-freq(0); use-dns(no); dns-cache(no); };
source s_src { unix-dgram("${socket}"); };
${snippet(endpoints[name], 'syslog-ng')}`,
    );
    const syslogNg = startSyslogNg(folder, config);
    try {
      await until(async () => (await runProgram('test', ['-S', socket])).code === 0, 'syslog-ng listens', 30);
      await sendTo(socket, `from syslog-ng, ${name}`);
      await arrives(`from syslog-ng, ${name}`, syslogNg);
    } finally {
      await syslogNg.stop();
    }
  });
});

describePeer('snippets for the shell', [peers.logger, peers.openssl, peers.curl], () => {
  const run = (text: string): ReturnType<typeof runProgram> => runProgram('sh', ['-c', text]);

  test('logger and openssl to syslog', { timeout: 60_000 }, async () => {
    const count = (): number => millrace.events().filter(({ message }) => message === 'hello').length;
    expect(await run(snippet(endpoints.syslog, 'Try it'))).toMatchObject({ code: 0 });
    await until(() => count() === 1, 'the line of logger', 30);
    // s_client waits for an answer that never comes.
    const script = join(temporaryFolder(), 'try.sh');
    writeFileSync(script, snippet(endpoints.tls, 'Try it'));
    await runProgram('timeout', ['5', 'sh', script]);
    await until(() => count() === 2, 'the line over TLS', 30);
    writeFileSync(script, snippet(endpoints.mutual, 'Try it'));
    await runProgram('timeout', ['5', 'sh', script]);
    await until(() => count() === 3, 'the line with a certificate', 30);
  });

  test('curl with CA certificate, user and password', async () => {
    const text = snippet(endpoints.http, 'curl').replace('PASSWORD', 'pw');
    const { code, stdout, stderr } = await run(text);
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: 'ok' });
    await until(() => millrace.events().some(({ level }) => level === 'info'), 'the event of curl', 30);
  });

  test('the CA certificate is one', () => {
    expect(readFileSync(certificate.authority, 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
  });
});
