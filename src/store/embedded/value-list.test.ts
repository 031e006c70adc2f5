import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { compareText } from '../../query/text-analysis.ts';
import { ValueListBuilder } from './value-list.ts';
import { type ListedValue, listedValues, listHas, mayHaveValues, wantedValues } from './value-lookup.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-values-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'one.values');

const FIELDS = ['source.ip', 'related.ip', 'host "x"'];
const entry = fc.record({
  field: fc.nat(2),
  count: fc.integer({ min: 1, max: 1e6 }),
  time: fc.option(fc.record({ first: fc.integer({ min: -1e12, max: 2e12 }), span: fc.nat(1e9) })),
});
const value = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.ipV4(),
  fc.constantFrom('', '\n', '",1', 'a\\', 'x'.repeat(70_000)),
);

function write(content: ReadonlyMap<string, readonly ListedValue[]>): void {
  const list = new ValueListBuilder({ fields: FIELDS, unlisted: ['x.ip'], base: 1_700_000_000_000 });
  for (const key of [...content.keys()].sort(compareText))
    for (const { field, count, first, last } of content.get(key)!)
      list.add(key, list.set([FIELDS.indexOf(field)]), count, first, first === null ? 0 : last! - first);
  writeFileSync(file, list.encode() ?? '');
}
const inOrder = (all: readonly ListedValue[]): string[] => all.map((one) => JSON.stringify(one)).sort();

test('says of each value what was put in, and nothing of others', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(value, fc.array(entry, { minLength: 1, maxLength: 5 }), { minKeys: 1, maxKeys: 40 }),
      fc.array(value),
      async (given, others) => {
        const content = new Map(
          Object.entries(given).map(([key, entries]) => [
            key,
            entries.map(({ field, count, time }): ListedValue => {
              const first = time?.first ?? null;
              return {
                field: FIELDS[field]!,
                value: key,
                count,
                first,
                last: time ? first! + time.span : null,
              };
            }),
          ]),
        );
        write(content);
        const found = await listedValues(file, wantedValues([...content.keys(), ...others]));
        expect(found!.unlisted).toEqual(['x.ip']);
        expect(inOrder(found!.listed)).toEqual(inOrder([...content.values()].flat()));
        expect((await mayHaveValues(file, wantedValues(content.keys())))!.may).toBe(true);
        for (const key of [...content.keys(), ...others])
          for (const field of FIELDS)
            expect(listHas(file, field, key)).toBe(
              content.get(key)?.some((one) => one.field === field) ?? false,
            );
        expect(listHas(file, 'x.ip', 'a')).toBeUndefined();
      },
    ),
    { numRuns: 40 },
  );
});

test('blocks: every value of many is found; of others few pass the filter', async () => {
  const one = (n: number): ListedValue => ({
    field: FIELDS[n % 3]!,
    value: `10.${n >> 8}.${n & 255}.7`,
    count: n + 1,
    first: null,
    last: null,
  });
  const all = Array.from({ length: 5000 }, (_, n) => one(n));
  write(new Map(all.map((each) => [each.value, [each]])));
  const found = await listedValues(file, wantedValues(all.map((each) => each.value)));
  expect(inOrder(found!.listed)).toEqual(inOrder(all));
  let passed = 0;
  for (let n = 0; n < 500; n++)
    if ((await mayHaveValues(file, wantedValues([`never-${n}.example`])))!.may) passed++;
  expect(passed).toBeLessThan(10);
  expect((await mayHaveValues(file, wantedValues([])))!.may).toBe(false);
});

test('never throws on damaged bytes, and never gives wrong answers from them', async () => {
  const all = Array.from({ length: 700 }, (_, n) => `v${n}`);
  write(new Map(all.map((key) => [key, [{ field: FIELDS[0]!, value: key, count: 1, first: 5, last: 5 }]])));
  const whole = readFileSync(file);
  const right = inOrder((await listedValues(file, wantedValues(all)))!.listed);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(whole.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      async (at, change, cut) => {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= change;
        writeFileSync(file, cut ? whole.subarray(0, at) : bytes);
        const found = await listedValues(file, wantedValues(all));
        expect(listHas(file, FIELDS[0]!, 'v600')).not.toBe(false);
        expect(listHas(file, FIELDS[0]!, 'w')).not.toBe(true);
        if (found !== undefined) expect(inOrder(found.listed)).toEqual(right);
      },
    ),
    { numRuns: 50 },
  );
  rmSync(file);
  expect(await listedValues(file, wantedValues(all))).toBeUndefined();
});
