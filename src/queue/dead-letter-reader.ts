/** Reads dead letter queues as they are: which there are, their entries, and what they add up to. */
import { readdirSync } from 'node:fs';
import { isoFromMillis } from '../event/timestamp.ts';
import { decodePayload, recordStart, type StoredLetter } from './dead-letter-entry.ts';
import { listSegments, type ReadPart, readParts, type Segment } from './dead-letter-segments.ts';

/** Ids of the pipelines that have a directory below the root. */
export function pipelinesIn(root: string): string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter((each) => each.isDirectory())
      .map((each) => pipelineOf(each.name))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function pipelineOf(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

export interface Found {
  readonly letter: StoredLetter;
  readonly segment: string;
  /** Where its record begins. */
  readonly start: number;
  /** Offset behind it. */
  readonly end: number;
}

/** All entries of a directory, segment by segment. */
export function* lettersOf(directory: string): Generator<Found> {
  for (const segment of listSegments(directory))
    for (const part of readParts(segment)) yield* foundIn(segment, part);
}

/** The entries of one part of a segment. */
export function foundIn({ name }: Segment, { payloads, ends }: ReadPart): Found[] {
  return payloads.map((payload, index) => ({
    letter: decodePayload(payload),
    segment: name,
    start: recordStart(ends[index]!, payload),
    end: ends[index]!,
  }));
}

export interface Summary {
  readonly pipeline: string;
  readonly entries: number;
  readonly bytes: number;
  readonly damaged: number;
  readonly oldest: string | undefined;
  readonly newest: string | undefined;
  /** The most frequent first. */
  readonly reasons: readonly { readonly count: number; readonly plugin: string; readonly reason: string }[];
}

const TOP = 5;
const MAX_REASONS = 10_000;

/** Adds up the entries of a pipeline, part by part. */
export class SummaryBuilder {
  readonly #pipeline: string;
  readonly #reasons = new Map<string, { count: number; plugin: string; reason: string }>();
  #entries = 0;
  #bytes = 0;
  #damaged = 0;
  #oldest = Infinity;
  #newest = -Infinity;

  constructor(pipeline: string) {
    this.#pipeline = pipeline;
  }

  addSegment({ bytes }: Segment): void {
    this.#bytes += bytes;
  }

  addPart({ damaged, payloads }: ReadPart): void {
    this.#damaged += damaged;
    for (const payload of payloads) {
      const letter = decodePayload(payload);
      this.#entries++;
      this.#oldest = Math.min(this.#oldest, letter.entryTime);
      this.#newest = Math.max(this.#newest, letter.entryTime);
      const plugin = pluginOf(letter);
      const key = `${plugin}: ${letter.reason}`;
      const known = this.#reasons.get(key);
      if (known) known.count++;
      else if (this.#reasons.size < MAX_REASONS)
        this.#reasons.set(key, { count: 1, plugin, reason: letter.reason });
    }
  }

  summary(): Summary {
    const some = this.#entries > 0;
    return {
      pipeline: this.#pipeline,
      entries: this.#entries,
      bytes: this.#bytes,
      damaged: this.#damaged,
      oldest: some ? isoFromMillis(this.#oldest) : undefined,
      newest: some ? isoFromMillis(this.#newest) : undefined,
      reasons: [...this.#reasons.values()].sort((a, b) => b.count - a.count).slice(0, TOP),
    };
  }
}

export function summarise(pipeline: string, directory: string): Summary {
  const builder = new SummaryBuilder(pipeline);
  for (const segment of listSegments(directory)) {
    builder.addSegment(segment);
    for (const part of readParts(segment)) builder.addPart(part);
  }
  return builder.summary();
}

/** `output elasticsearch (siem)`, `condition if-statement`. */
export function pluginOf({ pluginKind, pluginName, pluginId }: StoredLetter): string {
  return `${pluginKind} ${pluginName}${pluginId === pluginName ? '' : ` (${pluginId})`}`;
}
