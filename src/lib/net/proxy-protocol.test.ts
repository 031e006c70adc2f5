import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseProxyHeader } from './proxy-protocol.ts';

const v2 = (command: number, family: number, body: string): Buffer => {
  const addresses = Buffer.from(body, 'hex');
  const head = Buffer.from('0d0a0d0a000d0a515549540a00000000', 'hex');
  head[12] = 0x20 | command;
  head[13] = family;
  head.writeUInt16BE(addresses.length, 14);
  return Buffer.concat([head, addresses]);
};

describe('version 1', () => {
  test('both families', () => {
    const text = 'PROXY TCP4 192.0.2.1 198.51.100.7 40000 514\r\nhello';
    expect(parseProxyHeader(Buffer.from(text))).toEqual({
      length: text.length - 5,
      source: { ip: '192.0.2.1', port: 40_000 },
      destination: { ip: '198.51.100.7', port: 514 },
    });
    expect(parseProxyHeader(Buffer.from('PROXY TCP6 2001:db8::1 ::1 1 2\r\n'))).toMatchObject({
      source: { ip: '2001:db8::1', port: 1 },
    });
  });

  test('UNKNOWN leaves the address of the connection', () => {
    expect(parseProxyHeader(Buffer.from('PROXY UNKNOWN ffff::1 x 1 2\r\n'))).toMatchObject({
      source: undefined,
    });
  });

  test('other bytes are refused at once, endless ones too', () => {
    for (const text of [
      'GET / HTTP/1.1\r\n',
      'PROXY TCP4 1.2.3.4\r\n',
      'PROXX',
      'PROXY TCP4 a b 99999 1\r\n',
    ])
      expect(parseProxyHeader(Buffer.from(text)), text).toBe('invalid');
    expect(parseProxyHeader(Buffer.from(`PROXY ${'x'.repeat(200)}`))).toBe('invalid');
  });
});

describe('version 2', () => {
  test('both families, LOCAL, and extensions behind the addresses', () => {
    const header = v2(1, 0x11, 'c0000201c63364079c4002020300010a');
    expect(parseProxyHeader(Buffer.concat([header, Buffer.from('hello')]))).toEqual({
      length: header.length,
      source: { ip: '192.0.2.1', port: 40_000 },
      destination: { ip: '198.51.100.7', port: 514 },
    });
    const address = '20010db8000000000000000000000001';
    expect(parseProxyHeader(v2(1, 0x21, `${address}${'0'.repeat(32)}00010002`))).toMatchObject({
      source: { ip: '2001:db8::1', port: 1 },
      destination: { ip: '::', port: 2 },
    });
    expect(parseProxyHeader(v2(0, 0, ''))).toMatchObject({ length: 16, source: undefined });
  });

  test('bodies that are too short, other versions', () => {
    expect(parseProxyHeader(v2(1, 0x11, 'c0000201'))).toBe('invalid');
    const other = v2(1, 0x11, 'c0000201c63364079c400202');
    other[12] = 0x31;
    expect(parseProxyHeader(other)).toBe('invalid');
  });
});

test('every prefix of a header asks for more, and any bytes are answered', () => {
  for (const header of [
    Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n'),
    v2(1, 0x11, 'c0000201c63364079c400202'),
  ]) {
    for (let end = 0; end < header.length; end++)
      expect(parseProxyHeader(header.subarray(0, end))).toBe('more');
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      parseProxyHeader(Buffer.from(bytes));
    }),
  );
});
