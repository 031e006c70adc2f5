/** Files of grok patterns: lines of `NAME expression`, comments with `#`. Later definitions win. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { GrokError, type GrokPatterns } from './expand.ts';

const MAX_FILE_BYTES = 8 << 20;

/** The definitions in one file's text. Lines without an expression are skipped. */
export function parsePatternFile(text: string): GrokPatterns {
  const patterns: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^\s#]\S*)\s+(.*)$/.exec(line);
    if (match) patterns[match[1]!] = match[2]!;
  }
  return patterns;
}

/**
 * Reads all files of the given directories that fit the glob; a path that is no directory is a glob itself.
 * @throws GrokError for a path that names nothing or can not be read
 */
export function readPatternFiles(paths: readonly string[], glob: string): GrokPatterns {
  const patterns: Record<string, string> = {};
  for (const path of paths) {
    for (const file of filesOf(path, glob)) Object.assign(patterns, parsePatternFile(readText(file)));
  }
  return patterns;
}

function filesOf(path: string, glob: string): string[] {
  const kind = statSync(path, { throwIfNoEntry: false });
  const found = kind?.isFile() ? [path] : globSync(kind?.isDirectory() ? join(path, glob) : path);
  if (!kind && found.length === 0) throw new GrokError(`patterns_dir \`${path}\` does not exist`);
  return found.filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile()).sort();
}

function readText(file: string): string {
  try {
    if (statSync(file).size > MAX_FILE_BYTES) throw new Error('it is larger than 8 MiB');
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new GrokError(`pattern file \`${file}\` can not be read: ${(error as Error).message}`);
  }
}
