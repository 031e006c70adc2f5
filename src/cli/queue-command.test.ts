import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runToEnd } from '../../test/support/millrace.ts';

const base = mkdtempSync(join(tmpdir(), 'millrace-queue-command-'));
afterAll(() => rmSync(base, { recursive: true }));

let count = 0;
/** A queue with 90 waiting events, lines n=11 to n=100; a byte of one of its files can be broken. */
function queue(broken?: { file: string; at: number }): string {
  const folder = join(base, String(++count));
  cpSync(resolve(import.meta.dirname, '../../test/fixtures/queue-v1'), folder, { recursive: true });
  if (broken) {
    const file = join(folder, broken.file);
    const bytes = readFileSync(file);
    bytes[broken.at]! ^= 16;
    writeFileSync(file, bytes);
  }
  return folder;
}
const run = (...args: string[]): ReturnType<typeof runToEnd> => runToEnd({ args: ['queue', ...args] });

describe('millrace queue', () => {
  test('inspect and verify say what is there', async () => {
    const folder = queue();
    const { code, stdout } = await run('inspect', folder);
    expect(code).toBe(0);
    expect(stdout).toContain('not in use');
    expect(stdout).toContain('90 events wait');
    expect(stdout).toContain('from input tcp (in): 90 events in 9 blocks');
    expect(await run('verify', folder)).toMatchObject({ code: 0, stdout: expect.stringContaining('sound') });
  });

  test('verify finds damage, repair sets it aside and keeps the rest', async () => {
    const folder = queue({ file: 'segment-0000000002', at: 300 });
    const verified = await run('verify', folder);
    expect(verified.code).toBe(1);
    expect(verified.stdout).toContain('DAMAGED segment-0000000002');
    const repaired = await run('repair', folder);
    expect([repaired.code, repaired.stdout]).toEqual([0, expect.stringContaining('80 events wait')]);
    expect(readdirSync(folder)).toContain('segment-0000000002.damaged');
    expect((await run('verify', folder)).code).toBe(0);
  });

  test('drain writes the records as they came, and removes them; --keep does not', async () => {
    const folder = queue();
    const kept = await run('drain', folder, '--keep');
    expect(kept.stdout.split('\n')).toHaveLength(91);
    expect(kept.stdout).toMatch(/^n=11 /);
    const drained = await run('drain', folder);
    expect(drained.stdout).toBe(kept.stdout);
    expect(drained.stderr).toContain('90 events written and removed from the queue');
    expect((await run('drain', folder)).stdout).toBe('');
  });

  test('mistakes are named', async () => {
    expect((await run()).stdout).toContain('Usage: millrace queue');
    expect(await run('look', base)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no queue command look'),
    });
    expect(await run('inspect')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('needs the folder'),
    });
    expect(await run('inspect', base)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('holds no queue'),
    });
    expect(await run('verify', join(base, 'x'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no folder'),
    });
  });
});
