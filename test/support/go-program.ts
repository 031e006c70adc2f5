/**
 * Builds a test peer that is written in Go once per version of its sources, into the system's temporary directory. The
 * modules come from Go's module proxy.
 */
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Path of the program, or why there is none. */
export async function buildGoProgram(sources: string): Promise<{ path: string } | { missing: string }> {
  const name = basename(sources);
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(sources, file)));
  const directory = join(tmpdir(), `millrace-${name}-${process.getuid?.() ?? 0}`);
  const path = join(directory, hash.digest('hex').slice(0, 16));
  if (existsSync(path)) return { path };
  try {
    await run('go', ['version']);
  } catch {
    return { missing: 'go is not installed' };
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Several test files may build it at the same time.
  const partial = `${path}.${randomUUID()}`;
  try {
    await run('go', ['build', '-o', partial, '.'], { cwd: sources, timeout: 120_000 });
  } catch (error) {
    return { missing: `${name} can not be built: ${(error as Error).message}` };
  }
  renameSync(partial, path);
  return { path };
}
