/** What all parts of the suite share: the plugins of the registry, and the check of small configs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type Diagnostic, formatDiagnostic } from '../../src/kernel/diagnostic.ts';
import type { Options } from '../../src/kernel/options.ts';
import type {
  CodecPlugin,
  FilterPlugin,
  InputPlugin,
  OutputPlugin,
  PluginKind,
} from '../../src/kernel/plugin.ts';
import { type CheckResult, checkPipelines } from '../../src/lang/check.ts';
import type { Variables } from '../../src/lang/variables.ts';
import { registry } from '../../src/plugins/registry.ts';

export const kinds = ['input', 'filter', 'output', 'codec'] as const;

interface PluginTypes {
  readonly input: InputPlugin<Options>;
  readonly filter: FilterPlugin<Options>;
  readonly output: OutputPlugin<Options>;
  readonly codec: CodecPlugin<Options>;
}

/** A plugin under the name that configs give it (an alias is tested like any other). */
export interface Entry<K extends PluginKind = PluginKind> {
  readonly kind: K;
  readonly name: string;
  readonly plugin: PluginTypes[K];
}

/** All plugins of a kind. */
export async function pluginsOf<K extends PluginKind>(kind: K): Promise<Entry<K>[]> {
  return Promise.all(
    registry.names(kind).map(async (name) => {
      const plugin = await registry.load(kind, name);
      if (plugin === undefined) throw new Error(`the file of the ${kind} ${name} has no such plugin`);
      return { kind, name, plugin: plugin as PluginTypes[K] };
    }),
  );
}

export async function allPlugins(): Promise<Entry[]> {
  const lists = await Promise.all<Entry[]>(kinds.map((kind) => pluginsOf(kind)));
  return lists.flat();
}

/** The row of a plugin in one of the tables of this suite. */
export function rowOf<Row>(table: Readonly<Record<string, Row>>, { kind, name }: Entry, file: string): Row {
  const row = Object.hasOwn(table, name) ? table[name] : undefined;
  if (row === undefined) {
    throw new Error(
      `the ${kind} \`${name}\` has no row in test/conformance/${file}: add one that says how to make a minimal working instance`,
    );
  }
  return row;
}

export const FILE = 'test.conf';

export interface Checked extends CheckResult {
  /** As the user sees them. */
  readonly formatted: readonly string[];
  readonly errors: readonly Diagnostic[];
}

/** Checks the text of one pipeline with all plugins. */
export async function check(
  text: string,
  variables: Variables = { environment: {} },
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Checked> {
  const pipeline = { id: 'main', sources: [{ file: FILE, text }], settings };
  const result = await checkPipelines([pipeline], registry, variables);
  return {
    ...result,
    formatted: result.diagnostics.map((each) => formatDiagnostic(each, result.sources.get(each.file))),
    errors: result.diagnostics.filter(({ severity }) => severity === 'error'),
  };
}

/** A pipeline around one plugin; `body` is the text between the braces of the plugin, in lines of its own. */
export function configOf({ kind, name }: Pick<Entry, 'kind' | 'name'>, body: string): string {
  if (kind === 'codec') return `input { generator { codec => ${name} {\n${body}\n} } }`;
  return `${kind} { ${name} {\n${body}\n} }`;
}

/** A folder for the files of one test file, removed at its end. */
export function makeFolder(): {
  readonly path: string;
  file(name: string, content?: string | Buffer): string;
} {
  const path = mkdtempSync(join(tmpdir(), 'millrace-conformance-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    file(name, content = '') {
      writeFileSync(join(path, name), content);
      return join(path, name);
    },
  };
}

/** Rejects with `what` if the promise takes longer. */
export async function within<T>(milliseconds: number, promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Resolves when the condition holds. */
export async function eventually(
  condition: () => boolean,
  what: string,
  milliseconds = 5_000,
): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(5);
  }
}
