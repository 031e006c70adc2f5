/** What Linux says of datagrams that a socket had no room for. */
import { isIPv6 } from 'node:net';
import { groupsOf } from './ip-network.ts';

/** Drops of the socket bound to this address and port, from the text of `/proc/net/udp` or `udp6`. */
export function dropsOfSocket(table: string, address: string, port: number): number {
  const local = `${hexAddress(address)}:${hex(port, 4)}`;
  let drops = 0;
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (columns[1] === local) drops += Number(columns.at(-1)) || 0;
  }
  return drops;
}

/** As the kernel prints it: words of 32 bits, their bytes in the order of a little-endian machine. */
function hexAddress(address: string): string {
  const plain = address.split('%')[0]!;
  const bytes = isIPv6(plain)
    ? groupsOf(plain).flatMap((group) => [group >> 8, group & 255])
    : plain.split('.').map(Number);
  let text = '';
  for (let word = 0; word < bytes.length; word += 4)
    for (let at = 3; at >= 0; at--) text += hex(bytes[word + at] ?? 0, 2);
  return text;
}

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');
