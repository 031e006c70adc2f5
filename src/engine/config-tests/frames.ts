/** Records as the intake half of an input hands them on, and the sender that they come from. */
import type { Peer } from '../../kernel/plugin.ts';
import { encodeJson } from '../../lib/lumberjack/lumberjack.ts';

interface Framed {
  readonly bytes: Buffer;
  /** Where each record ends. */
  readonly ends: readonly number[];
}

/** The bytes of records as input `plugin` frames them. A Beat's line is the JSON that the Beat sends. */
export function frameFor(plugin: string, records: readonly string[]): Framed {
  const lumberjack = plugin === 'beats' || plugin === 'elastic_agent';
  const parts = records.map((record) => (lumberjack ? beatsFrame(record) : Buffer.from(record)));
  let end = 0;
  return { bytes: Buffer.concat(parts), ends: parts.map((part) => (end += part.length)) };
}

/** A line that is no JSON object is what the Beat read. */
const beatsFrame = (line: string): Buffer =>
  encodeJson([isJson(line, false) ? line : JSON.stringify({ message: line })]);

function isJson(text: string, orList: boolean): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && (orList || !Array.isArray(value));
  } catch {
    return false;
  }
}

/** A sender of these records with what the decoders of all inputs ask for; `source` replaces parts of it. */
export function senderOf(records: readonly string[], source: Readonly<Record<string, unknown>> = {}): Peer {
  const { headers, ...others } = source;
  const json = records.every((record) => isJson(record, true));
  return {
    key: 'test',
    ip: '127.0.0.1',
    name: '127.0.0.1',
    port: 40_000,
    path: '/var/log/test.log',
    headers: JSON.stringify({
      http_accept: '*/*',
      http_host: 'localhost',
      http_version: 'HTTP/1.1',
      request_method: 'POST',
      request_path: '/',
      content_type: json ? 'application/json' : 'text/plain',
      ...(headers as object | undefined),
    }),
    ...others,
  };
}
