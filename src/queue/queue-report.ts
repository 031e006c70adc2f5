/** What is in the folder of a persisted queue, read without changing anything. */
import { AckLog } from './ack-log.ts';
import type { QueueFiles } from './queue-files.ts';
import type { RecordFacts } from './queue-record.ts';
import { readSalt, scanSegment, segmentNumber } from './segment-scan.ts';

interface SegmentReport {
  readonly name: string;
  readonly bytes: number;
  readonly blocks: number;
  /** Not acknowledged. */
  readonly waitingBlocks: number;
  readonly waitingEvents: number;
  readonly damaged: readonly { readonly at: number; readonly bytes: number; readonly tail: boolean }[];
  /** Its header is damaged: nothing in it can be read. */
  readonly unreadable: boolean;
}

export interface QueueReport {
  readonly segments: readonly SegmentReport[];
  /** Not acknowledged, in order. */
  readonly waiting: readonly RecordFacts[];
  readonly acknowledgedUpTo: number;
  readonly damagedAcks: number;
  /** Segments with damage whose other blocks are delivered. */
  readonly setAside: readonly string[];
}

/** @throws the system's errors, and for files of a later version */
export function reportQueue(files: QueueFiles): QueueReport {
  const { acknowledged, damaged: damagedAcks } = AckLog.read(files);
  const all = files.list();
  const names = all.filter((name) => segmentNumber(name) !== undefined);
  names.sort((a, b) => segmentNumber(a)! - segmentNumber(b)!);
  const seen = new Set<number>();
  const waiting: RecordFacts[] = [];
  const segments = names.map((name): SegmentReport => {
    let blocks = 0;
    let waitingBlocks = 0;
    let waitingEvents = 0;
    const damaged: { at: number; bytes: number; tail: boolean }[] = [];
    for (const item of scanSegment(files, name)) {
      if (item.kind === 'damaged') {
        damaged.push({ at: item.at, bytes: item.size, tail: item.tail && name === names.at(-1) });
        continue;
      }
      blocks++;
      const { facts } = item;
      if (acknowledged.has(facts.sequence) || seen.has(facts.sequence)) continue;
      seen.add(facts.sequence);
      waiting.push(facts);
      waitingBlocks++;
      waitingEvents += facts.count;
    }
    const unreadable = readSalt(files, name) === undefined;
    return { name, bytes: files.size(name), blocks, waitingBlocks, waitingEvents, damaged, unreadable };
  });
  waiting.sort((a, b) => a.sequence - b.sequence);
  const setAside = all.filter((name) => name.endsWith('.damaged')).sort();
  return { segments, waiting, acknowledgedUpTo: acknowledged.last, damagedAcks, setAside };
}
