/**
 * Finds, checks and compiles what tests name. A config is checked once for all tests that share it, and a pipeline
 * whose filters remember nothing serves all of them.
 */

import { resolve } from 'node:path';
import { type Diagnostic, formatDiagnostic, type Position } from '../../kernel/diagnostic.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Registry } from '../../kernel/plugin.ts';
import { checkPipelines, type PipelineSources } from '../../lang/check.ts';
import type { GraphNode, GraphStatement, PipelineGraph } from '../../lang/graph.ts';
import { loadConfigPath } from '../../lang/load.ts';
import type { Variables } from '../../lang/variables.ts';
import { sentence } from '../thread.ts';
import { blockOf } from './block.ts';
import { InProcessPipeline, type Observer } from './in-process.ts';
import { type Mocks, renamed, withMocks } from './mocks.ts';
import type { Subject, TestCase } from './test-file.ts';

export interface Surroundings {
  /** Settings of pipelines that no pipelines.yml names, with their defaults. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Pipelines of pipelines.yml; undefined: there is none. */
  readonly pipelines?: () => Promise<
    readonly (PipelineSources & { readonly problems: readonly Diagnostic[] })[]
  >;
  readonly variables: Variables;
  /** Texts by absolute path, in the place of what config files hold. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Where plugins may keep files. */
  readonly dataPath: string;
  readonly logger: Logger;
  readonly observer: Observer;
}

/** Pipelines that a test can run on. */
export interface Loaded {
  readonly pipelines: readonly { readonly id: string; readonly graph: PipelineGraph }[];
  /** Which of them is tested; undefined: the one that has the input. */
  readonly tested: number | undefined;
}

/** What a test names can not be used: text for people. */
export class SubjectError extends Error {
  override name = 'SubjectError';
}

export class Subjects {
  readonly #registry: Registry;
  readonly #around: Surroundings;
  readonly #loaded = new Map<string, Promise<Loaded>>();
  readonly #idle = new Map<string, InProcessPipeline>();
  readonly #codecs = new Map<string, Promise<GraphNode>>();
  /** Texts of test files, for messages about configs in them. */
  readonly texts = new Map<string, string>();
  /** Files that configs were read from, and folders and globs as they were named. */
  readonly configs = new Set<string>();

  constructor(registry: Registry, around: Surroundings) {
    this.#registry = registry;
    this.#around = around;
  }

  /** The checked pipelines. @throws SubjectError */
  load(subject: Subject): Promise<Loaded> {
    const { position: _, ...what } = subject;
    const key = JSON.stringify([what, subject.inline && subject.position.file]);
    let loaded = this.#loaded.get(key);
    if (!loaded) this.#loaded.set(key, (loaded = this.#load(subject)));
    return loaded;
  }

  /** Runs `work` with a compiled pipeline that remembers nothing of other tests. @throws SubjectError */
  async use<T>(
    test: TestCase,
    loaded: Loaded,
    at: number,
    work: (pipeline: InProcessPipeline) => Promise<T>,
  ): Promise<T> {
    const { id, graph } = loaded.pipelines[at]!;
    const { position: _, ...what } = test.subject;
    // Filters look at the time zone when they are made, and remember what texts meant at the time.
    const key = JSON.stringify([
      what,
      test.subject.inline && test.subject.position.file,
      at,
      test.timezone,
      test.now,
    ]);
    let pipeline = this.#idle.get(key);
    if (!pipeline) {
      const spec = { id, graph, settings: this.#settings(test.subject), dataPath: this.#around.dataPath };
      try {
        pipeline = await InProcessPipeline.load(
          spec,
          this.#registry,
          this.#around.observer,
          this.#around.logger,
        );
      } catch (error) {
        throw new SubjectError(sentence(error), { cause: error });
      }
      if (!pipeline.stateful) this.#idle.set(key, pipeline);
    }
    try {
      return await work(pipeline);
    } finally {
      if (pipeline.stateful) await pipeline.close();
    }
  }

  async close(): Promise<void> {
    for (const pipeline of this.#idle.values()) await pipeline.close();
    this.#idle.clear();
  }

  /** An input that only decodes, by a codec as configs write it. @throws SubjectError */
  codecInput(text: string, position: Position): Promise<GraphNode> {
    let made = this.#codecs.get(text);
    if (!made) this.#codecs.set(text, (made = this.#codecInput(text, position)));
    return made;
  }

  async #codecInput(text: string, position: Position): Promise<GraphNode> {
    const config = `input { generator { codec => ${text} } }`;
    const { pipelines, diagnostics } = await checkPipelines(
      [{ id: 'codec', sources: [{ file: '<codec>', text: config }], settings: {} }],
      this.#registry,
      this.#around.variables,
    );
    const node = pipelines[0]?.graph?.inputs[0];
    if (node) return node;
    const problem = diagnostics.find(({ severity }) => severity === 'error');
    throw new SubjectError(
      this.#format({
        ...position,
        severity: 'error',
        message: `this codec can not be used: ${problem?.message ?? 'it is not right'}`,
        hint: problem?.hint ?? 'write it as in a config: `json`, or `plain { charset => "CP1252" }`',
      }),
    );
  }

  #settings(subject: Subject): Record<string, unknown> {
    return { ...this.#around.settings, ...subject.settings };
  }

  /** Names the place in a test file where something is wrong. */
  #format(diagnostic: Diagnostic): string {
    return formatDiagnostic(diagnostic, this.texts.get(diagnostic.file));
  }

  fail(position: Position, message: string, hint?: string): SubjectError {
    return new SubjectError(
      this.#format({ ...position, severity: 'error', message, ...(hint !== undefined && { hint }) }),
    );
  }

  async #load(subject: Subject): Promise<Loaded> {
    const { sources, problems, tested } = await this.#sources(subject);
    const { environment, keystore } = this.#around.variables;
    for (const { file } of sources.flatMap((each) => each.sources)) this.configs.add(file);
    for (const path of subject.paths ?? []) this.configs.add(path);
    const variables: Variables = {
      environment: { ...environment, ...subject.environment },
      keystore: (name) => (Object.hasOwn(subject.keystore, name) ? subject.keystore[name] : keystore?.(name)),
    };
    const result = await checkPipelines(sources, this.#registry, variables);
    const used = tested === undefined ? result.pipelines : result.pipelines.slice(tested, tested + 1);
    const errors = [...problems, ...result.diagnostics].filter(({ severity }) => severity === 'error');
    const broken = used.some(({ graph }) => graph === undefined);
    if (problems.some(({ severity }) => severity === 'error') || broken)
      throw new SubjectError(
        errors.map((each) => this.#formatConfig(each, subject, result.sources)).join('\n'),
      );
    const whole = result.pipelines.flatMap(({ id, graph }, at) => (graph ? [{ id, graph, at }] : []));
    const mocks = await this.#mocks(subject, variables);
    const pipelines = whole.map(({ id, graph }) => ({
      id,
      graph: this.#part(withMocks(graph, mocks), subject),
    }));
    return {
      pipelines,
      tested: tested === undefined ? undefined : whole.findIndex(({ at }) => at === tested),
    };
  }

  /** The filters of the block that is tested, and no outputs; or the pipeline as it is. */
  #part(graph: PipelineGraph, subject: Subject): PipelineGraph {
    if (subject.block === undefined) return graph;
    const block = blockOf(graph, subject.block);
    if ('hint' in block)
      throw this.fail(subject.position, `there is no filter block \`${subject.block}\``, block.hint);
    return { inputs: graph.inputs, filters: block.filters, outputs: [] };
  }

  /** The filters that stand in for others, by the ids of those. */
  async #mocks(subject: Subject, variables: Variables): Promise<Mocks> {
    const mocks = new Map<string, readonly GraphStatement[]>();
    for (const [id, text] of Object.entries(subject.mocks)) {
      const config = `filter {\n${text}\n}`;
      const { pipelines, diagnostics } = await checkPipelines(
        [
          {
            id: 'mock',
            sources: [{ file: `<mock of ${id}>`, text: config }],
            settings: this.#settings(subject),
          },
        ],
        this.#registry,
        variables,
      );
      const { filters } = pipelines[0]?.graph ?? {};
      const problem = diagnostics.find(({ severity }) => severity === 'error');
      if (!filters) throw new SubjectError(formatDiagnostic(problem!, config));
      mocks.set(id, renamed(filters, id));
    }
    return mocks;
  }

  async #sources(subject: Subject): Promise<{
    sources: readonly PipelineSources[];
    problems: readonly Diagnostic[];
    tested: number | undefined;
  }> {
    const settings = this.#settings(subject);
    if (subject.inline) {
      // Lines count from the beginning of the test file.
      const text = '\n'.repeat(subject.inline.line - 1) + subject.inline.text;
      const file = subject.position.file;
      return { sources: [{ id: 'main', sources: [{ file, text }], settings }], problems: [], tested: 0 };
    }
    if (subject.paths) {
      const loaded = await Promise.all(subject.paths.map((path) => loadConfigPath(path)));
      const problems = loaded.flatMap(({ diagnostics }) => diagnostics);
      const { texts = {} } = this.#around;
      const sources = loaded
        .flatMap((each) => each.sources)
        .map(({ file, text }) => ({ file, text: texts[resolve(file)] ?? text }));
      return { sources: [{ id: 'main', sources, settings }], problems, tested: 0 };
    }
    const all = (await this.#around.pipelines?.()) ?? [];
    if (all.length === 0)
      throw this.fail(
        subject.position,
        'it is not said what is tested',
        'give `config: FILE` in the test file, --config FILE, or --path.settings DIR with a pipelines.yml',
      );
    const sources = all.map((each) => ({ ...each, settings: { ...each.settings, ...subject.settings } }));
    if (subject.pipeline === undefined)
      return {
        sources,
        problems: all.flatMap(({ problems }) => problems),
        tested: all.length === 1 ? 0 : undefined,
      };
    const tested = all.findIndex(({ id }) => id === subject.pipeline);
    if (tested < 0)
      throw this.fail(
        subject.position,
        `there is no pipeline \`${subject.pipeline}\``,
        `pipelines.yml has ${all.map(({ id }) => id).join(', ')}`,
      );
    return { sources, problems: all[tested]!.problems, tested };
  }

  /** A config in a test file is indented there. */
  #formatConfig(diagnostic: Diagnostic, subject: Subject, sources: ReadonlyMap<string, string>): string {
    const { file, line, column } = diagnostic;
    const text = subject.inline && file === subject.position.file ? this.texts.get(file) : undefined;
    if (text === undefined) return formatDiagnostic(diagnostic, sources.get(file));
    const shown = sources.get(file)?.split(/\r\n|\n|\r/)[line - 1] ?? '';
    const indent = text.split(/\r\n|\n|\r/)[line - 1]?.indexOf(shown) ?? 0;
    return formatDiagnostic({ ...diagnostic, column: column + Math.max(0, indent) }, text);
  }
}
