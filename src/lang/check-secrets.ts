/** Secrets in plain text: they belong into the keystore or the environment. */
import type { Position } from '../kernel/diagnostic.ts';
import type { PluginNode, Value } from './ast.ts';
import type { BuiltGraph } from './build-graph.ts';
import { declaredOptions } from './check-plugin.ts';
import type { Reporter } from './reporter.ts';
import { hasCredentials, isAuthorization, isLiteral, isSecretName } from './secrets.ts';

/** Types that never hold a secret, whatever the name of the option says. */
const HARMLESS = new Set(['path', 'number', 'boolean', 'field_reference', 'bytes', 'duration', 'codec']);

/** Lints them; returns where they stand, so that messages do not show them. */
export function lintSecrets(built: BuiltGraph, reporter: Reporter): Position[] {
  const places: Position[] = [];
  for (const { node, checked } of built.nodes) {
    const declared = declaredOptions(checked.plugin);
    visit(node, reporter, places, (name) => {
      const type = declared[name]?.type;
      if (type === 'password') return true;
      return isSecretName(name) && (type === undefined || !HARMLESS.has(type));
    });
  }
  return places;
}

function visit(
  node: PluginNode,
  reporter: Reporter,
  places: Position[],
  isSecret: (name: string) => boolean,
): void {
  for (const { name, value } of node.attributes) {
    const secret = isSecret(name);
    each(value, (text, position) => {
      // What a variable or field fills in part is not shown either.
      if (secret && text !== '') places.push(position);
      else if (isAuthorization(text)) places.push(position);
      if (!isLiteral(text)) return;
      if (!secret && !isAuthorization(text) && !hasCredentials(text)) return;
      const variable = name.toUpperCase().replace(/\W/g, '_');
      reporter.report('lint', position, `\`${name}\` holds a secret in plain text`, {
        hint: `put it into the keystore (millrace keystore add ${variable}) and write "\${${variable}}"`,
      });
    });
    nested(value, (inner) => visit(inner, reporter, places, isSecretName));
  }
}

/** All strings of a value, not of plugins inside. */
function each(value: Value, use: (text: string, position: Position) => void): void {
  if (value.type === 'string') use(value.text, value.position);
  else if (value.type === 'array') for (const item of value.items) each(item, use);
  else if (value.type === 'hash') for (const entry of value.entries) each(entry.value, use);
}

function nested(value: Value, use: (node: PluginNode) => void): void {
  if (value.type === 'plugin') use(value);
  else if (value.type === 'array') for (const item of value.items) nested(item, use);
  else if (value.type === 'hash') for (const entry of value.entries) nested(entry.value, use);
}
