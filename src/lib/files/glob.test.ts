import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globFiles, matcher } from './glob.ts';

describe('matcher', () => {
  it.each([
    ['*.log', 'a.log', true],
    ['*.log', '.log', false],
    ['.*', '.log', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[^a-c]x', 'dx', true],
    ['[]]', ']', true],
    ['[x', '[x', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['a.c', 'abc', false],
    ['*日*', 'x日y', true],
  ])('%s and %s', (pattern, name, expected) => {
    expect(matcher(pattern)(name)).toBe(expected);
  });

  it('never throws, and a name without magic matches itself', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (pattern, name) => {
        expect(typeof matcher(pattern)(name)).toBe('boolean');
        if (!/[*?[\\]/.test(pattern)) expect(matcher(pattern)(pattern)).toBe(true);
      }),
    );
  });
});

it('finds nothing in folders that are not there', async () => {
  expect(await globFiles('/no/such/{a,b}/**/*.log')).toEqual([]);
  expect(await globFiles('/')).toEqual([]);
});
