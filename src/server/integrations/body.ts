/** The configs of sources and destinations: each is a pipeline, and events go from one to the other by address. */
import type { Card } from './cards.ts';
import { pluginText, quoted } from './config-text.ts';

export interface Target {
  /** Of the destination; also its address. */
  readonly id: string;
  readonly title: string;
}

/** Day by day, so that old ones can go. */
const keepIndex = (keep: string): string => `${keep}-%{+yyyy.MM.dd}`;

/** @throws RangeError for an option that can not be written */
export function sourceBody(
  id: string,
  { plugin, filter }: Card,
  options: Readonly<Record<string, unknown>>,
  keep: string | undefined,
  targets: readonly Target[],
): string {
  const lines: string[] = [];
  if (keep !== undefined)
    lines.push("  # Millrace's own event store\n", pluginText('store', { index: keepIndex(keep) }));
  for (const target of targets)
    lines.push(`  # ${target.title}\n`, pluginText('pipeline', { send_to: [target.id] }));
  if (lines.length === 0) lines.push('  # They go nowhere\n', pluginText('null', {}));
  const filters = filter === undefined ? '' : `filter {\n${filter}}\n\n`;
  return `input {\n${pluginText(plugin, { id, ...options })}}\n\n${filters}output {\n${lines.join('')}}\n`;
}

/** Destinations on this computer need no buffer. */
const LOCAL = new Set(['file', 'stdout', 'null', 'store']);

/** @throws RangeError for an option that can not be written */
export function destinationBody(
  id: string,
  { plugin }: Card,
  options: Readonly<Record<string, unknown>>,
): string {
  const all = LOCAL.has(plugin) ? { id, ...options } : { id, ...options, disk_buffer: true };
  const buffered = LOCAL.has(plugin) ? '' : '  # While it does not answer, events wait on the disk.\n';
  return `input {\n  pipeline { address => ${quoted(id)} }\n}\n\noutput {\n${buffered}${pluginText(plugin, all)}}\n`;
}
