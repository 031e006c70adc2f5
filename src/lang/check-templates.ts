/**
 * Checks of `%{…}` in options: date patterns, and `[@metadata]` that nothing sets or nothing reads.
 */
import { compileDateFormat } from '../event/date-format.ts';
import type { Position } from '../kernel/diagnostic.ts';
import type { Config, Expression, Operand, PluginNode, Statement, Value } from './ast.ts';
import type { BuiltGraph } from './build-graph.ts';
import type { Reporter } from './reporter.ts';

/** Filters whose `%{…}` is their own language. */
const OWN_LANGUAGE = new Set(['grok', 'dissect', 'ruby']);

/**
 * What inputs put under `@metadata`, by its first name. Inputs that are not listed may put anything there: beats
 * carries the sender's own.
 */
const METADATA_OF_INPUTS: Readonly<Record<string, readonly string[]>> = {
  stdin: [],
  generator: [],
  heartbeat: [],
  pipeline_stats: [],
  tcp: ['input'],
  udp: ['input'],
  unix: ['input'],
  syslog: ['input'],
  http: ['input'],
  gelf: [],
  file: ['path', 'host'],
};

interface Text {
  readonly text: string;
  readonly position: Position;
  readonly plugin: string;
  readonly option: string;
  readonly isKey: boolean;
}

export function checkTemplates(built: BuiltGraph, configs: readonly Config[], reporter: Reporter): void {
  const texts = new Map<string, Text[]>();
  for (const { kind, node } of built.nodes) {
    const list = texts.get(kind) ?? [];
    texts.set(kind, list);
    collect(node, list);
  }
  const of = (kind: string): Text[] => texts.get(kind) ?? [];
  for (const text of [...of('filter'), ...of('output')]) dates(text, reporter);
  lintUnset(built, of('input'), of('filter'), of('output'), reporter);
  lintUnread(built, configs, [...of('input'), ...of('filter'), ...of('output')], reporter);
}

function collect(node: PluginNode, list: Text[]): void {
  for (const { name, value } of node.attributes) visit(value, name, false);
  function visit(value: Value, option: string, isKey: boolean): void {
    const { position } = value;
    if (value.type === 'string') list.push({ text: value.text, position, plugin: node.name, option, isKey });
    else if (value.type === 'array') for (const item of value.items) visit(item, option, false);
    else if (value.type === 'plugin') collect(value, list);
    else if (value.type === 'hash') {
      for (const entry of value.entries) {
        visit(entry.key, option, true);
        visit(entry.value, option, false);
      }
    }
  }
}

const DATE = /%\{\{([^}]*)\}\}|%\{\+([^}]*)\}/g;

function dates({ text, position, plugin, option }: Text, reporter: Reporter): void {
  if (OWN_LANGUAGE.has(plugin)) return;
  for (const [placeholder, java, joda] of text.matchAll(DATE)) {
    const pattern = java ?? joda ?? '';
    if (pattern === '%s' || pattern === 'TIME_NOW') continue;
    try {
      compileDateFormat(pattern, java === undefined ? 'joda' : 'java');
    } catch (error) {
      reporter.report(
        'error',
        position,
        `\`${option}\`: ${placeholder} is no date: ${(error as Error).message}`,
        {
          expected: 'letters such as yyyy, MM, dd, HH, mm, ss; other text in single quotes',
          length: text.length + 2,
        },
      );
      continue;
    }
    const letters = pattern.replace(/'[^']*'/g, '');
    const hint =
      /DD/.test(letters) && /M/.test(letters)
        ? 'DD is the day of the year: the day of the month is dd'
        : /[yY]/.test(letters) && /mm/.test(letters) && !/[HhKk]/.test(letters)
          ? 'mm is the minute: the month is MM'
          : java !== undefined && /Y/.test(letters) && !/w/.test(letters)
            ? 'YYYY is the year of the week here: the year is yyyy'
            : undefined;
    if (hint)
      reporter.report('lint', position, `${placeholder} is probably not the date that is meant`, { hint });
  }
}

const METADATA_NAME = /\[@metadata\](?:\[([^\][]+)\])?/g;
const METADATA_TEMPLATE = /%\{\[@metadata\]\[([^\][]+)\][^}]*\}/g;

/** First names under @metadata that texts write; `*` for the whole of it. */
function written(texts: readonly Text[]): Set<string> {
  const names = new Set<string>();
  for (const { text, plugin } of texts) {
    const plain = OWN_LANGUAGE.has(plugin) ? text : text.replace(/%\{[^}]*\}/g, '');
    for (const [, name] of plain.matchAll(METADATA_NAME)) names.add(name ?? '*');
    if (plain === '@metadata' || (plugin === 'ruby' && /metadata/.test(text))) names.add('*');
  }
  return names;
}

function lintUnset(
  built: BuiltGraph,
  inputs: readonly Text[],
  filters: readonly Text[],
  outputs: readonly Text[],
  reporter: Reporter,
): void {
  if (built.inputs.length === 0) return;
  const set = written([...inputs, ...filters]);
  for (const { name } of built.inputs) for (const each of METADATA_OF_INPUTS[name] ?? ['*']) set.add(each);
  // A script in a file may set anything.
  if (built.nodes.some(({ checked }) => checked.plugin.name === 'ruby' && checked.options['path']))
    set.add('*');
  if (set.has('*')) return;
  const names = [...new Set(built.inputs.map(({ name }) => `\`${name}\``))].join(', ');
  for (const { text, position, option, plugin } of [...filters, ...outputs]) {
    if (OWN_LANGUAGE.has(plugin)) continue;
    for (const [placeholder, name] of text.matchAll(METADATA_TEMPLATE)) {
      if (set.has(name!)) continue;
      reporter.report(
        'lint',
        position,
        `\`${option}\`: ${placeholder} will stay as it is: no input or filter of this pipeline sets [@metadata][${name}]`,
        {
          hint: `inputs here (${names}) give no such metadata; only Beats do over the beats input, and outputs such as http do not pass it on: write a fixed name, or set it with a mutate filter`,
          length: text.length + 2,
        },
      );
    }
  }
}

/** `[@metadata][x]` set by add_field and its like, and named nowhere else. */
function lintUnread(
  built: BuiltGraph,
  configs: readonly Config[],
  texts: readonly Text[],
  reporter: Reporter,
): void {
  const readsAll = built.nodes.some(
    ({ node, checked }) =>
      checked.plugin.name === 'pipeline' ||
      checked.plugin.name === 'ruby' ||
      JSON.stringify(node.attributes, (key, value) =>
        key === 'position' ? undefined : typeof value === 'bigint' ? null : value,
      ).includes('"metadata"'),
  );
  if (readsAll) return;
  const mentions = new Map<string, number>();
  const count = (text: string): void => {
    for (const [, name] of text.matchAll(METADATA_NAME)) {
      mentions.set(name ?? '*', (mentions.get(name ?? '*') ?? 0) + 1);
    }
  };
  for (const { text } of texts) count(text);
  for (const config of configs)
    for (const { body } of config.sections) for (const each of body) inConditions(each, count);
  if (mentions.has('*')) return;
  for (const { text, position, option, isKey } of texts) {
    if (!isKey || option !== 'add_field') continue;
    const name = /^\[@metadata\]\[([^\][]+)\]/.exec(text)?.[1];
    if (name === undefined || mentions.get(name) !== 1) continue;
    reporter.report(
      'lint',
      position,
      `${text} is set, but nothing reads it, and outputs never write @metadata`,
      {
        length: text.length + 2,
      },
    );
  }
}

function inConditions(statement: Statement, use: (text: string) => void): void {
  if (statement.type === 'plugin') return;
  for (const { condition, body } of statement.arms) {
    if (condition) fieldsOf(condition, use);
    for (const each of body) inConditions(each, use);
  }
}

function fieldsOf(expression: Expression, use: (text: string) => void): void {
  const operand = (each: Operand): void => {
    if (each.type === 'field') use(each.reference);
  };
  switch (expression.type) {
    case 'logical':
      fieldsOf(expression.left, use);
      fieldsOf(expression.right, use);
      return;
    case 'not':
      fieldsOf(expression.operand, use);
      return;
    case 'truth':
      operand(expression.operand);
      return;
    case 'match':
      operand(expression.left);
      return;
    default:
      operand(expression.left);
      operand(expression.right);
  }
}
