import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runToEnd } from '../../test/support/millrace.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-user-command-'));
afterAll(() => rmSync(folder, { recursive: true }));
const user = (args: string[], input?: string): ReturnType<typeof runToEnd> =>
  runToEnd({ args: ['user', ...args, '--path.data', folder] }, input);

test('users are made with a password from standard input, listed, changed, removed', async () => {
  expect(await user(['add', 'root'], 'long enough\n')).toMatchObject({
    code: 0,
    stdout: 'user root is there, as administrator\n',
  });
  expect((await user(['add', 'anna'], 'also enough\n')).stdout).toBe('user anna is there, as viewer\n');
  expect((await user(['role', 'anna', 'operator'])).stdout).toBe('user anna is operator\n');
  expect((await user(['list'])).stdout).toMatch(/^anna\toperator\t\S+\nroot\tadministrator\t\S+\n$/);
  expect((await user(['passwd', 'anna'], 'short\n')).stderr).toContain('at least 8 characters');
  expect((await user(['remove', 'anna'])).code).toBe(0);
  const last = await user(['remove', 'root']);
  expect([last.code, last.stderr]).toEqual([1, expect.stringContaining('the last administrator stays')]);
  expect((await user(['role', 'root', 'king'])).stderr).toContain('viewer, analyst, operator, administrator');
  expect((await user(['add'])).stderr).toContain('needs a name');
});
