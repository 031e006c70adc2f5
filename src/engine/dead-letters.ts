/** What one version of a pipeline in one worker gives to its dead letter queue. */
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { Event } from '../kernel/event-types.ts';
import type { Logger } from '../kernel/logger.ts';
import type { GraphNode } from '../lang/graph.ts';
import { DeadLetterQueue, type StoragePolicy } from '../queue/dead-letter-queue.ts';
import { deadLetterDirectory, listSegments } from '../queue/dead-letter-segments.ts';
import type { HealthSeverity, PipelineSettings, PipelineSpec } from './messages.ts';
import type { Counters, PipelineCounts } from './metrics.ts';
import { DEAD_LETTER_NODE } from './problems.ts';

/** Name of the input, of the field in `@metadata`, and of its directory. */
const DEAD_LETTER_QUEUE = 'dead_letter_queue';

export interface DeadLettersHost {
  readonly logger: Logger;
  health(node: string, problem: string | undefined, severity?: HealthSeverity): void;
}

/** As Logstash names it. */
const IF_STATEMENT = { kind: 'condition', name: 'if-statement', id: 'if-statement' } as const;

export class DeadLetters {
  readonly #queue: DeadLetterQueue;
  readonly #counters: Counters;
  readonly #logger: Logger;
  /** The pipeline reads its own dead letters. */
  readonly #readsItself: boolean;
  /** Events of the batches under way that conditions failed for, and why. */
  #failed: Event[] = [];
  #failures: string[] = [];

  private constructor(queue: DeadLetterQueue, spec: PipelineSpec, counters: Counters, logger: Logger) {
    this.#queue = queue;
    this.#counters = counters;
    this.#logger = logger;
    this.#readsItself = spec.graph.inputs.some(
      ({ name, options }) =>
        name === DEAD_LETTER_QUEUE &&
        options['pipeline_id'] === spec.id &&
        options['exit_after_read'] !== true,
    );
  }

  /** Undefined: switched off for this pipeline. */
  static of(spec: PipelineSpec, counters: Counters, host: DeadLettersHost): DeadLetters | undefined {
    const { all } = spec.settings;
    if (!keepsDeadLetters(spec.settings)) return undefined;
    const logger = host.logger.child(DEAD_LETTER_QUEUE);
    const queue = new DeadLetterQueue({
      directory: deadLettersOf(spec.id, spec.settings),
      writer: threadId,
      writers: spec.threads.length,
      maxBytes: maxBytesOf(spec.settings),
      storagePolicy: (all['dead_letter_queue.storage_policy'] as StoragePolicy | undefined) ?? 'drop_older',
      retainAge: all['dead_letter_queue.retain.age'] as number | undefined,
      logger,
      health: (problem, severity) => host.health(DEAD_LETTER_NODE, problem, severity),
      counted: (what, count) => counters.named(DEAD_LETTER_NODE, what).add(count),
    });
    return new DeadLetters(queue, spec, counters, logger);
  }

  /** Events that an output refused for good. Resolves when they are kept. */
  rejected(node: GraphNode, events: readonly Event[], reasons: readonly string[]): Promise<void> {
    return this.#add(events, (index) => reasons[index] ?? '', {
      kind: 'output',
      name: node.name,
      id: node.id,
    });
  }

  /** Records of an input that could not be made events of. Resolves when they are kept. */
  unprocessed(node: GraphNode, events: readonly Event[], reason: string): Promise<void> {
    return this.#add(events, () => reason, { kind: 'input', name: node.name, id: node.id });
  }

  /** An event that a condition could not be evaluated for; `settled` tells when it is kept. */
  conditionFailed(event: Event, reason: string): void {
    this.#failed.push(event);
    this.#failures.push(reason);
  }

  /** Resolves when what conditions gave so far is kept; undefined: it is. */
  settled(): Promise<void> | undefined {
    if (this.#failed.length === 0) return undefined;
    const events = this.#failed;
    const reasons = this.#failures;
    this.#failed = [];
    this.#failures = [];
    return this.#add(events, (index) => reasons[index]!, IF_STATEMENT);
  }

  #add(
    events: readonly Event[],
    reason: (index: number) => string,
    plugin: { readonly kind: string; readonly name: string; readonly id: string },
  ): Promise<void> {
    const entryTime = Date.now();
    const letters = events
      .map((event, index) => ({
        entryTime,
        pluginKind: plugin.kind,
        pluginName: plugin.name,
        pluginId: plugin.id,
        reason: reason(index),
        event,
      }))
      .filter(({ event }) => !(this.#readsItself && event.metadata?.[DEAD_LETTER_QUEUE] !== undefined));
    const circling = events.length - letters.length;
    if (circling > 0) {
      this.#counters.named(DEAD_LETTER_NODE, 'dropped').add(circling);
      this.#logger.warn(
        { events: circling },
        `dead letters that the pipeline read from its own queue are refused again and dropped: ${reason(0)}`,
      );
    }
    return letters.length === 0 ? Promise.resolve() : this.#queue.add(letters);
  }

  /** Every second. */
  tick(): void {
    this.#queue.maintain();
  }

  close(): Promise<void> {
    return this.#queue.close();
  }
}

/** Setting, not a user's: the pipeline whose dead letter queue this one writes to. */
export const DEAD_LETTERS_OF = 'dead_letter_queue.of';

export const keepsDeadLetters = ({ all }: PipelineSettings): boolean =>
  all['dead_letter_queue.enable'] === true;

/** Directory of a pipeline's dead letters. */
function deadLettersOf(id: string, { all, dataPath }: PipelineSettings): string {
  // A replay gives back what is refused again to the queue that it came from.
  const pipeline = (all[DEAD_LETTERS_OF] as string | undefined) ?? id;
  const root = all['path.dead_letter_queue'] as string | undefined;
  return deadLetterDirectory(root ?? join(dataPath, 'dead_letter_queue'), pipeline);
}

const maxBytesOf = ({ all }: PipelineSettings): number =>
  (all['dead_letter_queue.max_bytes'] as number | undefined) ?? 1 << 30;

/** For the monitoring API. */
export interface DeadLetterState {
  readonly directory: string;
  /** On the disk now, and at most. */
  readonly queueBytes: number;
  readonly maxBytes: number;
  readonly storagePolicy: string;
  /** Since the start of the process. */
  readonly events: number;
  readonly bytes: number;
  readonly dropped: number;
  readonly expired: number;
}

/** Numbers of a pipeline's dead letter queue; undefined when it has none. */
export function deadLetterState(
  pipeline: string,
  settings: PipelineSettings,
  counts: PipelineCounts,
): DeadLetterState | undefined {
  if (!keepsDeadLetters(settings)) return undefined;
  const directory = deadLettersOf(pipeline, settings);
  const named = counts.nodes.get(DEAD_LETTER_NODE)?.named ?? {};
  let queueBytes = 0;
  try {
    queueBytes = listSegments(directory).reduce((sum, segment) => sum + segment.bytes, 0);
  } catch {
    // The queue itself says what is wrong with its directory.
  }
  return {
    directory,
    queueBytes,
    maxBytes: maxBytesOf(settings),
    storagePolicy: String(settings.all['dead_letter_queue.storage_policy'] ?? 'drop_older'),
    events: named['events'] ?? 0,
    bytes: named['bytes'] ?? 0,
    dropped: named['dropped'] ?? 0,
    expired: named['expired'] ?? 0,
  };
}
