/** Asks files of `value-list.ts` for many values at once. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32, zstdDecompressSync } from 'node:zlib';
import { compareText } from '../../query/text-analysis.ts';
import { tokenPlaces } from './token-filter.ts';
import { bitOf, HASHES, HEADER, type ListHead, MAGIC, type Time } from './value-list.ts';

/** Values to look for, in order, without repeats, with their hashes. */
export interface WantedValues {
  readonly values: readonly string[];
  readonly starts: Uint32Array;
  readonly steps: Uint32Array;
}

export interface ListedValue {
  readonly field: string;
  readonly value: string;
  readonly count: number;
  readonly first: Time;
  readonly last: Time;
}

/** What a list says. */
export interface ListAnswer {
  readonly listed: readonly ListedValue[];
  readonly unlisted: ListHead['unlisted'];
}

export function wantedValues(values: Iterable<string>): WantedValues {
  const sorted = [...new Set(values)].sort(compareText);
  const starts = new Uint32Array(sorted.length);
  const steps = new Uint32Array(sorted.length);
  sorted.forEach((value, at) => {
    const { start, step } = tokenPlaces(value, true);
    starts[at] = start;
    steps[at] = step;
  });
  return { values: sorted, starts, steps };
}

/** What a list says of these values; undefined: it is damaged or not there. */
export function listedValues(file: string, wanted: WantedValues): Promise<ListAnswer | undefined> {
  return reading(file, async (handle, filter, head, from) => {
    const found = candidates(filter, wanted);
    const { fields, sets, unlisted, base, first, ends, sums } = await head();
    /** Block → lines that are looked for in it. */
    const blocks = new Map<number, number[]>();
    for (const at of found) {
      const block = blockOf(first, wanted.values[at]!);
      if (block < 0) continue;
      const known = blocks.get(block);
      if (known) known.push(at);
      else blocks.set(block, [at]);
    }
    const listed: ListedValue[] = [];
    await Promise.all(
      [...blocks].map(async ([block, lines]) => {
        const { start, length } = spanOf(ends, block);
        const text = unpacked(await read(handle, from + start, length), sums[block]!);
        for (const at of lines) {
          const value = wanted.values[at]!;
          const line = lineOf(text, value);
          if (line === undefined) continue;
          for (let entry = 1; entry < line.length; entry += 4) {
            const [set, count, since, span] = line.slice(entry, entry + 4) as number[];
            const begin = (since as Time) === null ? null : base + since!;
            for (const field of sets[set!]!)
              listed.push({
                field: fields[field]!,
                value,
                count: count!,
                first: begin,
                last: begin === null ? null : begin + span!,
              });
          }
        }
      }),
    );
    return { listed, unlisted };
  });
}

/** Whether a list may have any of these values; undefined: it is damaged or not there. */
export function mayHaveValues(
  file: string,
  wanted: WantedValues,
): Promise<{ readonly may: boolean; readonly unlisted: ListHead['unlisted'] } | undefined> {
  return reading(file, async (_, filter, head) => ({
    may: candidates(filter, wanted).length > 0,
    unlisted: (await head()).unlisted,
  }));
}

/** Whether a field has a value, told at once; undefined: nobody knows. */
export function listHas(file: string, field: string, value: string): boolean | undefined {
  let opened: number | undefined;
  try {
    const descriptor = (opened = openSync(file, 'r'));
    const { head, from } = layoutOf(readAt(descriptor, 0, HEADER), fstatSync(descriptor).size);
    const bytes = readAt(descriptor, head.start, head.length);
    const { fields, sets, unlisted, first, ends, sums } = headIn(bytes, head.sum);
    if (!unlisted || unlisted.includes(field)) return undefined;
    const block = blockOf(first, value);
    if (block < 0) return false;
    const { start, length } = spanOf(ends, block);
    const line = lineOf(unpacked(readAt(descriptor, from + start, length), sums[block]!), value) ?? [];
    for (let entry = 1; entry < line.length; entry += 4)
      if (sets[line[entry] as number]!.some((one) => fields[one] === field)) return true;
    return false;
  } catch {
    return undefined;
  } finally {
    if (opened !== undefined) closeSync(opened);
  }
}

function readAt(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  if (readSync(descriptor, bytes, 0, length, position) !== length) throw new Error('cut off');
  return bytes;
}

/** Where the parts of a list are: the filter behind the header, then the head, then (`from`) blocks. @throws Error when it is none */
function layoutOf(header: Buffer, size: number) {
  const words = header.readUInt32LE(12);
  const start = HEADER + words * 4;
  const length = header.readUInt32LE(4);
  if (header.readUInt32LE(0) !== MAGIC || words === 0 || start + length > size) throw new Error('damaged');
  return {
    filter: { words, sum: header.readUInt32LE(16) },
    head: { start, length, sum: header.readUInt32LE(8) },
    from: start + length,
  };
}

/** @throws Error when they are damaged */
function unpacked(bytes: Buffer, sum: number): Buffer {
  if (crc32(bytes) !== sum) throw new Error('damaged');
  return zstdDecompressSync(bytes);
}

const headIn = (bytes: Buffer, sum: number): ListHead =>
  JSON.parse(unpacked(bytes, sum).toString()) as ListHead;

/** Of a block, behind where blocks begin. */
function spanOf(ends: ListHead['ends'], block: number): { readonly start: number; readonly length: number } {
  const start = block === 0 ? 0 : ends[block - 1]!;
  return { start, length: ends[block]! - start };
}

async function reading<T>(
  file: string,
  ask: (
    handle: FileHandle,
    filter: Uint32Array,
    head: () => Promise<ListHead>,
    /** Where blocks begin. */
    from: number,
  ) => Promise<T>,
): Promise<T | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const { size } = await handle.stat();
    const layout = layoutOf(await read(handle, 0, HEADER), size);
    const filter = new Uint32Array(layout.filter.words);
    await fill(handle, Buffer.from(filter.buffer), HEADER);
    if (crc32(Buffer.from(filter.buffer)) !== layout.filter.sum) return undefined;
    const { start, length, sum } = layout.head;
    const head = async (): Promise<ListHead> => headIn(await read(handle!, start, length), sum);
    return await ask(handle, filter, head, layout.from);
  } catch {
    return undefined;
  } finally {
    await handle?.close().catch(() => {});
  }
}

async function read(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  await fill(handle, bytes, position);
  return bytes;
}

async function fill(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, position);
  if (bytesRead !== bytes.length) throw new Error('cut off');
}

/** Places of the values that the filter does not leave out. */
function candidates(filter: Uint32Array, { values, starts, steps }: WantedValues): number[] {
  const size = filter.length * 32;
  const found: number[] = [];
  next: for (let at = 0; at < values.length; at++) {
    const step = steps[at]!;
    for (let n = 0, hash = starts[at]!; n < HASHES; n++, hash = (hash + step) >>> 0) {
      const bit = bitOf(hash, size);
      if ((filter[bit >>> 5]! & (1 << (bit & 31))) === 0) continue next;
    }
    found.push(at);
  }
  return found;
}

/** The last block that begins with the value or before it; -1: none. */
function blockOf(first: readonly string[], value: string): number {
  let low = 0;
  let high = first.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareText(first[middle]!, value) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

const NEWLINE = 0x0a;

/** The line of a value, which begins a line and is followed by a comma. */
function lineOf(text: Buffer, value: string): unknown[] | undefined {
  const start = Buffer.from(`[${JSON.stringify(value)},`);
  for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start, at + 1)) {
    if (at > 0 && text[at - 1] !== NEWLINE) continue;
    return JSON.parse(text.toString('utf8', at, text.indexOf(NEWLINE, at))) as unknown[];
  }
  return undefined;
}
