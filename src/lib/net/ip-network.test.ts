import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { networkOf, shortIpv6 } from './ip-network.ts';

test.each([
  ['fe80::5432:90a1', 'fe80::5432:90a1'],
  ['FE80:0:0:0:0:0:0:01', 'fe80::1'],
  ['::', '::'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::ffff:a01:203', '::ffff:10.1.2.3'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  // Not in this way, or not at all.
  ['::ffff:10.1.2.3', undefined],
  ['fe80::1%eth0', undefined],
  ['1:2:3:4:5:6:7', undefined],
  ['1:2:3:4:5:6:7:8:9', undefined],
  ['1::2::3', undefined],
  [':::', undefined],
  [':1::2', undefined],
  ['1::2:', undefined],
  ['12345::', undefined],
  ['', undefined],
])('%s in short is %s', (text, short) => {
  expect(shortIpv6(text)).toBe(short);
});

const group = fc.oneof(
  fc.constantFrom('', '0', '00', '0000', 'ffff', 'G'),
  fc.nat(0xffff).map((value) => value.toString(16)),
);

test('it says what networkOf says, of addresses alone', () => {
  fc.assert(
    fc.property(fc.array(group, { maxLength: 10 }), (groups) => {
      const text = groups.join(':');
      const short = shortIpv6(text);
      expect(short).toBe(isIPv6(text) ? networkOf(text, 128) : undefined);
    }),
    { numRuns: 5000 },
  );
});
