/** What intake and worker threads share: their logger and the loading of plugins. */
import { appendFileSync, writeSync } from 'node:fs';
import { createLogger, type Logger, levels } from '../kernel/logger.ts';
import type { CodecPlugin, PluginKind, Registry } from '../kernel/plugin.ts';
import type { ThreadData } from './messages.ts';

/** Logs go to standard error, and to the file of `path.logs` if one is set; both append whole lines. */
export function threadLogger(logging: ThreadData['logging']): Logger {
  const level = new Uint8Array(logging.level);
  return createLogger({
    level: () => levels[level[0]!]!,
    format: logging.format,
    write: (line) => {
      try {
        writeSync(2, line);
      } catch {
        // Standard error is closed or full: there is nobody to tell.
      }
      if (logging.file !== undefined) {
        try {
          appendFileSync(logging.file, line, { mode: 0o640 });
        } catch {
          // The disk of the log is full: the pipelines go on.
        }
      }
    },
  });
}

export async function loadRegistry(url: string): Promise<Registry> {
  const module = (await import(url)) as { registry: Registry };
  return module.registry;
}

/** Loads a plugin that the check has found before. */
export async function loadPlugin<T>(registry: Registry, kind: PluginKind, name: string): Promise<T> {
  const plugin = await registry.load(kind, name);
  if (!plugin) throw new Error(`there is no ${kind} plugin named ${name}`);
  return plugin as T;
}

export async function loadCodecs(
  registry: Registry,
  names: Iterable<string>,
): Promise<Map<string, CodecPlugin>> {
  const codecs = new Map<string, CodecPlugin>();
  for (const name of names) codecs.set(name, await loadPlugin<CodecPlugin>(registry, 'codec', name));
  return codecs;
}

/** An error as one sentence. */
export function sentence(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return sentence(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
