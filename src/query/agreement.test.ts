import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NOW, randomDocument, randomMapping, randomQuery } from '../../test/support/query-arbitraries.ts';
import { queryTable, typesOf } from '../../test/support/query-table.ts';
import { toPredicate } from './predicate.ts';

test('SQL and predicate find the same documents', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(randomDocument, { minLength: 1, maxLength: 12 }),
      fc.array(randomQuery, { minLength: 1, maxLength: 12 }),
      async (list, queries) => {
        const documents = Object.fromEntries(list.map((document, at) => [String(at), document]));
        const table = await queryTable([{ name: 'i', mapping: randomMapping, documents }], NOW);
        try {
          const fromSql = await table.findAll(queries);
          const types = typesOf(randomMapping);
          const ids = new Map(list.map((document, at) => [document as object, String(at)]));
          const options = {
            types,
            now: () => NOW,
            id: (document: object) => ids.get(document),
            index: () => 'i',
          };
          const fromPredicate = queries.map((query) => {
            const predicate = toPredicate(query, options);
            return list.flatMap((document, at) => (predicate(document) ? [String(at)] : []));
          });
          expect(fromPredicate).toEqual(fromSql);
        } finally {
          await table.close();
        }
      },
    ),
    { numRuns: Number(process.env['QUERY_RUNS'] ?? 25) },
  );
});
