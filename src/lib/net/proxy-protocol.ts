/**
 * The PROXY protocol, versions 1 and 2 (haproxy's doc/proxy-protocol.txt): a load balancer says before the first
 * byte of the stream who the real sender is.
 */
export interface ProxyHeader {
  /** Bytes that belong to the header. */
  readonly length: number;
  /** Undefined when the proxy speaks for itself (LOCAL, UNKNOWN). */
  readonly source: Endpoint | undefined;
  /** Address at which the proxy took the connection. */
  readonly destination: Endpoint | undefined;
}

export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

const V1_MAX = 107;
const V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const V2_MAX = 16 + 4096;

/** Reads a header from the first bytes of a connection: `more` when they do not suffice, `invalid` for none. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | 'more' | 'invalid' {
  const known = Math.min(bytes.length, V2_SIGNATURE.length);
  if (known > 0 && bytes.compare(V2_SIGNATURE, 0, known, 0, known) === 0) {
    return bytes.length < 16 ? 'more' : parseV2(bytes);
  }
  return parseV1(bytes);
}

function parseV1(bytes: Buffer): ProxyHeader | 'more' | 'invalid' {
  const end = bytes.indexOf('\r\n');
  if (end < 0) {
    const start = bytes.latin1Slice(0, Math.min(6, bytes.length));
    return bytes.length < V1_MAX && 'PROXY '.startsWith(start) ? 'more' : 'invalid';
  }
  if (end > V1_MAX - 2) return 'invalid';
  const [label, family, source, destination, sourcePort, destinationPort] = bytes
    .latin1Slice(0, end)
    .split(' ');
  if (label !== 'PROXY') return 'invalid';
  const length = end + 2;
  if (family === 'UNKNOWN') return { length, source: undefined, destination: undefined };
  if (family !== 'TCP4' && family !== 'TCP6') return 'invalid';
  const from = endpoint(source, sourcePort);
  const to = endpoint(destination, destinationPort);
  return from && to ? { length, source: from, destination: to } : 'invalid';
}

function endpoint(ip: string | undefined, port: string | undefined): Endpoint | undefined {
  if (ip === undefined || !/^[0-9a-fA-F.:]{2,39}$/.test(ip) || port === undefined || !/^\d{1,5}$/.test(port))
    return undefined;
  const number = Number(port);
  return number <= 65_535 ? { ip, port: number } : undefined;
}

function parseV2(bytes: Buffer): ProxyHeader | 'more' | 'invalid' {
  const version = bytes[12]! >> 4;
  const command = bytes[12]! & 15;
  const length = 16 + bytes.readUInt16BE(14);
  if (version !== 2 || command > 1 || length > V2_MAX) return 'invalid';
  if (bytes.length < length) return 'more';
  const family = bytes[13]! >> 4;
  if (command === 0 || (family !== 1 && family !== 2))
    return { length, source: undefined, destination: undefined };
  const size = family === 1 ? 4 : 16;
  if (length < 16 + size * 2 + 4) return 'invalid';
  const address = family === 1 ? ipv4 : ipv6;
  return {
    length,
    source: { ip: address(bytes, 16), port: bytes.readUInt16BE(16 + size * 2) },
    destination: { ip: address(bytes, 16 + size), port: bytes.readUInt16BE(18 + size * 2) },
  };
}

const ipv4 = (bytes: Buffer, at: number): string => bytes.subarray(at, at + 4).join('.');

/** RFC 5952: the longest run of two or more zero groups becomes `::`. */
function ipv6(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(at + index * 2).toString(16));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.start < 0) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}
