import { expect, test } from 'vitest';
import { dropsOfSocket } from './kernel-drops.ts';

test("the kernel's count of drops, of one socket among those of a port", () => {
  const table = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  200: 0100007F:270F 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000000000000000 41
  201: 00000000:270F 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000000000000000 1
  202: 00000000:2710 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000000000000000 9
`;
  expect(dropsOfSocket(table, '127.0.0.1', 9999)).toBe(41);
  expect(dropsOfSocket(table, '0.0.0.0', 9999)).toBe(1);
  expect(dropsOfSocket(table, '0.0.0.0', 1)).toBe(0);
});

test('IPv6', () => {
  const table = `  sl  local_address remote_address st
  1: 00000000000000000000000001000000:270F 00000000000000000000000000000000:0000 07 0:0 0:0 0 0 0 1 2 0 7
  2: B80D0120000000000000000001000000:270F 00000000000000000000000000000000:0000 07 0:0 0:0 0 0 0 1 2 0 8
  3: 00000000000000000000000000000000:270F 00000000000000000000000000000000:0000 07 0:0 0:0 0 0 0 1 2 0 9
`;
  expect(dropsOfSocket(table, '::1', 9999)).toBe(7);
  expect(dropsOfSocket(table, '2001:db8::1', 9999)).toBe(8);
  expect(dropsOfSocket(table, '::', 9999)).toBe(9);
});
