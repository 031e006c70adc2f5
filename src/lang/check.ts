/**
 * The check of all pipelines together: syntax, plugins and their options, and what only shows across plugins and
 * pipelines. Everything that is wrong is reported, not the first alone.
 */
import type { Diagnostic, Position } from '../kernel/diagnostic.ts';
import type { EcsMode, Registry } from '../kernel/plugin.ts';
import type { Config } from './ast.ts';
import { type BuiltGraph, buildGraph } from './build-graph.ts';
import { lintConditions } from './check-conditions.ts';
import { checkAcrossPipelines } from './check-pipelines.ts';
import { lintReserved } from './check-reserved.ts';
import { lintSecrets } from './check-secrets.ts';
import { checkTemplates } from './check-templates.ts';
import type { PipelineGraph } from './graph.ts';
import { CONFIG_STRING, type Source } from './load.ts';
import { ConfigSyntaxError, parseConfig } from './parse.ts';
import { PluginLoader } from './plugin-loader.ts';
import { Reporter } from './reporter.ts';
import { maskSecrets, rememberKept, withoutKept } from './secrets.ts';
import type { Variables } from './variables.ts';

export interface PipelineSources {
  /** `pipeline.id`. */
  readonly id: string;
  readonly sources: readonly Source[];
  /** Settings by their full name, such as `pipeline.ecs_compatibility`. */
  readonly settings: Readonly<Record<string, unknown>>;
}

interface CheckedPipeline {
  readonly id: string;
  /** Undefined where something is an error. */
  readonly graph: PipelineGraph | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface CheckResult {
  readonly pipelines: readonly CheckedPipeline[];
  /** Errors first, then warnings, then lints. */
  readonly diagnostics: readonly Diagnostic[];
  /** Texts for `formatDiagnostic`, with secrets masked. */
  readonly sources: ReadonlyMap<string, string>;
}

/** One pipeline under check. */
export interface PipelineUnderCheck {
  readonly id: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly reporter: Reporter;
  readonly built: BuiltGraph;
  /** Where to point when the whole pipeline is meant. */
  readonly position: Position;
}

/** Never throws for anything a config can say. */
export async function checkPipelines(
  pipelines: readonly PipelineSources[],
  registry: Registry,
  environment: Variables,
): Promise<CheckResult> {
  const loader = new PluginLoader(registry);
  const named = nameSources(pipelines);
  const kept = new Set<string>();
  const variables = rememberKept(environment, kept);
  const secretPlaces = new Map<string, Position[]>();
  const checked: PipelineUnderCheck[] = [];
  for (const pipeline of named) {
    checked.push(await checkPipeline(pipeline, loader, variables, secretPlaces));
  }
  checkAcrossPipelines(checked);
  const all = new Reporter();
  for (const { reporter } of checked) for (const each of reporter.diagnostics) all.add(each);
  const sources = new Map<string, string>();
  for (const { file, text } of named.flatMap((pipeline) => pipeline.sources)) {
    if (!sources.has(file)) sources.set(file, maskSecrets(text, secretPlaces.get(file)));
  }
  return {
    pipelines: checked.map(({ id, settings, reporter, built }) => ({
      id,
      settings,
      graph:
        reporter.errors > 0
          ? undefined
          : { inputs: built.inputs, filters: built.filters, outputs: built.outputs },
    })),
    diagnostics: kept.size === 0 ? all.diagnostics : all.diagnostics.map((each) => withoutKept(each, kept)),
    sources,
  };
}

/** Several pipelines given as text get names that tell them apart. */
function nameSources(pipelines: readonly PipelineSources[]): readonly PipelineSources[] {
  const withString = pipelines.filter(({ sources }) => sources.some(({ file }) => file === CONFIG_STRING));
  if (withString.length < 2) return pipelines;
  return pipelines.map((pipeline) => ({
    ...pipeline,
    sources: pipeline.sources.map((source) =>
      source.file === CONFIG_STRING ? { ...source, file: `<config.string of ${pipeline.id}>` } : source,
    ),
  }));
}

const isOn = (setting: unknown): boolean => setting === true || setting === 'true';

async function checkPipeline(
  { id, sources, settings }: PipelineSources,
  loader: PluginLoader,
  variables: Variables,
  secretPlaces: Map<string, Position[]>,
): Promise<PipelineUnderCheck> {
  const reporter = new Reporter();
  const supportEscapes = isOn(settings['config.support_escapes']);
  const configs = parseSources(sources, supportEscapes, reporter);
  const ecs = (settings['pipeline.ecs_compatibility'] as EcsMode | undefined) ?? 'disabled';
  const scope = { loader, reporter, variables, ecs };
  const built = await buildGraph(configs, scope, supportEscapes);
  const position = { file: sources[0]?.file ?? `<pipeline ${id}>`, line: 1, column: 1 };
  if (configs.length === sources.length) warnIfIncomplete(id, configs, position, reporter);
  checkTemplates(built, configs, reporter);
  lintReserved(built, reporter);
  for (const place of lintSecrets(built, reporter)) {
    const places = secretPlaces.get(place.file);
    if (places) places.push(place);
    else secretPlaces.set(place.file, [place]);
  }
  lintConditions(built.conditions, reporter);
  return { id, settings, reporter, built, position };
}

function parseSources(sources: readonly Source[], supportEscapes: boolean, reporter: Reporter): Config[] {
  const configs: Config[] = [];
  for (const { file, text } of sources) {
    try {
      const config = parseConfig(text, file, { supportEscapes });
      for (const lint of config.lints ?? []) reporter.add(lint);
      configs.push(config);
    } catch (error) {
      if (!(error instanceof ConfigSyntaxError)) throw error;
      reporter.add(error.diagnostic);
    }
  }
  return configs;
}

function warnIfIncomplete(
  id: string,
  configs: readonly Config[],
  position: Position,
  reporter: Reporter,
): void {
  const kinds = new Set(
    configs.flatMap((config) =>
      config.sections.filter(({ body }) => body.length > 0).map(({ kind }) => kind),
    ),
  );
  if (kinds.size === 0) {
    reporter.report('warning', position, `the config of pipeline \`${id}\` is empty`);
    return;
  }
  if (!kinds.has('input')) {
    reporter.report('warning', position, `pipeline \`${id}\` has no input: nothing will ever come in`);
  }
  if (!kinds.has('output')) {
    reporter.report('warning', position, `pipeline \`${id}\` has no output: its events go nowhere`);
  }
}
