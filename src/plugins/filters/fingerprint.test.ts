import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFilter, resolveOptions, runFilter } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import type { Fields } from '../../kernel/event-types.ts';
import { murmur3, murmur3x128 } from '../../lib/murmur3.ts';
import { fingerprint } from './fingerprint.ts';

async function run(config: Record<string, unknown>, fields: Fields): Promise<Fields> {
  const event = new Event({ ...fields });
  (await createFilter(fingerprint, config)).filter!(event, () => {});
  return event.fields;
}

const ip = '123.123.123.123';

// The values that Logstash gives, from the specification of its plugin and from public test vectors.
test.each<[Record<string, unknown>, unknown, unknown]>([
  [{ method: 'SHA1' }, ip, '3a5076c520b4b463f43806896ea0b3978d09dcae'],
  [{ method: 'SHA1', base64encode: true }, ip, 'OlB2xSC0tGP0OAaJbqCzl40J3K4='],
  [{ method: 'SHA1', key: 'longencryptionkey' }, ip, 'fdc60acc4773dc5ac569ffb78fcb93c9630797f4'],
  [{ method: 'SHA1', key: 'longencryptionkey', base64encode: true }, ip, '/cYKzEdz3FrFaf+3j8uTyWMHl/Q='],
  [{ method: 'SHA256' }, ip, '4dabcab210766e35f03e77120e6986d6e6d4752b2a9ff22980b9253d026080d8'],
  [
    { method: 'SHA256', key: 'longencryptionkey' },
    ip,
    '345bec3eff242d53b568916c2610b3e393d885d6b96d643f38494fd74bf4a9ca',
  ],
  [
    { method: 'SHA384', key: 'longencryptionkey', base64encode: true },
    ip,
    'ItTA6MT7zcSIfSA4/KdlDw4uDiRX/0HAbrKpgN3tZ0lWHIFP4YKv+T4lONGFk5R6',
  ],
  [
    { method: 'SHA512', key: 'longencryptionkey', base64encode: true },
    ip,
    'EcGbMmk2wI1sUKPIR9iD5aE2Lmpk3VUgGiXywawbZz99i/FbjxEqSXgnbVcydeOxQWbhckb2cMKlOUAcW/2s6A==',
  ],
  [{ method: 'MD5' }, ip, 'ccdd8d3d940a01b2fb3258c059924c0d'],
  [{ method: 'MD5', key: 'longencryptionkey' }, ip, '9336c879e305c9604a3843fc3e75948f'],
  [{ method: 'MURMUR3' }, ip, 4013733395],
  [{ method: 'MURMUR3' }, 123, 823512154],
  [{ method: 'MURMUR3' }, '1970-01-01T00:00:00.000Z', 743372282],
  [{ method: 'MURMUR3' }, '2000-01-01T05:00:00.120Z', 4263087275],
  [{ method: 'MURMUR3_128' }, ip, '41cbc4056eed401d091dfbeabf7ea9e0'],
  [{ method: 'MURMUR3_128', base64encode: true }, ip, 'QcvEBW7tQB0JHfvqv36p4A=='],
  [{ method: 'MURMUR3_128' }, 123, '286816c693ac410ed63e1430dcd6f6fe'],
  [{ method: 'MURMUR3_128', base64encode: true }, 123, 'KGgWxpOsQQ7WPhQw3Nb2/g=='],
  [{ method: 'MURMUR3_128' }, 2148483647, 'fdc7699a82556c8c584131f0133ee989'],
  [{ method: 'MURMUR3_128' }, 2148483647n, 'fdc7699a82556c8c584131f0133ee989'],
  [{ method: 'MURMUR3_128' }, '1970-01-01T00:00:00.000Z', '37785b62a8cae473acc315d39b66d86e'],
  [{ method: 'IPV4_NETWORK', key: '24' }, ip, '123.123.123.0'],
  [{ method: 'IPV4_NETWORK', key: '0' }, ip, '0.0.0.0'],
  [{ method: 'IPV4_NETWORK', key: '32' }, ip, ip],
  [{ method: 'IPV4_NETWORK', key: '32' }, '2001:db8:1:2::5', '2001:db8::'],
  [{ method: 'IPV4_NETWORK', key: '128' }, '::ffff:1.2.3.4', '::ffff:1.2.3.4'],
  [
    { method: 'PUNCTUATION' },
    "PHP Warning:  json_encode() [<a href='x'>y</a>]: in /var/www on line 233",
    ":_()[<=''></>]://",
  ],
  [
    {},
    [ip, '223.223.223.223'],
    ['3a5076c520b4b463f43806896ea0b3978d09dcae', '47bbc4e06edebbace047fed35abeceec64968b81'],
  ],
])('%o of %o', async (config, value, expected) => {
  expect((await run({ source: ['a'], ...config }, { a: value as any }))['fingerprint']).toEqual(expected);
});

describe('several fields', () => {
  const fields = { field1: 'test1', field2: 'test2' };
  const source = ['field2', 'field1'];
  test('the last one counts', async () => {
    expect((await run({ source: ['field1', 'field2'] }, fields))['fingerprint']).toBe(
      '109f4b3c50d7b0df729d299bc6f8e9ef9066971f',
    );
    expect((await run({ source: ['field2', 'none'] }, fields))['fingerprint']).toBe(
      '109f4b3c50d7b0df729d299bc6f8e9ef9066971f',
    );
  });
  test('concatenated they are sorted', async () => {
    expect((await run({ source, concatenate_sources: true }, fields))['fingerprint']).toBe(
      'e3b6b71eedc656f1d29408264e8a75535db985cb',
    );
  });
  test('with lists and maps', async () => {
    const nested = { field1: [{ inner_key: '🂡' }, { '1': '2' }], field2: '🂡' };
    const config = { source: ['field1', 'field2'] };
    expect((await run(config, nested))['fingerprint']).toBe('58fa9e0e60c9f0d24b51d84cddb26732a39eeb3d');
    expect((await run({ ...config, concatenate_sources: true }, nested))['fingerprint']).toBe(
      'd2a1c14e0c9ef137d67114db23b3f2fdbcc90d08',
    );
  });
  test('all fields', async () => {
    const event = {
      offset: 123456789,
      type: 'test',
      '@version': '1',
      '@timestamp': '2017-07-26T14:44:27.064Z',
      clientip: ip,
      message: 'This is a test message',
      removed: undefined,
      log_level: 'INFO',
    };
    expect((await run({ concatenate_all_fields: true }, event))['fingerprint']).toBe(
      'cbf022518e97860403160ed8a41847c0db104e63',
    );
  });
  test('the order of names inside does not matter', async () => {
    const config = { source: ['a'] };
    const one = await run(config, { a: { x: 1, y: { p: 1.5, q: null } } });
    const other = await run(config, { a: { y: { q: null, p: 1.5 }, x: 1 } });
    expect(one['fingerprint']).toBe(other['fingerprint']);
  });
});

test('targets', async () => {
  const filter = await createFilter(fingerprint, {}, { ecs: 'v8' });
  expect((await runFilter(filter, { message: 'x' })).events[0]!['event']).toEqual({
    hash: expect.any(String),
  });
  expect(await run({ target: '[a][b]', method: 'MURMUR3' }, { message: '' })).toMatchObject({ a: { b: 0 } });
});

test('UUID is random', async () => {
  const one = (await run({ method: 'UUID' }, {}))['fingerprint'];
  expect(one).toMatch(/^[0-9a-f-]{36}$/);
  expect((await run({ method: 'UUID' }, {}))['fingerprint']).not.toBe(one);
});

test('without the field nothing is made, but the options apply', async () => {
  const { events, matched } = await runFilter(await createFilter(fingerprint, { source: ['none'] }), {});
  expect(events[0]!['fingerprint']).toBeUndefined();
  expect(matched).toBe(true);
});

test.each<[Record<string, unknown>, Fields]>([
  [{ method: 'IPV4_NETWORK', key: '24' }, { message: 'none' }],
  [{ method: 'IPV4_NETWORK', key: '64' }, { message: ip }],
  [{ method: 'IPV4_NETWORK', key: '24' }, { message: 5 }],
  [{ method: 'PUNCTUATION' }, { message: ['!'] }],
  [{ target: '[message][x]' }, { message: 'x' }],
])('fails: %o', async (config, fields) => {
  expect(await run(config, fields)).toEqual({ ...fields, tags: ['_fingerprintfailure'] });
});

test.each([
  ['key', { method: 'IPV4_NETWORK' }],
  ['key', { method: 'IPV4_NETWORK', key: 'x' }],
  ['source', { source: ['a['] }],
  ['target', { target: '[]' }],
])('config error: %s', (option, given) => {
  const reports: string[] = [];
  fingerprint.validate!(resolveOptions(fingerprint, given), (_, at) => reports.push(at));
  expect(reports).toEqual([option]);
});

test.each([
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['\xff\xff\xff\xff', 0, 0x76293b50],
  ['!Ce\x87', 0, 0xf55b516b],
  ['!Ce\x87', 0x5082edee, 0x2362f9de],
  ['!Ce', 0, 0x7e4a8634],
  ['!C', 0, 0xa0f7b07a],
  ['!', 0, 0x72661cf4],
  ['aaaa', 0x9747b28c, 0x5a97808a],
  ['Hello, world!', 0x9747b28c, 0x24884cba],
])('public vectors of the 32-bit hash: %j', (text, seed, expected) => {
  expect(murmur3(Buffer.from(text, 'latin1'), seed)).toBe(expected);
});

test('public vector of the 128-bit hash', () => {
  const words = murmur3x128(Buffer.from('The quick brown fox jumps over the lazy dog'));
  const [low1, high1, low2, high2] = words.map((word) => word.toString(16).padStart(8, '0'));
  expect(`${high1}${low1}${high2}${low2}`).toBe('e34bbc7bbc071b6c7a433ca9c49a9347');
});

test('no event makes it throw', async () => {
  const filters = await Promise.all(
    [
      ...fingerprint.options['method']!.oneOf!.map((method) => ({
        method,
        source: ['a', '[a][b]'],
        key: '24',
      })),
      { concatenate_all_fields: true },
      { concatenate_sources: true, source: ['a', 'tags'], method: 'MURMUR3_128' },
      { source: ['a'], target: 'tags', method: 'MURMUR3' },
    ].map((config) => createFilter(fingerprint, config)),
  );
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'tags', 'ж'), fc.jsonValue()),
      (fields) => {
        for (const filter of filters) {
          const event = new Event({ ...fields, big: 10n ** 40n, exact: JSON.rawJSON('1e999') as any } as any);
          expect(typeof filter.filter!(event, () => {})).toBe('boolean');
        }
      },
    ),
  );
});
