/** Values of options between a config's text and a form's fields. What a form can not show stays as it is written. */
import type { PluginOption } from '../../../../src/server/contract.ts';
import type { OutlineOption, OutlinePlugin } from './config-outline.ts';

export type FieldKind = 'text' | 'number' | 'switch' | 'choice' | 'list' | 'pairs' | 'written';

export type FieldValue =
  | { readonly kind: 'text' | 'number' | 'choice' | 'written'; readonly text: string }
  | { readonly kind: 'switch'; readonly on: boolean }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'pairs'; readonly pairs: readonly (readonly [string, string])[] };

/** The field for an option, whatever its value. */
export function kindOf({ type, list, oneOf }: PluginOption): FieldKind {
  if (list || type === 'array') return 'list';
  if (oneOf) return 'choice';
  switch (type) {
    case 'boolean':
      return 'switch';
    case 'number':
      return 'number';
    case 'hash':
      return 'pairs';
    case 'codec':
    case 'any':
      return 'written';
    default:
      return 'text';
  }
}

/** A value as a field shows it; `written` where it is too much for the field. */
export function readValue(option: PluginOption, written: string): FieldValue {
  const kind = kindOf(option);
  const raw: FieldValue = { kind: 'written', text: written };
  switch (kind) {
    case 'written':
      return raw;
    case 'switch': {
      const text = scalar(written);
      return text === 'true' || text === 'false' ? { kind, on: text === 'true' } : raw;
    }
    case 'list': {
      const items = listOf(written);
      return items ? { kind, items } : raw;
    }
    case 'pairs': {
      const pairs = pairsOf(written);
      return pairs ? { kind, pairs } : raw;
    }
    default: {
      const text = scalar(written);
      return text === undefined ? raw : { kind, text };
    }
  }
}

/** A value as a config writes it; undefined: nothing, so that the option goes away. */
export function printValue(option: PluginOption, value: FieldValue): string | undefined {
  switch (value.kind) {
    case 'written':
      return value.text.trim() === '' ? undefined : value.text.trim();
    case 'switch':
      return String(value.on);
    case 'number':
      return value.text.trim() === '' ? undefined : number(value.text.trim());
    case 'list':
      if (value.items.length === 0) return undefined;
      return `[${value.items.map((item) => (option.type === 'number' ? number(item) : quoted(item))).join(', ')}]`;
    case 'pairs':
      if (value.pairs.length === 0) return undefined;
      return `{\n${value.pairs.map(([name, each]) => `  ${quoted(name)} => ${quoted(each)}`).join('\n')}\n}`;
    default:
      return value.text === '' ? undefined : quoted(value.text);
  }
}

const number = (text: string): string => (/^-?\d+(?:\.\d+)?$/.test(text) ? text : quoted(text));

/** Without escapes, which configs do not have unless a setting says so: the other quote is taken where one is inside. */
function quoted(text: string): string {
  if (!text.includes('"')) return `"${text}"`;
  if (!text.includes("'")) return `'${text}'`;
  return `"${text.replaceAll('"', '\\"')}"`;
}

/** A text, number or bareword; undefined: something else. */
function scalar(written: string): string | undefined {
  const text = written.trim();
  const [, double] = /^"((?:[^"\\]|\\[^"])*)"$/s.exec(text) ?? [];
  if (double !== undefined) return double;
  const [, single] = /^'((?:[^'\\]|\\[^'])*)'$/s.exec(text) ?? [];
  if (single !== undefined) return single;
  return /^[\w.:/-]+$/.test(text) ? text : undefined;
}

const ITEM = /\s*("(?:[^"\\]|\\[^"])*"|'(?:[^'\\]|\\[^'])*'|[\w.:/-]+)\s*/y;

/** Undefined: it holds more than texts, or comments. */
function listOf(written: string): string[] | undefined {
  const text = written.trim();
  if (!text.startsWith('[')) {
    const one = scalar(text);
    return one === undefined ? undefined : [one];
  }
  const items: string[] = [];
  let at = 1;
  for (;;) {
    while (/\s/.test(text[at] ?? 'x')) at++;
    if (text[at] === ']') return at === text.length - 1 ? items : undefined;
    ITEM.lastIndex = at;
    const match = ITEM.exec(text);
    if (!match) return undefined;
    items.push(scalar(match[1]!)!);
    at = ITEM.lastIndex;
    if (text[at] === ',') at++;
    else if (text[at] !== ']') return undefined;
  }
}

function pairsOf(written: string): [string, string][] | undefined {
  const text = written.trim();
  if (!text.startsWith('{')) return undefined;
  const pairs: [string, string][] = [];
  let at = 1;
  const item = (): string | undefined => {
    ITEM.lastIndex = at;
    const match = ITEM.exec(text);
    if (!match) return undefined;
    at = ITEM.lastIndex;
    return scalar(match[1]!);
  };
  for (;;) {
    while (/[\s,]/.test(text[at] ?? 'x')) at++;
    if (text[at] === '}') return at === text.length - 1 ? pairs : undefined;
    const name = item();
    if (name === undefined || !text.startsWith('=>', at)) return undefined;
    at += 2;
    const value = item();
    if (value === undefined) return undefined;
    pairs.push([name, value]);
  }
}

/** The text with an option set, or taken away; everything else stays, comments included. */
export function withOption(
  text: string,
  plugin: OutlinePlugin,
  name: string,
  value: string | undefined,
): string {
  const at = plugin.options.find((option) => option.name === name);
  if (at) return value === undefined ? without(text, at) : replaced(text, at, value);
  if (value === undefined) return text;
  const indent = indentOf(text, plugin.from);
  const inner = `${indent}  `;
  const body = text.slice(plugin.bodyFrom, plugin.bodyTo);
  const line = `${inner}${name} => ${indented(value, inner)}`;
  if (!body.includes('\n')) {
    const kept = body.trim();
    const lines = [...(kept === '' ? [] : [`${inner}${kept}`]), line];
    return `${text.slice(0, plugin.bodyFrom)}\n${lines.join('\n')}\n${indent}${text.slice(plugin.bodyTo)}`;
  }
  const before = text.slice(0, plugin.bodyTo).replace(/[ \t]*$/, '');
  const gap = before.endsWith('\n') ? '' : '\n';
  return `${before}${gap}${line}\n${indent}${text.slice(plugin.bodyTo)}`;
}

const indentOf = (text: string, at: number): string =>
  /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', at - 1) + 1))![0];

const indented = (value: string, indent: string): string => value.replaceAll('\n', `\n${indent}`);

function replaced(text: string, { from, valueFrom, valueTo }: OutlineOption, value: string): string {
  const space = valueFrom === valueTo && !/\s/.test(text[valueFrom - 1] ?? ' ') ? ' ' : '';
  return `${text.slice(0, valueFrom)}${space}${indented(value, indentOf(text, from))}${text.slice(valueTo)}`;
}

/** With the line, if nothing else stands in it. */
function without(text: string, { from, valueTo }: OutlineOption): string {
  const lineStart = text.lastIndexOf('\n', from - 1) + 1;
  const newline = text.indexOf('\n', valueTo);
  const lineEnd = newline < 0 ? text.length : newline;
  const alone = text.slice(lineStart, from).trim() === '' && text.slice(valueTo, lineEnd).trim() === '';
  if (alone) return text.slice(0, lineStart) + text.slice(Math.min(text.length, lineEnd + 1));
  return text.slice(0, from) + text.slice(valueTo).replace(/^[ \t]+/, '');
}
