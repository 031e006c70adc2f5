import { expect, test } from 'vitest';
import { testPipeline } from '../../test/support/engine.ts';
import { registry } from '../plugins/registry.ts';
import { planPipeline } from './plan.ts';

const isTextOnly = async (text: string): Promise<boolean> => {
  const config = await testPipeline(text, { dataPath: 'unused', registry });
  return (await planPipeline(config.graph, registry, config.settings)).textOnly;
};

test('events stay texts only where no filter, condition, decoration or output looks at them', async () => {
  const lines = 'input { tcp { port => 1 codec => json_lines } }';
  const store = 'store { index => "x-%{+yyyy.MM.dd}" }';
  expect(await isTextOnly(`${lines} output { ${store} }`)).toBe(true);
  expect(await isTextOnly(`${lines} output { ${store} ${store} }`)).toBe(true);
  for (const other of [
    `${lines} filter { mutate { add_tag => ["a"] } } output { ${store} }`,
    `${lines} output { if [a] { ${store} } }`,
    `${lines} output { ${store} stdout {} }`,
    `${lines} output { store { index => "x-%{a}" } }`,
    `input { tcp { port => 1 codec => json_lines add_field => { "a" => "b" } } } output { ${store} }`,
    `input { tcp { port => 1 codec => json_lines tags => ["a"] } } output { ${store} }`,
    `input { tcp { port => 1 codec => json_lines type => "a" } } output { ${store} }`,
  ])
    expect([other, await isTextOnly(other)]).toEqual([other, false]);
});
