import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { langRegistry } from '../../test/support/lang-registry.ts';
import { formatDiagnostic } from '../kernel/diagnostic.ts';
import type { Config, Expression, Logical, Operand, Statement, Value } from './ast.ts';
import { checkPipelines } from './check.ts';
import { ConfigSyntaxError, parseConfig } from './parse.ts';
import { printConfig } from './print.ts';

const position = { file: 'x', line: 1, column: 1 };

/** A tree without places and lints, to compare. */
function bare(config: Config): unknown {
  return JSON.parse(
    JSON.stringify(config.sections, (key, value) =>
      key === 'position'
        ? undefined
        : typeof value === 'bigint'
          ? `${value}n`
          : Object.is(value, -0)
            ? '-0'
            : value,
    ),
  );
}

function parseOrError(text: string, supportEscapes: boolean): Config | ConfigSyntaxError {
  try {
    return parseConfig(text, 'a.conf', { supportEscapes });
  } catch (error) {
    if (error instanceof ConfigSyntaxError) return error;
    throw error;
  }
}

const golden = readFileSync(join(import.meta.dirname, '../../test/golden/lang/grammar.golden'), 'utf8')
  .split(/^=== /m)
  .slice(1)
  .map((block) => block.slice(block.indexOf('\n') + 1).split(/^---$/m)[0]!);

// ---- generated configs -----------------------------------------------------------------------------------

const word = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{1,8}$/);
/** Names that begin no other statement. */
const pluginName = word.filter((each) => !/^(?:if|else|elsif|elif|elseif|input|filter|output)$/.test(each));
const attributeName = word.filter((each) => each !== 'if' && each !== 'else');
/** Any text that can be written with escapes on: all but a backslash at the end. */
const text = fc
  .oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom('"', "'", '\\', '\n', '\t', '\0', ' ', 'n', ']', ',', '#', '{') }),
  )
  .filter((each) => !each.endsWith('\\'));
const string = fc.oneof(
  text.map((each) => ({ type: 'string' as const, text: each, quoted: true, position })),
  word.map((each) => ({ type: 'string' as const, text: each, quoted: false, position })),
);
const number = fc
  .oneof(
    fc.maxSafeInteger().map((value) => ({ value, float: false })),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 200n }).map((value) => ({ value, float: false })),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ value, float: true })),
  )
  .map((each) => ({ type: 'number' as const, ...each, position }));

const { plugin } = fc.letrec<{ value: Value; plugin: Value & { type: 'plugin' } }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    string,
    number,
    fc.array(tie('value'), { maxLength: 3 }).map((items) => ({ type: 'array' as const, items, position })),
    fc
      .array(fc.record({ key: fc.oneof(string, number), value: tie('value') }), { maxLength: 3 })
      .map((entries) => ({
        type: 'hash' as const,
        entries: entries.map((each) => ({ ...each, position })),
        position,
      })),
    tie('plugin'),
  ),
  plugin: fc
    .record({
      name: pluginName,
      attributes: fc.array(fc.record({ name: attributeName, value: tie('value') }), { maxLength: 3 }),
    })
    .map(({ name, attributes }) => ({
      type: 'plugin' as const,
      name,
      attributes: attributes.map((each) => ({ ...each, position })),
      position,
    })),
}));

const field = fc
  .array(fc.stringMatching(/^[A-Za-z@ _.-]{1,6}$/), { minLength: 1, maxLength: 3 })
  .map((names) => ({
    type: 'field' as const,
    reference: names.map((each) => `[${each}]`).join(''),
    position,
  }));
const pattern = fc.string().map((each) => `${each.replaceAll('/', '').replaceAll('\\', '')}x`);
const quoted = text.map((each) => ({ type: 'string' as const, text: each, quoted: true, position }));
const list = fc
  .oneof(
    fc.tuple(quoted),
    fc.array(fc.oneof(string, number), { minLength: 2, maxLength: 4 }),
    fc.constant([]),
  )
  .map((items) => ({ type: 'array' as const, items: items as Operand[], position }));
const operand: fc.Arbitrary<Operand> = fc.oneof(
  field,
  quoted,
  number,
  list,
  pattern.map((each) => ({ type: 'regexp' as const, text: each, position })),
);

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    operand.map((each) => ({ type: 'truth' as const, operand: each, position })),
    fc.record({
      type: fc.constant('compare' as const),
      operator: fc.constantFrom('==', '!=', '<', '>', '<=', '>='),
      left: operand,
      right: operand,
      position: fc.constant(position),
    }),
    fc.record({
      type: fc.constant('in' as const),
      negated: fc.boolean(),
      left: operand,
      right: operand,
      position: fc.constant(position),
    }),
    fc.record({
      type: fc.constant('match' as const),
      negated: fc.boolean(),
      left: operand,
      pattern: fc.oneof(
        pattern.map((each) => ({ text: each, regexp: true })),
        text.map((each) => ({ text: each, regexp: false })),
      ),
      position: fc.constant(position),
    }),
    tie('expression').map((each) => ({ type: 'not' as const, operand: each, position })),
    fc.record({
      type: fc.constant('logical' as const),
      operator: fc.constantFrom<Logical>('and', 'or', 'xor', 'nand'),
      left: tie('expression'),
      right: tie('expression'),
      position: fc.constant(position),
    }),
  ) as fc.Arbitrary<Expression>,
}));

const { statement } = fc.letrec<{ statement: Statement }>((tie) => ({
  statement: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    plugin,
    fc
      .record({
        arms: fc.array(
          fc.record({
            condition: expression as fc.Arbitrary<Expression | undefined>,
            body: fc.array(tie('statement'), { maxLength: 2 }),
          }),
          { minLength: 1, maxLength: 3 },
        ),
        otherwise: fc.option(fc.array(tie('statement'), { maxLength: 2 }), { nil: undefined }),
      })
      .map(({ arms, otherwise }) => ({
        type: 'branch' as const,
        arms: [...arms, ...(otherwise ? [{ condition: undefined, body: otherwise }] : [])].map((arm) => ({
          ...arm,
          position,
        })),
        position,
      })),
  ),
}));

const config: fc.Arbitrary<Config> = fc
  .array(
    fc.record({
      kind: fc.constantFrom('input', 'filter', 'output'),
      body: fc.array(statement, { maxLength: 3 }),
      position: fc.constant(position),
    }),
    { maxLength: 3 },
  )
  .map((sections) => ({ sections }));

// ---- properties ------------------------------------------------------------------------------------------

describe('printing and parsing', () => {
  test('a printed config parses to the same tree', () => {
    fc.assert(
      fc.property(config, (tree) => {
        const printed = printConfig(tree, { supportEscapes: true });
        expect(bare(parseConfig(printed, 'a.conf', { supportEscapes: true }))).toEqual(bare(tree));
      }),
      { numRuns: 300 },
    );
  });

  test('whatever parses prints to the same tree, with and without escapes', () => {
    for (const text of golden) {
      for (const supportEscapes of [false, true]) {
        const tree = parseOrError(text, supportEscapes);
        if (tree instanceof ConfigSyntaxError) continue;
        const printed = printConfig(tree, { supportEscapes });
        expect(bare(parseConfig(printed, 'a.conf', { supportEscapes }))).toEqual(bare(tree));
      }
    }
  });

  test('a string that the language can not hold is refused', () => {
    const tree = parseConfig('filter { mutate { a => "x" } }', 'a.conf', { supportEscapes: false });
    const change = (text: string): Config =>
      JSON.parse(JSON.stringify(tree).replace('"text":"x"', `"text":${JSON.stringify(text)}`));
    for (const text of ['ends with \\', 'both " and \'']) {
      expect(() => printConfig(change(text))).toThrow(RangeError);
    }
    expect(printConfig(change('say "x"'))).toContain(`a => 'say "x"'`);
  });
});

const pieces = [
  'input',
  'filter',
  'output',
  'if',
  'else',
  'else if',
  '{',
  '}',
  '[',
  ']',
  '(',
  ')',
  '=>',
  '==',
  '!=',
  '=~',
  '!~',
  '!',
  'in',
  'not in',
  'and',
  'or',
  'xor',
  'nand',
  '"',
  "'",
  '/',
  '\\',
  ',',
  '#',
  '\n',
  '\r\n',
  ' ',
  '[a]',
  '[a][b]',
  '"x"',
  '["x"]',
  '/x/',
  '1',
  '-',
  '2.5',
  '${X}',
  '%{x}',
  'mutate',
  'add_field',
  '\u{feff}',
  '\u00a0',
  '“',
  '😀',
  '\ud800',
  '__proto__',
];

describe('any text', () => {
  const check = (text: string): void => {
    for (const supportEscapes of [false, true]) {
      const result = parseOrError(text, supportEscapes);
      if (!(result instanceof ConfigSyntaxError)) {
        const printed = printConfig(result, { supportEscapes });
        expect(bare(parseConfig(printed, 'a.conf', { supportEscapes }))).toEqual(bare(result));
        continue;
      }
      const { line, column, message } = result.diagnostic;
      expect(message).not.toBe('');
      expect(line).toBeGreaterThanOrEqual(1);
      expect(line).toBeLessThanOrEqual(text.split(/\r\n|\n|\r/).length);
      expect(column).toBeGreaterThanOrEqual(1);
      expect(formatDiagnostic(result.diagnostic, text)).toContain(`a.conf:${line}:${column}: error: `);
    }
  };

  test('gives a tree or a ConfigSyntaxError', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), check), { numRuns: 300 });
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((each) => each.join('')),
        check,
      ),
      { numRuns: 1500 },
    );
  });

  const mutated = fc
    .tuple(
      fc.constantFrom(...golden),
      fc.array(fc.tuple(fc.nat(), fc.nat(12), fc.oneof(fc.constantFrom(...pieces), fc.constant(''))), {
        minLength: 1,
        maxLength: 3,
      }),
    )
    .map(([source, edits]) => {
      let text = source;
      for (const [at, length, insert] of edits) {
        const start = text.length === 0 ? 0 : at % text.length;
        text = text.slice(0, start) + insert + text.slice(start + length);
      }
      return text;
    });

  test('gives a tree or a ConfigSyntaxError, if it was a config once', () => {
    fc.assert(fc.property(mutated, check), { numRuns: 1500 });
  });

  test('can be checked', async () => {
    await fc.assert(
      fc.asyncProperty(mutated, async (text) => {
        const result = await checkPipelines(
          [{ id: 'main', sources: [{ file: 'a.conf', text }], settings: {} }],
          langRegistry,
          { environment: {} },
        );
        const failed = result.diagnostics.some(({ severity }) => severity === 'error');
        expect(result.pipelines[0]!.graph === undefined).toBe(failed);
        for (const each of result.diagnostics) formatDiagnostic(each, result.sources.get(each.file));
      }),
      { numRuns: 400 },
    );
  });
});

describe('hostile text', () => {
  const big = 1 << 20;
  test.each([
    ['brackets', `filter { if ${'['.repeat(big)}`],
    ['lists', `filter { mutate { a => ${'['.repeat(big)}`],
    ['hashes', `filter { mutate { a => ${'{ "a" => '.repeat(big / 8)}`],
    ['plugins', `filter { ${'a { b => '.repeat(big / 8)}`],
    ['parentheses', `filter { if ${'('.repeat(big)}`],
    ['negations', `filter { if ${'!('.repeat(big)}`],
    ['branches', `filter { ${'if [a] { '.repeat(big / 8)}`],
    ['operands', `filter { if ${Array(5000).fill('[a]').join(' or ')} { } }`],
    ['digits', `filter { mutate { a => ${'1'.repeat(big)} } }`],
  ])('%s without end are an error', (_name, text) => {
    expect(parseOrError(text, false)).toBeInstanceOf(ConfigSyntaxError);
  });

  test.each([
    ['string', `filter { mutate { a => "${'x'.repeat(big)}" } }`],
    ['string of escaped quotes', `filter { mutate { a => "${'\\"'.repeat(big)}" } }`],
    ['field reference', `filter { if [${'x'.repeat(big)}] { } }`],
    ['list of one string', `filter { if ["${'x'.repeat(big)}"] { } }`],
    [
      'run of comments',
      `filter { mutate { a => xx ${'# \n'.repeat(big / 4)} b => [xx ${'# \n'.repeat(big / 4)}] } }`,
    ],
    ['run of spaces', `filter { if [a]${' '.repeat(big)}{ } }`],
    ['chain of else if', `filter { if [a] { } ${'else if [a] { } '.repeat(10_000)} }`],
    ['row of plugins', `filter { ${'drop { } '.repeat(50_000)} }`],
  ])('a long %s is no problem', (_name, text) => {
    expect(parseOrError(text, false)).not.toBeInstanceOf(ConfigSyntaxError);
  });
});

describe('and, or', () => {
  /** Logstash's own grouping (lscl.rb, join_conditions): one operator is popped where precedence drops. */
  function logstash(operators: readonly Logical[], truth: readonly boolean[]): boolean {
    const rank = { and: 2, or: 1, xor: 0, nand: 0 };
    const out: (boolean | Logical)[] = [truth[0]!];
    const stack: Logical[] = [];
    for (const [index, operator] of operators.entries()) {
      const last = stack.at(-1);
      if (last && rank[last] > rank[operator]) out.push(stack.pop()!);
      stack.push(operator);
      out.push(truth[index + 1]!);
    }
    const values: boolean[] = [];
    for (const each of [...out, ...stack.reverse()]) {
      if (typeof each === 'boolean') values.push(each);
      else {
        const right = values.pop()!;
        const left = values.pop()!;
        values.push(each === 'and' ? left && right : left || right);
      }
    }
    return values[0]!;
  }

  function evaluate(node: Expression, truth: readonly boolean[]): boolean {
    if (node.type === 'truth')
      return truth[Number((node.operand as { reference: string }).reference.slice(2, -1))]!;
    if (node.type !== 'logical') throw new Error(node.type);
    const left = evaluate(node.left, truth);
    const right = evaluate(node.right, truth);
    return node.operator === 'and' ? left && right : left || right;
  }

  test('a chain means what it says, and is linted exactly where Logstash differs', () => {
    for (let length = 1; length <= 6; length++) {
      for (let bits = 0; bits < 2 ** length; bits++) {
        const operators = Array.from({ length }, (_, at): Logical => ((bits >> at) & 1 ? 'and' : 'or'));
        const source = operators.reduce((text, operator, at) => `${text} ${operator} [f${at + 1}]`, '[f0]');
        const tree = parseConfig(`filter { if ${source} { } }`, 'a.conf', { supportEscapes: false });
        const condition = (tree.sections[0]!.body[0] as Statement & { type: 'branch' }).arms[0]!.condition!;
        let differs = false;
        for (let values = 0; values < 2 ** (length + 1); values++) {
          const truth = Array.from({ length: length + 1 }, (_, at) => ((values >> at) & 1) === 1);
          const expected = truth.reduce<boolean[][]>((groups, each, at) => {
            if (at === 0 || operators[at - 1] === 'or') groups.push([each]);
            else groups.at(-1)!.push(each);
            return groups;
          }, []);
          const meant = expected.some((group) => group.every(Boolean));
          expect(evaluate(condition, truth)).toBe(meant);
          if (logstash(operators, truth) !== meant) differs = true;
        }
        expect([source, (tree.lints?.length ?? 0) > 0]).toEqual([source, differs]);
      }
    }
  });
});

test('positions name the place of every node', () => {
  const text = 'input {\r\n  tcp {\n    port => 5\n  }\n}\rfilter { if [a] { } }';
  const { sections } = parseConfig(text, 'b.conf', { supportEscapes: false });
  expect(sections.map((each) => each.position)).toEqual([
    { file: 'b.conf', line: 1, column: 1 },
    { file: 'b.conf', line: 6, column: 1 },
  ]);
  const tcp = sections[0]!.body[0] as Statement & { type: 'plugin' };
  expect(tcp.position).toEqual({ file: 'b.conf', line: 2, column: 3 });
  expect(tcp.attributes[0]!.position).toEqual({ file: 'b.conf', line: 3, column: 5 });
  expect(tcp.attributes[0]!.value.position).toEqual({ file: 'b.conf', line: 3, column: 13 });
});
