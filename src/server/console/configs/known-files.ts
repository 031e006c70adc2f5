/**
 * The files that the console may show and change: those that pipelines are read from, pipelines.yml, config tests
 * beside them, and custom files. Requests name them by ids of this list, so that nothing they say becomes a path.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, realpathSync, type Stats } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { looksLikeTests } from '../../../engine/config-tests/read-test-file.ts';
import type { ConfigFile } from '../../contract/configs.ts';
import type { ConfigHost, HostPipeline } from './config-host.ts';

export interface KnownFile extends ConfigFile {
  /** Absolute, links resolved: where it is read and written. */
  readonly real: string;
}

/** Larger files are not for an editor. */
const MAX_BYTES = 2_000_000;
const MAX_TESTS = 500;

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
export const idOf = (path: string): string => hashOf(path).slice(0, 16);
export const customFolderOf = (host: ConfigHost): string => join(host.dataPath, 'files');

/** Everything there is now. */
export function knownFiles(host: ConfigHost, pipelines: readonly HostPipeline[]): KnownFile[] {
  const found = new Map<string, KnownFile>();
  const add = (file: KnownFile | undefined): void => {
    if (file && !found.has(file.id)) found.set(file.id, file);
  };
  const usedBy = new Map<string, string[]>();
  for (const { id, sources } of pipelines)
    for (const { file } of sources) {
      if (!isFile(file)) continue;
      const path = resolve(file);
      const users = usedBy.get(path);
      if (!users) usedBy.set(path, [id]);
      else if (!users.includes(id)) users.push(id);
    }
  for (const [path, ids] of usedBy) add(describe(host, path, 'pipeline', ids));
  const { settingsFolder } = host;
  if (settingsFolder !== undefined)
    add(describe(host, join(settingsFolder, 'pipelines.yml'), 'pipelines', []));
  const folders = new Set([...usedBy.keys()].map(dirname));
  if (settingsFolder !== undefined) folders.add(settingsFolder);
  for (const path of testFiles(folders)) add(describe(host, path, 'test', []));
  for (const path of customFiles(host)) add(describe(host, path, 'custom', []));
  return [...found.values()];
}

/** Sources that are no files: `<config.string>`, an address. */
const isFile = (file: string): boolean => !file.startsWith('<') && !/^https?:\/\//i.test(file);

function describe(
  host: ConfigHost,
  path: string,
  kind: ConfigFile['kind'],
  pipelines: readonly string[],
): KnownFile | undefined {
  const stats = statOf(path);
  if (!stats) return undefined;
  const { real, inside } = target(path, stats);
  if (real === undefined) return undefined;
  const own = statOf(real);
  if (!own?.isFile()) return undefined;
  const readOnly = !inside
    ? `a link to ${real}: change it there`
    : own.size > MAX_BYTES
      ? 'it is larger than 2 MB'
      : undefined;
  // A link out of its folder is followed for what pipelines are read from, and for nothing else.
  if (!inside && kind !== 'pipeline') return undefined;
  const secret = kind === 'custom' && holdsSecret(real, own);
  return {
    id: idOf(path),
    name: kind === 'custom' ? basename(path) : shortName(host, path),
    path,
    kind,
    pipelines: [...pipelines],
    bytes: own.size,
    modified: own.mtimeMs,
    ...(readOnly !== undefined && { readOnly }),
    ...(secret && { secret }),
    real,
  };
}

const statOf = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

/** Where a path leads, and whether that is in its own folder. */
function target(path: string, stats: Stats): { real: string | undefined; inside: boolean } {
  try {
    const real = realpathSync(path);
    if (!stats.isSymbolicLink()) return { real, inside: true };
    return { real, inside: real.startsWith(realpathSync(dirname(path)) + sep) };
  } catch {
    return { real: undefined, inside: false };
  }
}

function shortName({ settingsFolder }: ConfigHost, path: string): string {
  const from = settingsFolder === undefined ? undefined : relative(settingsFolder, path);
  return from !== undefined && !from.startsWith('..') ? from : basename(path);
}

/** YAML and JSON with tests, in these folders and in `test` and `tests` below them. */
function testFiles(folders: ReadonlySet<string>): string[] {
  const found: string[] = [];
  for (const folder of [...folders].flatMap((each) => [each, join(each, 'test'), join(each, 'tests')])) {
    for (const name of namesIn(folder)) {
      if (!/\.(?:ya?ml|json)$/.test(name) || name === 'pipelines.yml' || found.length >= MAX_TESTS) continue;
      const path = join(folder, name);
      const stats = statOf(path);
      if (!stats?.isFile() || stats.size > MAX_BYTES) continue;
      if (/\.test\.\w+$/.test(name) || looksLikeTests(readText(path) ?? '')) found.push(path);
    }
  }
  return found;
}

const customFiles = (host: ConfigHost): string[] =>
  namesIn(customFolderOf(host)).map((name) => join(customFolderOf(host), name));

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch {
    return [];
  }
}

/** Undefined: it is not there, or no text. */
export function readText(path: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch {
    return undefined;
  }
}

const secrets = new Map<string, { readonly stamp: string; readonly secret: boolean }>();

/** Private keys, key stores and what is no text is never shown. */
function holdsSecret(path: string, { mtimeMs, size }: Stats): boolean {
  if (/\.(?:p12|pfx|jks|key|keystore)$/i.test(path)) return true;
  const stamp = `${mtimeMs} ${size}`;
  const known = secrets.get(path);
  if (known?.stamp === stamp) return known.secret;
  const text = size > MAX_BYTES ? undefined : readText(path);
  const secret = text === undefined || /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text);
  secrets.set(path, { stamp, secret });
  return secret;
}
