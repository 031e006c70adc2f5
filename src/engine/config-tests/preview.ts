/** What the filters of a config do to sample events: for every event each filter that it met, and what that changed. */

import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addTag, cloneEvent } from '../../event/event.ts';
import type { Diagnostic } from '../../kernel/diagnostic.ts';
import type { Event, Fields } from '../../kernel/event-types.ts';
import { adoptClock, releaseClock, setClock } from '../../kernel/fixed-clock.ts';
import { silentLogger } from '../../kernel/logger.ts';
import type { Filter, Registry } from '../../kernel/plugin.ts';
import { checkPipelines } from '../../lang/check.ts';
import { compileCommonOptions } from '../../lang/common-options.ts';
import type { GraphNode, GraphStatement, PipelineGraph } from '../../lang/graph.ts';
import type { Source } from '../../lang/load.ts';
import type { Variables } from '../../lang/variables.ts';
import { type MadeFilter, noDecoration } from '../make-filter.ts';
import { sentence } from '../thread.ts';
import { type Difference, differencesOf } from './differences.ts';
import { givenEvents } from './given-events.ts';
import { InProcessPipeline } from './in-process.ts';
import { shown } from './judge.ts';
import { SubjectError, Subjects } from './subjects.ts';
import type { Given, TestCase } from './test-file.ts';

export interface PreviewSpec {
  readonly sources: readonly Source[];
  /** Of the pipeline, with their defaults. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly variables: Variables;
  /** Raw records, read by the input that is named, by the only one, or by the codec. */
  readonly lines?: readonly string[];
  /** Events as inputs make them. */
  readonly events?: readonly Fields[];
  /** Id or name. */
  readonly input?: string;
  readonly codec?: string;
  /** Of the sender: `ip`, `port`, `path`, `headers`. */
  readonly source?: Readonly<Record<string, unknown>>;
  /** Epoch milliseconds at which the clock stands. */
  readonly now?: number;
}

export interface Preview {
  /** Of the config; with errors nothing was run. */
  readonly diagnostics: readonly Diagnostic[];
  /** What else went wrong: an input that is not there, a filter that could not be made. */
  readonly error?: string;
  /** One an event that went in. */
  readonly events: readonly PreviewEvent[];
  /** Events that filters made when they were flushed at the end. */
  readonly flushed: readonly PreviewResult[];
}

interface PreviewEvent {
  /** As it came from the input. */
  readonly given: Fields;
  /** Filters that it, or an event made of it, met; in the order of the work. */
  readonly steps: readonly PreviewStep[];
  /** What came of it; none: it was dropped. */
  readonly results: readonly PreviewResult[];
}

interface PreviewResult {
  readonly fields: Fields;
  /** Ids of the outputs that it goes to. */
  readonly outputs: readonly string[];
}

interface PreviewStep {
  /** Id, name and line of the filter. */
  readonly node: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly outcome: 'matched' | 'not matched' | 'dropped' | 'failed';
  readonly changes: readonly Difference[];
  /** Events that it made. */
  readonly made: number;
  /** True: of an event that an earlier filter made of the one given. */
  readonly ofMade: boolean;
  readonly error?: string;
}

/** More are not looked at. */
const MAX_EVENTS = 1000;

/** Runs samples through a config in this thread. Never throws for what a config says. */
export async function previewFilters(spec: PreviewSpec, registry: Registry): Promise<Preview> {
  const checked = await checkPipelines(
    [{ id: 'preview', sources: spec.sources, settings: spec.settings }],
    registry,
    spec.variables,
  );
  const { diagnostics } = checked;
  const graph = checked.pipelines[0]?.graph;
  if (!graph) return { diagnostics, events: [], flushed: [] };
  adoptClock();
  setClock(spec.now);
  const dataPath = join(tmpdir(), `millrace-preview-${process.pid}`);
  try {
    return { diagnostics, ...(await preview(spec, graph, registry, dataPath)) };
  } catch (error) {
    return { diagnostics, error: sentence(error), events: [], flushed: [] };
  } finally {
    releaseClock();
    if (existsSync(dataPath)) rmSync(dataPath, { recursive: true, force: true });
  }
}

async function preview(
  spec: PreviewSpec,
  graph: PipelineGraph,
  registry: Registry,
  dataPath: string,
): Promise<Omit<Preview, 'diagnostics'>> {
  const tracer = new Tracer();
  const settings = spec.settings;
  const pipeline = await InProcessPipeline.load(
    // Common options are the tracer's: what they change belongs to the step.
    { id: 'preview', graph: { ...graph, filters: bare(graph.filters) }, settings, dataPath },
    registry,
    {
      wrap: (node, made) => tracer.wrap(node, made),
      conditionFailed: (message, event, dropped) => {
        if (dropped) tracer.failed(event, `a condition could not be evaluated: ${message}`);
      },
    },
  );
  try {
    const subjects = new Subjects(registry, { ...spec, dataPath, logger: silentLogger, observer: {} });
    const events = (await givenEvents(testOf(spec), pipeline, subjects)).slice(0, MAX_EVENTS);
    const given = events.map((event) => shown(cloneEvent(event)));
    tracer.begin(events);
    const passed = await pipeline.run(events);
    const flushed = await pipeline.flush(true);
    const result = ({ event, outputs }: (typeof passed)[number]): PreviewResult => ({
      fields: shown(event),
      outputs,
    });
    return {
      events: given.map((fields, at) => ({
        given: fields,
        steps: tracer.steps(at),
        results: passed.filter(({ event }) => tracer.originOf(event) === at).map(result),
      })),
      flushed: [...passed.filter(({ event }) => tracer.originOf(event) === undefined), ...flushed].map(
        result,
      ),
    };
  } catch (error) {
    if (error instanceof SubjectError) return { error: error.message, events: [], flushed: [] };
    throw error;
  } finally {
    await pipeline.close();
  }
}

function testOf({ lines = [], events = [], input, codec, source = {} }: PreviewSpec): TestCase {
  const position = { file: '<sample>', line: 1, column: 1 };
  const given: Given = {
    lines,
    events,
    fields: {},
    source,
    codecOnly: false,
    ...(input !== undefined && { input: { name: input, position } }),
    ...(codec !== undefined && { codec: { text: codec, position } }),
  };
  return { given, position } as TestCase;
}

const COMMON = ['add_field', 'remove_field', 'add_tag', 'remove_tag'];

/** Filters that remember the options they were given. */
const originals = new WeakMap<GraphNode, GraphNode>();

function bare(statements: readonly GraphStatement[]): GraphStatement[] {
  return statements.map((statement) => {
    if (statement.type === 'branch')
      return { ...statement, arms: statement.arms.map((arm) => ({ ...arm, body: bare(arm.body) })) };
    const options = Object.fromEntries(
      Object.entries(statement.options).filter(([name]) => !COMMON.includes(name)),
    );
    const node = { ...statement, options };
    originals.set(node, statement);
    return node;
  });
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

class Tracer {
  /** Which of the events given an event comes from. */
  readonly #origins = new Map<Event, number>();
  readonly #given = new Set<Event>();
  readonly #steps = new Map<number, Mutable<PreviewStep>[]>();

  begin(events: readonly Event[]): void {
    for (const [at, event] of events.entries()) {
      this.#origins.set(event, at);
      this.#given.add(event);
      this.#steps.set(at, []);
    }
  }

  originOf(event: Event): number | undefined {
    return this.#origins.get(event);
  }

  steps(at: number): readonly PreviewStep[] {
    return this.#steps.get(at) ?? [];
  }

  /** An event that a condition ended. */
  failed(event: Event, error: string): void {
    const step = this.#steps.get(this.#origins.get(event) ?? -1)?.at(-1);
    if (step) step.error = error;
  }

  wrap(node: GraphNode, { plugin, filter }: MadeFilter): MadeFilter {
    const decorate = compileCommonOptions('filter', (originals.get(node) ?? node).options) ?? noDecoration;
    const looking: Filter = {
      ...(filter.filter && {
        filter: (event, emit) => {
          const before = cloneEvent(event);
          const step = this.#step(node, event);
          try {
            const matched = filter.filter!(event, (made) => {
              this.#made(step, event, made);
              emit(made);
            });
            if (matched) decorate(event);
            this.#done(step, before, event, matched);
          } catch (error) {
            this.#broken(step, before, event, error);
          }
          return false;
        },
      }),
      ...(filter.filterBatch && {
        filterBatch: async (events, emit) => {
          const befores = events.map(cloneEvent);
          const steps = events.map((event) => this.#step(node, event));
          try {
            const matched = await filter.filterBatch!(events, (made, before) => {
              const at = Math.min(before, events.length - 1);
              this.#made(steps[at]!, events[at]!, made);
              emit(made, before);
            });
            for (const [at, event] of events.entries()) {
              if (matched[at] === 1) decorate(event);
              this.#done(steps[at]!, befores[at]!, event, matched[at] === 1);
            }
          } catch (error) {
            for (const [at, event] of events.entries()) this.#broken(steps[at]!, befores[at]!, event, error);
          }
          return new Uint8Array(events.length);
        },
      }),
      ...(filter.flush && { flush: (emit, final) => filter.flush!(emit, final) }),
      ...(filter.close && { close: () => filter.close!() }),
    };
    return { plugin, filter: looking };
  }

  #step(node: GraphNode, event: Event): Mutable<PreviewStep> {
    const step: Mutable<PreviewStep> = {
      node: node.id,
      name: node.name,
      file: node.position.file,
      line: node.position.line,
      outcome: 'not matched',
      changes: [],
      made: 0,
      ofMade: !this.#given.has(event),
    };
    this.#steps.get(this.#origins.get(event) ?? -1)?.push(step);
    return step;
  }

  #made(step: Mutable<PreviewStep>, from: Event, made: Event): void {
    step.made++;
    const origin = this.#origins.get(from);
    if (origin !== undefined) this.#origins.set(made, origin);
  }

  #done(step: Mutable<PreviewStep>, before: Event, event: Event, matched: boolean): void {
    step.outcome = event.cancelled ? 'dropped' : matched ? 'matched' : 'not matched';
    step.changes = differencesOf(shown(before), shown(cloneEvent(event)));
  }

  #broken(step: Mutable<PreviewStep>, before: Event, event: Event, error: unknown): void {
    addTag(event, '_filter_exception');
    this.#done(step, before, event, false);
    step.outcome = 'failed';
    step.error = sentence(error);
  }
}
