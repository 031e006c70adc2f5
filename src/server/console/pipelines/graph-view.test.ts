import { expect, test } from 'vitest';
import { graphOf } from '../../../../test/support/compiled.ts';
import { consoleGraph } from './graph-view.ts';

test('shows what the config says, and no secrets', async () => {
  const { vertices } = consoleGraph(
    await graphOf(`input { generator { lines => ["a", 'b "c"'] codec => json { target => "t" } } }
    output { http { id => siem url => "https://me:hidden@host/x" http_method => post password => "secret1" user => "u"
      headers => { "Authorization" => "Bearer secret2" "x-api_key" => "secret3" } } }`),
  );
  const text = JSON.stringify(vertices);
  for (const secret of ['hidden', 'secret1', 'secret2', 'secret3']) expect(text).not.toContain(secret);
  expect(vertices.find(({ kind }) => kind === 'input')!.snippet).toBe(`generator {
  lines => ["a", 'b "c"']
  codec => json {
    target => "t"
  }
}`);
  expect(vertices.find(({ kind }) => kind === 'output')).toMatchObject({
    id: 'siem',
    title: 'http',
    detail: 'siem',
    source: { file: 'test.conf', line: 2 },
  });
});
