import { describe, expect, test } from 'vitest';
import { Pace, type PaceOptions } from './pace.ts';

/** Sends events as the store input does; answers when each went, in milliseconds. */
function simulate(options: PaceOptions, times: readonly (number | undefined)[]): number[] {
  let clock = 1000;
  const pace = new Pace({ ...options, now: () => clock });
  const went: number[] = [];
  for (const time of times) {
    clock += pace.delay(time);
    went.push(clock - 1000);
    pace.went(1);
  }
  return went;
}

describe('pace', () => {
  test('at most so many a second', () => {
    expect(simulate({ rate: 10, speed: undefined }, [0, 0, 0, 0])).toEqual([0, 100, 200, 300]);
    expect(new Pace({ rate: 1000, speed: undefined }).burst).toBe(50);
    expect(new Pace({ rate: 0.5, speed: undefined }).burst).toBe(1);
  });

  test('ten times as fast as it happened; what has no time, or an earlier one, waits for nothing', () => {
    const times = [50_000, 51_000, undefined, 52_000, 40_000, 53_000];
    expect(simulate({ rate: undefined, speed: 10 }, times)).toEqual([0, 100, 100, 200, 200, 300]);
  });

  test('both, and neither', () => {
    expect(simulate({ rate: 2, speed: 1 }, [0, 100, 2000])).toEqual([0, 500, 2000]);
    expect(simulate({ rate: undefined, speed: undefined }, [0, 9e9, 0])).toEqual([0, 0, 0]);
  });
});
