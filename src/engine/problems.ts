/** What is wrong in one pipeline, in words. Every thread speaks for itself; readers see one problem a node. */
import type { Health, HealthSeverity } from './messages.ts';

interface Report {
  readonly thread: number;
  readonly version: number;
  readonly node: string;
  problem: string;
  severity: HealthSeverity | undefined;
  readonly since: number;
}

export interface Problem {
  readonly problem: string;
  /** Yellow unless given. */
  readonly severity: HealthSeverity | undefined;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** Stands for the intake where threads are numbered. */
export const INTAKE = -1;
/** Stand for the pipeline's queues where nodes are named, in problems and counters: no plugin should have these ids. */
export const QUEUE_NODE = '__QUEUE__';
export const DEAD_LETTER_NODE = '__DEAD_LETTER_QUEUE__';

export class Problems {
  readonly #reports: Report[] = [];
  readonly #byNode = new Map<string, Problem>();

  /** By node id; of several threads that have trouble with a node, the one that has it worst, and of those longest. */
  get byNode(): ReadonlyMap<string, Problem> {
    return this.#byNode;
  }

  report(thread: number, { version, node, problem, since, severity }: Health): void {
    // An input that goes on in a new version clears what it said in the old one.
    const at = this.#reports.findIndex(
      (each) =>
        each.thread === thread && each.node === node && (thread === INTAKE || each.version === version),
    );
    if (problem !== undefined) {
      if (at >= 0) Object.assign(this.#reports[at]!, { problem, severity });
      else this.#reports.push({ thread, version, node, problem, severity, since });
    } else if (at >= 0) this.#reports.splice(at, 1);
    this.#show();
  }

  /** The pipeline ended. */
  clear(): void {
    this.#forget(() => true);
  }

  /** A thread ended. */
  forgetThread(thread: number): void {
    this.#forget((report) => report.thread === thread);
  }

  /** A version has delivered everything. */
  forgetVersion(version: number): void {
    this.#forget((report) => report.thread !== INTAKE && report.version === version);
  }

  /** After a reload: inputs that are no longer there have no problems. */
  keepInputs(ids: readonly string[]): void {
    this.#forget(
      (report) => report.thread === INTAKE && report.node !== QUEUE_NODE && !ids.includes(report.node),
    );
  }

  #forget(which: (report: Report) => boolean): void {
    const left = this.#reports.filter((report) => !which(report));
    if (left.length === this.#reports.length) return;
    this.#reports.splice(0, Infinity, ...left);
    this.#show();
  }

  #show(): void {
    this.#byNode.clear();
    for (const { node, problem, severity, since } of this.#reports) {
      const known = this.#byNode.get(node);
      const worse = severity === 'red' && known?.severity !== 'red';
      const milder = severity !== 'red' && known?.severity === 'red';
      if (!known || worse || (since < known.since && !milder))
        this.#byNode.set(node, { problem, severity, since });
    }
  }
}
