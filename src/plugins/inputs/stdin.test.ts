import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../../../test/support/stdin-child.ts');

async function output(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout!.on('data', (chunk) => (text += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).toBe(0);
  return text;
}
const messages = (text: string): string[] =>
  JSON.parse(text).map((event: { message: string }) => event.message);

describe('stdin', () => {
  it('reads a pipe to its end', async () => {
    const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
    const result = output(child);
    child.stdin!.write('one\ntw');
    setTimeout(() => child.stdin!.end('o\nthree'), 30);
    const text = await result;
    expect(messages(text)).toEqual(['one', 'two', 'three']);
    expect(JSON.parse(text)[0].host).toBe(hostname());
  });

  it('reads a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-stdin-'));
    try {
      const path = join(folder, 'in');
      const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}`);
      writeFileSync(path, `${lines.join('\n')}\n`);
      const child = spawn(process.execPath, [program], { stdio: [openSync(path, 'r'), 'pipe', 'inherit'] });
      expect(messages(await output(child))).toEqual(lines);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('ends at once when there is nothing to read', async () => {
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    expect(messages(await output(child))).toEqual([]);
  });

  it('does not hold the process when it is closed while waiting', async () => {
    const child = spawn(process.execPath, [program, 'close'], { stdio: ['pipe', 'pipe', 'inherit'] });
    expect(await output(child)).toBe('open');
    child.stdin!.destroy();
  });
});
