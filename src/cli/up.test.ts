import { expect, test } from 'vitest';
import { parseListeners } from './up.ts';

const places = (...argv: string[]): Record<string, unknown> =>
  Object.fromEntries(parseListeners(argv).places);

test('a fresh install listens on loopback: beats 5044, syslog 5514, http 8080', () => {
  expect(places()).toEqual({
    beats: { host: '127.0.0.1', port: 5044 },
    syslog: { host: '127.0.0.1', port: 5514 },
    http: { host: '127.0.0.1', port: 8080 },
  });
});

test('ports, hosts and off, in both forms; everything else is left for the settings', () => {
  expect(places('--beats', 'off', '--syslog=[::1]:5515', '--http', 'host.example:80')).toEqual({
    syslog: { host: '::1', port: 5515 },
    http: { host: 'host.example', port: 80 },
  });
  expect(parseListeners(['--http.port', '9601', '--http', '1', '-w', '2']).rest).toEqual([
    '--http.port',
    '9601',
    '-w',
    '2',
  ]);
});
