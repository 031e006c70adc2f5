import { describe, expect, it } from 'vitest';
import { runGuarded, runsInTime } from './regexp-guard.ts';

const forever = (): void => {
  while (true);
};

describe('runGuarded', () => {
  it('runs every call and returns -1', () => {
    const seen: number[] = [];
    expect(runGuarded(5, 1000, (index) => seen.push(index))).toBe(-1);
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  it('names the call that runs into the limit, after which the caller goes on', () => {
    const seen: number[] = [];
    const work = (index: number): void => {
      if (index === 2) forever();
      seen.push(index);
    };
    expect(runGuarded(5, 20, work)).toBe(2);
    expect(runGuarded(5, 20, work, 3)).toBe(-1);
    expect(seen).toEqual([0, 1, 3, 4]);
  });

  it('ends a regular expression that backtracks without end', () => {
    const hang = /^(?=a)(a+)+$/;
    expect(runsInTime(20, () => hang.test(`${'a'.repeat(60)}!`))).toBe(false);
    expect(hang.test('aaa')).toBe(true);
  });

  it('gives each call the whole time, though the batch takes longer', () => {
    const work = (): void => {
      const end = performance.now() + 10;
      while (performance.now() < end);
    };
    expect(runGuarded(12, 20, work)).toBe(-1);
  });

  it('passes errors on', () => {
    expect(() =>
      runGuarded(1, 100, () => {
        throw new TypeError('own');
      }),
    ).toThrow('own');
  });
});
