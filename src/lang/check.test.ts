import { describe, expect, test } from 'vitest';
import { langRegistry } from '../../test/support/lang-registry.ts';
import { formatDiagnostic } from '../kernel/diagnostic.ts';
import { Secret } from '../kernel/options.ts';
import type { Registry } from '../kernel/plugin.ts';
import { checkPipelines, type PipelineSources } from './check.ts';
import type { GraphStatement, PipelineGraph } from './graph.ts';
import type { Variables } from './variables.ts';

const check = (text: string, variables: Variables = { environment: {} }, registry: Registry = langRegistry) =>
  checkPipelines([{ id: 'main', sources: [{ file: 'a.conf', text }], settings: {} }], registry, variables);

function ids(graph: PipelineGraph | undefined): string[] {
  const of = (statement: GraphStatement): string[] =>
    statement.type === 'plugin'
      ? [statement.id]
      : [statement.id, ...statement.arms.flatMap((arm) => arm.body.flatMap(of))];
  return [...graph!.inputs, ...graph!.filters, ...graph!.outputs].flatMap(of);
}
const idsOf = async (text: string): Promise<string[]> => ids((await check(text)).pipelines[0]!.graph);

describe('ids of nodes', () => {
  const config = (filters: string): string =>
    `input { stdin { } } filter { ${filters} } output { stdout { } }`;
  const base = config('if [a] == "x" { mutate { add_field => { "b" => 1 } } } else { drop { } } mutate { }');

  test('are the same for the same config, however it is laid out', async () => {
    const other = base.replaceAll(' ', '\n  ').replace('{', '{ # comment\n').replaceAll('"', "'");
    expect(await idsOf(other)).toEqual(await idsOf(base));
  });

  test('survive edits elsewhere', async () => {
    const before = await idsOf(base);
    expect(new Set(before).size).toBe(before.length);
    const added = await idsOf(base.replace('filter {', 'filter { drop { } if [z] { drop { } }'));
    for (const id of before) expect(added).toContain(id);
    // Another body, another arm: the branch keeps what it can.
    const body = await idsOf(base.replace('drop { }', 'drop { } drop { }'));
    for (const id of before) expect(body).toContain(id);
    const arm = await idsOf(base.replace('else {', 'else if [y] { } else {'));
    expect(before.filter((id) => !arm.includes(id))).toHaveLength(1);
  });

  test('differ by content, place and among twins', async () => {
    const made = await idsOf(
      config(
        'drop { } drop { } if [a] { drop { } drop { percentage => 5 } }'.replace(
          'drop { percentage => 5 }',
          'mutate { }',
        ),
      ),
    );
    expect(new Set(made).size).toBe(made.length);
  });

  test('are those given', async () => {
    expect(await idsOf('input { stdin { id => "mine" } } output { stdout { id => "${X:other}" } }')).toEqual([
      'mine',
      'other',
    ]);
  });

  test('do not depend on the order of options', async () => {
    const one = await idsOf(
      config('mutate { id_ => 1 }'.replace('id_ => 1', 'add_tag => ["a"] remove_tag => ["b"]')),
    );
    const two = await idsOf(config('mutate { remove_tag => ["b"] add_tag => ["a"] }'));
    expect(two).toEqual(one);
  });
});

describe('the graph', () => {
  test('joins sections of all sources in their order', async () => {
    const result = await checkPipelines(
      [
        {
          id: 'main',
          sources: [
            { file: '1.conf', text: 'output { stdout { id => "o1" } } filter { drop { id => "f1" } }' },
            {
              file: '2.conf',
              text: 'input { stdin { id => "i1" } } filter { if [a] { drop { id => "f2" } } } filter { mutate { id => "f3" } }',
            },
          ],
          settings: { 'pipeline.workers': 3 },
        },
      ],
      langRegistry,
      { environment: {} },
    );
    expect(result.diagnostics).toEqual([]);
    expect(ids(result.pipelines[0]!.graph).filter((id) => id.length === 2)).toEqual([
      'i1',
      'f1',
      'f2',
      'f3',
      'o1',
    ]);
    expect(result.pipelines[0]!.settings).toEqual({ 'pipeline.workers': 3 });
    const branch = result.pipelines[0]!.graph!.filters[1] as GraphStatement & { type: 'branch' };
    expect(branch.position).toEqual({ file: '2.conf', line: 1, column: 41 });
  });

  test('holds secrets as Secret, and names what came from the keystore', async () => {
    const text =
      'input { stdin { } } output { elasticsearch { password => "${PASS}" user => "${USER_}" index => "${INDEX}" } }';
    const result = await check(text, {
      environment: { INDEX: 'logs' },
      keystore: (name) => ({ PASS: 'geheim', USER_: 'joe' })[name],
    });
    const node = result.pipelines[0]!.graph!.outputs[0] as GraphStatement & { type: 'plugin' };
    expect(node.options['password']).toBeInstanceOf(Secret);
    expect((node.options['password'] as Secret).reveal()).toBe('geheim');
    expect(node.options).toMatchObject({ user: 'joe', index: 'logs' });
    expect(node.secrets).toEqual(['password', 'user']);
    expect(JSON.stringify(result)).not.toContain('geheim');
  });

  test('is undefined only for pipelines with errors', async () => {
    const pipeline = (id: string, text: string): PipelineSources => ({
      id,
      sources: [{ file: `${id}.conf`, text }],
      settings: {},
    });
    const { pipelines } = await checkPipelines(
      [
        pipeline('good', 'input { stdin { } } output { stdout { } }'),
        pipeline('bad', 'input { nothing { } }'),
        pipeline('lint', 'filter { }'),
      ],
      langRegistry,
      { environment: {} },
    );
    expect(pipelines.map(({ id, graph }) => [id, graph !== undefined])).toEqual([
      ['good', true],
      ['bad', false],
      ['lint', true],
    ]);
  });
});

describe('messages', () => {
  test('a file that two pipelines share is reported once', async () => {
    const source = { file: 'shared.conf', text: 'filter { if }' };
    const { diagnostics, pipelines } = await checkPipelines(
      ['one', 'two'].map((id) => ({ id, sources: [source], settings: {} })),
      langRegistry,
      { environment: {} },
    );
    expect(diagnostics).toHaveLength(1);
    expect(pipelines.map(({ graph }) => graph)).toEqual([undefined, undefined]);
  });

  test('several pipelines given as text are told apart; one keeps the plain name', async () => {
    const sources = (text: string) => [{ file: '<config.string>', text }];
    const bad = 'input { x1 { } }';
    const one = await checkPipelines([{ id: 'a', sources: sources(bad), settings: {} }], langRegistry, {
      environment: {},
    });
    expect(one.diagnostics[0]!.file).toBe('<config.string>');
    const two = await checkPipelines(
      [
        { id: 'a', sources: sources(bad), settings: {} },
        { id: 'b', sources: sources(`\n${bad}`), settings: {} },
      ],
      langRegistry,
      { environment: {} },
    );
    const shown = two.diagnostics.map(
      (each) => formatDiagnostic(each, two.sources.get(each.file)).split('\n')[0],
    );
    expect(shown.slice(0, 2)).toEqual([
      '<config.string of a>:1:9: error: there is no input `x1`',
      '<config.string of b>:2:9: error: there is no input `x1`',
    ]);
  });

  test('no secret is in any message or shown source', async () => {
    const text = `input { http { password => "hunter2" port => "x" user => hun.ter2 } }
output { elasticsearch { password => "hunter2" hosts => "https://me:hunter2@h h" token => "hunter2"
  custom_headers => { "Authorization" => 'Bearer hunter2' "api_key" => "hunter2" } } }`;
    for (const source of [
      text,
      text.replace('hun.ter2', '"joe"'),
      `${text} }`,
      text.replaceAll('"hunter2"', '[ "hunter2", "hunter2" ]'),
    ]) {
      const result = await check(source);
      expect(result.diagnostics.some(({ severity }) => severity === 'error')).toBe(true);
      const shown = result.diagnostics
        .map((each) => formatDiagnostic(each, result.sources.get(each.file)))
        .join('\n');
      expect(shown).not.toContain('hunter2');
    }
  });

  test('a plugin that can not be loaded, or throws when it validates, is an error of the config', async () => {
    const registry: Registry = {
      ...langRegistry,
      load: async (kind, name) => {
        if (name === 'drop') throw new Error('module is broken');
        const plugin = await langRegistry.load(kind, name);
        if (name !== 'mutate') return plugin;
        const validate = () => {
          throw new Error('no idea');
        };
        return { ...plugin!, validate } as never;
      },
    };
    const { diagnostics } = await check(
      'input { stdin { } } filter { drop { } mutate { } } output { stdout { } }',
      undefined,
      registry,
    );
    expect(diagnostics.map(({ message }) => message)).toEqual([
      'the filter `drop` can not be loaded: module is broken',
      'the filter `mutate` can not be checked: no idea',
    ]);
  });

  test('names of Object.prototype are ordinary unknown options and fields', async () => {
    const { diagnostics } = await check(
      'input { stdin { } } filter { probe { constructor => 1 "__proto__" => 2 hash => { "__proto__" => 1 "toString" => 2 } } } output { stdout { } }',
    );
    expect(diagnostics.map(({ message }) => message)).toEqual([
      'the filter `probe` has no option `constructor`',
      'the filter `probe` has no option `__proto__`',
    ]);
  });
});
