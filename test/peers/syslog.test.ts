/**
 * Section 6, item 5: real rsyslog, syslog-ng and logger to the syslog input, over UDP, TCP and TLS, in the forms of
 * RFC 3164 and 5424, lines and counted octets.
 */
import { createSocket } from 'node:dgram';
import { existsSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificates, type TestCertificates } from '../support/certs.ts';
import { cleanUp, freePort, type Millrace, runConfig, temporaryFolder, until } from '../support/millrace.ts';
import { describePeer, type Peer, peers, runProgram, startRsyslog, startSyslogNg } from '../support/peers.ts';

/** A zone that no machine of ours is in: times must be understood, not happen to be right. */
const ZONE = 'JST-9';
const EIGHT_KB = `€ ${'Δ0123456789abcdef'.repeat(480)} end`;
const TEXTS = {
  plain: 'session opened for user root(uid=0) by (uid=0)',
  Unicode: 'hällo wörld € – 日本語 😀 Ωmega',
  '8 KB': EIGHT_KB,
} as const;

let certificates: TestCertificates;
let millrace: Millrace;
let port: number;
let tlsPort: number;

beforeAll(async () => {
  if (peers.openssl) return;
  certificates = makeCertificates();
  [port, tlsPort] = [await freePort(), await freePort()];
  millrace = await runConfig(`
    input {
      syslog { host => "127.0.0.1" port => ${port} timezone => "Asia/Tokyo" add_field => { "way" => "plain" } }
      syslog {
        host => "127.0.0.1" port => ${tlsPort} timezone => "Asia/Tokyo" add_field => { "way" => "tls" }
        ssl_enabled => true
        ssl_certificate => "${certificates.server.cert}"
        ssl_key => "${certificates.server.key}"
        ssl_certificate_authorities => ["${certificates.ca}"]
        ssl_client_authentication => required
      }
    }
    output { stdout { codec => json_lines } }`);
});
afterAll(async () => {
  await cleanUp();
  certificates?.remove();
});

/** The event of a program, which no other test sends as. */
async function eventOf(program: string): Promise<any> {
  const find = () => millrace.events().filter((event) => event.program === program);
  await until(() => find().length > 0, `an event of ${program}; it says\n${millrace.stderr}`);
  expect(find()).toHaveLength(1);
  return find()[0];
}

/** What all senders of local4.warning must give; `sentAt` is the time of sending, of which the seconds are known. */
function expectFields(event: any, program: string, text: string, sentAt: number): void {
  expect(event).toMatchObject({
    priority: 164,
    facility: 20,
    facility_label: 'local4',
    severity: 4,
    severity_label: 'Warning',
    program,
    pid: '1234',
    host: '127.0.0.1',
  });
  expect(event.message.trimStart()).toBe(text);
  expect(event.logsource).toMatch(/^\S+$/);
  expect(event.tags).toBeUndefined();
  // RFC 3164 has whole seconds.
  const time = Date.parse(event['@timestamp']);
  expect(time).toBeGreaterThanOrEqual(Math.floor(sentAt / 1000) * 1000);
  expect(time).toBeLessThanOrEqual(sentAt + 5_000);
}

const bsd = /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d$/;
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+09:00$/;

/** Every way to send that a relay is told to use for one program name each: form of the time, listener. */
const forms = {
  'udp-3164': { timestamp: bsd, way: 'plain' },
  'udp-5424': { timestamp: iso, way: 'plain' },
  'tcp-3164': { timestamp: bsd, way: 'plain' },
  'tcp-5424': { timestamp: iso, way: 'plain' },
  'counted-3164': { timestamp: bsd, way: 'plain' },
  'counted-5424': { timestamp: iso, way: 'plain' },
  'tls-3164': { timestamp: bsd, way: 'tls' },
  'tls-5424': { timestamp: iso, way: 'tls' },
} as const;

type Form = keyof typeof forms;

/** Tests of a relay that reads a socket of its own as /dev/log, and forwards by program name. */
function testRelay(
  name: string,
  known: readonly Form[],
  start: (folder: string, socket: string) => Peer,
): void {
  let peer: Peer;
  let socket: string;
  beforeAll(async () => {
    const folder = temporaryFolder();
    socket = join(folder, 'log');
    peer = start(folder, socket);
    await until(() => existsSync(socket) || peer.hasEnded, 'its socket');
    expect(peer.hasEnded, peer.output).toBe(false);
  });
  afterAll(() => peer?.stop());

  describe.each(known)('%s', (form) => {
    const { timestamp, way } = forms[form];
    test.each(Object.entries(TEXTS))('%s', async (kind, text) => {
      const program = `${name}-${form}-${kind.toLowerCase().replace(' ', '')}`;
      const sentAt = Date.now();
      const args = [
        '-u',
        socket,
        '-p',
        'local4.warning',
        '-t',
        program,
        '--id=1234',
        '--size',
        '64KiB',
        text,
      ];
      expect(await runProgram('logger', args, { env: { TZ: ZONE } })).toMatchObject({ code: 0 });
      const event = await eventOf(program);
      expectFields(event, program, text, sentAt);
      expect(event.timestamp).toMatch(timestamp);
      expect(event.way).toBe(way);
      if (timestamp === iso) {
        // To the millisecond what the sender wrote.
        expect(Date.parse(event['@timestamp'])).toBe(Math.floor(Date.parse(event.timestamp)));
        expect(event.syslog5424_ver).toBe('1');
      }
    });
  });

  test.each(['counted-5424', 'tls-3164'] as const)('5,000 messages at once arrive once: %s', async (form) => {
    const program = `${name}-${form}-many`;
    const lines = Array.from({ length: 5_000 }, (_, at) => `row ${at}`);
    const args = ['-u', socket, '-p', 'local4.warning', '-t', program, '--id=1234'];
    await runProgram('logger', args, { input: `${lines.join('\n')}\n`, env: { TZ: ZONE } });
    const rows = () => millrace.events().filter((event) => event.program === program);
    await until(() => rows().length >= lines.length, `all rows: ${rows().length}`);
    expect(
      rows()
        .map((event) => Number(event.message.trim().slice(4)))
        .sort((a, b) => a - b),
    ).toEqual(lines.map((_, at) => at));
  });
}

describePeer('rsyslog to the syslog input', [peers.rsyslog, peers.logger, peers.openssl], () => {
  testRelay('rs', Object.keys(forms) as Form[], (folder, socket) => {
    const forward = (form: string, more: string): string => {
      const template = form.endsWith('3164')
        ? 'RSYSLOG_TraditionalForwardFormat'
        : 'RSYSLOG_SyslogProtocol23Format';
      return `if $programname startswith "rs-${form}" then {
  action(type="omfwd" target="127.0.0.1" template="${template}" ${more})
}`;
    };
    const tls = `port="${tlsPort}" protocol="tcp" StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost"`;
    const configFile = join(folder, 'rsyslog.conf');
    writeFileSync(
      configFile,
      `global(
  workDirectory="${folder}" maxMessageSize="64k"
  DefaultNetstreamDriverCAFile="${certificates.ca}"
  DefaultNetstreamDriverCertFile="${certificates.client.cert}"
  DefaultNetstreamDriverKeyFile="${certificates.client.key}"
)
module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" Socket="${socket}")
${['3164', '5424']
  .flatMap((form) => [
    forward(`udp-${form}`, `port="${port}" protocol="udp"`),
    forward(`tcp-${form}`, `port="${port}" protocol="tcp"`),
    forward(`counted-${form}`, `port="${port}" protocol="tcp" TCP_Framing="octet-counted"`),
    forward(`tls-${form}`, tls),
  ])
  .join('\n')}
`,
    );
    return startRsyslog(folder, configFile, { TZ: ZONE });
  });
});

describePeer('syslog-ng to the syslog input', [peers.syslogNg, peers.logger, peers.openssl], () => {
  // Its octets are counted by the driver for RFC 5424 alone.
  const known = (Object.keys(forms) as Form[]).filter((form) => form !== 'counted-3164');
  testRelay('ng', known, (folder, socket) => {
    const tls = `transport("tls") tls(ca-file("${certificates.ca}") cert-file("${certificates.client.cert}") key-file("${certificates.client.key}") peer-verify(required-trusted))`;
    const to = (form: string, driver: string, more: string, at = port): string =>
      `log { source(s); filter { program("^ng-${form}"); }; destination { ${driver}("localhost" port(${at}) ip-protocol(4) persist-name("${form}") ${more}); }; flags(flow-control); };`;
    // syslog() counts octets over TCP and TLS, network() sends lines.
    const exact = 'frac-digits(6)';
    const configFile = join(folder, 'syslog-ng.conf');
    writeFileSync(
      configFile,
      `@version: 3.38
options { stats-freq(0); keep-hostname(yes); use-dns(no); dns-cache(no); log-msg-size(65536); };
source s { unix-dgram("${socket}"); };
${[
  to('udp-3164', 'network', 'transport("udp")'),
  to('udp-5424', 'syslog', `transport("udp") ${exact}`),
  to('tcp-3164', 'network', 'transport("tcp")'),
  to('tcp-5424', 'network', `transport("tcp") flags(syslog-protocol) ${exact}`),
  to('counted-5424', 'syslog', `transport("tcp") ${exact}`),
  to('tls-3164', 'network', tls, tlsPort),
  to('tls-5424', 'syslog', `${tls} ${exact}`, tlsPort),
].join('\n')}
`,
    );
    return startSyslogNg(folder, configFile, { TZ: ZONE });
  });
});

describePeer('logger to the syslog input', [peers.logger, peers.openssl], () => {
  const ways = {
    'UDP, RFC 3164': ['-d', '--rfc3164'],
    'UDP, RFC 5424': ['-d', '--rfc5424', '--msgid', 'ID47'],
    'TCP, RFC 3164': ['-T', '--rfc3164'],
    'TCP, RFC 5424': ['-T', '--rfc5424', '--msgid', 'ID47'],
    'TCP, RFC 3164, counted octets': ['-T', '--rfc3164', '--octet-count'],
    'TCP, RFC 5424, counted octets': ['-T', '--rfc5424', '--octet-count', '--msgid', 'ID47'],
  };
  describe.each(Object.entries(ways))('%s', (name, flags) => {
    test.each(Object.entries(TEXTS))('%s', async (kind, text) => {
      const program = `logger-${name}-${kind}`.replace(/[^\w-]/g, '');
      const sentAt = Date.now();
      const args = [
        '-n',
        '127.0.0.1',
        '-P',
        String(port),
        '-p',
        'local4.warning',
        '-t',
        program,
        '--id=1234',
      ];
      const run = await runProgram('logger', [...args, ...flags, '--size', '64KiB', text], {
        env: { TZ: ZONE },
      });
      expect(run).toMatchObject({ code: 0 });
      const event = await eventOf(program);
      expectFields(event, program, text, sentAt);
      const is5424 = flags.includes('--rfc5424');
      expect(event.timestamp).toMatch(is5424 ? iso : bsd);
      if (!is5424) return;
      expect(event.syslog5424_msgid).toBe('ID47');
      expect(event.syslog5424_sd).toMatch(/^\[timeQuality .*\]$/);
    });
  });

  test('many lines of one connection come once each', async () => {
    const lines = Array.from({ length: 2_000 }, (_, at) => `row ${at}`);
    const args = ['-n', '127.0.0.1', '-P', String(port), '-T', '--octet-count', '-t', 'rows'];
    await runProgram('logger', args, { input: `${lines.join('\n')}\n` });
    const rows = () => millrace.events().filter((event) => event.program === 'rows');
    await until(() => rows().length >= lines.length, 'all rows');
    const messages = new Set(rows().map((event) => event.message));
    expect(rows()).toHaveLength(lines.length);
    expect(messages).toEqual(new Set(lines));
  });
});

describePeer('openssl to the syslog input', [peers.openssl], () => {
  const client = (args: readonly string[], input: string) =>
    runProgram(
      'openssl',
      ['s_client', '-connect', `127.0.0.1:${tlsPort}`, '-quiet', '-no_ign_eof', ...args],
      {
        input,
      },
    );

  test('C17: a line over mutual TLS', async () => {
    const { cert, key } = certificates.client;
    const line = '<86>Oct 11 22:14:15 mymachine sslapp[42]: "su root" failed for lonvick\n';
    const flags = ['-CAfile', certificates.ca, '-verify_return_error', '-cert', cert, '-key', key];
    await client(flags, line);
    expect(await eventOf('sslapp')).toMatchObject({
      logsource: 'mymachine',
      pid: '42',
      message: '"su root" failed for lonvick',
      facility_label: 'security/authorization',
      severity_label: 'Informational',
      way: 'tls',
    });
  });

  test('a client without certificate is refused, with a line in the log that says so', async () => {
    await client([], '<86>Oct 11 22:14:15 mymachine noway[42]: no\n').catch(() => undefined);
    await until(
      () => /refused: the client showed no certificate/.test(millrace.stderr),
      `the refusal in the log: ${millrace.stderr}`,
    );
    expect(millrace.stdout).not.toContain('noway');
  });
});

describePeer('lines as people type them', [peers.openssl], () => {
  const viaTcp = (text: string): Promise<void> =>
    new Promise((done, fail) => {
      const socket = createConnection(port, '127.0.0.1', () => socket.end(text, done));
      socket.on('error', fail);
    });
  const viaUdp = (text: string): Promise<void> =>
    new Promise((done, fail) => {
      const socket = createSocket('udp4');
      socket.send(text, port, '127.0.0.1', (error) => {
        socket.close();
        if (error) fail(error);
        else done();
      });
    });
  const withMessage = async (message: string): Promise<any> => {
    const find = () => millrace.events().find((event) => event.message === message);
    await until(find, `an event with ${message}`);
    return find();
  };

  test('A38: echo "<14>testhost foobar" | nc host 514', async () => {
    const { code, stderr } = await runProgram('bash', [
      '-c',
      `echo '<14>testhost foobar' > /dev/tcp/127.0.0.1/${port}`,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // It has no time: Logstash's pattern does not match either.
    const event = await withMessage('<14>testhost foobar');
    expect(event.tags).toEqual(['_grokparsefailure_sysloginput']);
    expect(event).toMatchObject({
      host: '127.0.0.1',
      facility_label: 'user-level',
      severity_label: 'Notice',
    });
  });

  test.each([
    ['TCP', viaTcp],
    ['UDP', viaUdp],
  ])('the example of RFC 3164 over %s', async (name, send) => {
    await send(`<34>Oct 11 22:14:15 mymachine su${name}: 'su root' failed for lonvick on /dev/pts/8\n`);
    const event = await eventOf(`su${name}`);
    expect(event).toMatchObject({
      priority: 34,
      facility: 4,
      facility_label: 'security/authorization',
      severity: 2,
      severity_label: 'Critical',
      logsource: 'mymachine',
      timestamp: 'Oct 11 22:14:15',
      message: "'su root' failed for lonvick on /dev/pts/8",
    });
    expect(event.pid).toBeUndefined();
    // 22:14:15 in Tokyo, of the last October.
    expect(event['@timestamp']).toMatch(/^\d{4}-10-11T13:14:15\.000Z$/);
  });
});
