/** The examples of docs/guides/kql.md. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Mapping, type QueryTable, queryTable, typesOf } from '../../test/support/query-table.ts';
import { parseKql } from './kql.ts';
import { toPredicate } from './predicate.ts';

const now = Date.UTC(2026, 10, 20, 12);
const guide = readFileSync(new URL('../../docs/guides/kql.md', import.meta.url), 'utf8');
const blocks = (kind: string): string[] =>
  [...guide.matchAll(new RegExp(`\`\`\`${kind}\n([\\s\\S]*?)\n\`\`\``, 'g'))].map((match) => match[1]!);

const events = JSON.parse(blocks('json')[0]!) as { id: number }[];
const mapping: Mapping = {
  '@timestamp': 'date',
  message: 'text',
  'source.ip': 'ip',
  'source.port': 'long',
  'process.pid': 'long',
  'disk.used': 'double',
  'disk.alert': 'boolean',
  'dns.answers': 'nested',
  'dns.answers.ttl': 'long',
};
const types = (field: string) =>
  typesOf(mapping)(field) ?? (field === 'id' || field.includes('dns.answers') ? undefined : 'keyword');

describe('examples', () => {
  let table: QueryTable;
  const documents = Object.fromEntries(events.map(({ id, ...event }) => [String(id), event]));
  beforeAll(async () => {
    table = await queryTable([{ name: 'guide', mapping, documents }], now);
  });
  afterAll(() => table.close());

  const examples = blocks('kql')
    .flatMap((block) => block.split('\n'))
    .map((line) => {
      const match = /^(.*?)\s+#([ \d]*)$/.exec(line);
      if (!match) throw new Error(`no result is given: ${line}`);
      return { query: match[1]!, ids: match[2]!.trim() };
    });
  test('there are many', () => expect(examples.length).toBeGreaterThan(50));

  test.each(examples)('$query', async ({ query, ids }) => {
    const tree = parseKql(query);
    expect((await table.find(tree)).join(' ')).toBe(ids);
    const predicate = toPredicate(tree, { types, now: () => now });
    const found = Object.entries(documents).filter(([, document]) => predicate(document));
    expect(found.map(([id]) => id).join(' ')).toBe(ids);
  });
});

test.each(blocks('error'))('the error %#', (block) => {
  const [query = '', ...message] = block.split('\n');
  expect(() => parseKql(query)).toThrow(message.join('\n'));
});
