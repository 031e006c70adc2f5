/**
 * Ids that the store makes: 20 characters of base64url, as Elasticsearch's. The first 8 are the row's sequence number,
 * so that a row is found by its id without an index of ids; the others are drawn once for each start of the store.
 */
import { randomBytes } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const values = new Map([...ALPHABET].map((letter, value) => [letter, value]));

const tag = randomBytes(9).toString('base64url');
const letters = Buffer.from(ALPHABET);
const tagLetters = Buffer.from(tag);

/** Bytes of an id. */
export const ROW_ID_BYTES = 20;

/** The same id as `makeRowId`, as bytes. */
export function writeRowId(sequence: number, bytes: Uint8Array, from: number): void {
  let high = Math.floor(sequence / 0x1000000);
  let low = sequence % 0x1000000;
  for (let at = from + 3; at >= from; at--, high >>= 6) bytes[at] = letters[high & 63]!;
  for (let at = from + 7; at >= from + 4; at--, low >>= 6) bytes[at] = letters[low & 63]!;
  for (let at = 0; at < tagLetters.length; at++) bytes[from + 8 + at] = tagLetters[at]!;
}

export function makeRowId(sequence: number): string {
  let high = Math.floor(sequence / 0x1000000);
  let low = sequence % 0x1000000;
  const h3 = ALPHABET[high & 63]!;
  const h2 = ALPHABET[(high >>= 6) & 63]!;
  const h1 = ALPHABET[(high >>= 6) & 63]!;
  const h0 = ALPHABET[(high >> 6) & 63]!;
  const l3 = ALPHABET[low & 63]!;
  const l2 = ALPHABET[(low >>= 6) & 63]!;
  const l1 = ALPHABET[(low >>= 6) & 63]!;
  const l0 = ALPHABET[(low >> 6) & 63]!;
  return h0 + h1 + h2 + h3 + l0 + l1 + l2 + l3 + tag;
}

/** The sequence number that an id may stand for; undefined: it is none of the store's. */
export function sequenceOfRowId(id: string): number | undefined {
  if (id.length !== 20) return undefined;
  let sequence = 0;
  for (let at = 0; at < 8; at++) {
    const value = values.get(id[at]!);
    if (value === undefined) return undefined;
    sequence = sequence * 64 + value;
  }
  return sequence;
}
