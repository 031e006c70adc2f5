import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filterPath } from './filter-path.ts';

const answer = {
  took: 3,
  hits: {
    total: { value: 2 },
    hits: [
      { _id: 'a', _source: { x: 1, y: { z: 2 } } },
      { _id: 'b', _source: {} },
    ],
  },
  'dotted.name': { a: 1 },
};

describe('filter_path', () => {
  test.each([
    ['took', { took: 3 }],
    ['hits.hits._id', { hits: { hits: [{ _id: 'a' }, { _id: 'b' }] } }],
    ['hits.*.value,took', { took: 3, hits: { total: { value: 2 } } }],
    ['**.z', { hits: { hits: [{ _source: { y: { z: 2 } } }] } }],
    ['hits.**._id', { hits: { hits: [{ _id: 'a' }, { _id: 'b' }] } }],
    ['h*s.t*', { hits: { total: { value: 2 } } }],
    ['dotted\\.name', { 'dotted.name': { a: 1 } }],
    ['-hits,-dotted*', { took: 3 }],
    ['hits.hits,-hits.hits._source', { hits: { hits: [{ _id: 'a' }, { _id: 'b' }] } }],
    [
      '-**._id,-took,-dotted*',
      { hits: { total: { value: 2 }, hits: [{ _source: { x: 1, y: { z: 2 } } }, { _source: {} }] } },
    ],
    ['nothing', undefined],
  ])('%s', (filter, expected) => {
    expect(filterPath(answer, filter)).toEqual(expected);
  });

  test('any filter of any value ends, and makes nothing up', () => {
    const step = fc.constantFrom('*', '**', 'a', 'b*', '*b', '-', '');
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.array(fc.array(step, { maxLength: 12 }), { maxLength: 4 }),
        (value, paths) => {
          const kept = filterPath(value, paths.map((path) => path.join('.')).join(','));
          expect(JSON.stringify(kept)?.length ?? 0).toBeLessThanOrEqual(JSON.stringify(value).length);
        },
      ),
    );
  });
});
