/** Reads dead letter queues bit by bit, so that the thread stays free for others while files are large. */
import { setImmediate } from 'node:timers/promises';
import type { StoredLetter } from '../../../queue/dead-letter-entry.ts';
import { type Found, foundIn, SummaryBuilder } from '../../../queue/dead-letter-reader.ts';
import { listSegments, readParts, type Segment } from '../../../queue/dead-letter-segments.ts';
import type { Letter, LetterFilter, LetterQueue } from '../../contract/dead-letters.ts';

/** Events are shown whole only one at a time. */
const PREVIEW = 4096;
/** A page ends when so much was looked at in vain: the next one goes on there. */
const MAX_SCANNED = 200_000;

export type Wanted = (letter: StoredLetter) => boolean;

export function wantedBy({ text = '', plugin = '', from, to }: LetterFilter): Wanted {
  const part = text.toLowerCase();
  const [first, last] = [Number(from ?? -Infinity), Number(to ?? Infinity)];
  return ({ reason, pluginId, entryTime, eventText }) =>
    entryTime >= first &&
    entryTime <= last &&
    (plugin === '' || pluginId === plugin) &&
    (part === '' || reason.toLowerCase().includes(part) || eventText.toLowerCase().includes(part));
}

const refOf = ({ segment, start }: Pick<Found, 'segment' | 'start'>): string => `${segment}:${start}`;

/** Undefined for what is no reference. */
export function parseRef(ref: string): { segment: string; start: number } | undefined {
  const match = /^(\d{15}-\d+-\d+-\d+):(\d{1,15})$/.exec(ref);
  return match ? { segment: match[1]!, start: Number(match[2]) } : undefined;
}

/** All letters of a segment, in order. */
async function* lettersIn(segment: Segment, signal?: AbortSignal): AsyncGenerator<Found[]> {
  for (const part of readParts(segment)) {
    signal?.throwIfAborted();
    yield foundIn(segment, part);
    await setImmediate();
  }
}

export interface LetterPage {
  readonly letters: Found[];
  readonly next: string | undefined;
  readonly scanned: number;
}

/** The newest segment first, in each the last entry first. */
export async function letterPage(
  directory: string,
  wanted: Wanted,
  size: number,
  after: string | undefined,
  signal: AbortSignal,
): Promise<LetterPage> {
  const from = after === undefined ? undefined : parseRef(after);
  const letters: Found[] = [];
  let scanned = 0;
  for (const segment of listSegments(directory).reverse()) {
    if (from && segment.name > from.segment) continue;
    const before = from?.segment === segment.name ? from.start : Infinity;
    const matching: Found[] = [];
    for await (const found of lettersIn(segment, signal)) {
      scanned += found.length;
      for (const each of found) if (each.start < before && wanted(each.letter)) matching.push(each);
      // Of what is here only the last are shown.
      if (matching.length > 4 * size) matching.splice(0, matching.length - size - 1);
    }
    const room = size - letters.length;
    letters.push(...matching.slice(-room).reverse());
    if (matching.length > room) return { letters: byTime(letters), next: refOf(letters.at(-1)!), scanned };
    if (scanned > MAX_SCANNED || letters.length === size)
      return { letters: byTime(letters), next: `${segment.name}:0`, scanned };
  }
  return { letters: byTime(letters), next: undefined, scanned };
}

/** Every worker writes segments of its own: within a page they are put together. */
const byTime = (letters: readonly Found[]): Found[] =>
  [...letters].sort((a, b) => b.letter.entryTime - a.letter.entryTime);

export async function oneLetter(directory: string, ref: string): Promise<Found | undefined> {
  const wanted = parseRef(ref);
  const segment = wanted && listSegments(directory).find(({ name }) => name === wanted.segment);
  if (!segment) return undefined;
  for await (const found of lettersIn(segment)) {
    const letter = found.find(({ start }) => start === wanted.start);
    if (letter) return letter;
  }
  return undefined;
}

export function shownLetter(found: Found, whole: boolean, show: (event: string) => string): Letter {
  const { entryTime, pluginKind, pluginName, pluginId, reason, eventText } = found.letter;
  const text = show(eventText);
  const cut = !whole && text.length > PREVIEW;
  return {
    ref: refOf(found),
    time: entryTime,
    pluginKind,
    pluginName,
    pluginId,
    reason,
    event: cut ? text.slice(0, PREVIEW) : text,
    cut,
  };
}

/** Sums up directories, and remembers what it knows of segments that have not changed. */
export class Summaries {
  readonly #known = new Map<string, { key: string; summary: Promise<Omit<LetterQueue, 'running'>> }>();

  of(pipeline: string, directory: string): Promise<Omit<LetterQueue, 'running'>> {
    const segments = listSegments(directory);
    const key = segments.map(({ name, bytes, changedAt }) => `${name} ${bytes} ${changedAt}`).join();
    const known = this.#known.get(directory);
    if (known?.key === key) return known.summary;
    const summary = summed(pipeline, segments);
    summary.catch(() => this.#known.delete(directory));
    this.#known.set(directory, { key, summary });
    return summary;
  }
}

async function summed(pipeline: string, segments: readonly Segment[]): Promise<Omit<LetterQueue, 'running'>> {
  const builder = new SummaryBuilder(pipeline);
  for (const segment of segments) {
    builder.addSegment(segment);
    for (const part of readParts(segment)) {
      builder.addPart(part);
      await setImmediate();
    }
  }
  const { oldest, newest, reasons, ...rest } = builder.summary();
  return {
    ...rest,
    reasons: [...reasons],
    ...(oldest !== undefined && { oldest }),
    ...(newest !== undefined && { newest }),
  };
}
