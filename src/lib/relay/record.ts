/**
 * The form of a datagram in the relay's files. All numbers are big-endian:
 *
 *     crc      u32   CRC-32 of all that follows, begun with the file's salt
 *     magic    u16   0x4D52, where a reader that met damage goes on
 *     address  u16   length of the sender's address
 *     length   u16   length of the datagram
 *     port     u16   the sender's port
 *     …              the sender's address as text, then the datagram
 *
 * The salt is drawn for each file, so that no sender can put something into a datagram that reads as a record.
 */
import { crc32 } from 'node:zlib';

export interface Sender {
  readonly address: string;
  readonly port: number;
}

export interface Datagram {
  readonly sender: Sender;
  readonly bytes: Buffer;
}

export const MAGIC = Buffer.from('MR', 'latin1');
/** Where the magic stands in a record. */
export const MAGIC_AT = 4;
const HEADER_BYTES = 12;
const MAX_ADDRESS_BYTES = 64;
/** No datagram is larger, over IPv4 or IPv6 (without jumbograms). */
const MAX_DATAGRAM_BYTES = 65_527;
export const MAX_RECORD_BYTES = HEADER_BYTES + MAX_ADDRESS_BYTES + MAX_DATAGRAM_BYTES;

/** Bytes of the record, 0 if the datagram can not be one. */
export function recordBytes(sender: Sender, bytes: Uint8Array): number {
  if (bytes.length > MAX_DATAGRAM_BYTES || sender.address.length > MAX_ADDRESS_BYTES) return 0;
  return HEADER_BYTES + sender.address.length + bytes.length;
}

/** Writes the record at `at`, where `recordBytes` must have room. */
export function writeRecord(
  target: Buffer,
  at: number,
  sender: Sender,
  bytes: Uint8Array,
  salt: number,
): number {
  const { address } = sender;
  const body = at + HEADER_BYTES;
  const end = body + address.length + bytes.length;
  target.set(MAGIC, at + MAGIC_AT);
  target.writeUInt16BE(address.length, at + 6);
  target.writeUInt16BE(bytes.length, at + 8);
  target.writeUInt16BE(sender.port, at + 10);
  target.write(address, body, 'latin1');
  target.set(bytes, body + address.length);
  target.writeUInt32BE(crc32(target.subarray(at + MAGIC_AT, end), salt), at);
  return end - at;
}

/** Bytes of the whole and undamaged record that begins at `at`; 0 if none does before `end`. */
export function checkRecord(source: Buffer, at: number, end: number, salt: number): number {
  if (end - at < HEADER_BYTES || source[at + 4] !== MAGIC[0] || source[at + 5] !== MAGIC[1]) return 0;
  const address = source.readUInt16BE(at + 6);
  const length = source.readUInt16BE(at + 8);
  const total = HEADER_BYTES + address + length;
  if (address > MAX_ADDRESS_BYTES || length > MAX_DATAGRAM_BYTES || total > end - at) return 0;
  return crc32(source.subarray(at + MAGIC_AT, at + total), salt) === source.readUInt32BE(at) ? total : 0;
}

/** The record at `at`, which `checkRecord` found good; its bytes are a copy. */
export function readRecord(source: Buffer, at: number): Datagram {
  const body = at + HEADER_BYTES + source.readUInt16BE(at + 6);
  return {
    sender: {
      address: source.toString('latin1', at + HEADER_BYTES, body),
      port: source.readUInt16BE(at + 10),
    },
    bytes: Buffer.from(source.subarray(body, body + source.readUInt16BE(at + 8))),
  };
}
