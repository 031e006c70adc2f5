import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { writeWhole } from './write-whole.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function newFolder(): string {
  folders.push(mkdtempSync(join(tmpdir(), 'millrace-whole-')));
  return folders.at(-1)!;
}
const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('a new file, in folders that are made, and one in the place of another', () => {
  const folder = join(newFolder(), 'a', 'b');
  const path = join(folder, 'file');
  writeWhole(path, 'one', { mode: 0o600, folderMode: 0o700 });
  expect([readFileSync(path, 'utf8'), modeOf(path), modeOf(folder)]).toEqual(['one', 0o600, 0o700]);
  chmodSync(path, 0o640);
  writeWhole(path, Buffer.from([0, 255, 10]), { mode: 0o600, keepsRights: true });
  expect([[...readFileSync(path)], modeOf(path)]).toEqual([[0, 255, 10], 0o640]);
  writeWhole(path, '', { mode: 0o600 });
  expect([readFileSync(path, 'utf8'), modeOf(path)]).toEqual(['', 0o600]);
  expect(readdirSync(folder)).toEqual(['file']);
});

test('what can not be put in its place leaves everything as it was', () => {
  const folder = newFolder();
  mkdirSync(join(folder, 'file'));
  writeFileSync(join(folder, 'file', 'inside'), '');
  expect(() => writeWhole(join(folder, 'file'), 'text', { mode: 0o600 })).toThrow();
  expect(readdirSync(folder)).toEqual(['file']);
  expect(() => writeWhole(join(folder, 'file', 'inside', 'x'), 'text', { mode: 0o600 })).toThrow();
});
