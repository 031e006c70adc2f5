/**
 * Remembers up to where the server has everything, in one small file: two slots of 28 bytes, written in turn, each
 * with its checksum. A write that is cut short leaves the other slot, and an older position means duplicates only.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

export const CONFIRMED_NAME = 'confirmed';
const SLOT_BYTES = 28;

export interface Place {
  readonly segment: number;
  readonly offset: number;
}

export class ConfirmedFile {
  readonly #fd: number;
  readonly #slot = Buffer.alloc(SLOT_BYTES);
  #generation = 0;
  #place: Place | undefined;

  /** @throws the system's error */
  constructor(folder: string) {
    this.#fd = openSync(join(folder, CONFIRMED_NAME), 'a+', 0o600);
    closeSync(this.#fd);
    this.#fd = openSync(join(folder, CONFIRMED_NAME), 'r+');
    const bytes = Buffer.alloc(2 * SLOT_BYTES);
    const length = readSync(this.#fd, bytes, 0, bytes.length, 0);
    for (let at = 0; at + SLOT_BYTES <= length; at += SLOT_BYTES) {
      if (crc32(bytes.subarray(at + 4, at + SLOT_BYTES)) !== bytes.readUInt32BE(at)) continue;
      const generation = Number(bytes.readBigUInt64BE(at + 4));
      if (generation <= this.#generation) continue;
      this.#generation = generation;
      this.#place = {
        segment: Number(bytes.readBigUInt64BE(at + 12)),
        offset: Number(bytes.readBigUInt64BE(at + 20)),
      };
    }
  }

  get place(): Place | undefined {
    return this.#place;
  }

  /** Not synced. @throws the system's error */
  write(place: Place): void {
    if (place.segment === this.#place?.segment && place.offset === this.#place.offset) return;
    this.#generation++;
    this.#slot.writeBigUInt64BE(BigInt(this.#generation), 4);
    this.#slot.writeBigUInt64BE(BigInt(place.segment), 12);
    this.#slot.writeBigUInt64BE(BigInt(place.offset), 20);
    this.#slot.writeUInt32BE(crc32(this.#slot.subarray(4)), 0);
    writeSync(this.#fd, this.#slot, 0, SLOT_BYTES, (this.#generation % 2) * SLOT_BYTES);
    this.#place = place;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
