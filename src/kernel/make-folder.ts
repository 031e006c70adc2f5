import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it; returns the first that was made, undefined when all were there.
 * @throws the system's error: `mkdirSync` itself says ENOENT where a file system is read-only
 */
export function makeFolder(path: string, mode?: number): string | undefined {
  const options = mode === undefined ? {} : { mode };
  try {
    return mkdirSync(path, { ...options, recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    let first = path;
    while (!existsSync(dirname(first))) first = dirname(first);
    mkdirSync(first, options);
    return mkdirSync(path, { ...options, recursive: true }) ?? first;
  }
}
