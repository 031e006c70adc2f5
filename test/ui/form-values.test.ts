/** Forms write into configs: values in and out, and nothing else changes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PluginOption } from '../../src/server/contract.ts';
import { outline } from '../../ui/src/screens/editor/config-outline.ts';
import { printValue, readValue, withOption } from '../../ui/src/screens/editor/form-values.ts';

const option = (type: string, more: Partial<PluginOption> = {}): PluginOption => ({
  name: 'x',
  type,
  description: '',
  ...more,
});

test.for([
  ['string', '"a"', { kind: 'text', text: 'a' }],
  ['string', '\'say "x"\'', { kind: 'text', text: 'say "x"' }],
  ['string', 'bare', { kind: 'text', text: 'bare' }],
  ['number', '5', { kind: 'number', text: '5' }],
  ['boolean', 'true', { kind: 'switch', on: true }],
  ['boolean', '"${ON}"', { kind: 'written', text: '"${ON}"' }],
  ['array', '["a", b, 3]', { kind: 'list', items: ['a', 'b', '3'] }],
  ['array', '"one"', { kind: 'list', items: ['one'] }],
  ['array', '[["a"]]', { kind: 'written', text: '[["a"]]' }],
  [
    'hash',
    '{ "a" => "b" c => 1 }',
    {
      kind: 'pairs',
      pairs: [
        ['a', 'b'],
        ['c', '1'],
      ],
    },
  ],
  ['hash', '{ "a" => ["b"] }', { kind: 'written', text: '{ "a" => ["b"] }' }],
  ['hash', '{ "a" => "b" # why\n}', { kind: 'written', text: '{ "a" => "b" # why\n}' }],
  ['codec', 'json { charset => "UTF-8" }', { kind: 'written', text: 'json { charset => "UTF-8" }' }],
] as const)('%s %s', ([type, written, value]) => {
  expect(readValue(option(type), written)).toEqual(value);
});

const CONFIG = `filter {
  # keep me
  mutate {
    add_field => { "a" => "b" } # and me
    id => "m"
  }
  drop { }
}
`;
const [mutate, drop] = outline(CONFIG).plugins as [any, any];

test('an option is replaced, added and taken away in its place', () => {
  expect(withOption(CONFIG, mutate, 'id', '"other"')).toBe(CONFIG.replace('"m"', '"other"'));
  expect(withOption(CONFIG, mutate, 'id', undefined)).toBe(CONFIG.replace('    id => "m"\n', ''));
  expect(withOption(CONFIG, mutate, 'lowercase', '["a"]')).toBe(
    CONFIG.replace('id => "m"\n', 'id => "m"\n    lowercase => ["a"]\n'),
  );
  expect(withOption(CONFIG, drop, 'percentage', '5')).toBe(
    CONFIG.replace('drop { }', 'drop {\n    percentage => 5\n  }'),
  );
  expect(withOption(CONFIG, mutate, 'add_field', undefined)).toContain('# and me');
});

test('what a form writes, it reads again', () => {
  const text = fc
    .string()
    .filter((each) => !each.includes('\\') && !(each.includes('"') && each.includes("'")));
  fc.assert(
    fc.property(text, fc.array(text), (one, many) => {
      const written = printValue(option('string'), { kind: 'text', text: one });
      if (written !== undefined)
        expect(readValue(option('string'), written)).toEqual({ kind: 'text', text: one });
      const list = printValue(option('array'), { kind: 'list', items: many });
      if (list !== undefined) expect(readValue(option('array'), list)).toEqual({ kind: 'list', items: many });
      const pairs = many.map((each) => [each, one] as const);
      const hash = printValue(option('hash'), { kind: 'pairs', pairs });
      if (hash !== undefined) expect(readValue(option('hash'), hash)).toEqual({ kind: 'pairs', pairs });
    }),
  );
});

test('reading never throws', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('string', 'number', 'boolean', 'array', 'hash', 'codec'),
      fc.string(),
      (type, text) => {
        readValue(option(type), text);
      },
    ),
  );
});
