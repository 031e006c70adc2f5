/** What queries mean (`src/query/cases.ts`), asked of a real OpenSearch by way of `toDsl`. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaseIndex } from '../../src/query/case-documents.ts';
import { caseSets, caseTitle } from '../../src/query/cases.ts';
import { toDsl } from '../../src/query/dsl.ts';
import { parseKql } from '../../src/query/kql.ts';
import { describePeer } from '../support/peers.ts';
import { type OpenSearch, openSearchMissing, startOpenSearch } from './opensearch.ts';

describePeer('OpenSearch', [await openSearchMissing()], () => {
  let server: OpenSearch;
  const written = new Set<string>();
  beforeAll(async () => {
    server = await startOpenSearch();
  }, 130_000);
  afterAll(() => server?.stop());

  async function write({ name, mapping, documents }: CaseIndex): Promise<void> {
    if (written.has(name)) return;
    written.add(name);
    const properties: Record<string, unknown> = {};
    for (const [field, type] of Object.entries(mapping)) {
      // Nested objects and what is in them go into one another.
      const parent = Object.keys(mapping).find(
        (other) => mapping[other] === 'nested' && field.startsWith(`${other}.`),
      );
      if (parent === undefined) properties[field] = { ...typeOf(type), ...(properties[field] as object) };
      else {
        const inside = (properties[parent] ??= { type: 'nested', properties: {} }) as {
          properties?: Record<string, unknown>;
        };
        inside.properties = { ...inside.properties, [field.slice(parent.length + 1)]: typeOf(type) };
      }
    }
    const settings = { number_of_replicas: 0, number_of_shards: 1 };
    await server.ask('PUT', `/${name}`, { settings, mappings: { properties } });
    for (const [id, document] of Object.entries(documents))
      await server.ask('PUT', `/${name}/_doc/${id}`, document);
    await server.ask('POST', `/${name}/_refresh`);
  }

  for (const { title, indices, cases } of caseSets) {
    describe(title, () => {
      beforeAll(async () => {
        for (const index of indices) await write(index);
      });
      const names = indices.map(({ name }) => name).join(',');
      const order = indices.flatMap(({ documents }) => Object.keys(documents));
      const asked = cases.map(([given, ids, reason]) => ({ given, ids, reason, title: caseTitle(given) }));

      it.each(asked.filter(({ reason }) => reason === undefined))('$title', async ({ given, ids }) => {
        const query = toDsl(typeof given === 'string' ? parseKql(given) : given);
        const answer = await server.ask('POST', `/${names}/_search?size=100`, { query, _source: false });
        expect(answer._shards.failed).toBe(0);
        const found = new Set<string>(answer.hits.hits.map(({ _id }: { _id: string }) => _id));
        expect(order.filter((id) => found.has(id)).join(' ')).toBe(ids);
      });

      // Those with a reason are answered otherwise by OpenSearch: the table says why.
    });
  }
});

function typeOf(type: CaseIndex['mapping'][string]): object {
  switch (type) {
    case 'flattened':
      return { type: 'flat_object' };
    case 'unindexed':
      return { type: 'object', enabled: false };
  }
  return { type };
}
