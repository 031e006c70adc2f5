/** File name patterns as Ruby's `Dir.glob` and `File.fnmatch` have them: `*`, `**`, `?`, `[a-z]`, `{a,b}`, `\`. */
import { readdir, stat } from 'node:fs/promises';

const MAGIC = /[*?[\\]/;
/** `**` goes no deeper. */
const MAX_DEPTH = 100;
const MAX_ALTERNATIVES = 1000;

/**
 * Paths of files (links followed) that an absolute pattern names, in order of their names. Folders that can not be
 * read are told to `unreadable`.
 */
export async function globFiles(
  pattern: string,
  unreadable: (folder: string, reason: string) => void = () => {},
): Promise<string[]> {
  const found = new Set<string>();
  for (const alternative of expandBraces(pattern)) {
    const segments = alternative.split('/').filter((segment) => segment !== '');
    await walk('', segments, found, unreadable);
  }
  return [...found];
}

async function walk(
  folder: string,
  segments: readonly string[],
  found: Set<string>,
  unreadable: (folder: string, reason: string) => void,
  depth = 0,
): Promise<void> {
  const [segment, ...rest] = segments;
  if (segment === undefined) return;
  if (segment === '**' && rest.length > 0) {
    await walk(folder, rest, found, unreadable, depth);
    if (depth >= MAX_DEPTH) return;
    for (const entry of await list(folder, unreadable)) {
      if (entry.isDirectory() && !entry.name.startsWith('.'))
        await walk(`${folder}/${entry.name}`, segments, found, unreadable, depth + 1);
    }
    return;
  }
  const names = MAGIC.test(segment)
    ? (await list(folder, unreadable)).map((entry) => entry.name).filter(matcher(segment))
    : [segment];
  for (const name of names) {
    const path = `${folder}/${name}`;
    if (rest.length > 0) await walk(path, rest, found, unreadable, depth);
    else if ((await stat(path).catch(() => undefined))?.isFile()) found.add(path);
  }
}

async function list(folder: string, unreadable: (folder: string, reason: string) => void) {
  try {
    const entries = await readdir(folder === '' ? '/' : folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') unreadable(folder, message);
    return [];
  }
}

/** `a{b,c{d,e}}` → `ab`, `acd`, `ace`. */
function expandBraces(pattern: string): string[] {
  let depth = 0;
  let open = -1;
  const commas: number[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === '\\') at++;
    else if (char === '{') {
      if (depth++ === 0) open = at;
    } else if (char === ',' && depth === 1) commas.push(at);
    else if (char === '}' && depth > 0 && --depth === 0) {
      const bounds = [open, ...commas, at];
      const all: string[] = [];
      for (let index = 1; index < bounds.length; index++) {
        const middle = pattern.slice(bounds[index - 1]! + 1, bounds[index]);
        all.push(...expandBraces(pattern.slice(0, open) + middle + pattern.slice(at + 1)));
        if (all.length > MAX_ALTERNATIVES) break;
      }
      return all.slice(0, MAX_ALTERNATIVES);
    }
  }
  return [pattern];
}

/** Does a name match a pattern without `/` and braces? A leading dot must stand in the pattern. */
export function matcher(pattern: string): (name: string) => boolean {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!;
    if (char === '*') {
      // Several in a row mean the same, and would make the expression slow.
      while (pattern[at + 1] === '*') at++;
      source += '[^/]*';
    } else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const close = pattern.indexOf(']', at + 2);
      if (close < 0) source += '\\[';
      else {
        const set = pattern.slice(at + 1, close).replace(/^[!^]/, '');
        const negated = /^[!^]/.test(pattern.slice(at + 1, close)) ? '^' : '';
        source += `[${negated}${set.replace(/[\\\]^[]/g, '\\$&')}]`;
        at = close;
      }
    } else if (char === '\\' && at + 1 < pattern.length) source += literal(pattern[++at]!);
    else source += literal(char);
  }
  const hidden = pattern.startsWith('.') || pattern.startsWith('\\.');
  let expression: RegExp;
  try {
    expression = new RegExp(`^${source}$`, 'su');
  } catch {
    return (name) => name === pattern;
  }
  return (name) => (hidden || !name.startsWith('.')) && expression.test(name);
}

const literal = (char: string): string => char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
