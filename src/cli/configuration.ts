/** From settings to checked pipelines: which there are, where their configs come from, what is wrong with them. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import type { PipelineSettings } from '../engine/messages.ts';
import type { PipelineConfig } from '../engine/pipeline-status.ts';
import { useEscapeStyle } from '../event/field-reference.ts';
import { type Diagnostic, formatDiagnostic } from '../kernel/diagnostic.ts';
import { MillraceError } from '../kernel/errors.ts';
import type { EcsMode, Registry } from '../kernel/plugin.ts';
import { checkPipelines } from '../lang/check.ts';
import { type LoadedSources, loadConfigPath, loadConfigString } from '../lang/load.ts';
import type { Variables } from '../lang/variables.ts';
import { integrationDefinitions } from './integration-files.ts';
import { keystoreLookup } from './keystore.ts';
import { readPipelinesFile, readSettingsFile, type SettingValues, settingOf } from './settings.ts';
import { type SettingName, settings as table } from './settings-table.ts';

/** Settings of the process, before pipelines are looked at. */
export interface ProcessSettings {
  /** From the command line. */
  readonly given: SettingValues;
  /** From logstash.yml. */
  readonly file: SettingValues;
  readonly directory: string | undefined;
  /** Where the keystore is, or would be. */
  readonly keystoreFile: string;
  readonly variables: Variables;
  /** What the keystore has given so far: never shown. */
  readonly kept: ReadonlySet<string>;
  readonly warnings: readonly string[];
  get<T>(name: SettingName): T;
}

/** Reads logstash.yml and opens the keystore. @throws SettingError, MillraceError ERR_KEYSTORE */
export async function processSettings(given: SettingValues): Promise<ProcessSettings> {
  const directory = settingsDirectory(given);
  const environment = process.env;
  const keystoreFile = resolve(
    (given['keystore.file'] as string | undefined) ??
      join(directory ?? settingOf<string>('path.data', given), 'logstash.keystore'),
  );
  const keystore = await keystoreLookup(keystoreFile);
  const kept = new Set<string>();
  const lookup = (name: string): string | undefined => {
    const value = keystore?.(name);
    if (value) kept.add(value);
    return value;
  };
  const variables: Variables = { keystore: lookup, environment };
  const file = directory ? readSettingsFile(directory, variables) : { values: {}, warnings: [] };
  return {
    given,
    file: file.values,
    directory,
    keystoreFile,
    variables,
    kept,
    warnings: file.warnings,
    get: (name) => settingOf(name, given, file.values),
  };
}

function settingsDirectory(given: SettingValues): string | undefined {
  const named = (given['path.settings'] as string | undefined) ?? process.env['LS_SETTINGS_DIR'];
  if (named === undefined) return existsSync('config') ? resolve('config') : undefined;
  if (!existsSync(named))
    throw new MillraceError('ERR_SETTING', `path.settings: there is no directory ${named}`);
  return resolve(named);
}

export interface Configuration {
  readonly pipelines: readonly PipelineConfig[];
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
  readonly hasErrors: boolean;
  /** Integrations that have errors, with the first one in words: everything else goes on without them. */
  readonly leftOut: ReadonlyMap<string, string>;
}

/** A pipeline before it is checked. */
export interface Definition {
  readonly id: string;
  readonly values: SettingValues;
  readonly loaded: LoadedSources;
  /** `path.config`, where the sources come from one. */
  readonly path?: string;
  /** How to listen on another port, if not by `port =>` in the config. */
  readonly otherPort?: string;
}

/**
 * Finds, reads and checks all pipelines, or those given, and with them what people set up on the console's page of
 * sources and destinations (`integrations`). Problems are in `diagnostics`; only unusable settings throw.
 */
export async function readConfiguration(
  process_: ProcessSettings,
  registry: Registry,
  given?: readonly Definition[],
  integrations = false,
): Promise<Configuration> {
  const warnings: string[] = [];
  const definitions = given ?? (await definePipelines(process_, warnings));
  const own = new Set(definitions.map(({ id }) => id));
  const further = integrations
    ? integrationDefinitions(process_.get('path.data')).filter(({ id }) => !own.has(id))
    : [];
  const leftOut = new Map<string, string>();
  for (;;) {
    const left = further.filter(({ id }) => !leftOut.has(id));
    const checked = await checkDefinitions(process_, registry, [...definitions, ...left]);
    const wrong = checked.diagnostics.filter(({ severity }) => severity === 'error');
    const known = leftOut.size;
    for (const { id, loaded } of left) {
      const error = wrong.find(({ file }) => loaded.sources.some((source) => source.file === file));
      if (error) leftOut.set(id, `line ${error.line}: ${error.message}`);
    }
    if (leftOut.size === known) return { ...checked, warnings, leftOut };
  }
}

async function checkDefinitions(
  process_: ProcessSettings,
  registry: Registry,
  definitions: readonly Definition[],
): Promise<Omit<Configuration, 'warnings' | 'leftOut'>> {
  const prepared = definitions.map((definition) => ({
    definition,
    settings: pipelineSettings(definition, process_),
  }));
  useEscapeStyle(process_.get('config.field_reference.escape_style'));
  const result = await checkPipelines(
    prepared.map(({ definition, settings }) => ({
      id: definition.id,
      sources: definition.loaded.sources,
      settings: settings.all,
    })),
    registry,
    process_.variables,
  );
  const diagnostics = [...definitions.flatMap(({ loaded }) => loaded.diagnostics), ...result.diagnostics];
  const pipelines: PipelineConfig[] = [];
  for (const [index, { definition, settings }] of prepared.entries()) {
    const graph = result.pipelines[index]?.graph;
    if (!graph) continue;
    const hash = createHash('sha256');
    for (const { file, text } of definition.loaded.sources) hash.update(`${file}\0${text}\0`);
    hash.update(JSON.stringify(settings));
    // What variables stand for belongs to the config: a changed secret is a changed pipeline.
    hash.update(
      JSON.stringify(graph, (_key, value) =>
        typeof value === 'object' && value !== null && 'reveal' in value
          ? value.reveal()
          : typeof value === 'bigint'
            ? String(value)
            : value,
      ),
    );
    pipelines.push({ id: definition.id, graph, settings, hash: hash.digest('hex') });
  }
  return {
    pipelines,
    diagnostics,
    sources: result.sources,
    hasErrors: diagnostics.some((diagnostic) => diagnostic.severity === 'error'),
  };
}

/**
 * The pipelines that command line or pipelines.yml name, with their sources.
 * @param pipelinesText in the place of what pipelines.yml holds
 * @throws MillraceError
 */
export async function definePipelines(
  process_: ProcessSettings,
  warnings: string[],
  pipelinesText?: string,
): Promise<Definition[]> {
  const text = process_.get<string | undefined>('config.string');
  const path = process_.get<string | undefined>('path.config');
  if (text !== undefined && path !== undefined) {
    throw new MillraceError('ERR_USAGE', 'config.string (-e) and path.config (-f) can not be used together');
  }
  if (text !== undefined || path !== undefined) {
    if (process_.directory && existsSync(join(process_.directory, 'pipelines.yml'))) {
      warnings.push("Ignoring the 'pipelines.yml' file because command line options are specified");
    }
    return [
      {
        id: process_.get<string>('pipeline.id'),
        values: {},
        loaded: text !== undefined ? loadConfigString(text) : await loadConfigPath(path!),
        ...(path !== undefined && { path }),
      },
    ];
  }
  const entries = process_.directory
    ? readPipelinesFile(process_.directory, process_.variables, warnings, pipelinesText)
    : undefined;
  if (!entries || entries.length === 0) {
    throw new MillraceError(
      'ERR_USAGE',
      `no pipeline to run: give a config with -e 'input { … } output { … }' or -f FILE, or a pipelines.yml in path.settings${process_.directory ? ` (${process_.directory})` : ''}`,
    );
  }
  return Promise.all(
    entries.map(async ({ values }) => ({
      id: values['pipeline.id'] as string,
      values,
      loaded:
        values['config.string'] !== undefined
          ? loadConfigString(values['config.string'] as string)
          : await loadConfigPath(values['path.config'] as string),
      ...(values['config.string'] === undefined && { path: values['path.config'] as string }),
    })),
  );
}

export function pipelineSettings(definition: Definition, process_: ProcessSettings): PipelineSettings {
  const get = <T>(name: SettingName): T => settingOf(name, definition.values, process_.given, process_.file);
  const all: Record<string, unknown> = {};
  for (const name of Object.keys(table) as SettingName[]) {
    const value = get(name);
    if (value !== undefined && table[name].type !== 'password') all[name] = value;
  }
  const workers = get<number | undefined>('pipeline.workers') ?? availableParallelism();
  if (
    get<string>('pipeline.ordered') === 'true' &&
    workers > 1 &&
    definition.values['pipeline.workers'] !== undefined
  ) {
    throw new MillraceError(
      'ERR_SETTING',
      `pipeline ${definition.id}: pipeline.ordered: true needs pipeline.workers: 1, and it is ${workers}`,
    );
  }
  const ordered = get<string>('pipeline.ordered') === 'true';
  return {
    workers: ordered ? 1 : Math.max(1, workers),
    batchSize: Math.max(1, get<number>('pipeline.batch.size')),
    batchDelay: get<number>('pipeline.batch.delay'),
    ecs: get<EcsMode>('pipeline.ecs_compatibility'),
    dataPath: resolve(process_.get<string>('path.data')),
    queueType: get<'memory' | 'persisted'>('queue.type'),
    queueMaxEvents: get<number>('queue.max_events'),
    all,
  };
}

/** All problems as text, errors last so that they are seen. */
export function formatDiagnostics({
  diagnostics,
  sources,
}: Pick<Configuration, 'diagnostics' | 'sources'>): string {
  const order = { lint: 0, warning: 1, error: 2 };
  return [...diagnostics]
    .sort((a, b) => order[a.severity] - order[b.severity])
    .map((diagnostic) => formatDiagnostic(diagnostic, sources.get(diagnostic.file)))
    .join('\n');
}
