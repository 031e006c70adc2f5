/** Tries edits out on samples and tests, in a process of their own: nothing is sent, no port is opened. */
import { resolve } from 'node:path';
import type { Preview, PreviewSpec } from '../../../engine/config-tests/preview.ts';
import { ConfigTester } from '../../../engine/config-tests/tester.ts';
import { parseJson } from '../../../event/json.ts';
import type { Fields, FieldValue } from '../../../kernel/event-types.ts';
import type { PreviewEvent, PreviewStep, Sample, TestReport } from '../../contract/configs.ts';
import { ConsoleError } from '../call.ts';
import type { ConfigDesk, Edit } from './config-desk.ts';
import { findingOf } from './config-desk.ts';
import { idOf, type KnownFile } from './known-files.ts';
import { harmlessVariables } from './masked.ts';

const LIMIT_MS = 10_000;
const MAX_EVENTS = 200;

type PreviewAnswer = {
  readonly events: PreviewEvent[];
  readonly flushed: PreviewEvent['results'];
  readonly findings: ReturnType<typeof findingOf>[];
  readonly error?: string;
  readonly millis: number;
};

export class Trials {
  readonly #desk: ConfigDesk;
  readonly #tester: ConfigTester;

  constructor(desk: ConfigDesk) {
    this.#desk = desk;
    const { registryUrl, escapeStyle } = desk.host;
    this.#tester = new ConfigTester({ registryUrl, escapeStyle, limitMillis: LIMIT_MS });
  }

  close(): Promise<void> {
    return this.#tester.close();
  }

  /** What the filters of a pipeline do to a sample. @throws ConsoleError */
  async preview(
    pipeline: string,
    edits: readonly Edit[],
    sample: Sample,
    now: number | undefined,
    signal: AbortSignal,
  ): Promise<PreviewAnswer> {
    const began = performance.now();
    const { host } = this.#desk;
    const texts = await this.#desk.overlay(edits);
    const { pipelines, problem } = await host.read(texts);
    const own = pipelines.find(({ id }) => id === pipeline);
    if (!own)
      throw new ConsoleError(404, 'not_found', problem ?? `there is no pipeline ${pipeline} in this config`);
    const spec: PreviewSpec = {
      sources: own.sources,
      settings: own.settings,
      variables: await this.variables(),
      ...given(sample),
      ...(now !== undefined && { now }),
    };
    const preview = await this.#tester.preview(spec, signal).catch(asProblem);
    return { ...answerOf(preview), millis: performance.now() - began };
  }

  /** Runs saved tests, or those of the edits, on what files would hold. @throws ConsoleError */
  async tests(
    edits: readonly Edit[],
    wanted: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<TestReport> {
    const files = await this.#desk.files();
    const texts = await this.#desk.overlay(edits, files);
    const chosen = files.filter(
      ({ kind, id }) => kind === 'test' && (wanted === undefined || wanted.includes(id)),
    );
    return this.runTests(
      chosen.map((file) => ({ file: file.path, text: texts.get(file.path) ?? this.#desk.textOf(file) })),
      texts,
      files,
      signal,
    );
  }

  async runTests(
    tests: readonly { readonly file: string; readonly text: string }[],
    texts: ReadonlyMap<string, string>,
    files: readonly KnownFile[],
    signal: AbortSignal,
  ): Promise<TestReport> {
    const report = await this.rawTests(tests, texts, signal).catch(asProblem);
    const nameOf = (path: string): string => files.find((file) => file.path === path)?.name ?? path;
    return {
      ...report,
      files: report.files.map(({ file, errors, tests: results }) => ({
        file: idOf(resolve(file)),
        name: nameOf(file),
        errors: [...errors],
        tests: results.map(({ name, line, status, millis, problems, error }) => ({
          name,
          line,
          status,
          millis,
          ...(error !== undefined && { error }),
          problems: problems.map(({ message, differences }) => ({
            message,
            differences: differences.map(({ kind, field, expected, actual }) => ({
              kind,
              field,
              ...(expected !== undefined && { expected: printed(expected) }),
              ...(actual !== undefined && { actual: printed(actual) }),
            })),
          })),
        })),
      })),
    };
  }

  async rawTests(
    tests: readonly { readonly file: string; readonly text: string }[],
    texts: ReadonlyMap<string, string>,
    signal: AbortSignal,
  ): ReturnType<ConfigTester['runTests']> {
    const { pipelines } = await this.#desk.host.read(texts);
    return this.#tester.runTests(
      {
        files: tests,
        settings: pipelines[0]?.settings ?? {},
        variables: await this.variables(),
        texts: Object.fromEntries(texts),
        pipelines: async () => pipelines.map((each) => ({ ...each, problems: [] })),
      },
      signal,
    );
  }

  /** Without secrets: what is tried out shows its outcome. */
  async variables(): Promise<ReturnType<typeof harmlessVariables>> {
    const { host } = this.#desk;
    const { pipelines } = await host.read();
    const saved = pipelines.flatMap(({ sources }) => sources.map(({ text }) => text));
    return harmlessVariables(await host.variables(), saved);
  }
}

function asProblem(error: unknown): never {
  throw new ConsoleError(422, 'trial', (error as Error).message);
}

/** @throws ConsoleError where the events are no JSON objects */
export function given({
  kind,
  text,
  input,
  codec,
}: Sample): Pick<PreviewSpec, 'lines' | 'events' | 'input' | 'codec'> {
  const reader = {
    ...(input !== undefined && input !== '' && { input }),
    ...(codec !== undefined && codec !== '' && { codec }),
  };
  if (kind === 'events') return { events: eventsOf(text).slice(0, MAX_EVENTS), ...reader };
  const lines = text.replace(/(?:\r\n|\n|\r)$/, '').split(/\r\n|\n|\r/);
  return { lines: lines.slice(0, MAX_EVENTS), ...reader };
}

/** One object, a list of them, or one in each line. */
function eventsOf(text: string): Fields[] {
  const whole = json(text);
  const values =
    whole !== undefined
      ? [whole].flat()
      : text.split(/\r\n|\n|\r/).flatMap((line, at) => {
          if (line.trim() === '') return [];
          const value = json(line);
          if (value === undefined)
            throw new ConsoleError(400, 'sample', `line ${at + 1} of the sample is no JSON`, {
              hint: 'Give an object, a list of objects, or one object in each line.',
            });
          return [value];
        });
  return values.map((value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new ConsoleError(400, 'sample', 'every event of the sample must be a JSON object');
    return value as Fields;
  });
}

function json(text: string): FieldValue | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

const printed = (value: FieldValue): string => JSON.stringify(value) ?? 'null';

/** `{"f": fields, "m": @metadata}` */
function encoded({ '@metadata': metadata, ...fields }: Fields): string {
  return JSON.stringify({ f: fields, ...(metadata !== undefined && { m: metadata }) });
}

const kinds = { missing: 'removed', unexpected: 'added', different: 'changed' } as const;

function answerOf({ diagnostics, error, events, flushed }: Preview): Omit<PreviewAnswer, 'millis'> {
  const result = ({ fields, outputs }: Preview['flushed'][number]): PreviewEvent['results'][number] => ({
    event: encoded(fields),
    outputs: [...outputs],
  });
  return {
    findings: diagnostics.map(findingOf),
    ...(error !== undefined && { error }),
    flushed: flushed.map(result),
    events: events.map((event) => ({
      given: encoded(event.given),
      results: event.results.map(result),
      steps: event.steps.map(
        ({ node, name, file, line, outcome, changes, made, ofMade, error: failed }): PreviewStep => ({
          node,
          name,
          ...(!file.startsWith('<') && { file: idOf(resolve(file)) }),
          line,
          outcome,
          made,
          ofMade,
          ...(failed !== undefined && { error: failed }),
          changes: changes.map(({ kind, field, expected, actual }) => ({
            kind: kinds[kind],
            field,
            ...(expected !== undefined && { before: printed(expected) }),
            ...(actual !== undefined && { after: printed(actual) }),
          })),
        }),
      ),
    })),
  };
}
