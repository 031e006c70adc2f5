/** Runs work again whenever a file changes. Looks at the files themselves: that works with every editor and mount. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const INTERVAL_MS = 250;
const MAX_FILES = 20_000;
/** What tests and configs are made of: patterns, scripts and dictionaries too. */
const LOOKED_AT = /\.(?:ya?ml|json|conf|rb|csv|grok|pattern|patterns|txt)$|^[^.]+$/;

/**
 * Calls `run` now and after every change of the paths that it answered with (files, folders with all below them).
 * Resolves to 0 at SIGINT or SIGTERM.
 */
export async function watchFiles(run: () => Promise<readonly string[]>): Promise<number> {
  let ended = false;
  let wake = (): void => {};
  const end = (): void => {
    ended = true;
    wake();
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  let paths = await run();
  let before = fingerprint(paths);
  while (!ended) {
    await new Promise<void>((resolve) => {
      wake = resolve;
      setTimeout(resolve, INTERVAL_MS);
    });
    if (ended) break;
    const now = fingerprint(paths);
    if (now === before) continue;
    paths = await run();
    before = fingerprint(paths);
  }
  process.off('SIGINT', end).off('SIGTERM', end);
  return 0;
}

/** Names, sizes and times of all files. */
function fingerprint(paths: readonly string[]): string {
  const seen: string[] = [];
  const waiting = [...new Set(paths)];
  for (let at = 0; at < waiting.length && seen.length < MAX_FILES; at++) {
    const path = waiting[at]!;
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) continue;
    if (!found.isDirectory()) {
      seen.push(`${path} ${found.size} ${found.mtimeMs}`);
      continue;
    }
    try {
      for (const entry of readdirSync(path, { withFileTypes: true })) {
        if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
        if (entry.isDirectory() || LOOKED_AT.test(entry.name)) waiting.push(join(path, entry.name));
      }
    } catch {
      // Gone, or not ours to read.
    }
  }
  return seen.sort().join('\n');
}
