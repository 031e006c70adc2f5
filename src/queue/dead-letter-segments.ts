/**
 * The files of a dead letter queue: one directory a pipeline, `NAME.open` while somebody writes it, `NAME.dlq` when it
 * is complete. Names sort by the time they were begun. Each writer has files of its own.
 */

import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { processState } from '../kernel/process-state.ts';
import { dropMark, scanRecords } from './dead-letter-entry.ts';

/** Eight bytes of magic, pid, four unused, start of the process (8 bytes). */
export const SEGMENT_HEAD = 24;
const MAGIC = Buffer.from('MRDLQ\0\0\x01', 'latin1');
const NAME = /^(\d{15}-\d+-\d+-\d+)\.(open|dlq)$/;
/** Read at once. */
const WINDOW = 1 << 20;

export interface Segment {
  /** Without extension: the same while it is written and afterwards. */
  readonly name: string;
  readonly path: string;
  readonly isOpen: boolean;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
}

/** Directory of a pipeline's dead letters; ids that are no file names are escaped. */
export function deadLetterDirectory(root: string, pipeline: string): string {
  const escaped = encodeURIComponent(pipeline).replace(/^\.+$/, (dots) => dots.replaceAll('.', '%2E'));
  return join(root, escaped);
}

/** The segments of a directory, oldest first; none when it is not there. */
export function listSegments(directory: string): Segment[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const found: Segment[] = [];
  for (const file of names.sort()) {
    const match = NAME.exec(file);
    if (!match) continue;
    const path = join(directory, file);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat)
      found.push({
        name: match[1]!,
        path,
        isOpen: match[2] === 'open',
        bytes: stat.size,
        changedAt: stat.mtimeMs,
      });
  }
  return found;
}

/** Counts the segments of this thread: a name is never given twice, to an open or a complete one. */
let segments = 0;

export const segmentName = (time: number, writer: number): string =>
  `${String(time).padStart(15, '0')}-${process.pid}-${writer}-${segments++}`;

/** The bytes with which a segment of this process begins. */
export function segmentHead(): Buffer {
  const head = Buffer.alloc(SEGMENT_HEAD);
  MAGIC.copy(head);
  head.writeUInt32LE(process.pid, 8);
  head.writeDoubleLE(processStart(process.pid), 16);
  return head;
}

/** Is there still a process that adds to it? Look before reading to the end, not after. */
export function isWritten(segment: Segment): boolean {
  if (!segment.isOpen) return false;
  let head: Buffer;
  try {
    head = readHead(segment.path);
  } catch {
    return false;
  }
  // Just begun: its head is on its way.
  if (head.length < SEGMENT_HEAD) return Date.now() - segment.changedAt < 10_000;
  const pid = head.readUInt32LE(8);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  // A pid may be given anew.
  const start = processStart(pid);
  return start === 0 || start === head.readDoubleLE(16);
}

function readHead(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(SEGMENT_HEAD);
    return head.subarray(0, readSync(file, head, 0, SEGMENT_HEAD, 0));
  } finally {
    closeSync(file);
  }
}

/** When a process began, in the kernel's ticks since the boot; 0 where that can not be found out. */
const processStart = (pid: number): number => Number(processState(pid)?.start) || 0;

/** Marks as complete what a process left that was killed. */
export function adoptSegments(segments: readonly Segment[]): void {
  for (const segment of segments) {
    if (segment.isOpen && !isWritten(segment)) completeSegment(segment.path);
  }
}

export function completeSegment(path: string): void {
  try {
    renameSync(path, path.replace(/\.open$/, '.dlq'));
  } catch {
    // Somebody else did it, or removed it.
  }
}

/** Removes a segment under either name. */
export function removeSegment(path: string): void {
  rmSync(path, { force: true });
  rmSync(path.replace(/\.open$/, '.dlq'), { force: true });
}

export interface ReadPart {
  readonly payloads: readonly Buffer[];
  /** Offset in the file behind each payload. */
  readonly ends: readonly number[];
  /** Where to go on. */
  readonly next: number;
  readonly damaged: number;
  /** There is nothing more now. */
  readonly atEnd: boolean;
}

/** Reads entries from an offset on, about a mebibyte at once. @param final nobody writes it any more */
export function readSegment(path: string, from: number, final: boolean): ReadPart {
  const file = openSync(path, 'r');
  try {
    const start = Math.max(from, SEGMENT_HEAD);
    const { size } = fstatSync(file);
    for (let window = WINDOW; ; window *= 4) {
      const length = Math.max(0, Math.min(window, size - start));
      const bytes = Buffer.allocUnsafe(length);
      const read = length === 0 ? 0 : readSync(file, bytes, 0, length, start);
      const isLast = start + read >= size;
      const { payloads, ends, consumed, damaged } = scanRecords(bytes.subarray(0, read), final && isLast);
      if (consumed === 0 && !isLast) continue;
      return {
        payloads,
        ends: ends.map((end) => start + end),
        next: start + consumed,
        damaged,
        atEnd: isLast,
      };
    }
  } finally {
    closeSync(file);
  }
}

/**
 * Marks entries as dropped, by the offsets where they begin; each is one byte written in place. Returns how many were
 * there to be dropped. A segment that is complete and holds nothing more is removed.
 */
export function dropEntries(segment: Segment, starts: Iterable<number>): number {
  let file: number;
  try {
    file = openSync(existingPath(segment), 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
  let dropped = 0;
  try {
    const byte = Buffer.alloc(1);
    for (const start of starts) {
      const at = start + dropMark.at;
      if (readSync(file, byte, 0, 1, at) !== 1 || byte[0] !== dropMark.kept) continue;
      byte[0] = dropMark.dropped;
      writeSync(file, byte, 0, 1, at);
      dropped++;
    }
    if (dropped > 0) fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
  if (dropped > 0 && !isWritten(segment) && entriesIn(segment) === 0) removeSegment(segment.path);
  return dropped;
}

/** How many entries there are, read from the file. */
export function entriesIn(segment: Segment): number {
  let entries = 0;
  for (const part of readParts(segment)) entries += part.payloads.length;
  return entries;
}

/** All of a segment, part by part. A file that is gone has none. */
export function* readParts(segment: Segment): Generator<ReadPart> {
  const final = !isWritten(segment);
  for (let from = 0; ; ) {
    let part: ReadPart;
    try {
      part = readSegment(existingPath(segment), from, final);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    yield part;
    if (part.atEnd) return;
    from = part.next;
  }
}

/** Where a segment is now: it may have been completed since it was listed. */
export function existingPath({ path }: Segment): string {
  return statSync(path, { throwIfNoEntry: false }) ? path : path.replace(/\.open$/, '.dlq');
}
