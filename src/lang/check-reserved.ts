/** Fields that Logstash itself gives a meaning, and options that break it. */
import type { BuiltGraph } from './build-graph.ts';
import type { Reporter } from './reporter.ts';

const SETTING = new Set(['add_field', 'replace', 'update']);

export function lintReserved(built: BuiltGraph, reporter: Reporter): void {
  for (const { node, checked } of built.nodes) {
    for (const { name, value } of node.attributes) {
      if (!SETTING.has(name) || value.type !== 'hash') continue;
      for (const { key } of value.entries) {
        if (key.type !== 'string') continue;
        const field = key.text.replace(/^\[(.*)\]$/, '$1');
        const length = key.text.length + 2;
        if (field === '@timestamp') {
          const message = `\`${name}\` can not set @timestamp: it must be a timestamp, and this is text`;
          reporter.report('lint', key.position, message, { hint: 'use the date filter', length });
        } else if (field === '@version' || field === '@metadata') {
          const message = `${field} has a meaning of its own: \`${name}\` should not set it`;
          reporter.report('lint', key.position, message, { length });
        }
      }
    }
    const removed = checked.options['remove_field'];
    if (Array.isArray(removed) && removed.some((each) => each === '@timestamp' || each === '[@timestamp]')) {
      const attribute = node.attributes.find((each) => each.name === 'remove_field') ?? node;
      const message = 'an event without @timestamp can not be sorted or indexed by time';
      reporter.report('lint', attribute.position, message, {
        hint: 'dates such as %{+yyyy.MM.dd} are empty then',
      });
    }
  }
}
