import fc from 'fast-check';
import { expect, test } from 'vitest';
import { securityEvents } from '../../bench/store-events.ts';
import { compileSourceFilter } from './source-filter.ts';

const filter = (source: string, includes: string[], excludes: string[] = []): string =>
  compileSourceFilter({ includes, excludes })(source);

const source =
  '{"a": {"b": 12345678901234567890, "c": [{"d": 1.0, "e": "x\\"}"}, {"d": 2}]}, "f.g": null, "h": [], "i": {}, "j": [[1, {"k": 2}]]}';

test.each<[string[], string[], string]>([
  [[], [], source],
  [['a.b'], [], '{"a":{"b":12345678901234567890}}'],
  [['a'], [], '{"a":{"b": 12345678901234567890, "c": [{"d": 1.0, "e": "x\\"}"}, {"d": 2}]}}'],
  [['a.*.d'], [], '{"a":{"c":[{"d":1.0},{"d":2}]}}'],
  [['*.e'], [], '{"a":{"c":[{"e":"x\\"}"}]}}'],
  [['f.g', 'i', 'h'], [], '{"f.g":null,"h":[],"i":{}}'],
  [['f.*'], [], '{"f.g":null}'],
  [['j.k'], [], '{"j":[[{"k":2}]]}'],
  [['*'], ['a', 'j'], '{"f.g":null,"h":[],"i":{}}'],
  [[], ['a.c.e', 'j'], '{"a":{"b":12345678901234567890,"c":[{"d":1.0},{"d":2}]},"f.g":null,"h":[],"i":{}}'],
  [['a.c'], ['*.d'], '{"a":{"c":[{"e":"x\\"}"}]}}'],
  [['nothing'], [], '{}'],
])('includes %j, excludes %j', (includes, excludes, expected) => {
  expect(filter(source, includes, excludes)).toBe(expected);
});

test('property: what is kept is what was there', () => {
  const event = securityEvents(1000);
  const patterns = fc.constantFrom(
    'agent',
    'host.*',
    '*.ip',
    'event.*',
    'dns.answers.data',
    'a*',
    '*.name',
    '*',
  );
  fc.assert(
    fc.property(
      fc.nat(999),
      fc.array(patterns, { maxLength: 3 }),
      fc.array(patterns, { maxLength: 2 }),
      (n, includes, excludes) => {
        const text = event(n).source;
        const kept = leaves(JSON.parse(filter(text, includes, excludes)));
        const isUnder = (list: string[], path: string): boolean =>
          path.split('.').some((_, at, names) => {
            const part = names.slice(0, at + 1).join('.');
            return list.some((pattern) =>
              new RegExp(`^${pattern.replace(/[.]/g, '\\.').replace(/\*/g, '.*')}$`).test(part),
            );
          });
        const expected = leaves(JSON.parse(text)).filter(
          ([path]) => (includes.length === 0 || isUnder(includes, path)) && !isUnder(excludes, path),
        );
        expect(kept).toEqual(expected);
      },
    ),
  );
});

function leaves(value: unknown, path = ''): [string, unknown][] {
  if (Array.isArray(value)) return value.flatMap((inner) => leaves(inner, path));
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}
