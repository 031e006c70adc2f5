/** The same numbers as Prometheus text, at `/metrics`. */
import type { Engine } from '../engine/engine.ts';
import { pluginNodes } from '../lang/graph-walk.ts';
import { type HealthStatus, pipelineHealth } from './health-report.ts';
import type { NodeStats } from './node-stats.ts';

interface Family {
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: string[];
}

const escapeLabel = (text: string): string =>
  text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');

export function prometheusText(engine: Engine, stats: NodeStats): string {
  const families = new Map<string, Family>();
  const add = (
    name: string,
    type: Family['type'],
    help: string,
    labels: Record<string, string>,
    value: number,
  ): void => {
    let family = families.get(name);
    if (!family) families.set(name, (family = { type, help, samples: [] }));
    const text = Object.entries(labels)
      .map(([key, label]) => `${key}="${escapeLabel(label)}"`)
      .join(',');
    family.samples.push(`${name}{${text}} ${value}`);
  };
  for (const status of engine.pipelines.values()) {
    const pipeline = status.id;
    const counts = engine.counts(pipeline);
    const queue = stats.queue(pipeline);
    add('millrace_pipeline_events_in_total', 'counter', 'Events that inputs gave.', { pipeline }, counts.in);
    add(
      'millrace_pipeline_events_filtered_total',
      'counter',
      'Events through the filters.',
      { pipeline },
      counts.filtered,
    );
    add(
      'millrace_pipeline_events_out_total',
      'counter',
      'Events that outputs took.',
      { pipeline },
      counts.out,
    );
    add(
      'millrace_pipeline_worker_seconds_total',
      'counter',
      'Time spent in filters.',
      { pipeline },
      counts.millis / 1000,
    );
    add(
      'millrace_pipeline_queue_events',
      'gauge',
      'Records not yet delivered.',
      { pipeline },
      queue?.events ?? 0,
    );
    add(
      'millrace_pipeline_queue_bytes',
      'gauge',
      'Bytes not yet delivered.',
      { pipeline },
      queue?.bytes ?? 0,
    );
    add(
      'millrace_pipeline_backpressure_seconds_total',
      'counter',
      'Time that inputs waited for room.',
      { pipeline },
      (queue?.pushMillis ?? 0) / 1000,
    );
    const dropped = Object.values(queue?.dropped ?? {}).reduce((a, b) => a + b, 0);
    add('millrace_pipeline_dropped_total', 'counter', 'Datagrams that found no room.', { pipeline }, dropped);
    const level: Record<HealthStatus, number> = { green: 0, unknown: 1, yellow: 1, red: 2 };
    add(
      'millrace_pipeline_health',
      'gauge',
      '0 green, 1 yellow, 2 red.',
      { pipeline },
      level[pipelineHealth(status, stats).status],
    );
    add(
      'millrace_pipeline_reloads_total',
      'counter',
      'Reloads.',
      { pipeline, result: 'success' },
      status.reloads.successes,
    );
    add(
      'millrace_pipeline_reloads_total',
      'counter',
      'Reloads.',
      { pipeline, result: 'failure' },
      status.reloads.failures,
    );
    for (const node of pluginNodes(status.config.graph)) {
      const own = counts.nodes.get(node.id);
      if (!own) continue;
      const labels = { pipeline, kind: node.kind, plugin: node.name, id: node.id };
      add(
        'millrace_plugin_events_in_total',
        'counter',
        'Events (inputs: records) into a plugin.',
        labels,
        own.in,
      );
      add('millrace_plugin_events_out_total', 'counter', 'Events out of a plugin.', labels, own.out);
      if (node.kind === 'filter')
        add(
          'millrace_plugin_seconds_total',
          'counter',
          'Time in a filter, from a sample of batches.',
          labels,
          own.millis / 1000,
        );
      for (const [name, value] of Object.entries(own.named)) {
        add(
          'millrace_plugin_count_total',
          'counter',
          'Counters of plugins, by name.',
          { ...labels, name },
          value,
        );
      }
    }
  }
  const usage = process.cpuUsage();
  add(
    'process_cpu_seconds_total',
    'counter',
    'CPU time of the process.',
    {},
    (usage.user + usage.system) / 1e6,
  );
  add('process_resident_memory_bytes', 'gauge', 'Resident memory.', {}, process.memoryUsage.rss());
  return `${[...families]
    .map(
      ([name, { type, help, samples }]) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join('\n').replaceAll('{}', '')}`,
    )
    .join('\n')}\n`;
}
