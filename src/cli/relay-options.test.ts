import { describe, expect, test } from 'vitest';
import { parseRelayArguments } from './relay-options.ts';

const words = (text: string): string[] => text.split(' ').filter(Boolean);
const base = '--server siem:1514 --probe siem:15140';

describe('millrace relay', () => {
  test('needs a server and a probe; the rest has defaults', () => {
    expect(parseRelayArguments(words(base))).toMatchObject({
      mode: 'relay',
      settings: {
        listen: { host: '127.0.0.1', port: 1514 },
        server: { host: 'siem', port: 1514 },
        probe: { host: 'siem', port: 15_140 },
        probeIntervalMs: 1000,
        probeTimeoutMs: 1000,
        maxBytes: 1024 ** 3,
        drop: 'oldest',
        rate: 1000,
      },
      log: { format: 'plain', quiet: false },
    });
  });

  test('takes IPv6 addresses, sizes and parts of seconds', () => {
    expect(
      parseRelayArguments(
        words(
          '--listen [::1]:514 --server [2001:db8::1]:514 --probe [2001:db8::1]:15140 --max-bytes 64mb --probe-interval 0.5',
        ),
      ),
    ).toMatchObject({
      settings: {
        listen: { host: '::1', port: 514 },
        server: { host: '2001:db8::1', port: 514 },
        maxBytes: 64 * 1024 ** 2,
        probeIntervalMs: 500,
        probeTimeoutMs: 500,
      },
    });
  });

  test('the answering side listens at an address or at all, and checks ports and processes', () => {
    expect(
      parseRelayArguments(words('--answer 15140 --check-port 1514 --check-process ossec-remoted')),
    ).toMatchObject({
      mode: 'answer',
      host: undefined,
      port: 15_140,
      checks: [
        { kind: 'process', name: 'ossec-remoted' },
        { kind: 'port', port: 1514, protocol: 'udp' },
      ],
    });
    expect(parseRelayArguments(words('--answer 10.0.0.5:15140 --check-port 514/tcp'))).toMatchObject({
      host: '10.0.0.5',
      checks: [{ kind: 'port', port: 514, protocol: 'tcp' }],
    });
  });

  test.each([
    ['--server siem:1514', '--probe HOST:PORT is missing'],
    ['--probe siem:1', '--server HOST:PORT is missing'],
    [`${base} --drop none`, '--drop must be oldest or newest, and is "none"'],
    [`${base} --rate fast`, '--rate must be a number from 1 to 1000000, and is "fast"'],
    [`${base} --max-bytes 10kb`, '--max-bytes must be a size of at least 1mb, and is "10kb"'],
    [`${base} --listen 1514`, '--listen wants HOST:PORT such as 127.0.0.1:1514, and is "1514"'],
    [`${base} --listen siem:1514`, '--server is the address that the relay itself listens at'],
    [`${base} --probe-interval 1 --probe-timeout 2`, '--probe-timeout must be a number from 0.01 to 1'],
    [`${base} --wat`, "Unknown option '--wat'"],
    [`${base} wat`, "Unexpected argument 'wat'"],
    ['--answer 15140', '--answer needs something to check'],
    ['--answer 15140 --check-port 1514/sctp', '--check-port wants a port such as 1514/udp'],
    ['--answer 70000 --check-port 1', '--answer wants HOST:PORT'],
  ])('%s: %s', (text, message) => {
    expect(() => parseRelayArguments(words(text))).toThrow(message);
  });
});
