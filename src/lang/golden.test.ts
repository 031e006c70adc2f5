/**
 * Golden pairs of the language: `test/golden/lang/*.golden` hold a text and what becomes of it. `UPDATE_GOLDEN=1`
 * writes them anew; read the difference before it is committed.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { langRegistry } from '../../test/support/lang-registry.ts';
import { formatDiagnostic } from '../kernel/diagnostic.ts';
import { Secret } from '../kernel/options.ts';
import type { Config, Expression, Operand, Statement, Value } from './ast.ts';
import { checkPipelines } from './check.ts';
import type { GraphStatement } from './graph.ts';
import { ConfigSyntaxError, parseConfig } from './parse.ts';

const folder = join(import.meta.dirname, '../../test/golden/lang');
const updating = process.env['UPDATE_GOLDEN'] === '1';

/** By name of the golden file: what is done with each text in it. */
const kinds: Record<string, (text: string) => string | Promise<string>> = {
  grammar: (text) => parsed(text, false),
  escapes: (text) => parsed(text, true),
  'syntax-errors': (text) => parsed(text, false),
  checks: (text) => checked(text),
  options: (text) => options(text),
};

function parsed(text: string, supportEscapes: boolean): string {
  try {
    const config = parseConfig(text, 'a.conf', { supportEscapes });
    const lints = (config.lints ?? []).map((lint) => formatDiagnostic(lint, text));
    return [config.sections.map((section) => tree(section)).join('\n'), ...lints].join('\n');
  } catch (error) {
    if (!(error instanceof ConfigSyntaxError)) throw error;
    return formatDiagnostic(error.diagnostic, text);
  }
}

/** The tree in one line a section, without positions. */
function tree({ kind, body }: Config['sections'][number]): string {
  return `(${[kind, ...body.map(statement)].join(' ')})`;
}

function statement(node: Statement): string {
  if (node.type === 'plugin') return value(node);
  const arms = node.arms.map(
    (arm) =>
      `(${[arm.condition ? expression(arm.condition) : 'else', ...arm.body.map(statement)].join(' ')})`,
  );
  return `(if ${arms.join(' ')})`;
}

function value(node: Value): string {
  switch (node.type) {
    case 'plugin':
      return `(${[`plugin:${node.name}`, ...node.attributes.map((each) => `${each.name}=${value(each.value)}`)].join(' ')})`;
    case 'string':
      return node.quoted ? JSON.stringify(node.text) : `bare:${node.text}`;
    case 'number':
      return `${node.value}${typeof node.value === 'bigint' ? 'n' : ''}${node.float ? 'f' : ''}`;
    case 'array':
      return `[${node.items.map(value).join(' ')}]`;
    case 'hash':
      return `{${node.entries.map((each) => `${value(each.key)}=${value(each.value)}`).join(' ')}}`;
  }
}

function expression(node: Expression): string {
  switch (node.type) {
    case 'logical':
      return `(${node.operator} ${expression(node.left)} ${expression(node.right)})`;
    case 'not':
      return `(not ${expression(node.operand)})`;
    case 'compare':
      return `(${node.operator} ${operand(node.left)} ${operand(node.right)})`;
    case 'in':
      return `(${node.negated ? 'not-in' : 'in'} ${operand(node.left)} ${operand(node.right)})`;
    case 'match':
      return `(${node.negated ? '!~' : '=~'} ${operand(node.left)} ${node.pattern.regexp ? `/${node.pattern.text}/` : JSON.stringify(node.pattern.text)})`;
    case 'truth':
      return operand(node.operand);
  }
}

function operand(node: Operand): string {
  if (node.type === 'field') return `field:${node.reference}`;
  if (node.type === 'regexp') return `/${node.text}/`;
  if (node.type === 'array') return `[${node.items.map(operand).join(' ')}]`;
  return value(node);
}

const environment = {
  environment: { PORT: '5044', HOST: "'10.0.0.1'", LIST: '["a", \'b\', c]', HOME: '/root' },
  keystore: (name: string) => (name === 'KEY' ? 'from the keystore' : undefined),
};

/** Several pipelines begin with `#pipeline NAME [setting=value…]` lines. */
function pipelinesOf(text: string) {
  const parts = text.split(/^#pipeline (.*)\n/m);
  const named = parts.length === 1 ? [['main', text]] : pairs(parts.slice(1));
  return named.map(([head, source]) => {
    const [id, ...settings] = head!.split(' ');
    return {
      id: id!,
      sources: [{ file: parts.length === 1 ? 'a.conf' : `${id}.conf`, text: source! }],
      settings: Object.fromEntries(settings.map((each) => each.split('='))),
    };
  });
}

const pairs = (list: readonly string[]): string[][] =>
  list.flatMap((each, index) => (index % 2 === 0 ? [[each, list[index + 1]!]] : []));

async function checked(text: string): Promise<string> {
  const result = await checkPipelines(pipelinesOf(text), langRegistry, environment);
  const messages = result.diagnostics.map((each) => formatDiagnostic(each, result.sources.get(each.file)));
  return messages.length > 0 ? messages.join('\n') : 'Configuration OK';
}

/** The given options of every plugin as the plugin sees them; codecs with all of theirs. */
async function options(text: string): Promise<string> {
  const result = await checkPipelines(pipelinesOf(text), langRegistry, environment);
  const lines: string[] = result.diagnostics
    .filter(({ message }) => !/^pipeline .* has no /.test(message))
    .map((each) => formatDiagnostic(each, result.sources.get(each.file)));
  const show = (node: GraphStatement): void => {
    if (node.type === 'branch') {
      for (const arm of node.arms) {
        lines.push(arm.condition ? expression(arm.condition) : 'else');
        for (const each of arm.body) show(each);
      }
      return;
    }
    const shown = node.given.map((name) => `${name}=${json(node.options[name])}`);
    const ecs = node.ecs === 'disabled' ? [] : [`ecs:${node.ecs}`];
    const secrets = (node.secrets ?? []).map((name) => `secret:${name}`);
    const codec =
      node.kind === 'input' && !node.given.includes('codec')
        ? [`(codec ${json(node.options['codec'])})`]
        : [];
    lines.push([node.name, ...shown, ...ecs, ...secrets, ...codec].join(' '));
  };
  for (const { graph } of result.pipelines) {
    for (const each of [...(graph?.inputs ?? []), ...(graph?.filters ?? []), ...(graph?.outputs ?? [])])
      show(each);
  }
  return lines.join('\n');
}

const json = (data: unknown): string =>
  JSON.stringify(data, (_key, each) => (each instanceof Secret ? '<password>' : each)) ?? 'undefined';

interface Case {
  readonly title: string;
  readonly text: string;
  readonly expected: string;
}

/** `=== title`, the text, `---`, what is expected; `\u{…}` stands for characters that are hard to see. */
function readCases(file: string): Case[] {
  const content = readFileSync(join(folder, file), 'utf8');
  return content
    .split(/^=== /m)
    .slice(1)
    .map((block) => {
      const [head, ...expected] = block.split(/^---\n/m);
      const at = head!.indexOf('\n');
      const text = head!
        .slice(at + 1)
        .replace(/\\u\{([0-9a-f]+)\}/g, (_all, code) => String.fromCodePoint(Number.parseInt(code, 16)));
      return {
        title: head!.slice(0, at),
        text: text.replace(/\n$/, ''),
        expected: expected.join('---\n').trimEnd(),
      };
    });
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.golden'))) {
  const run = kinds[file.replace('.golden', '')]!;
  if (updating) {
    const blocks = readFileSync(join(folder, file), 'utf8').split(/^=== /m).slice(1);
    const cases = readCases(file);
    const made: string[] = [];
    for (const [index, each] of cases.entries()) {
      const head = blocks[index]!.split(/^---\n/m)[0]!.trimEnd();
      made.push(`=== ${head}\n---\n${await run(each.text)}\n`);
    }
    writeFileSync(join(folder, file), made.join('\n'));
  }
  describe(`golden ${file}`, () => {
    test.each(readCases(file))('$title', async ({ text, expected }) => {
      expect(await run(text)).toBe(expected);
    });
  });
}
