/** Runs config tests in this thread: no sockets, no queue, no worker threads. */
import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloneEvent } from '../../event/event.ts';
import { type Diagnostic, formatDiagnostic } from '../../kernel/diagnostic.ts';
import type { Event, Fields } from '../../kernel/event-types.ts';
import { adoptClock, releaseClock, setClock } from '../../kernel/fixed-clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Registry } from '../../kernel/plugin.ts';
import { nodesOf } from '../../lang/graph-walk.ts';
import { sentence } from '../thread.ts';
import { givenEvents } from './given-events.ts';
import type { InProcessPipeline, Passed } from './in-process.ts';
import { type Destination, judge, type Outcome, type Problem, shown } from './judge.ts';
import { type Defaults, readTestFile } from './read-test-file.ts';
import { type Loaded, SubjectError, Subjects, type Surroundings } from './subjects.ts';
import type { TestCase } from './test-file.ts';

export interface ConfigTestSpec extends Pick<Surroundings, 'settings' | 'pipelines' | 'variables' | 'texts'> {
  readonly files: readonly { readonly file: string; readonly text: string }[];
  /** What files test that do not say it. */
  readonly defaults?: Defaults;
  /** Only tests whose name, or `file name`, contains this. */
  readonly filter?: string;
}

export interface ConfigTestReport {
  readonly files: readonly FileReport[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Files and tests that could not be run. */
  readonly broken: number;
  readonly millis: number;
  /** Files that configs were read from. */
  readonly configs: readonly string[];
}

export interface FileReport {
  readonly file: string;
  /** What is wrong with the file itself, as text with line, column and caret. */
  readonly errors: readonly string[];
  readonly tests: readonly TestReport[];
}

export interface TestReport {
  readonly name: string;
  readonly line: number;
  readonly index: number;
  readonly status: 'passed' | 'failed' | 'broken' | 'skipped';
  readonly millis: number;
  readonly problems: readonly Problem[];
  /** Broken: why. */
  readonly error?: string;
  /** What came out. */
  readonly events: readonly { readonly fields: Fields; readonly outputs: readonly string[] }[];
  /** What filters and conditions logged. */
  readonly log: readonly string[];
}

/** Lines of the log that a report keeps of a test. */
const MAX_LOG = 20;
/** Pipelines that an event is handed on through. */
const MAX_HOPS = 16;

/** Runs all tests of the files, one after the other. Never throws for what files and configs say. */
export async function runConfigTests(spec: ConfigTestSpec, registry: Registry): Promise<ConfigTestReport> {
  const began = performance.now();
  const run = new Run(spec, registry);
  const files: FileReport[] = [];
  const zone = process.env['TZ'];
  adoptClock();
  try {
    for (const { file, text } of spec.files) {
      const report = await run.file(file, text);
      if (report) files.push(report);
    }
  } finally {
    await run.close();
    releaseClock();
    useZone(zone);
  }
  const count = (status: TestReport['status']): number =>
    files.reduce((sum, { tests }) => sum + tests.filter((test) => test.status === status).length, 0);
  return {
    files,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    broken: count('broken') + files.filter(({ errors }) => errors.length > 0).length,
    millis: performance.now() - began,
    configs: run.configs,
  };
}

class Run {
  readonly #spec: ConfigTestSpec;
  readonly #subjects: Subjects;
  readonly #dataPath = join(tmpdir(), `millrace-config-tests-${process.pid}`);
  #log: string[] = [];

  constructor(spec: ConfigTestSpec, registry: Registry) {
    this.#spec = spec;
    const note = (message: string): void => {
      if (this.#log.length < MAX_LOG) this.#log.push(message);
    };
    this.#subjects = new Subjects(registry, {
      ...spec,
      dataPath: this.#dataPath,
      logger: noteLogger(note, ''),
      observer: {
        conditionFailed: (message, _event, dropped) =>
          note(
            `a condition could not be evaluated, the event ${dropped ? 'is dropped' : 'is kept from that output'}: ${message}`,
          ),
        filterFailed: (node, message) => note(`filter ${node} failed: ${message}`),
      },
    });
  }

  /** Undefined: none of its tests is wanted. */
  async file(file: string, text: string): Promise<FileReport | undefined> {
    const { test, diagnostics } = readTestFile(file, text, this.#spec.defaults);
    if (!test)
      return { file, errors: diagnostics.map((each: Diagnostic) => formatDiagnostic(each, text)), tests: [] };
    this.#subjects.texts.set(file, text);
    const wanted = this.#spec.filter?.toLowerCase();
    const cases = test.cases.filter(
      ({ name }) => wanted === undefined || `${file} ${name}`.toLowerCase().includes(wanted),
    );
    if (cases.length === 0) return undefined;
    const tests: TestReport[] = [];
    for (const each of cases) tests.push(await this.#test(each));
    return { file, errors: [], tests };
  }

  async #test(test: TestCase): Promise<TestReport> {
    const base = { name: test.name, line: test.position.line, index: test.index };
    if (test.skip) return { ...base, status: 'skipped', millis: 0, problems: [], events: [], log: [] };
    const began = performance.now();
    this.#log = [];
    useZone(test.timezone);
    setClock(test.now);
    try {
      const outcomes = await this.#outcomes(test);
      const problems = judge(test, outcomes);
      return {
        ...base,
        status: problems.length > 0 ? 'failed' : 'passed',
        millis: performance.now() - began,
        problems,
        events: outcomes.map(({ event, outputs }) => ({
          fields: shown(event),
          outputs: outputs.map(({ id }) => id),
        })),
        log: this.#log,
      };
    } catch (error) {
      const text =
        error instanceof SubjectError ? error.message : `the test could not be run: ${sentence(error)}`;
      return {
        ...base,
        status: 'broken',
        millis: performance.now() - began,
        problems: [],
        error: text,
        events: [],
        log: this.#log,
      };
    } finally {
      setClock(undefined);
    }
  }

  /** What comes out of the tested pipeline, and of those that it hands events on to. */
  async #outcomes(test: TestCase): Promise<Outcome[]> {
    const loaded = await this.#subjects.load(test.subject);
    const at = loaded.tested ?? this.#pipelineOfInput(test, loaded);
    const outcomes = await this.#through(test, loaded, at, (pipeline) =>
      givenEvents(test, pipeline, this.#subjects),
    );
    return test.expected.deliveredOnly && loaded.pipelines.some(({ graph }) => graph.outputs.length > 0)
      ? outcomes.filter(({ outputs }) => outputs.length > 0)
      : outcomes;
  }

  #pipelineOfInput(test: TestCase, { pipelines }: Loaded): number {
    const { input } = test.given;
    const found = pipelines.findIndex(({ graph }) => graph.inputs.some(({ id }) => id === input?.name));
    if (found >= 0) return found;
    throw this.#subjects.fail(
      input?.position ?? test.position,
      input
        ? `no pipeline has an input with the id \`${input.name}\``
        : 'it is not said which pipeline is tested',
      `give \`pipeline\`: there are ${pipelines.map(({ id }) => id).join(', ')}`,
    );
  }

  async #through(
    test: TestCase,
    loaded: Loaded,
    at: number,
    given: (pipeline: InProcessPipeline) => Promise<Event[]>,
    hops = 0,
  ): Promise<Outcome[]> {
    const passed = await this.#subjects.use(test, loaded, at, async (pipeline): Promise<Passed[]> => {
      const events = await given(pipeline);
      const out = await pipeline.run(events);
      return pipeline.stateful ? [...out, ...(await pipeline.flush(true))] : out;
    });
    const outputs = new Map(nodesOf(loaded.pipelines[at]!.graph.outputs).map((node) => [node.id, node]));
    const outcomes: Outcome[] = [];
    for (const { event, outputs: ids } of passed) {
      const nodes = ids.map((id) => outputs.get(id)!);
      const links =
        test.expected.follow && hops < MAX_HOPS ? nodes.filter(({ name }) => name === 'pipeline') : [];
      const kept: Destination[] = nodes
        .filter((node) => !links.includes(node))
        .map(({ id, name }) => ({ id, name }));
      if (kept.length > 0 || links.length === 0) outcomes.push({ event, outputs: kept });
      for (const link of links) {
        const addresses = [link.options['send_to'] ?? []].flat().map(String);
        for (const [next, { graph }] of loaded.pipelines.entries()) {
          const isTarget = graph.inputs.some(
            ({ name, options }) => name === 'pipeline' && addresses.includes(String(options['address'])),
          );
          if (!isTarget) continue;
          outcomes.push(
            ...(await this.#through(test, loaded, next, async () => [cloneEvent(event)], hops + 1)),
          );
        }
      }
    }
    return outcomes;
  }

  get configs(): string[] {
    return [...this.#subjects.configs];
  }

  async close(): Promise<void> {
    await this.#subjects.close();
    if (existsSync(this.#dataPath)) rmSync(this.#dataPath, { recursive: true, force: true });
  }
}

function useZone(zone: string | undefined): void {
  if (process.env['TZ'] === zone) return;
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
}

/** Keeps warnings and errors. */
function noteLogger(note: (message: string) => void, name: string): Logger {
  const say = (fields: object, message: string): void =>
    note(`${name}${message}${Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : ''}`);
  return {
    debug: () => {},
    info: () => {},
    warn: say,
    error: say,
    child: (inner) => noteLogger(note, `${inner}: `),
  };
}
