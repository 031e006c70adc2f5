import { expect, test } from 'vitest';
import { Secret } from '../kernel/options.ts';
import type { ProcessSettings } from './configuration.ts';
import { storeCluster } from './store-cluster.ts';

const settings = (values: Readonly<Record<string, unknown>>): ProcessSettings =>
  ({ get: (name: string) => ({ 'path.data': '/data', ...values })[name] }) as unknown as ProcessSettings;

test('a cluster from settings', () => {
  const { cluster } = storeCluster(
    settings({
      'store.hosts': 'https://a:9200, https://b:9200',
      'store.user': 'millrace',
      'store.password': new Secret('x y'),
      'store.ssl.verification_mode': 'full',
      'store.template_patterns': '',
      'store.retention': '[{ pattern: "a-*", max_age: 30d }]',
    }),
  );
  expect(cluster).toEqual({
    connection: expect.objectContaining({
      hosts: ['https://a:9200', 'https://b:9200'],
      user: 'millrace',
      ssl_verification_mode: 'full',
    }),
    secrets: { password: 'x y' },
    templatePatterns: [],
    retention: [{ pattern: 'a-*', maxAge: 30 * 86_400_000 }],
    snapshots: { folder: '/data/snapshots', runs: false },
  });
});

test('what is wrong names the setting', () => {
  const key = new Secret('id:key');
  expect(() => storeCluster(settings({ 'store.hosts': 'http://a', 'store.api_key': key }))).toThrow(
    /^store\.api_key: .*TLS/,
  );
  expect(() => storeCluster(settings({ 'store.hosts': 'http://a', 'store.user': 'me' }))).toThrow(
    'store.user: `user` needs `password`',
  );
  expect(() => storeCluster(settings({ 'store.hosts': 'ftp://a' }))).toThrow(/^store\.hosts: /);
});
