/**
 * Ids that the store makes: 20 characters of base64url, as Elasticsearch's. The first 8 are the row's sequence number,
 * so that a row is found by its id without an index of ids; the others are drawn once for each start of the store.
 */
import { randomBytes } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const values = new Map([...ALPHABET].map((letter, value) => [letter, value]));

const tag = randomBytes(9).toString('base64url');

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
