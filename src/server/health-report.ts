/** `/_health_report`: each pipeline's state with the real causes in words, rolled up. */
import type { Engine, PipelineStatus } from '../engine/engine.ts';
import type { NodeStats } from './node-stats.ts';

export type HealthStatus = 'green' | 'yellow' | 'red' | 'unknown';
const order: readonly HealthStatus[] = ['green', 'unknown', 'yellow', 'red'];
const worst = (all: readonly HealthStatus[]): HealthStatus =>
  all.reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a), 'green');

interface Diagnosis {
  readonly id: string;
  readonly cause: string;
  readonly action: string;
}

export function pipelineHealth(
  status: PipelineStatus,
  stats: NodeStats,
): Record<string, unknown> & { status: HealthStatus } {
  const found: HealthStatus[] = [];
  const diagnosis: Diagnosis[] = [];
  const symptoms: string[] = [];
  const state = { loading: 'LOADING', running: 'RUNNING', finished: 'FINISHED', terminated: 'TERMINATED' }[
    status.state
  ];
  if (status.state === 'loading') {
    found.push('yellow');
    symptoms.push('is loading');
  } else if (status.state === 'finished') {
    found.push('yellow');
    symptoms.push('has finished: its inputs have ended');
  } else if (status.state === 'terminated') {
    found.push('red');
    symptoms.push(`is not running: ${status.error ?? 'it has ended'}`);
    diagnosis.push({
      id: `pipeline:${status.id}:start`,
      cause: status.error ?? 'it has ended',
      action: 'mend the config and reload, or restart',
    });
  }
  for (const [node, { problem, since }] of status.problems) {
    found.push('yellow');
    const waiting = stats.queue(status.id)?.events ?? 0;
    const cause = `${node}: ${problem}, since ${new Date(since).toISOString()}, ${waiting.toLocaleString('en')} events waiting`;
    symptoms.push(cause);
    diagnosis.push({
      id: `pipeline:${status.id}:${node}`,
      cause,
      action: 'see to it that the other side can be reached and accepts events; delivery goes on by itself',
    });
  }
  const flow = stats.flow(status.id)['worker_utilization'] ?? {};
  const utilisation = (window: 'last_1_minute' | 'last_5_minutes', limit: number): boolean =>
    Number(flow[window] ?? 0) >= limit;
  if (utilisation('last_5_minutes', 99.999)) found.push('red');
  else if (utilisation('last_5_minutes', 95) || utilisation('last_1_minute', 95)) found.push('yellow');
  if (utilisation('last_1_minute', 95))
    symptoms.push('its workers have been busy all the time for a minute or more');
  const health = worst(found);
  return {
    status: health,
    symptom: symptoms.length ? `The pipeline ${symptoms.join('; ')}` : 'The pipeline is healthy',
    details: { status: { state }, flow: { worker_utilization: flow } },
    ...(diagnosis.length
      ? {
          diagnosis,
          impacts: [
            {
              id: `pipeline:${status.id}`,
              severity: health === 'red' ? 1 : 2,
              description: 'events of this pipeline are delayed',
              impact_areas: ['pipeline_execution'],
            },
          ],
        }
      : {}),
  };
}

export function healthReport(
  engine: Engine,
  stats: NodeStats,
): Record<string, unknown> & { status: HealthStatus } {
  const indicators = Object.fromEntries(
    [...engine.pipelines.values()].map((status) => [status.id, pipelineHealth(status, stats)]),
  );
  const status =
    engine.pipelines.size === 0 ? 'unknown' : worst(Object.values(indicators).map((each) => each.status));
  const bad = Object.entries(indicators).filter(([, each]) => each.status !== 'green');
  const symptom =
    bad.length === 0
      ? '1 indicator is healthy (`pipelines`)'
      : `1 indicator is concerning (\`pipelines\`): ${bad.map(([id]) => id).join(', ')}`;
  return {
    status,
    symptom,
    indicators: {
      pipelines: {
        status,
        symptom:
          bad.length === 0
            ? `${Object.keys(indicators).length} pipelines are healthy`
            : `${bad.length} of ${Object.keys(indicators).length} pipelines: ${bad.map(([id, each]) => `${id}: ${each['symptom']}`).join('; ')}`,
        indicators,
      },
    },
  };
}
