#!/usr/bin/env node
// The launcher: plain JavaScript for any Node from 20. Starts the program on the runtime that came with it (or on
// the Node at hand, from 24.7) with the flags it needs. See docs/ARCHITECTURE.md, "Runtime".
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const flags = [
  // Regular expressions from users can not hang us.
  '--enable-experimental-regexp-engine-on-excessive-backtracks',
  '--regexp-backtracks-before-fallback=50000',
  // A field named __proto__ is data.
  '--disable-proto=delete',
  // Buffers of sockets are a part of all memory, not a reason of their own for full collections (ADR 0012).
  '--external-memory-accounted-in-global-limit',
  '--initial-old-space-size=64',
  // The heap of a thread grows by half, not to four times of what lives in it, before it is collected.
  '--heap-growing-percent=50',
  '--max-semi-space-size=16',
  '--no-warnings',
];

function bundledRuntime() {
  const require = createRequire(import.meta.url);
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  try {
    const packageFile = require.resolve(`node-${process.platform}-${process.arch}/package.json`);
    const file = join(dirname(packageFile), 'bin', binary);
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

function runtime() {
  const bundled = bundledRuntime();
  if (bundled) return bundled;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 7)) return process.execPath;
  process.stderr.write(
    `millrace needs Node 24.7 or later, and this is ${process.versions.node}. The runtime that comes with it is not ` +
      `installed (package node-${process.platform}-${process.arch}): run "npm ci" in ${root}, without --omit=optional.\n`,
  );
  process.exit(1);
}

/** Compiled code is kept between starts where that is allowed. */
function compileCache() {
  if (process.env.NODE_COMPILE_CACHE) return process.env.NODE_COMPILE_CACHE;
  const folder = join(root, 'node_modules', '.cache', 'millrace');
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return folder;
  } catch {
    return undefined;
  }
}

// A checkout runs its sources, an installed package what was compiled from them.
const source = join(root, 'src', 'cli', 'main.ts');
const entry = existsSync(source) ? source : join(root, 'dist', 'cli', 'main.js');
const file = runtime();
const cache = compileCache();
// One heap for the buffers of all threads: glibc's heaps of threads go to pieces under many connections, and none gives
// back what another could use. Inflated windows of 2 MB come from it, too: mapping each anew costs more than inflating (ADR 12).
const malloc = Object.entries({
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: String(4 * 1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(16 * 1024 * 1024),
}).filter(([name]) => process.env[name] === undefined);
const environment = {
  UV_THREADPOOL_SIZE: '16',
  ...process.env,
  ...Object.fromEntries(malloc),
  // They are for this process alone: once it runs, it takes them out of what its children and configs see.
  MILLRACE_ONLY_HERE: [...malloc.map(([name]) => name), 'MILLRACE_ONLY_HERE'].join(' '),
  ...(cache ? { NODE_COMPILE_CACHE: cache } : {}),
};
const args = [...flags, entry, ...process.argv.slice(2)];

if (typeof process.execve === 'function' && !process.env.MILLRACE_NO_EXECVE) {
  process.execve(file, [file, ...args], environment);
} else {
  // Older Node: a child in our process group. Signals reach it over the channel (it takes each once, though the
  // terminal sends them to both of us), and it ends when the channel does.
  const child = spawn(file, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env: environment });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']) {
    process.on(signal, () => {
      if (child.connected) child.send({ signal });
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`millrace could not start ${file}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code ?? 1);
  });
}
