/** What the supervisor knows of one pipeline: its config, its state, and why it could not be started. */
import { MillraceError } from '../kernel/errors.ts';
import type { PipelineGraph } from '../lang/graph.ts';
import type { CounterRegion, PipelineSettings } from './messages.ts';
import type { CountedNode } from './metrics.ts';
import { Problems } from './problems.ts';

export interface PipelineConfig {
  readonly id: string;
  readonly graph: PipelineGraph;
  readonly settings: PipelineSettings;
  /** Changes when the config or a setting changes. */
  readonly hash: string;
}

type PipelineState = 'loading' | 'running' | 'finished' | 'terminated';

/** What the supervisor knows of one pipeline. */
export interface PipelineStatus {
  readonly id: string;
  /** Of the disk buffer of an output: the pipeline that the output belongs to. */
  readonly parent: string | undefined;
  config: PipelineConfig;
  state: PipelineState;
  /** Version that runs now. */
  version: number;
  /** Batches worked on at once. */
  workers: number;
  readonly startedAt: number;
  /** The generated function, as text. */
  source: string;
  error: string | undefined;
  readonly reloads: {
    successes: number;
    failures: number;
    lastError: string | undefined;
    lastSuccess: number | undefined;
    lastFailure: number | undefined;
  };
  readonly problems: Problems;
  /** Why events were lost, or waited, that should have gone to its dead letter queue: the last time. */
  deadLetterError: string | undefined;
  readonly regions: {
    version: number;
    thread: number;
    nodes: readonly CountedNode[];
    region: CounterRegion;
  }[];
}

export function newStatus(config: PipelineConfig, parent: string | undefined): PipelineStatus {
  return {
    id: config.id,
    parent,
    config,
    state: 'loading',
    version: 0,
    workers: config.settings.workers,
    startedAt: Date.now(),
    source: '',
    error: undefined,
    reloads: {
      successes: 0,
      failures: 0,
      lastError: undefined,
      lastSuccess: undefined,
      lastFailure: undefined,
    },
    problems: new Problems(),
    deadLetterError: undefined,
    regions: [],
  };
}

/** A pipeline failed to start or reload: `message` says which node and why. */
export class PipelineError extends MillraceError {
  readonly pipeline: string;
  readonly node: string;
  readonly cause_code: string;
  constructor(pipeline: string, node: string, message: string, code = '') {
    super('ERR_PLUGIN', message);
    this.pipeline = pipeline;
    this.node = node;
    this.cause_code = code;
  }
}
