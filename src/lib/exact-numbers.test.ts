import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseJson } from '../event/json.ts';
import { mayNeedExactNumbers } from './exact-numbers.ts';

it('finds long numbers wherever they stand', () => {
  for (let shift = 0; shift < 40; shift++) {
    const pad = 'x'.repeat(shift);
    expect(mayNeedExactNumbers(`["${pad}",9007199254740993]`)).toBe(true);
    expect(mayNeedExactNumbers(`["${pad}",0.30000000000000001]`)).toBe(true);
    expect(mayNeedExactNumbers(`["${pad}",1e400]`)).toBe(true);
    expect(mayNeedExactNumbers(`["${pad}",1.5E-324]`)).toBe(true);
    expect(mayNeedExactNumbers(`["${pad}",123456789012345,1e22,"2026-11-20T10:00:00.000Z"]`)).toBe(false);
  }
});

it('says no only where JSON.parse alters no number', () => {
  const number = fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.stringMatching(/^(0|[1-9]\d{0,20})$/),
      fc.constantFrom('', '.5', '.123456789', '.000000000000000001'),
      fc.constantFrom('', 'e5', 'E-7', 'e+308', 'e-330', 'e99'),
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(number, { maxLength: 4 }), fc.string({ maxLength: 20 }), (numbers, text) => {
      const json = `{"t":${JSON.stringify(text)},"n":[${numbers.join(',')}]}`;
      if (!mayNeedExactNumbers(json)) expect(parseJson(json)).toEqual(JSON.parse(json));
    }),
    { numRuns: 500 },
  );
});
