import { expect, test } from 'vitest';
import { SearchProgress } from './search-progress.ts';

test('shares grow, whatever order statements end in', () => {
  const told: number[] = [];
  const progress = new SearchProgress((share) => told.push(share));
  progress.expect(1000);
  const one = progress.begin(400);
  const two = progress.begin(600);
  two.at(0.5);
  one.at(0.25);
  two.at(0.5);
  one.at(0.1);
  one.end();
  one.end();
  two.end();
  expect(told).toEqual([0.3, 0.4, 0.7, 1]);
});

test('more than was expected is no more than all', () => {
  const told: number[] = [];
  const progress = new SearchProgress((share) => told.push(share));
  progress.begin(10).end();
  progress.expect(20);
  progress.begin(100).end();
  expect(told).toEqual([1]);
});
