/** Finds test files: those named, and those in folders. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { looksLikeTests } from '../engine/config-tests/read-test-file.ts';
import { MillraceError } from '../kernel/errors.ts';

export interface FoundFile {
  /** As it is named in reports. */
  readonly file: string;
  readonly text: string;
}

/** Larger files are no tests. */
const MAX_BYTES = 16 << 20;
const MAX_FOLDERS = 10_000;
const SUFFIX = /\.(?:ya?ml|json)$/;

/** Test files of paths, in the order of their names. @throws MillraceError ERR_IO */
export function findTestFiles(paths: readonly string[]): FoundFile[] {
  const found = new Map<string, FoundFile>();
  for (const path of paths) {
    const kind = statSync(path, { throwIfNoEntry: false });
    if (!kind) throw new MillraceError('ERR_IO', `there is no file or folder ${path}`);
    if (!kind.isDirectory()) found.set(path, { file: path, text: readFileSync(path, 'utf8') });
    else for (const each of below(path)) found.set(each.file, each);
  }
  return [...found.values()];
}

function below(folder: string): FoundFile[] {
  const files: FoundFile[] = [];
  const folders = [folder];
  for (let at = 0; at < folders.length && at < MAX_FOLDERS; at++) {
    const current = folders[at]!;
    for (const entry of readdirSync(current, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const path = current === '.' ? entry.name : join(current, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile() && SUFFIX.test(entry.name)) {
        if ((statSync(path, { throwIfNoEntry: false })?.size ?? MAX_BYTES) >= MAX_BYTES) continue;
        const text = readFileSync(path, 'utf8');
        if (/\.test\.\w+$/.test(entry.name) || looksLikeTests(text)) files.push({ file: path, text });
      }
    }
  }
  return files.sort((a, b) => (a.file < b.file ? -1 : 1));
}
