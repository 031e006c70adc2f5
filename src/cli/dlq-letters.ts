/** Dead letters for `millrace dlq`: filtered and printed. */
import { decodeEvent } from '../event/event-encoding.ts';
import { isoFromMillis } from '../event/timestamp.ts';
import type { StoredLetter } from '../queue/dead-letter-entry.ts';
import { pluginOf } from '../queue/dead-letter-reader.ts';
import type { DlqArguments } from './dlq-arguments.ts';

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
