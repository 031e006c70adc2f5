import { expect, test } from 'vitest';
import { ReverseLookup } from './reverse-dns.ts';

test('answers are shared and cached, failures too', async () => {
  const asked: string[] = [];
  const names = new ReverseLookup(async (ip) => {
    asked.push(ip);
    if (ip === '192.0.2.2') throw new Error('ENOTFOUND');
    return ['host.example'];
  });
  expect(names.cached('192.0.2.1')).toBe('unknown');
  expect(await Promise.all([names.lookUp('192.0.2.1'), names.lookUp('192.0.2.1')])).toEqual([
    'host.example',
    'host.example',
  ]);
  expect(await names.lookUp('192.0.2.2')).toBeUndefined();
  expect(names.cached('192.0.2.1')).toMatchObject({ name: 'host.example' });
  expect(names.cached('192.0.2.2')).toMatchObject({ name: undefined });
  await names.lookUp('192.0.2.2');
  expect(asked).toEqual(['192.0.2.1', '192.0.2.2']);
});

test('a resolver that never answers is given up', async () => {
  const names = new ReverseLookup(() => new Promise(() => {}));
  const started = Date.now();
  expect(await names.lookUp('192.0.2.1')).toBeUndefined();
  expect(Date.now() - started).toBeLessThan(10_000);
});

test('lookups at once are bounded', async () => {
  let asked = 0;
  const names = new ReverseLookup(() => {
    asked++;
    return new Promise(() => {});
  });
  const lookups = Array.from({ length: 500 }, (_, index) => names.lookUp(`192.0.2.${index}`));
  expect(await lookups[499]).toBeUndefined();
  expect(asked).toBe(64);
});
