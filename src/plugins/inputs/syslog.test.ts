import dgram from 'node:dgram';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificates, type TestCertificates } from '../../../test/support/certs.ts';
import { createCodec, decoderContext, resolveOptions, testContext } from '../../../test/support/plugin.ts';
import { intakeContext, ownFields } from '../../../test/support/writer.ts';
import { addTag } from '../../event/event.ts';
import type { Codec, DecoderContext, EcsMode, Intake } from '../../kernel/plugin.ts';
import { json } from '../codecs/json.ts';
import { plain } from '../codecs/plain.ts';
import { syslog } from './syslog.ts';

const LINE = '<164>Oct 26 15:19:25 1.2.3.4 %ASA-4-106023: Deny udp src DRAC:10.1.2.3/43434';
const year = new Date().getUTCFullYear();

/** Events of records, without any socket. */
function decode(
  given: Record<string, unknown>,
  records: readonly (string | Buffer)[],
  more: { ecs?: EcsMode; codec?: Codec; context?: Partial<DecoderContext> } = {},
): Record<string, any>[] {
  const ecs = more.ecs ?? 'disabled';
  const { writer } = intakeContext();
  for (const record of records) writer.record({ key: '192.0.2.9', ip: '192.0.2.9' }, Buffer.from(record));
  const codec = more.codec ?? createCodec(plain, {}, { ecs });
  const context = decoderContext(codec, { ...testContext({ ecs }), ...more.context });
  const decoder = syslog.createDecoder(resolveOptions(syslog, { timezone: 'UTC', ...given }), context);
  return writer
    .decode(decoder)
    .map((event) => ({ '@timestamp': event.fields['@timestamp'], ...ownFields(event) }));
}

const one = (given: Record<string, unknown>, record: string, ecs: EcsMode = 'disabled') =>
  decode(given, [record], { ecs })[0]!;

describe('fields', () => {
  test('a line of RFC 3164', () => {
    const event = one({}, LINE);
    expect(event).toEqual({
      '@timestamp': expect.stringMatching(/^20\d\d-10-26T15:19:25\.000Z$/),
      message: 'Deny udp src DRAC:10.1.2.3/43434',
      host: '192.0.2.9',
      priority: 164,
      timestamp: 'Oct 26 15:19:25',
      logsource: '1.2.3.4',
      program: '%ASA-4-106023',
      severity: 4,
      facility: 20,
      facility_label: 'local4',
      severity_label: 'Warning',
    });
  });

  test('in ECS mode', () => {
    const event = one({}, '<164>Oct 26 15:19:25 host app[42]: hello', 'v8');
    expect(event).toEqual({
      '@timestamp': expect.stringMatching(/-10-26T15:19:25\.000Z$/),
      message: 'hello',
      event: { original: '<164>Oct 26 15:19:25 host app[42]: hello' },
      host: { ip: '192.0.2.9', hostname: 'host' },
      process: { name: 'app', pid: 42 },
      log: {
        syslog: {
          priority: 164,
          facility: { code: 20, name: 'local4' },
          severity: { code: 4, name: 'Warning' },
        },
      },
      service: { type: 'system' },
    });
  });

  test('a timestamp in ISO 8601 is in both fields', () => {
    expect(one({}, '<13>2026-11-20T10:00:00.5+02:00 host app: x')).toMatchObject({
      '@timestamp': '2026-11-20T08:00:00.500Z',
      timestamp: '2026-11-20T10:00:00.5+02:00',
      timestamp8601: '2026-11-20T10:00:00.5+02:00',
    });
  });

  test('RFC 5424 under the same names and its own', () => {
    const line = '<165>1 2026-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 ID47 [a@1 b="c"] hello';
    expect(one({}, line)).toMatchObject({
      '@timestamp': expect.stringMatching(/^2026-08-24T12:14:15\.000/),
      message: 'hello',
      priority: 165,
      facility: 20,
      severity: 5,
      logsource: '192.0.2.1',
      program: 'myproc',
      pid: '8710',
      syslog5424_ver: '1',
      syslog5424_msgid: 'ID47',
      syslog5424_sd: '[a@1 b="c"]',
    });
    expect(one({}, line, 'v8')).toMatchObject({
      message: 'hello',
      host: { hostname: '192.0.2.1' },
      process: { name: 'myproc', pid: 8710 },
      event: { code: 'ID47', original: line },
      system: { syslog: { version: '1', structured_data: '[a@1 b="c"]' } },
    });
    expect(one({}, '<165>1 - - - x-1 - -', 'v8')['log'].syslog).toMatchObject({ procid: 'x-1' });
  });

  test('text that is no syslog is tagged, with priority 13', () => {
    expect(one({}, 'hello world')).toMatchObject({
      message: 'hello world',
      tags: ['_grokparsefailure_sysloginput'],
      priority: 13,
      facility: 1,
      severity: 5,
      facility_label: 'user-level',
      severity_label: 'Notice',
    });
    const ecs = one({}, 'hello world', 'v8');
    expect(ecs).toMatchObject({
      tags: ['_grokparsefailure_sysloginput'],
      log: { syslog: { priority: 13 } },
      service: { type: 'system' },
    });
  });

  test('what only grok reads: text before the priority, an IPv6 host; in the order of arrival', () => {
    const records = [
      '<13>Oct 11 22:14:15 a x: 1',
      'prefix <13>Oct 11 22:14:15 b x: 2',
      '<13>Oct 11 22:14:15 ::1 x: 3',
      LINE,
    ];
    const events = decode({}, records);
    expect(events.map((event) => event['logsource'])).toEqual(['a', 'b', '::1', '1.2.3.4']);
    expect(events.map((event) => event['message'].slice(0, 1))).toEqual(['1', '2', '3', 'D']);
  });

  test('fields of the codec under the names of captures become lists, as with grok', () => {
    const record = JSON.stringify({ message: '<13>Oct 11 22:14:15 host app: x', program: 'mine' });
    const [event] = decode({}, [record], { codec: createCodec(json) });
    expect(event).toMatchObject({ message: 'x', program: ['mine', 'app'], host: '192.0.2.9' });
  });

  test('a message without text keeps the line', () => {
    expect(one({}, '<13>Oct 11 22:14:15 host app: ')['message']).toBe('<13>Oct 11 22:14:15 host app: ');
  });

  test('line ends in datagrams are cut off; invalid UTF-8 is tagged', () => {
    const events = decode({}, [`${LINE}\r\n`, Buffer.concat([Buffer.from(`${LINE} `), Buffer.from([0xe9])])]);
    expect(events[0]!['message']).toBe('Deny udp src DRAC:10.1.2.3/43434');
    expect(events[1]).toMatchObject({
      message: expect.stringContaining('\ufffd'),
      tags: ['_invalid_encoding'],
      priority: 164,
    });
  });
});

describe('options', () => {
  test('timezone', () => {
    expect(one({ timezone: '-05:00' }, LINE)['@timestamp']).toMatch(/-10-26T20:19:25\.000Z$/);
  });

  test('locale', () => {
    expect(
      one(
        {
          locale: 'de',
          grok_pattern: '<%{POSINT:priority}>%{SYSLOGTIMESTAMP:timestamp} %{GREEDYDATA:message}',
        },
        '<13>Okt 26 15:19:25 x',
      ),
    ).toMatchObject({
      message: 'x',
    });
  });

  test('grok_pattern', () => {
    const pattern = '<%{POSINT:priority}>%{SYSLOGTIMESTAMP:timestamp} atypical %{GREEDYDATA:message}';
    const given = { grok_pattern: pattern };
    const events = decode(given, ['<164>Oct 26 15:19:25 atypical part', LINE]);
    expect(events[0]).toMatchObject({
      message: 'part',
      priority: 164,
      severity: 4,
      facility: 20,
      timestamp: 'Oct 26 15:19:25',
    });
    expect(events[1]).toMatchObject({ message: LINE, tags: ['_grokparsefailure_sysloginput'], priority: 13 });
  });

  test('syslog_field names where the line is', () => {
    const record = JSON.stringify({ line: LINE, message: 'other' });
    const [event] = decode({ syslog_field: 'line' }, [record], { codec: createCodec(json) });
    expect(event).toMatchObject({
      line: LINE,
      priority: 164,
      message: ['other', 'Deny udp src DRAC:10.1.2.3/43434'],
    });
  });

  test('labels: own ones, none, numbers beyond them', () => {
    const own = { facility_labels: ['zero', 'one'], severity_labels: ['a', 'b', 'c', 'd', 'e', 'f'] };
    expect(one(own, '<13>Oct 11 22:14:15 host app: x')).toMatchObject({
      facility_label: 'one',
      severity_label: 'f',
    });
    expect(one(own, LINE)).not.toHaveProperty('facility_label');
    expect(one({ use_labels: false }, LINE)).not.toHaveProperty('severity_label');
    expect(one({}, '<999>Oct 11 22:14:15 host app: x')).toMatchObject({ facility: 124, severity: 7 });
  });

  test('service_type', () => {
    expect(one({ service_type: 'network' }, LINE, 'v1')['service']).toEqual({ type: 'network' });
    expect(one({ service_type: '' }, LINE, 'v1')).not.toHaveProperty('service');
  });

  test('common options are applied before the line is read', () => {
    const context: Partial<DecoderContext> = { decorate: (event) => addTag(event, 'mine') };
    expect(decode({}, ['nothing'], { context })[0]!['tags']).toEqual([
      'mine',
      '_grokparsefailure_sysloginput',
    ]);
    expect(decode({}, [LINE], { context })[0]!['tags']).toEqual(['mine']);
  });

  test('fields not needed behind the input do not hinder the reading', () => {
    const [event] = decode({}, [LINE], { context: { needs: ['program'] } });
    expect(event).toMatchObject({ program: '%ASA-4-106023' });
  });

  test('mistakes are config errors', () => {
    const reports: string[] = [];
    const report = (severity: string, option: string) => void reports.push(`${severity} ${option}`);
    syslog.validate!(
      resolveOptions(syslog, { timezone: 'Nowhere/At-all', grok_pattern: '%{NOSUCH:x}' }),
      report,
    );
    expect(reports).toEqual(['error grok_pattern', 'error timezone']);
  });
});

test('never throws, whatever comes', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.constantFrom('', '<13>', '<13>Oct 11 22:14:15 ', '<34>1 - - - '),
      fc.constantFrom<EcsMode>('disabled', 'v8'),
      (bytes, head, ecs) => {
        expect(decode({}, [Buffer.concat([Buffer.from(head), bytes])], { ecs })).toHaveLength(1);
      },
    ),
  );
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom<EcsMode>('disabled', 'v8'), (value, ecs) => {
      decode({}, [JSON.stringify(value), JSON.stringify({ message: LINE, host: value, log: value })], {
        ecs,
        codec: createCodec(json),
      });
    }),
  );
});

// ---- sockets -----------------------------------------------------------------------------------------------

const open: Intake[] = [];
let certs: TestCertificates;
beforeAll(() => {
  certs = makeCertificates();
});
afterAll(() => certs.remove());
afterEach(async () => {
  await Promise.all(open.splice(0).map((intake) => intake.close()));
});

async function start(given: Record<string, unknown> = {}) {
  const options = resolveOptions(syslog, { host: '127.0.0.1', port: 0, timezone: 'UTC', ...given });
  const context = intakeContext();
  const intake = syslog.createIntake(options, context) as Intake & { port: number };
  await intake.open(new AbortController().signal);
  open.push(intake);
  return {
    context,
    intake,
    events: () =>
      context.writer.decode(syslog.createDecoder(options, decoderContext(createCodec(plain)))).map(ownFields),
  };
}

function send(port: number, text: string): net.Socket {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.end(text);
  return socket;
}

describe('sockets', () => {
  test('UDP and TCP on one port, lines and counted octets', async () => {
    const { context, intake, events } = await start();
    const udp = dgram.createSocket('udp4');
    udp.send(LINE, intake.port, '127.0.0.1', () => udp.close());
    await context.writer.until((writer) => writer.count === 1);
    send(intake.port, `${LINE}\n${LINE}\r\n`);
    await context.writer.until((writer) => writer.count === 3);
    send(intake.port, `${LINE.length} ${LINE}${LINE.length} ${LINE}`);
    await context.writer.until((writer) => writer.count === 5);
    const all = events();
    expect(all).toHaveLength(5);
    for (const event of all)
      expect(event).toMatchObject({
        message: 'Deny udp src DRAC:10.1.2.3/43434',
        host: '127.0.0.1',
        priority: 164,
      });
  });

  test('TLS for TCP; update reads renewed certificates', async () => {
    const secure = { ssl_enabled: true, ssl_certificate: certs.server.cert, ssl_key: certs.server.key };
    const { context, intake } = await start(secure);
    intake.update!(resolveOptions(syslog, { port: 0, ...secure }));
    const socket = tls.connect({
      host: '127.0.0.1',
      port: intake.port,
      servername: 'localhost',
      ca: readFileSync(certs.ca),
    });
    socket.end(`${LINE}\n`);
    await context.writer.until((writer) => writer.count === 1);
    send(intake.port, `${LINE}\n`);
    await expect.poll(() => context.log.join()).toContain('not TLS');
  });

  test.skipIf(process.platform !== 'linux')(
    'receive_buffer_bytes; what the kernel drops is counted',
    async () => {
      const { context, intake } = await start({ receive_buffer_bytes: 1 });
      const udp = dgram.createSocket('udp4');
      await Promise.all(
        Array.from(
          { length: 200 },
          () => new Promise((resolve) => udp.send(LINE.padEnd(1000), intake.port, '127.0.0.1', resolve)),
        ),
      );
      udp.close();
      await expect.poll(() => context.counters['kernel_dropped'], { timeout: 4000 }).toBeGreaterThan(0);
      expect(context.counters['kernel_dropped']! + context.writer.count).toBe(200);
      expect(context.healths.at(-1)).toMatch(/dropped by the kernel .*receive_buffer_bytes/);
    },
  );

  test('PROXY protocol', async () => {
    const { context, intake, events } = await start({ proxy_protocol: true });
    send(intake.port, `PROXY TCP4 1.2.3.4 5.6.7.8 1234 5678\r\n${LINE}\n`);
    await context.writer.until((writer) => writer.count === 1);
    expect(events()).toMatchObject([{ host: '1.2.3.4', priority: 164 }]);
  });

  test('a full queue stops TCP and drops datagrams, counted', async () => {
    const { context, intake } = await start();
    context.writer.setFull(true);
    const udp = dgram.createSocket('udp4');
    udp.send(LINE, intake.port, '127.0.0.1', () => udp.close());
    await context.writer.until((writer) => writer.drops.length === 1);
    send(intake.port, `${`${LINE}\n`.repeat(150_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(context.writer.count).toBeLessThan(10_000);
    context.writer.setFull(false);
    await context.writer.until((writer) => writer.count === 150_000);
  });

  test('a taken port rejects; close may be called twice', async () => {
    const { intake } = await start();
    await expect(start({ port: intake.port })).rejects.toThrow('EADDRINUSE');
    await intake.close();
    await intake.close();
  });
});

test('years of timestamps without one are near', () => {
  const time = String(one({}, LINE)['@timestamp']);
  expect(Math.abs(Number(time.slice(0, 4)) - year)).toBeLessThanOrEqual(1);
});
