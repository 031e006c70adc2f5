/**
 * Builds a test peer that is written in Go once per version of its sources, into the system's temporary directory. The
 * modules come from Go's module proxy.
 */
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** From 1.21 on, Go fetches the version that a module asks for; Debian 12 has an older one. */
const FETCHES_ITSELF = 21;
const TOOLCHAIN = '1.24.9';

const minorOf = (version: string): number => Number(/1\.(\d+)/.exec(version)?.[1] ?? 0);

/** Path of a Go that is new enough for all test peers, from the module proxy as newer ones fetch it. */
async function toolchain(): Promise<string> {
  const machine = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const name = `golang.org/toolchain@v0.0.1-go${TOOLCHAIN}.${machine}`;
  const { stdout } = await run('go', ['mod', 'download', '-json', name], { cwd: tmpdir(), timeout: 240_000 });
  const { Dir: root } = JSON.parse(stdout) as { Dir: string };
  // Modules have no programs, for those who do not know of this one.
  for (const folder of ['bin', join('pkg', 'tool', machine.replace('-', '_'))])
    for (const file of readdirSync(join(root, folder))) chmodSync(join(root, folder, file), 0o755);
  return join(root, 'bin', 'go');
}

/** Path of the program, or why there is none. */
export async function buildGoProgram(sources: string): Promise<{ path: string } | { missing: string }> {
  const name = basename(sources);
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(sources, file)));
  const directory = join(tmpdir(), `millrace-${name}-${process.getuid?.() ?? 0}`);
  const path = join(directory, hash.digest('hex').slice(0, 16));
  if (existsSync(path)) return { path };
  let version: string;
  try {
    version = (await run('go', ['env', 'GOVERSION'])).stdout;
  } catch {
    return { missing: 'go is not installed' };
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Several test files may build it at the same time.
  const partial = `${path}.${randomUUID()}`;
  try {
    const wanted = /^go (1\.\d+)/m.exec(readFileSync(join(sources, 'go.mod'), 'utf8'))![1]!;
    const go = minorOf(version) < Math.min(minorOf(wanted), FETCHES_ITSELF) ? await toolchain() : 'go';
    const environment = { ...process.env, GOROOT: undefined };
    await run(go, ['build', '-o', partial, '.'], { cwd: sources, env: environment, timeout: 240_000 });
  } catch (error) {
    return { missing: `${name} can not be built: ${(error as Error).message}` };
  }
  renameSync(partial, path);
  return { path };
}
