/** Finds the files of a relay's queue again after a restart, and counts what they hold. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './confirmed-file.ts';
import { parseSegmentName, Segment, SegmentReader } from './segment.ts';

export interface OpenedSegments {
  readonly segments: Segment[];
  /** Number for the next file. */
  readonly nextSegment: number;
  /** Where what is not confirmed begins, and how many datagrams that is. */
  readonly start: Place;
  readonly records: number;
  /** Bytes that are no whole records: a torn end, or what the disk got wrong. */
  readonly damaged: number;
}

/** Reads every file once. Files that are confirmed are removed. @throws the system's error */
export function openSegments(folder: string, confirmed: Place | undefined): OpenedSegments {
  const segments: Segment[] = [];
  let nextSegment = confirmed ? confirmed.segment + 1 : 1;
  for (const name of readdirSync(folder).sort()) {
    const parsed = parseSegmentName(name);
    if (!parsed) continue;
    nextSegment = Math.max(nextSegment, parsed.number + 1);
    const { size } = statSync(join(folder, name));
    const segment = new Segment(folder, parsed.number, parsed.salt, size);
    if (parsed.number < (confirmed?.segment ?? 0)) segment.remove();
    else segments.push(segment);
  }
  let records = 0;
  let damaged = 0;
  for (const segment of segments) {
    const from = segment.number === confirmed?.segment ? confirmed.offset : 0;
    const counted = count(segment, from);
    segment.records = counted.before + counted.after;
    segment.first = records - counted.before;
    records += counted.after;
    damaged += counted.damaged;
    segment.close();
  }
  const start =
    confirmed && segments[0]?.number === confirmed.segment
      ? confirmed
      : { segment: segments[0]?.number ?? nextSegment, offset: 0 };
  return { segments, nextSegment, start, records, damaged };
}

function count(segment: Segment, from: number): { before: number; after: number; damaged: number } {
  const reader = new SegmentReader(segment);
  let before = 0;
  let after = 0;
  for (let at = reader.find(0); at >= 0; at = reader.find(at + reader.lengthAt(at))) {
    if (at < from) before++;
    else after++;
  }
  return { before, after, damaged: reader.damaged };
}
