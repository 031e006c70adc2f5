/** The beats input against Elastic's own Lumberjack client, as a Beat would send. */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Event } from '../../../src/event/event.ts';
import { plain } from '../../../src/plugins/codecs/plain.ts';
import { beats } from '../../../src/plugins/inputs/beats.ts';
import { lumberjack } from '../../../src/plugins/outputs/lumberjack.ts';
import { makeCertificates, type TestCertificates } from '../../support/certs.ts';
import { createCodec, decoderContext, outputContext, resolveOptions } from '../../support/plugin.ts';
import { intakeContext, type TestIntakeContext } from '../../support/writer.ts';
import { buildGoLumber } from './go-lumber.ts';

const run = promisify(execFile);
const built = await buildGoLumber();
const program = 'path' in built ? built.path : '';
const title = 'path' in built ? 'go-lumber' : `go-lumber (skipped: ${built.missing})`;

describe.skipIf(!program)(title, () => {
  let certificates: TestCertificates;
  let directory: string;
  let close: (() => Promise<void>) | undefined;
  beforeAll(() => {
    certificates = makeCertificates();
    directory = mkdtempSync(join(tmpdir(), 'millrace-go-lumber-'));
  });
  afterAll(() => {
    certificates.remove();
    rmSync(directory, { recursive: true, force: true });
  });
  afterEach(() => close?.());

  async function start(
    options: Record<string, unknown> = {},
  ): Promise<{ context: TestIntakeContext; address: string }> {
    const context = intakeContext();
    const intake = beats.createIntake(
      resolveOptions(beats, { host: '127.0.0.1', port: 0, ...options }),
      context,
    ) as ReturnType<typeof beats.createIntake> & { port: number };
    await intake.open(new AbortController().signal);
    close = () => intake.close();
    return { context, address: `127.0.0.1:${intake.port}` };
  }
  const messages = (context: TestIntakeContext): unknown[] =>
    context.writer
      .decode(beats.createDecoder(resolveOptions(beats, { port: 0 }), decoderContext(createCodec(plain))))
      .map((event) => event.fields['message']);
  const lines = (count: number): string[] => Array.from({ length: count }, (_, index) => `line ${index + 1}`);

  it.each([
    ['compressed, one window at a time', []],
    ['uncompressed', ['-compress', '0']],
    ['several windows under way', ['-pipelining', '4', '-window', '100']],
  ])('sends 10,000 events: %s', async (_, flags) => {
    const { context, address } = await start();
    const { stdout } = await run(program, ['-addr', address, '-count', '10000', ...flags]);
    expect(stdout).toBe('acked 10000\n');
    expect(messages(context)).toEqual(lines(10_000));
  });

  it('waits through back-pressure on the strength of keepalives', async () => {
    const { context, address } = await start();
    context.writer.setSafe(false);
    const sending = run(program, ['-addr', address, '-count', '50', '-timeout', '4s']);
    setTimeout(() => context.writer.setSafe(true), 6_000);
    expect((await sending).stdout).toBe('acked 50\n');
  });

  it('sends JSON of a file over mutual TLS, to the byte', async () => {
    const { context, address } = await start({
      ssl_enabled: true,
      ssl_certificate: certificates.server.cert,
      ssl_key: certificates.server.key,
      ssl_certificate_authorities: [certificates.ca],
      ssl_client_authentication: 'required',
    });
    const payload = '{"_sensorfleet_event":{"a":[-1,"",[]]},"n":12345678901234567890}';
    const file = join(directory, 'events.json');
    writeFileSync(file, `${payload}\n`);
    const flags = ['-addr', address, '-json', file, '-ca', certificates.ca];
    const { cert, key } = certificates.client;
    await run(program, [...flags, '-cert', cert, '-key', key]);
    expect(context.writer.runs.map((each) => each.bytes.toString('utf8', 10))).toEqual([payload]);
    await expect(run(program, flags)).rejects.toThrow();
    expect(context.log.join()).toMatch(/refused: the client showed no certificate/);
  });

  it.each([
    ['version 1, as Logstash', { protocol_version: 1 }, { line: 'hello' }],
    ['version 2, as Beats', { protocol_version: 2 }, { message: 'hello', '@metadata': { beat: 'x' } }],
  ])('receives from the lumberjack output over mutual TLS: %s', async (_, options, expected) => {
    const { ca, server, client } = certificates;
    const flags = [
      '-listen',
      '127.0.0.1:0',
      '-count',
      '3',
      '-ca',
      ca,
      '-cert',
      server.cert,
      '-key',
      server.key,
    ];
    const receiver = spawn(program, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    const listening = new Promise<number>((resolve) =>
      receiver.stdout.on('data', (chunk) => {
        text += String(chunk);
        const port = /listening .*:(\d+)\n/.exec(text)?.[1];
        if (port) resolve(Number(port));
      }),
    );
    const output = lumberjack.create(
      resolveOptions(lumberjack, {
        hosts: ['127.0.0.1'],
        port: await listening,
        ssl_certificate: ca,
        ssl_client_certificate: client.cert,
        ssl_client_key: client.key,
        ...options,
      }),
      outputContext(createCodec(plain, { format: '%{message}' })),
    );
    const { signal } = new AbortController();
    const events = Array.from({ length: 3 }, () => new Event({ message: 'hello' }, { beat: 'x' }));
    expect(await output.write(events, signal)).toBeUndefined();
    await new Promise((resolve) => receiver.on('close', resolve));
    await output.close();
    const lines = text.trim().split('\n').slice(1);
    expect(lines.map((line) => JSON.parse(line))).toEqual([expected, expected, expected]);
  });
});
