/** The numbers of a pipeline and its nodes, from counters of two moments. */
import type { DeadLetterState } from '../../../engine/dead-letters.ts';
import type { QueueState } from '../../../engine/messages.ts';
import type { NodeCounts, PipelineCounts } from '../../../engine/metrics.ts';
import type { PipelineStatus } from '../../../engine/pipeline-status.ts';
import { QUEUE_NODE } from '../../../engine/problems.ts';
import type { HealthStatus, NodeNumbers, PipelineLive, PipelineSummary } from '../../contract/pipelines.ts';
import { pipelineHealth } from '../../health-report.ts';
import type { NodeStats } from '../../node-stats.ts';
import { edgeRates, type Passing } from './edge-rates.ts';
import { type GraphView, QUEUE_VERTEX } from './graph-view.ts';

export interface Moment {
  /** Milliseconds, monotonic. */
  readonly at: number;
  readonly counts: PipelineCounts;
  /** By inputs that found no room. */
  readonly dropped: number;
}

const nothing: NodeCounts = { in: 0, out: 0, millis: 0, decodeMillis: 0, named: {} };

const rejected = ({ nodes }: PipelineCounts): number =>
  nodes.values().reduce((sum, { named }) => sum + (named['rejected'] ?? 0), 0);

/** Events that got lost, or went to the dead letter queue, since the start. */
export const failuresOf = ({ counts, dropped }: Moment): number =>
  rejected(counts) + counts.conditionErrors + dropped;

/** Three digits are all that a reader sees. */
const rounded = (value: number): number => (value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
const share = (part: number, whole: number): number =>
  whole > 0 ? Math.min(1, Math.max(0, Number((part / whole).toPrecision(3)))) : 0;

export interface SummaryInput {
  readonly status: PipelineStatus;
  readonly stats: NodeStats;
  readonly deadLetters: DeadLetterState | undefined;
  readonly now: Moment;
  readonly before: Moment;
  readonly recent: readonly number[];
}

export function summaryOf({
  status,
  stats,
  deadLetters,
  now,
  before,
  recent,
}: SummaryInput): PipelineSummary {
  const { settings } = status.config;
  const queue = stats.queue(status.id);
  const health = pipelineHealth(status, stats);
  const millis = now.at - before.at;
  const per = (read: (moment: Moment) => number): number =>
    millis > 0 ? rounded((Math.max(0, read(now) - read(before)) * 1000) / millis) : 0;
  const taken = per(({ counts }) => counts.in);
  const events = queue?.events ?? 0;
  const fill = settings.queueMaxEvents > 0 ? events / settings.queueMaxEvents : 0;
  const latency = taken > 0 ? rounded((events / taken) * 1000) : undefined;
  return {
    id: status.id,
    ...(status.parent !== undefined && { parent: status.parent }),
    state: status.state,
    health: {
      status: health.status,
      symptom: health.symptom,
      findings: (health.diagnosis ?? []).map((diagnosis, at) => ({
        status: health.impacts![at]!['severity'] === 1 ? 'red' : 'yellow',
        cause: String(diagnosis['cause']),
        action: String(diagnosis['action']),
        impact: String(health.impacts![at]!['description']),
      })),
    },
    rates: {
      in: per(({ counts }) => counts.in),
      filtered: per(({ counts }) => counts.filtered),
      out: per(({ counts }) => counts.out),
    },
    totals: { in: now.counts.in, filtered: now.counts.filtered, out: now.counts.out },
    ...(latency !== undefined && { latency }),
    utilization: share(now.counts.millis - before.counts.millis, millis * status.workers),
    queue: {
      type: queue?.type ?? settings.queueType,
      events,
      bytes: queue?.bytes ?? 0,
      maxBytes: queue?.maxBytes ?? 0,
      maxEvents: settings.queueMaxEvents,
      inFlight: queue?.inFlight ?? 0,
      // A memory queue has other limits, too.
      full:
        queue?.fullSince !== undefined
          ? 1
          : Math.max(share(queue?.bytes ?? 0, queue?.maxBytes ?? 0), Math.min(1, fill)),
      ...(queue?.fullSince !== undefined && { fullSince: queue.fullSince }),
    },
    failures: {
      rejected: rejected(now.counts),
      conditionErrors: now.counts.conditionErrors,
      dropped: now.dropped,
      rate: per(failuresOf),
    },
    ...(deadLetters && {
      deadLetters: {
        bytes: deadLetters.queueBytes,
        maxBytes: deadLetters.maxBytes,
        events: deadLetters.events,
      },
    }),
    workers: settings.workers,
    batchSize: settings.batchSize,
    startedAt: status.startedAt,
    reloads: {
      successes: status.reloads.successes,
      failures: status.reloads.failures,
      ...(status.reloads.lastError !== undefined && { lastError: status.reloads.lastError }),
    },
    recent: [...recent],
  };
}

const order: readonly HealthStatus[] = ['green', 'unknown', 'yellow', 'red'];

export const worstOf = (pipelines: readonly PipelineSummary[]): HealthStatus =>
  pipelines.length === 0
    ? 'unknown'
    : pipelines.reduce<HealthStatus>(
        (worst, { health }) => (order.indexOf(health.status) > order.indexOf(worst) ? health.status : worst),
        'green',
      );

/** One sentence for the top of every screen. */
export function symptomOf(pipelines: readonly PipelineSummary[]): string {
  if (pipelines.length === 0) return 'No pipeline is configured.';
  const bad = pipelines
    .filter(({ health }) => health.status !== 'green')
    .sort((a, b) => order.indexOf(b.health.status) - order.indexOf(a.health.status));
  const [first, ...others] = bad;
  if (!first)
    return pipelines.length === 1
      ? 'The pipeline is healthy.'
      : `All ${pipelines.length} pipelines are healthy.`;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  const why = first.health.findings[0]?.cause ?? first.health.symptom;
  return `Pipeline ${first.id}: ${why}${more}.`;
}

export interface LiveInput {
  readonly status: PipelineStatus;
  readonly view: GraphView;
  readonly queue: QueueState | undefined;
  readonly now: Moment;
  readonly before: Moment;
  readonly longBefore: Moment;
}

/** Below this share of the workers' time a node holds nothing up. */
const NOTABLE = 0.05;

export function liveOf(input: LiveInput): Pick<PipelineLive, 'nodes' | 'edges' | 'slowest'> {
  const { status, view, queue, now, before, longBefore } = input;
  const millis = now.at - before.at;
  const per = (value: number, earlier: number): number =>
    millis > 0 ? rounded((Math.max(0, value - earlier) * 1000) / millis) : 0;
  const nodes: Record<string, NodeNumbers> = {};
  const passing = new Map<string, Passing>();
  let slowest: string | undefined;
  for (const { id, kind } of view.vertices) {
    if (kind === 'if' || kind === 'outputs') continue;
    if (id === QUEUE_VERTEX) {
      const rate = per(now.counts.in, before.counts.in);
      passing.set(id, { in: rate, out: rate });
      nodes[id] = {
        in: rate,
        out: rate,
        totalIn: now.counts.in,
        totalOut: now.counts.in,
        share: 0,
        failures: 0,
        ...problemOf(status, QUEUE_NODE),
        counters: {},
      };
      continue;
    }
    const counts = now.counts.nodes.get(id) ?? nothing;
    const earlier = before.counts.nodes.get(id) ?? nothing;
    const first = longBefore.counts.nodes.get(id) ?? nothing;
    const worked = kind === 'input' ? 'decodeMillis' : 'millis';
    const counted = kind === 'input' ? 'out' : 'in';
    const events = counts[counted] - first[counted];
    const numbers: NodeNumbers = {
      in: per(counts.in, earlier.in),
      out: per(counts.out, earlier.out),
      totalIn: counts.in,
      totalOut: counts.out,
      ...(events > 0 && { millisPerEvent: rounded(Math.max(0, counts[worked] - first[worked]) / events) }),
      share: share(counts[worked] - earlier[worked], millis * status.workers),
      failures:
        (counts.named['rejected'] ?? 0) + (counts.named['failures'] ?? 0) + (queue?.drops[id]?.events ?? 0),
      ...problemOf(status, id),
      counters: counts.named,
    };
    nodes[id] = numbers;
    passing.set(id, kind === 'output' ? { in: numbers.in, out: 0 } : { in: numbers.in, out: numbers.out });
    const most = slowest === undefined ? NOTABLE : nodes[slowest]!.share;
    if (kind !== 'input' && numbers.share > most) slowest = id;
  }
  const edges = edgeRates(view.vertices, view.edges, passing);
  return { nodes, edges, ...(slowest !== undefined && { slowest }) };
}

function problemOf({ problems }: PipelineStatus, node: string): Pick<NodeNumbers, 'problem'> {
  const found = problems.byNode.get(node);
  return found
    ? { problem: { text: found.problem, severity: found.severity ?? 'yellow', since: found.since } }
    : {};
}
