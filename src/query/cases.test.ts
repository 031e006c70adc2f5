import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type QueryTable, queryTable, typesOf } from '../../test/support/query-table.ts';
import { CASES_NOW } from './case-documents.ts';
import { caseSets, caseTitle } from './cases.ts';
import { toDsl } from './dsl.ts';
import { parseDsl } from './dsl-parse.ts';
import { parseKql } from './kql.ts';
import { toPredicate } from './predicate.ts';
import type { Query } from './tree.ts';

test('there are enough of them', () => {
  expect(caseSets.reduce((count, { cases }) => count + cases.length, 0)).toBeGreaterThan(250);
});

for (const { title, indices, cases } of caseSets) {
  describe(title, () => {
    let table: QueryTable;
    beforeAll(async () => {
      table = await queryTable(indices, CASES_NOW);
    });
    afterAll(() => table.close());

    /** As live events of each index would answer. */
    function fromPredicate(query: Query): string {
      return indices
        .flatMap(({ name, mapping, documents }) => {
          const ids = new Map(Object.entries(documents).map(([id, document]) => [document, id]));
          const predicate = toPredicate(query, {
            types: typesOf(mapping),
            now: () => CASES_NOW,
            id: (document) => ids.get(document),
            index: () => name,
          });
          return Object.entries(documents).flatMap(([id, document]) => (predicate(document) ? [id] : []));
        })
        .join(' ');
    }

    test.each(cases.map(([given, ids]) => ({ given, ids, title: caseTitle(given) })))(
      '$title finds $ids',
      async ({ given, ids }) => {
        const query = typeof given === 'string' ? parseKql(given) : given;
        const fromSql = (await table.find(query)).join(' ');
        expect({ sql: fromSql, predicate: fromPredicate(query) }).toEqual({ sql: ids, predicate: ids });
        // Whoever writes it as Query DSL and reads it again must get an answer too (the peers' test says which).
        parseDsl(JSON.parse(JSON.stringify(toDsl(query))));
      },
    );
  });
}
