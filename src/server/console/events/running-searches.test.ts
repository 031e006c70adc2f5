import { expect, test } from 'vitest';
import type { Caller } from '../call.ts';
import { RunningSearches } from './running-searches.ts';

const ann: Caller = { name: 'ann', role: 'viewer' };
const bob: Caller = { name: 'bob', role: 'administrator' };

test('a search that runs is known to its caller, and to nobody else', async () => {
  const running = new RunningSearches();
  const { promise, resolve } = Promise.withResolvers<string>();
  let tell!: (share: number) => void;
  const found = running.watch(ann, 'search-1', (onProgress) => {
    tell = onProgress!;
    return promise;
  });
  expect(running.shares(ann, ['search-1'])).toEqual({});
  tell(0.25);
  expect(running.shares(ann, ['search-1', 'search-2'])).toEqual({ 'search-1': 0.25 });
  expect(running.shares(bob, ['search-1'])).toEqual({});
  resolve('found');
  expect(await found).toBe('found');
  tell(0.5);
  expect(running.shares(ann, ['search-1'])).toEqual({});
});

test('one that fails is forgotten, one without a name is not watched', async () => {
  const running = new RunningSearches();
  const failed = running.watch(ann, 'search-1', async (onProgress) => {
    onProgress!(0.1);
    throw new Error('gone');
  });
  await expect(failed).rejects.toThrow('gone');
  expect(running.shares(ann, ['search-1'])).toEqual({});
  expect(await running.watch(ann, undefined, async (onProgress) => onProgress)).toBeUndefined();
});
