/** The beats input against Elastic's own Lumberjack client, as a Beat would send. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { plain } from '../../../src/plugins/codecs/plain.ts';
import { beats } from '../../../src/plugins/inputs/beats.ts';
import { makeCertificates, type TestCertificates } from '../../support/certs.ts';
import { createCodec, decoderContext, resolveOptions } from '../../support/plugin.ts';
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
});
