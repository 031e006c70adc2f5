/** The configs of a running process, for the console's editor. */
import { statSync } from 'node:fs';
import { dirname, join, matchesGlob, resolve } from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { MillraceError } from '../kernel/errors.ts';
import type { LoadedSources } from '../lang/load.ts';
import { registry } from '../plugins/registry.ts';
import type {
  ConfigHost,
  HostConfiguration,
  ReloadedPipeline,
  ReloadReport,
} from '../server/console/configs/config-host.ts';
import {
  type Definition,
  definePipelines,
  type ProcessSettings,
  pipelineSettings,
  processSettings,
  readConfiguration,
} from './configuration.ts';
import type { ReloadResult } from './configured-pipelines.ts';
import { integrationDefinitions } from './integration-files.ts';
import { changeKeystore, Keystore } from './keystore.ts';

const REGISTRY_URL = new URL(
  `../plugins/registry${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
).href;

export interface LiveConfigOptions {
  readonly settings: ProcessSettings;
  /** Pipelines that settings and pipelines.yml know nothing of, as of now. */
  definitions(): readonly Definition[] | undefined;
  /** What people set up on the page of sources and destinations runs, too. */
  readonly integrations: boolean;
  readonly engine: Engine;
  reload(force?: ReadonlySet<string>): Promise<ReloadResult>;
}

export function liveConfigs({
  settings,
  definitions,
  integrations,
  engine,
  reload,
}: LiveConfigOptions): ConfigHost {
  const current = freshSettings(settings);
  const { directory, keystoreFile } = settings;
  return {
    registry,
    registryUrl: REGISTRY_URL,
    escapeStyle: settings.get('config.field_reference.escape_style'),
    settingsFolder: directory,
    dataPath: resolve(settings.get<string>('path.data')),
    read: async (texts = new Map()) => read(await current(), definitions(), integrations, texts),
    reload: async (force) => {
      const before = hashes(engine);
      return reportOf(before, engine, await reload(force), force);
    },
    running: () =>
      new Set([...engine.pipelines.values()].flatMap(({ id, state }) => (state === 'running' ? [id] : []))),
    variables: async () => (await current()).variables,
    secrets: {
      names: async () => (Keystore.exists(keystoreFile) ? (await Keystore.open(keystoreFile)).names() : []),
      set: (name, value) => changeKeystore(keystoreFile, new Map([[name, value]])),
      remove: async (name) => {
        if (!Keystore.exists(keystoreFile)) return false;
        if ((await Keystore.open(keystoreFile)).get(name) === undefined) return false;
        await changeKeystore(keystoreFile, new Map([[name, undefined]]));
        return true;
      },
    },
  };
}

/** Hashes of the configs of pipelines that run. */
const hashes = (engine: Engine): Map<string, string> =>
  new Map(
    [...engine.pipelines.values()].flatMap(({ id, parent, state, config }) =>
      parent === undefined && state === 'running' ? [[id, config.hash] as const] : [],
    ),
  );

function reportOf(
  before: ReadonlyMap<string, string>,
  engine: Engine,
  { problem, failed }: ReloadResult,
  force: ReadonlySet<string> = new Set(),
): ReloadReport {
  if (problem !== undefined) return { pipelines: [], error: problem };
  const after = hashes(engine);
  const ids = new Set([...before.keys(), ...after.keys(), ...failed.keys()]);
  return {
    pipelines: [...ids].map((id): ReloadedPipeline => {
      const error = failed.get(id);
      if (error !== undefined) return { id, outcome: 'failed', error };
      if (!after.has(id)) return { id, outcome: 'stopped' };
      if (!before.has(id)) return { id, outcome: 'started' };
      const same = before.get(id) === after.get(id) && !force.has(id);
      return { id, outcome: same ? 'unchanged' : 'reloaded' };
    }),
  };
}

/** Settings anew when one of their files has changed: opening a keystore takes a tenth of a second. */
function freshSettings(first: ProcessSettings): () => Promise<ProcessSettings> {
  const { directory, keystoreFile } = first;
  const files = [keystoreFile, ...(directory === undefined ? [] : [join(directory, 'logstash.yml')])];
  const stamp = (): string =>
    files.map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0).join();
  let seen = stamp();
  let settings = first;
  return async () => {
    const now = stamp();
    if (now !== seen) {
      settings = await processSettings(first.given);
      seen = now;
    }
    return settings;
  };
}

async function read(
  settings: ProcessSettings,
  fixed: readonly Definition[] | undefined,
  integrations: boolean,
  texts: ReadonlyMap<string, string>,
): Promise<HostConfiguration> {
  const { directory } = settings;
  const fromPipelinesFile =
    fixed === undefined &&
    directory !== undefined &&
    settings.get('config.string') === undefined &&
    settings.get('path.config') === undefined;
  try {
    const pipelinesText = directory && texts.get(resolve(directory, 'pipelines.yml'));
    const found = fixed ?? (await definePipelines(settings, [], pipelinesText));
    const further = integrations ? integrationDefinitions(settings.get('path.data')) : [];
    const changed = (definition: Definition): Definition => ({
      ...definition,
      loaded: withTexts(definition, texts),
    });
    const own = found.map(changed);
    const added = further.filter(({ id }) => !own.some((each) => each.id === id)).map(changed);
    const edited = added.filter(({ loaded }) => loaded.sources.some(({ file }) => texts.has(resolve(file))));
    const { diagnostics, sources } = await readConfiguration(
      settings,
      registry,
      [...own, ...edited],
      integrations,
    );
    return {
      diagnostics,
      sources,
      fromPipelinesFile,
      pipelines: [...own, ...added].map((definition) => ({
        id: definition.id,
        path: definition.path,
        sources: definition.loaded.sources,
        settings: pipelineSettings(definition, settings).all,
      })),
    };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return { pipelines: [], diagnostics: [], sources: new Map(), problem: error.message, fromPipelinesFile };
  }
}

/** The sources of a pipeline as they would be if the files held these texts. */
function withTexts({ loaded, path }: Definition, texts: ReadonlyMap<string, string>): LoadedSources {
  if (texts.size === 0) return loaded;
  const known = new Set(loaded.sources.map(({ file }) => resolve(file)));
  const sources = loaded.sources.map((source) => ({
    ...source,
    text: texts.get(resolve(source.file)) ?? source.text,
  }));
  const added = [...texts].filter(([file]) => !known.has(file) && path !== undefined && isRead(file, path));
  if (added.length === 0) return { ...loaded, sources };
  sources.push(...added.map(([file, text]) => ({ file, text })));
  sources.sort((a, b) => Buffer.compare(Buffer.from(a.file), Buffer.from(b.file)));
  // That nothing was found here is no longer so.
  return { sources, diagnostics: loaded.sources.length === 0 ? [] : loaded.diagnostics };
}

/** Would a file be read by `path.config`? */
function isRead(file: string, path: string): boolean {
  const wanted = resolve(path.replace(/^file:\/\//i, ''));
  if (file === wanted) return true;
  if (statSync(wanted, { throwIfNoEntry: false })?.isDirectory()) return dirname(file) === wanted;
  return matchesGlob(file, wanted);
}
