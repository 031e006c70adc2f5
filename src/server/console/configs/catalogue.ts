/** All plugins as their declarations have them: for completion, help and forms. */
import { commonOptions, ecsOption, type Option, type Options } from '../../../kernel/options.ts';
import type { Plugin, PluginKind, Registry } from '../../../kernel/plugin.ts';
import { isSecretName } from '../../../lang/secrets.ts';
import type { PluginOption, PluginView } from '../../contract/configs.ts';

const KINDS: readonly PluginKind[] = ['input', 'filter', 'output', 'codec'];

export async function catalogueOf(registry: Registry): Promise<PluginView[]> {
  const all: PluginView[] = [];
  for (const kind of KINDS)
    for (const name of [...registry.names(kind)].sort()) {
      const plugin = await registry.load(kind, name);
      if (plugin) all.push(view(kind, name, plugin));
    }
  return all;
}

function view(kind: PluginKind, name: string, plugin: Plugin): PluginView {
  const example = plugin.examples?.[0]?.config;
  const own: Options = plugin.options;
  const common: Options = { ...commonOptions[kind], ...(plugin.ecs && ecsOption) };
  return {
    kind,
    name,
    summary: plugin.summary,
    options: [
      ...optionsOf(own, false),
      ...optionsOf(
        Object.fromEntries(Object.entries(common).filter(([key]) => !Object.hasOwn(own, key))),
        true,
      ),
    ],
    ...(example !== undefined && { example }),
  };
}

/** Without names that no new config should use. */
const optionsOf = (options: Options, common: boolean): PluginOption[] =>
  Object.entries(options).flatMap(([name, option]) =>
    option.renamedTo === undefined && option.obsolete === undefined ? [optionOf(name, option, common)] : [],
  );

function optionOf(name: string, option: Option, common: boolean): PluginOption {
  const { type, description, required, oneOf, list, min, max, deprecated } = option;
  const shown = printed(option.default);
  return {
    name,
    type,
    description,
    ...(shown !== undefined && { default: shown }),
    ...(required && { required }),
    ...(oneOf && { oneOf: [...oneOf] }),
    ...(list && { list }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...((type === 'password' || (isSecretName(name) && type === 'string')) && { secret: true }),
    ...(common && { common }),
    ...(deprecated !== undefined && { deprecated }),
  };
}

/** A default as a config writes it. */
function printed(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((each) => printed(each) ?? '').join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  if ('plugin' in value) return String(value.plugin);
  return `{ ${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)} => ${printed(each) ?? ''}`)
    .join(' ')} }`.replace('{  }', '{}');
}
