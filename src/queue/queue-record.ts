/**
 * One block as a record of a segment file. Format: docs/specs/persisted-queue.md.
 *
 *     0  u32 marker          16  u32 length of the JSON      32  u32 CRC-32C of the body
 *     4  u32 body length     20  u32 number of runs × 4      36  u32 CRC-32C of bytes 0 to 35, *
 *     8  u64 sequence        24  u32 length of the bytes     40  body: JSON, runs (i32 each), bytes
 *                            28  u32 count, top bit: the bytes are zstd
 *
 * All little endian. * goes on from the salt of the file, so that no log line can pose as a record.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Peer } from '../kernel/plugin.ts';
import { crc32c } from './crc32c.ts';

/** A block as the queue keeps it: the input by its node id, which survives a reload and a restart. */
export interface StoredBlock extends RecordFacts {
  readonly runs: Int32Array;
  readonly peers: readonly Peer[];
  readonly bytes: Uint8Array;
}

/** What is known of a block without its bytes. */
export interface RecordFacts {
  readonly sequence: number;
  /** Node id of the input, and name of its plugin. */
  readonly node: string;
  readonly plugin: string;
  readonly receivedAt: number;
  readonly count: number;
  readonly lane: number;
  /** Bytes as they were given, uncompressed. */
  readonly length: number;
}

export const RECORD_HEADER = 40;
/** "MBLK" */
const MARKER = 0x4b4c424d;
const ZSTD = 0x8000_0000;
/** No record is longer: a length beyond it is damage. */
const MAX_BODY = 512 * 1024 * 1024;
const MAX_COUNT = 0x7fff_ffff;

export type Compression = 'none' | 'speed' | 'balanced' | 'size';
const levels: Readonly<Record<Exclude<Compression, 'none'>, number>> = { speed: 1, balanced: 3, size: 9 };
/** Shorter bytes are kept as they are. */
const MIN_COMPRESSED = 256;

/** The record in pieces, which are written behind one another; the bytes are not copied. */
export function encodeRecord(block: StoredBlock, compression: Compression, salt: number): Uint8Array[] {
  const { sequence, node, plugin, receivedAt, lane, peers, runs } = block;
  const json = Buffer.from(JSON.stringify({ node, plugin, receivedAt, lane, peers }, plain));
  let { bytes } = block;
  let flags = 0;
  if (compression !== 'none' && bytes.length >= MIN_COMPRESSED) {
    const params = { [constants.ZSTD_c_compressionLevel]: levels[compression] };
    // zlib takes no shared memory.
    const compressed = zstdCompressSync(Uint8Array.from(bytes), { params });
    if (compressed.length < bytes.length) {
      bytes = compressed;
      flags = ZSTD;
    }
  }
  const runBytes = new Uint8Array(runs.buffer, runs.byteOffset, runs.byteLength);
  const head = Buffer.allocUnsafe(RECORD_HEADER);
  head.writeUInt32LE(MARKER, 0);
  head.writeUInt32LE(json.length + runBytes.length + bytes.length, 4);
  head.writeBigUInt64LE(BigInt(sequence), 8);
  head.writeUInt32LE(json.length, 16);
  head.writeUInt32LE(runs.length, 20);
  head.writeUInt32LE(block.bytes.length, 24);
  head.writeUInt32LE((block.count | flags) >>> 0, 28);
  head.writeUInt32LE(crc32c(bytes, crc32c(runBytes, crc32c(json))), 32);
  head.writeUInt32LE(crc32c(head.subarray(0, 36), salt), 36);
  return bytes.length > 0 ? [head, json, runBytes, bytes] : [head, json, runBytes];
}

/** Senders are plain data; a number that JSON does not know must not stop the queue. */
function plain(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

/** What a record's first forty bytes say; undefined if they are no whole header. */
export interface RecordHeader {
  readonly sequence: number;
  readonly bodyLength: number;
  readonly jsonLength: number;
  readonly runs: number;
  readonly length: number;
  readonly count: number;
  readonly zstd: boolean;
  readonly crc: number;
}

export function decodeHeader(bytes: Uint8Array, at: number, salt: number): RecordHeader | undefined {
  if (at + RECORD_HEADER > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, RECORD_HEADER);
  if (view.getUint32(0, true) !== MARKER) return undefined;
  if (view.getUint32(36, true) !== crc32c(bytes.subarray(at, at + 36), salt)) return undefined;
  const bodyLength = view.getUint32(4, true);
  const jsonLength = view.getUint32(16, true);
  const runs = view.getUint32(20, true);
  const sequence = Number(view.getBigUint64(8, true));
  if (bodyLength > MAX_BODY || jsonLength + runs * 4 > bodyLength || !Number.isSafeInteger(sequence))
    return undefined;
  const counted = view.getUint32(28, true);
  return {
    sequence,
    bodyLength,
    jsonLength,
    runs,
    length: view.getUint32(24, true),
    count: counted & MAX_COUNT,
    zstd: counted >= ZSTD,
    crc: view.getUint32(32, true),
  };
}

/** Where the next header may begin at or after `from`: the marker's first byte. -1: nowhere. */
export function findMarker(bytes: Uint8Array, from: number): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf('MBLK', from, 'latin1');
}

/** The block of a body; undefined if it is damaged. `bytes` may be a piece of `body`. */
export function decodeBody(header: RecordHeader, body: Uint8Array): StoredBlock | undefined {
  const facts = decodeFacts(header, body);
  if (!facts) return undefined;
  const { jsonLength, runs, length, zstd } = header;
  const start = jsonLength + runs * 4;
  const runList = new Int32Array(runs);
  new Uint8Array(runList.buffer).set(body.subarray(jsonLength, start));
  let bytes = body.subarray(start);
  if (zstd) {
    try {
      bytes = zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, length) });
    } catch {
      return undefined;
    }
  }
  if (bytes.length !== length) return undefined;
  return { ...facts.facts, peers: facts.peers, runs: runList, bytes };
}

/** The same without the bytes, for the scan at the start; the whole body is checked. */
export function decodeFacts(
  header: RecordHeader,
  body: Uint8Array,
): { facts: RecordFacts; peers: readonly Peer[] } | undefined {
  if (body.length !== header.bodyLength || crc32c(body) !== header.crc) return undefined;
  try {
    const text = Buffer.from(body.buffer, body.byteOffset, header.jsonLength).toString();
    const { node, plugin, receivedAt, lane, peers } = JSON.parse(text);
    const { sequence, count, length } = header;
    return { facts: { sequence, node, plugin, receivedAt, count, lane, length }, peers };
  } catch {
    return undefined;
  }
}
