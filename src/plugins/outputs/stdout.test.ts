import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../../../test/support/stdout-child.ts');
const numbers = (text: string): number[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).n);
const counted = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('stdout', () => {
  it('writes all events in order to a pipe that is slow', async () => {
    const child = spawn('sh', ['-c', `"${process.execPath}" "${program}" 5000 | (sleep 0.4; cat)`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    await new Promise((resolve) => child.on('close', resolve));
    expect(numbers(text)).toEqual(counted(5000));
  });

  it('writes to a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-stdout-'));
    try {
      const path = join(folder, 'out');
      const fd = openSync(path, 'w');
      const child = spawn(process.execPath, [program, '300'], { stdio: ['ignore', fd, 'inherit'] });
      await new Promise((resolve) => child.on('close', resolve));
      closeSync(fd);
      expect(numbers(readFileSync(path, 'utf8'))).toEqual(counted(300));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('ends the process quietly when the reader has gone', async () => {
    const child = spawn(process.execPath, [program, '1000000', 'wait'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk) => (errors += chunk));
    child.stdout.once('data', () => child.stdout.destroy());
    const ended = new Promise((resolve) => child.on('close', (_code, signal) => resolve(signal)));
    expect(await Promise.race([ended, delay(3000, 'still there')])).toBe('SIGTERM');
    expect(errors).toBe('');
  });
});
