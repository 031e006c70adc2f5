import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../../kernel/logger.ts';
import { countOf, Episode, HealthParts } from './episode.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('one problem from the first time to ten seconds after the last, then numbers begin anew', () => {
  const said: (string | undefined)[] = [];
  const log: string[] = [];
  let times = 0;
  const episode = new Episode({
    health: (problem) => said.push(problem),
    logger: { ...silentLogger, warn: (_fields, text) => log.push(text) },
    words: () => countOf(times, 'time'),
    reset: () => {
      times = 0;
    },
  });
  const happen = (): void => {
    times++;
    episode.happened();
  };
  happen();
  happen();
  expect(said).toEqual(['1 time']);
  vi.advanceTimersByTime(1000);
  expect(said).toEqual(['1 time', '2 times']);
  vi.advanceTimersByTime(9_000);
  happen();
  vi.advanceTimersByTime(10_000);
  expect(said).toEqual(['1 time', '2 times', '3 times']);
  vi.advanceTimersByTime(1_000);
  expect(said.at(-1)).toBeUndefined();
  expect(log).toEqual(['1 time', 'over for 10 seconds: 3 times']);
  happen();
  expect(said.at(-1)).toBe('1 time');
  episode.close();
  vi.advanceTimersByTime(60_000);
  expect(said.at(-1)).toBe('1 time');
});

test('parts of an input say what is wrong together', () => {
  const said: (string | undefined)[] = [];
  const parts = new HealthParts((problem) => said.push(problem));
  const [a, b] = [parts.part(), parts.part()];
  a('no room');
  b('too many');
  a(undefined);
  b(undefined);
  expect(said).toEqual(['no room', 'no room; too many', 'too many', undefined]);
});
