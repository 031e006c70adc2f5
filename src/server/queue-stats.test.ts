import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { storageOf } from './queue-stats.ts';

test('where a queue lies: free bytes and the type of the file system', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const { path, free_space_in_bytes, storage_type } = storageOf(folder);
  rmSync(folder, { recursive: true });
  expect(path).toBe(folder);
  expect(free_space_in_bytes).toBeGreaterThan(0);
  expect(storage_type).toMatch(/^[a-z][\w.]+$/);
  expect(storageOf('/proc').storage_type).toBe('proc');
});

test('a folder that is not there', () => {
  expect(storageOf('/nowhere/at/all')).toEqual({
    path: '/nowhere/at/all',
    free_space_in_bytes: 0,
    storage_type: 'unknown',
  });
});
