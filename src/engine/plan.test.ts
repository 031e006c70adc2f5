import { expect, test } from 'vitest';
import { testPipeline } from '../../test/support/engine.ts';
import { registry } from '../plugins/registry.ts';
import { planPipeline } from './plan.ts';

const textFields = async (text: string): Promise<readonly string[] | undefined> => {
  const config = await testPipeline(text, { dataPath: 'unused', registry });
  return (await planPipeline(config.graph, registry, config.settings)).textFields;
};

test('events stay texts only where no filter, condition, decoration or output looks at them', async () => {
  const lines = 'input { tcp { port => 1 codec => json_lines } }';
  const store = 'store { index => "x-%{+yyyy.MM.dd}" }';
  expect(await textFields(`${lines} output { ${store} }`)).toEqual([]);
  expect(await textFields(`${lines} output { ${store} ${store} }`)).toEqual([]);
  const other = 'store { index => "x-%{[a][b]}-%{[a][c]}" document_id => "%{id}" action => "%{[do][it]}" }';
  expect(await textFields(`${lines} output { ${store} ${other} }`)).toEqual(['a', 'id', 'do']);
  for (const other of [
    `${lines} filter { mutate { add_tag => ["a"] } } output { ${store} }`,
    `${lines} output { if [a] { ${store} } }`,
    `${lines} output { ${store} stdout {} }`,
    `${lines} output { store { index => "x-%{[@metadata][a]}" } }`,
    `input { tcp { port => 1 codec => json_lines add_field => { "a" => "b" } } } output { ${store} }`,
    `input { tcp { port => 1 codec => json_lines tags => ["a"] } } output { ${store} }`,
    `input { tcp { port => 1 codec => json_lines type => "a" } } output { ${store} }`,
  ])
    expect([other, await textFields(other)]).toEqual([other, undefined]);
});
