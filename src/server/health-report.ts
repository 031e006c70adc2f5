/** `/_health_report`: the state of each pipeline and of the event store with the real causes in words, rolled up. */

import type { Engine } from '../engine/engine.ts';
import type { QueueState } from '../engine/messages.ts';
import type { PipelineStatus } from '../engine/pipeline-status.ts';
import { DEAD_LETTER_NODE, QUEUE_NODE } from '../engine/problems.ts';
import type { GraphNode } from '../lang/graph.ts';
import { pluginNodes } from '../lang/graph-walk.ts';
import type { NodeStats } from './node-stats.ts';
import type { StoreHealth } from './store-health.ts';

export type HealthStatus = 'green' | 'yellow' | 'red' | 'unknown';
const order: readonly HealthStatus[] = ['green', 'unknown', 'yellow', 'red'];
const worst = (all: readonly HealthStatus[]): HealthStatus =>
  all.reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a), 'green');

interface Finding {
  readonly status: HealthStatus;
  /** Last part of the ids of diagnosis and impact. */
  readonly id: string;
  readonly cause: string;
  readonly action: string;
  readonly impact: string;
}

const states = {
  loading: 'LOADING',
  running: 'RUNNING',
  finished: 'FINISHED',
  terminated: 'TERMINATED',
} as const;

/** Percentages of the workers' time at which Logstash calls them nearly, or completely, blocked. */
const NEARLY = 95;
const COMPLETELY = 99.999;

export interface PipelineHealth {
  readonly status: HealthStatus;
  readonly symptom: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly impacts?: readonly Readonly<Record<string, unknown>>[];
  readonly diagnosis?: readonly Readonly<Record<string, unknown>>[];
}

export function pipelineHealth(pipeline: PipelineStatus, stats: NodeStats): PipelineHealth {
  const flow = stats.pipelineFlow(pipeline);
  const findings = [
    ...stateFindings(pipeline),
    ...problemFindings(pipeline, stats),
    ...fullFindings(pipeline, stats.queue(pipeline.id)),
    ...busyFindings(flow['worker_utilization'] ?? {}, flow['output_throughput'] ?? {}),
  ];
  const status = worst(findings.map((finding) => finding.status));
  const details = {
    status: { state: states[pipeline.state] },
    flow: { worker_utilization: flow['worker_utilization'] },
  };
  if (findings.length === 0) return { status, symptom: 'The pipeline is healthy', details };
  return {
    status,
    symptom: `The pipeline is ${status === 'red' ? 'unhealthy' : 'concerning'}: ${findings.map(({ cause }) => cause).join('; ')}`,
    details,
    impacts: findings.map((finding) => ({
      id: `millrace:health:pipeline:impact:${finding.id}`,
      severity: finding.status === 'red' ? 1 : 2,
      description: finding.impact,
      impact_areas: ['pipeline_execution'],
    })),
    diagnosis: findings.map(({ id, cause, action }) => ({
      id: `millrace:health:pipeline:diagnosis:${id}`,
      cause,
      action,
    })),
  };
}

function stateFindings({ state, error }: PipelineStatus): Finding[] {
  switch (state) {
    case 'running':
      return [];
    case 'loading':
      return [
        {
          status: 'yellow',
          id: 'loading',
          cause: 'it is loading',
          action: 'wait: if it takes long, the log says what it waits for',
          impact: 'the pipeline does not process events yet',
        },
      ];
    case 'finished':
      return [
        {
          status: 'yellow',
          id: 'finished',
          cause: 'it has finished, because its inputs have ended and their events are delivered',
          action: 'if it should run for ever, give it inputs that do',
          impact: 'the pipeline does not process events any more',
        },
      ];
    case 'terminated':
      return [
        {
          status: 'red',
          id: 'terminated',
          cause: `it is not running: ${error ?? 'it has ended with an error'}`,
          action: 'mend the cause, then reload or restart',
          impact: 'the pipeline does not process events',
        },
      ];
  }
}

/** What plugins and queues say is wrong, in their words. */
function problemFindings({ id, config, problems }: PipelineStatus, stats: NodeStats): Finding[] {
  if (problems.byNode.size === 0) return [];
  const nodes = new Map(pluginNodes(config.graph).map((node) => [node.id, node]));
  const waiting = `${(stats.queue(id)?.events ?? 0).toLocaleString('en')} events waiting`;
  return [...problems.byNode].map(([nodeId, { problem, severity, since }]): Finding => {
    const status = severity ?? 'yellow';
    const begun = timeInWords(since);
    switch (nodeId) {
      case DEAD_LETTER_NODE:
        return {
          status,
          id: 'dead_letter_queue',
          cause: `${problem}, since ${begun}`,
          action: 'see why events are refused (millrace dlq list), mend that, then replay or purge them',
          impact: status === 'red' ? 'refused events are lost, or wait' : 'refused events may be lost soon',
        };
      case QUEUE_NODE:
        return {
          status,
          id: 'queue',
          cause: `${problem}, retrying since ${begun}, ${waiting}`,
          action: 'make room on the disk, or mend it; the queue goes on by itself',
          impact: 'the pipeline takes in nothing, its senders are not answered',
        };
    }
    const node = nodes.get(nodeId);
    const input = node?.kind === 'input';
    return {
      status,
      id: `plugin:${nodeId}`,
      cause: `${node ? titleOf(node) : `plugin ${nodeId}`}: ${problem}, ${input ? `since ${begun}` : `retrying since ${begun}, ${waiting}`}`,
      action: input
        ? 'mend the cause; the input goes on by itself'
        : 'see to it that the other side can be reached and accepts events; delivery goes on by itself',
      impact: input ? 'events of this input are missing or late' : 'events of this pipeline are delayed',
    };
  });
}

/** A queue is full now and then while all is well; for so many milliseconds on end, it is back-pressure. */
const FULL_MS = 3000;

function fullFindings({ problems }: PipelineStatus, queue: QueueState | undefined): Finding[] {
  const { fullSince, events = 0 } = queue ?? {};
  if (fullSince === undefined || problems.byNode.has(QUEUE_NODE)) return [];
  if (Date.now() - fullSince < FULL_MS) return [];
  return [
    {
      status: 'yellow',
      id: 'queue_full',
      cause: `the queue is full with ${events.toLocaleString('en')} events, senders wait since ${timeInWords(fullSince)}`,
      action: 'see to it that outputs take events faster, or give the queue more room',
      impact: 'senders must wait, and datagrams are dropped',
    },
  ];
}

/** `output siem-http`; without an id of the user's, `output http (http_0123456789ab)`. */
const titleOf = ({ kind, name, id, given }: GraphNode): string =>
  given.includes('id') ? `${kind} ${id}` : `${kind} ${name} (${id})`;

/** `10:02`, or with its date if that is not today, in local time. */
function timeInWords(since: number): string {
  const [date, time] = localTime(since);
  return date === localTime(Date.now())[0] ? time : `${date} ${time}`;
}

function localTime(at: number): [string, string] {
  const time = new Date(at);
  const two = (n: number): string => String(n).padStart(2, '0');
  return [
    `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`,
    `${two(time.getHours())}:${two(time.getMinutes())}`,
  ];
}

type Windows = Readonly<Record<string, number | string | undefined>>;

/**
 * Logstash's rules, but for one: workers here are busy without a gap when there is enough to do, so blocked for five
 * minutes is only who has delivered nothing in that time.
 */
function busyFindings(utilization: Windows, output: Windows): Finding[] {
  const busy = (window: string, percent: number): boolean => Number(utilization[window] ?? 0) >= percent;
  const finding = { id: 'worker_utilization', action: 'address the bottleneck or add resources' };
  if (busy('last_5_minutes', COMPLETELY) && output['last_5_minutes'] === 0)
    return [
      {
        ...finding,
        status: 'red',
        cause: 'its workers have been completely blocked for at least five minutes',
        impact: 'the pipeline is blocked',
      },
    ];
  const minutes = busy('last_5_minutes', NEARLY) ? 'five minutes' : 'a minute';
  return busy('last_5_minutes', NEARLY) || busy('last_1_minute', NEARLY)
    ? [
        {
          ...finding,
          status: 'yellow',
          cause: `its workers have had no pause for at least ${minutes}`,
          impact: 'the pipeline can hardly take more events',
        },
      ]
    : [];
}

interface EventStoreHealth {
  readonly status: HealthStatus;
  readonly symptom: string;
  readonly diagnosis?: readonly Readonly<Record<string, unknown>>[];
}

export interface HealthReport {
  readonly status: HealthStatus;
  readonly symptom: string;
  readonly indicators: {
    readonly pipelines: {
      readonly status: HealthStatus;
      readonly symptom: string;
      readonly indicators: Readonly<Record<string, PipelineHealth>>;
    };
    /** Where there is one. */
    readonly event_store?: EventStoreHealth;
  };
}

export function healthReport(engine: Engine, stats: NodeStats, store?: StoreHealth): HealthReport {
  const indicators = Object.fromEntries(
    [...engine.pipelines.values()].map((status) => [status.id, pipelineHealth(status, stats)]),
  );
  const all = Object.entries(indicators);
  const status = all.length === 0 ? 'unknown' : worst(all.map(([, each]) => each.status));
  const symptom =
    all.length === 0
      ? 'No pipeline is configured'
      : rollUp(all.map(([id, each]) => ({ id, status: each.status })));
  const parts = [
    { id: 'pipelines', status },
    ...(store ? [{ id: 'event_store', status: store.status }] : []),
  ];
  return {
    status: worst(parts.map((part) => part.status)),
    symptom: rollUp(parts),
    indicators: {
      pipelines: { status, symptom, indicators },
      ...(store && { event_store: storeHealth(store) }),
    },
  };
}

function storeHealth({ status, problems }: StoreHealth): EventStoreHealth {
  if (problems.length === 0) return { status, symptom: 'The event store is healthy' };
  return {
    status,
    symptom: `The event store is ${status === 'red' ? 'unhealthy' : 'concerning'}: ${problems.join('; ')}`,
    diagnosis: problems.map((cause) => ({
      id: 'millrace:health:event_store:diagnosis',
      cause,
      action: 'mend the cause; the event store goes on by itself (millrace store status tells more)',
    })),
  };
}

/** "1 indicator is concerning (`a`) and 2 indicators are healthy (`b`, `c`)", the worst first. */
function rollUp(all: readonly { readonly id: string; readonly status: HealthStatus }[]): string {
  const words = { red: 'unhealthy', yellow: 'concerning', unknown: 'unknown', green: 'healthy' } as const;
  const phrases = (Object.keys(words) as HealthStatus[]).flatMap((status) => {
    const ids = all.filter((each) => each.status === status).map(({ id }) => `\`${id}\``);
    if (ids.length === 0) return [];
    return `${ids.length === 1 ? '1 indicator is' : `${ids.length} indicators are`} ${words[status]} (${ids.join(', ')})`;
  });
  return phrases.join(' and ');
}
