/** The configs of a running process, for the console's editor. */
import { statSync } from 'node:fs';
import { dirname, join, matchesGlob, resolve } from 'node:path';
import { MillraceError } from '../kernel/errors.ts';
import type { LoadedSources } from '../lang/load.ts';
import { registry } from '../plugins/registry.ts';
import type { ConfigHost, HostConfiguration, ReloadReport } from '../server/console/configs/config-host.ts';
import {
  type Definition,
  definePipelines,
  type ProcessSettings,
  pipelineSettings,
  processSettings,
  readConfiguration,
} from './configuration.ts';
import { Keystore } from './keystore.ts';

const REGISTRY_URL = new URL(
  `../plugins/registry${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
).href;

export interface LiveConfigOptions {
  readonly settings: ProcessSettings;
  /** Pipelines that do not come from files. */
  readonly definitions: readonly Definition[] | undefined;
  reload(force?: ReadonlySet<string>): Promise<ReloadReport>;
  running(): ReadonlySet<string>;
}

export function liveConfigs({ settings, definitions, reload, running }: LiveConfigOptions): ConfigHost {
  const current = freshSettings(settings);
  const { directory } = settings;
  const keystore =
    settings.get<string | undefined>('keystore.file') ?? (directory && join(directory, 'logstash.keystore'));
  return {
    registry,
    registryUrl: REGISTRY_URL,
    escapeStyle: settings.get('config.field_reference.escape_style'),
    settingsFolder: directory,
    dataPath: resolve(settings.get<string>('path.data')),
    read: async (texts = new Map()) => read(await current(), definitions, texts),
    reload,
    running,
    variables: async () => (await current()).variables,
    secrets: {
      names: async () => {
        if (!keystore) return undefined;
        return Keystore.exists(keystore) ? (await Keystore.open(keystore)).names() : [];
      },
      set: async (name, value) => {
        if (!keystore)
          throw new MillraceError(
            'ERR_KEYSTORE',
            'there is no keystore without path.settings: start with it',
          );
        const store = Keystore.exists(keystore)
          ? await Keystore.open(keystore)
          : await Keystore.create(keystore);
        store.set(name, value);
        await store.save();
      },
      remove: async (name) => {
        if (!keystore || !Keystore.exists(keystore)) return false;
        const store = await Keystore.open(keystore);
        if (!store.remove(name)) return false;
        await store.save();
        return true;
      },
    },
  };
}

/** Settings anew when one of their files has changed: opening a keystore takes a tenth of a second. */
function freshSettings(first: ProcessSettings): () => Promise<ProcessSettings> {
  const { directory } = first;
  const stamp = (): string =>
    directory === undefined
      ? ''
      : ['logstash.yml', 'logstash.keystore']
          .map((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0)
          .join();
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
    const definitions = found.map((definition) => ({ ...definition, loaded: withTexts(definition, texts) }));
    const { diagnostics, sources } = await readConfiguration(settings, registry, definitions);
    return {
      diagnostics,
      sources,
      fromPipelinesFile,
      pipelines: definitions.map((definition) => ({
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
