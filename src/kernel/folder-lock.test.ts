import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { LOCK_NAME, lockFolder, lockOwner } from './folder-lock.ts';
import { processState } from './process-state.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-lock-'));
const file = join(folder, LOCK_NAME);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const has = (pid: number, started = processState(pid)?.start ?? ''): void =>
  writeFileSync(file, JSON.stringify({ pid, started }));

describe('the lock of a folder', () => {
  test('is taken and given back', () => {
    const unlock = lockFolder(folder, 'it');
    expect(lockOwner(folder)).toBe(process.pid);
    unlock();
    expect(lockOwner(folder)).toBeUndefined();
  });

  test('of a process that lives is respected, and the error names it', () => {
    has(process.ppid);
    expect(() => lockFolder(folder, 'the queue in x')).toThrow(
      `the queue in x is in use by process ${process.ppid}; only one process can use it at a time`,
    );
    rmSync(file);
    symlinkSync(JSON.stringify({ pid: process.ppid, started: processState(process.ppid)!.start }), file);
    expect(lockOwner(folder)).toBe(process.ppid);
    rmSync(file);
  });

  test('of the dead, of recycled pids, of former threads and of nobody is taken', () => {
    for (const leave of [
      () => has(4194303, '1'),
      () => has(process.ppid, '1'),
      () => has(process.pid),
      () => writeFileSync(file, ''),
    ]) {
      leave();
      lockFolder(folder, 'it')();
    }
  });

  test('of a process that ended, but that its parent has not asked for yet, is taken', async () => {
    // The shell becomes a program that never asks for its child.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0 & echo $!; exec sleep 20'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [pid] = (await once(parent.stdout, 'data')).map((line) => Number(String(line)));
    await expect.poll(() => processState(pid!)?.state).toBe('Z');
    has(pid!);
    expect(lockOwner(folder)).toBeUndefined();
    lockFolder(folder, 'it')();
    expect(() => readFileSync(file)).toThrow('ENOENT');
    parent.kill('SIGKILL');
  });
});
