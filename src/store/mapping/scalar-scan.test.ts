import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalIp } from './ip-text.ts';
import { isShortIpv6At } from './scalar-scan.ts';

const isShort = (text: string): boolean => {
  const bytes = Buffer.from(`"${text}":`);
  return isShortIpv6At(bytes, 1, bytes.length - 2);
};

const group = fc.oneof(
  fc.constant('0'),
  fc.constant('ffff'),
  fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16)),
);

test('an address in its short form is known as one', () => {
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const short = canonicalIp(groups.join(':'))!;
      expect(isShort(short)).toBe(!short.includes('.') && !short.startsWith('::ffff:'));
    }),
  );
});

test('nothing else is', () => {
  const piece = fc.oneof(group, fc.constantFrom(':', ':', ':', '::', '00', 'A', 'g', '.', '12345', '%'));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 18 }), (pieces) => {
      const text = pieces.join('');
      if (isShort(text)) expect(canonicalIp(text)).toBe(text);
    }),
    { numRuns: 2000 },
  );
  for (const text of [
    '',
    ':',
    '::1:',
    ':::',
    '1',
    '1:2',
    ':1::',
    '0::1',
    '1::0',
    '1:0:0:2:0:0:0:3',
    '::ffff:102:304',
  ])
    expect(isShort(text), text).toBe(false);
  for (const text of ['::', '::1', '1::', 'fe80::5975:95e4', '1:0:2:0:3:0:4:0', '1:0:0:2::3'])
    expect(isShort(text), text).toBe(true);
});
