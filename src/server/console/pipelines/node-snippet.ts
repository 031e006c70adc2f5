/** A node of a graph as config text, without secrets: only the options that the config gives. */
import { type NestedPlugin, Secret } from '../../../kernel/options.ts';
import type { GraphNode } from '../../../lang/graph.ts';
import { hasCredentials, isAuthorization, isSecretName, maskSecrets } from '../../../lang/secrets.ts';

const HIDDEN = '"<password>"';
const MAX_LENGTH = 8192;
/** Of nested plugins it is not known what the config gives: these are nearly always defaults. */
const DEFAULTS = new Set(['enable_metric', 'ecs_compatibility']);

export function nodeSnippet({ name, options, given, secrets }: GraphNode): string {
  const lines = given
    .filter((option) => options[option] !== undefined)
    .map((option) => {
      const hidden = secrets?.includes(option) === true || isSecretName(option);
      return `  ${option} => ${hidden ? HIDDEN : print(options[option], '  ')}`;
    });
  const text = maskSecrets(lines.length === 0 ? `${name} { }` : `${name} {\n${lines.join('\n')}\n}`);
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}\n… ` : text;
}

function print(value: unknown, indent: string): string {
  const deeper = `${indent}  `;
  if (value instanceof Secret) return HIDDEN;
  if (Array.isArray(value)) return `[${value.map((each) => print(each, deeper)).join(', ')}]`;
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (isNested(value)) {
    const entries = Object.entries(value.options).filter(
      ([key, each]) => each !== undefined && !DEFAULTS.has(key) && each !== 'UTF-8',
    );
    const inner = entries.map(([key, each]) => `${deeper}${key} => ${masked(key, each, deeper)}`);
    return inner.length === 0 ? value.plugin : `${value.plugin} {\n${inner.join('\n')}\n${indent}}`;
  }
  const entries = Object.entries(value).map(
    ([key, each]) => `${deeper}${quoted(key)} => ${masked(key, each, deeper)}`,
  );
  return entries.length === 0 ? '{ }' : `{\n${entries.join('\n')}\n${indent}}`;
}

const isNested = (value: object): value is NestedPlugin =>
  typeof (value as NestedPlugin).plugin === 'string' && typeof (value as NestedPlugin).options === 'object';

const masked = (name: string, value: unknown, indent: string): string =>
  isSecretName(name) ? HIDDEN : print(value, indent);

function quoted(text: string): string {
  if (isAuthorization(text)) return HIDDEN;
  const shown = hasCredentials(text) ? text.replace(/(:\/\/)[^/@\s]*@/g, '$1<password>@') : text;
  return shown.includes('"') && !shown.includes("'") ? `'${shown}'` : `"${shown}"`;
}
