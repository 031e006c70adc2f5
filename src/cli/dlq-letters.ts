/** Dead letters for `millrace dlq`: found, filtered, summed up, printed. */
import { readdirSync } from 'node:fs';
import { decodeEvent } from '../event/event-encoding.ts';
import { isoFromMillis } from '../event/timestamp.ts';
import { decodePayload, type StoredLetter } from '../queue/dead-letter-entry.ts';
import { listSegments, readParts } from '../queue/dead-letter-segments.ts';
import type { DlqArguments } from './dlq-arguments.ts';

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
  /** Offset behind it. */
  readonly end: number;
}

/** All entries of a directory, segment by segment. */
export function* lettersOf(directory: string): Generator<Found> {
  for (const segment of listSegments(directory)) {
    for (const { payloads, ends } of readParts(segment)) {
      for (const [index, payload] of payloads.entries())
        yield { letter: decodePayload(payload), segment: segment.name, end: ends[index]! };
    }
  }
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

export function summarise(pipeline: string, directory: string): Summary {
  let entries = 0;
  let bytes = 0;
  let damaged = 0;
  let oldest = Infinity;
  let newest = -Infinity;
  const reasons = new Map<string, { count: number; plugin: string; reason: string }>();
  for (const segment of listSegments(directory)) {
    bytes += segment.bytes;
    for (const part of readParts(segment)) {
      damaged += part.damaged;
      for (const payload of part.payloads) {
        const letter = decodePayload(payload);
        entries++;
        oldest = Math.min(oldest, letter.entryTime);
        newest = Math.max(newest, letter.entryTime);
        const plugin = pluginOf(letter);
        const key = `${plugin}: ${letter.reason}`;
        const known = reasons.get(key);
        if (known) known.count++;
        else if (reasons.size < MAX_REASONS) reasons.set(key, { count: 1, plugin, reason: letter.reason });
      }
    }
  }
  return {
    pipeline,
    entries,
    bytes,
    damaged,
    oldest: entries > 0 ? isoFromMillis(oldest) : undefined,
    newest: entries > 0 ? isoFromMillis(newest) : undefined,
    reasons: [...reasons.values()].sort((a, b) => b.count - a.count).slice(0, TOP),
  };
}

/** `output elasticsearch (siem)`, `condition if-statement`. */
function pluginOf({ pluginKind, pluginName, pluginId }: StoredLetter): string {
  return `${pluginKind} ${pluginName}${pluginId === pluginName ? '' : ` (${pluginId})`}`;
}

export function isWanted(letter: StoredLetter, { reason, plugin, since }: DlqArguments): boolean {
  if (reason !== undefined && !letter.reason.toLowerCase().includes(reason)) return false;
  if (plugin !== undefined && letter.pluginName !== plugin && letter.pluginId !== plugin) return false;
  return since === undefined || letter.entryTime >= since;
}

/** An entry as one line of JSON. */
export function asJson(pipeline: string, letter: StoredLetter): string {
  const event = decodeEvent(letter.eventText);
  return JSON.stringify({
    pipeline,
    entry_time: isoFromMillis(letter.entryTime),
    plugin_kind: letter.pluginKind,
    plugin_type: letter.pluginName,
    plugin_id: letter.pluginId,
    reason: letter.reason,
    event: event.fields,
    metadata: event.metadata,
  });
}

/** An entry as a reader wants it. */
export function asText(pipeline: string, letter: StoredLetter): string {
  const event = decodeEvent(letter.eventText);
  const indented = (value: unknown): string =>
    JSON.stringify(value, null, 2).split('\n').map(printable).join('\n  ');
  const metadata = event.metadata === undefined ? '' : `\n  @metadata ${indented(event.metadata)}`;
  return `${isoFromMillis(letter.entryTime)}  ${pipeline}  ${printable(pluginOf(letter))}
  reason    ${printable(letter.reason)}
  event     ${indented(event.fields)}${metadata}
`;
}

/** Without characters that would steer a terminal. */
export const printable = (text: string): string =>
  text.replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** `12.3 MiB`. */
export function inBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
