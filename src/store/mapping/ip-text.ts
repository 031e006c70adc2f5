import { isIPv4, isIPv6 } from 'node:net';
import { networkOf, shortIpv6 } from '../../lib/net/ip-network.ts';

/**
 * An address as columns of type `ip` hold it: RFC 5952, IPv4-mapped addresses as IPv4.
 * Undefined if it is none (a zone such as `%eth0` makes it none, as in Elasticsearch).
 */
export function canonicalIp(text: string): string | undefined {
  if (isIPv4(text)) return text;
  const short = shortIpv6(text) ?? (isIPv6(text) ? networkOf(text, 128) : undefined);
  return short?.startsWith('::ffff:') && short.includes('.') ? short.slice(7) : short;
}
