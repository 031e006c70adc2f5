/**
 * What an edit could do when it is tried out: Ruby code runs, and options name files that are read. Who may not apply
 * an edit may try only what saved configs do already.
 */
import { resolve } from 'node:path';
import type { PluginNode, Statement, Value } from '../../../lang/ast.ts';
import { parseConfig } from '../../../lang/parse.ts';

const CODE = new Set(['ruby', 'javascript', 'exec', 'pipe']);
const PATH = /(?:^|_)(?:path|paths|dir|file|files|location|glob|uri|database)$/;

/** What `texts` may do that `saved` do not; undefined: nothing. */
export function newPowers(
  texts: readonly string[],
  saved: readonly string[],
  allowedFolder: string,
): string | undefined {
  const known = new Set(saved.flatMap((text) => powersOf(text).map(({ key }) => key)));
  const power = texts
    .flatMap(powersOf)
    .find(({ key, path }) => !known.has(key) && !(path !== undefined && isInside(path, allowedFolder)));
  return power?.words;
}

/** A variable or an escape in a path may lead anywhere. */
const isInside = (path: string, folder: string): boolean =>
  path.startsWith('/') && !/\$\{|\\/.test(path) && resolve(path).startsWith(`${folder}/`);

interface Power {
  readonly key: string;
  readonly words: string;
  readonly path?: string;
}

/** Nothing of a text that does not parse: it is not run. */
function powersOf(text: string): Power[] {
  const found: Power[] = [];
  try {
    for (const { body } of parseConfig(text, 'config', { supportEscapes: false }).sections)
      for (const statement of body) visit(statement, found);
  } catch {
    return [];
  }
  return found;
}

function visit(statement: Statement, found: Power[]): void {
  if (statement.type === 'plugin') plugin(statement, found);
  else for (const { body } of statement.arms) for (const each of body) visit(each, found);
}

function plugin({ name, attributes }: PluginNode, found: Power[]): void {
  for (const { name: option, value } of attributes) {
    if (CODE.has(name))
      found.push({
        key: `${name} ${option} ${textsOf(value).join('\0')}`,
        words: `the code of \`${name}\` is new`,
      });
    else if (PATH.test(option))
      for (const path of textsOf(value))
        found.push({ key: path, path, words: `\`${option}\` names ${path}, which no saved config does` });
    nested(value, found);
  }
}

function nested(value: Value, found: Power[]): void {
  if (value.type === 'plugin') plugin(value, found);
  else if (value.type === 'array') for (const item of value.items) nested(item, found);
  else if (value.type === 'hash') for (const entry of value.entries) nested(entry.value, found);
}

function textsOf(value: Value): string[] {
  switch (value.type) {
    case 'string':
      return [value.text];
    case 'number':
      return [String(value.value)];
    case 'array':
      return value.items.flatMap(textsOf);
    case 'hash':
      return value.entries.flatMap((entry) => [...textsOf(entry.key), ...textsOf(entry.value)]);
    case 'plugin':
      return [];
  }
}
