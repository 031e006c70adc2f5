import { expect, test } from 'vitest';
import { graphOf } from '../../test/support/compiled.ts';
import type { FieldUse, FilterPlugin } from '../kernel/plugin.ts';
import type { GraphNode } from './graph.ts';
import { branchesOf, nodesOf, pluginNodes } from './graph-walk.ts';
import { fieldsWritten, isPassThrough, neededFields } from './liveness.ts';

const filter = (uses: Record<string, { reads?: FieldUse; writes?: string[] }>) => (node: GraphNode) =>
  ({
    kind: 'filter',
    ...(uses[node.id]?.reads && { reads: () => uses[node.id]!.reads }),
    ...(uses[node.id]?.writes && { writes: () => uses[node.id]!.writes }),
  }) as unknown as FilterPlugin;

const GENERATOR = 'input { generator { } }';

async function needed(
  config: string,
  uses: Record<string, { reads?: FieldUse }> = {},
  output: FieldUse = [],
): Promise<FieldUse> {
  const fields = neededFields(await graphOf(config), { filter: filter(uses), output: () => output });
  return fields === 'all' ? fields : fields.toSorted();
}

test('outputs that read nothing need nothing', async () => {
  expect(await needed(`${GENERATOR} output { null { } }`)).toEqual([]);
  expect(await needed(`${GENERATOR} output { null { } }`, {}, ['message', '[a][b]'])).toEqual([
    '[a][b]',
    'message',
  ]);
  expect(await needed(`${GENERATOR} output { null { } }`, {}, 'all')).toBe('all');
});

test('conditions of filters and outputs', async () => {
  const config = `${GENERATOR}
    filter { if [a] == [b] { } else if !("x" in [c]) and [d][e] =~ /x/ { } }
    output { if [f] { null { } } else if "y" == [@metadata][g] { if [h] > 5 { null { } } } }`;
  expect(await needed(config)).toEqual(['[@metadata][g]', '[d][e]', 'a', 'b', 'c', 'f', 'h']);
});

test('filters: what they say, and everything if they say nothing', async () => {
  const config = `${GENERATOR} filter { mutate { id => "m" } } output { null { } }`;
  expect(await needed(config, { m: { reads: ['x'] } })).toEqual(['x']);
  expect(await needed(config)).toBe('all');
});

test('common options of inputs and filters', async () => {
  const config = `input { generator { type => "t" add_field => { "i" => "%{j}" } } }
    filter { mutate { id => "m" add_field => { "a" => "%{[b][c]} %{+yyyy}" } remove_field => ["r", "%{s}"] add_tag => ["%{t}"] } }
    output { null { } }`;
  expect(await needed(config, { m: { reads: [] } })).toEqual([
    '@timestamp',
    '[b][c]',
    'a',
    'i',
    'j',
    's',
    't',
    'tags',
    'type',
  ]);
  const dynamic = `${GENERATOR} filter { mutate { id => "m" add_field => { "x_%{a}" => "y" } } } output { null { } }`;
  expect(await needed(dynamic, { m: { reads: [] } })).toBe('all');
});

test('written fields', async () => {
  const graph = await graphOf(`input { generator { tags => ["x"] } }
    filter { if [a] { mutate { id => "m" add_field => { "b" => "1" "%{c}" => "2" } } } } output { null { } }`);
  expect(fieldsWritten(graph, { filter: filter({ m: { writes: ['[d][e]'] } }) })).toEqual([
    'tags',
    '[d][e]',
    'b',
  ]);
});

test('pass-through', async () => {
  const is = async (config: string) => isPassThrough(await graphOf(config));
  expect(await is(`${GENERATOR} output { null { } null { } }`)).toBe(true);
  expect(await is(`${GENERATOR} filter { } output { null { } }`)).toBe(true);
  expect(await is(`${GENERATOR} filter { mutate { } } output { null { } }`)).toBe(false);
  expect(await is(`${GENERATOR} output { if [a] { null { } } }`)).toBe(false);
  expect(await is('input { generator { type => "x" } } output { null { } }')).toBe(false);
  expect(await is('input { generator { tags => ["x"] } } output { null { } }')).toBe(false);
  expect(await is('input { generator { add_field => { "%{a}" => "x" } } } output { null { } }')).toBe(false);
});

test('nodes are numbered in the order of the text, inputs first', async () => {
  const graph = await graphOf(`output { null { id => "o1" } }
    filter { mutate { id => "f1" } if [a] { mutate { id => "f2" } if [b] { mutate { id => "f3" } } } else { mutate { id => "f4" } } }
    input { generator { id => "i1" } } filter { mutate { id => "f5" } } output { if [c] { null { id => "o2" } } }`);
  expect(pluginNodes(graph).map(({ id }) => id)).toEqual(['i1', 'f1', 'f2', 'f3', 'f4', 'f5', 'o1', 'o2']);
  expect(nodesOf(graph.filters)).toHaveLength(5);
  expect(branchesOf(graph.filters)).toHaveLength(2);
});
