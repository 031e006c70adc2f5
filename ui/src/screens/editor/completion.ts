/** What can be typed here, from the plugins' declarations; and help on what stands there. */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { snippet } from '@codemirror/autocomplete';
import type { PluginOption, PluginView } from '../../../../src/server/contract.ts';
import { type Kind, type OutlinePlugin, outline, placeAt, pluginAt } from './config-outline.ts';

export interface Known {
  readonly plugins: readonly PluginView[];
  /** References of fields that were seen, such as `[source][ip]`. */
  readonly fields: readonly string[];
}

export function completions(context: CompletionContext, known: Known): CompletionResult | null {
  const text = context.state.doc.sliceString(0, context.pos);
  const place = placeAt(text, text.length);
  const typed = text.length > place.from;
  const answer = (from: number, options: Completion[]): CompletionResult | null =>
    options.length === 0 ? null : { from, options, validFor: /^[\w-]*$/ };
  switch (place.at) {
    case 'section':
      if (!typed && !context.explicit) return null;
      return answer(
        place.from,
        ['input', 'filter', 'output'].map((name) => ({
          label: name,
          type: 'section',
          apply: snippet(`${name} {\n  \${}\n}\n`),
        })),
      );
    case 'statement':
      if (!typed && !context.explicit) return null;
      return answer(place.from, [
        ...pluginsOf(known, place.kind).map(pluginCompletion),
        {
          label: 'if',
          type: 'keyword',
          detail: 'condition',
          apply: snippet('if ${[field]} == "${value}" {\n  ${}\n}'),
        },
      ]);
    case 'option': {
      const plugin = viewOf(known, place.plugin);
      if (!plugin || (!typed && !context.explicit)) return null;
      const given = new Set(place.plugin.options.map(({ name }) => name));
      return answer(
        place.from,
        plugin.options
          .filter(({ name, deprecated }) => !given.has(name) && deprecated === undefined)
          .map((option) => optionCompletion(option)),
      );
    }
    case 'value': {
      const option = optionOf(known, place.plugin, place.option);
      return option ? answer(place.from, valueCompletions(known, option)) : null;
    }
    case 'condition': {
      if (!typed && !context.explicit) return null;
      return fieldCompletions(known, place.from);
    }
    case 'string': {
      const inside = text.slice(place.from);
      const reference = /(?:%\{|^)(\[[^\]%{}]*\]?)*(\[[\w.@-]*)?$/.exec(inside);
      if (reference && /[[]/.test(reference[0])) {
        const start = place.from + reference.index + (reference[0].startsWith('%{') ? 2 : 0);
        return fieldCompletions(known, start);
      }
      const option =
        place.plugin && place.option !== undefined && optionOf(known, place.plugin, place.option);
      if (!option || option.oneOf === undefined || /\s/.test(inside)) return null;
      return answer(
        place.from,
        option.oneOf.map((value) => ({ label: String(value), type: 'value' })),
      );
    }
    default:
      return null;
  }
}

function fieldCompletions({ fields }: Known, from: number): CompletionResult | null {
  if (fields.length === 0) return null;
  return {
    from,
    options: fields.map((label) => ({ label, type: 'field' })),
    validFor: /^[[\]\w.@-]*$/,
  };
}

const pluginsOf = ({ plugins }: Known, kind: Kind): PluginView[] =>
  plugins.filter((plugin) => plugin.kind === kind);

export const viewOf = (
  known: Known,
  { kind, name }: Pick<OutlinePlugin, 'kind' | 'name'>,
): PluginView | undefined => known.plugins.find((plugin) => plugin.kind === kind && plugin.name === name);

const optionOf = (known: Known, plugin: OutlinePlugin, name: string): PluginOption | undefined =>
  viewOf(known, plugin)?.options.find((option) => option.name === name);

function pluginCompletion(plugin: PluginView): Completion {
  const required = plugin.options.filter((option) => option.required);
  const lines = required.map((option) => `  ${option.name} => ${valueSnippet(option)}`);
  return {
    label: plugin.name,
    type: 'plugin',
    info: () => element([['p', plugin.summary]]),
    apply: snippet(
      lines.length === 0 ? `${plugin.name} {\n  \${}\n}` : `${plugin.name} {\n${lines.join('\n')}\n  \${}\n}`,
    ),
  };
}

function optionCompletion(option: PluginOption): Completion {
  return {
    label: option.name,
    type: 'option',
    detail: typeWords(option),
    boost: option.required ? 2 : option.common ? -1 : 0,
    info: () => optionHelp(option),
    apply: snippet(`${option.name} => ${valueSnippet(option)}`),
  };
}

/** A value to be filled in. `#{}` of snippets marks where the cursor goes. */
function valueSnippet({ type, list, oneOf, default: preset }: PluginOption): string {
  if (oneOf) return `"\${${String(oneOf[0])}}"`;
  if (list || type === 'array') return '["${}"]';
  switch (type) {
    case 'boolean':
      return preset === 'true' ? '${false}' : '${true}';
    case 'number':
      return `\${${preset ?? '0'}}`;
    case 'hash':
      return '{ "${name}" => "${value}" }';
    case 'codec':
      return '${json}';
    default:
      return '"${}"';
  }
}

function valueCompletions(known: Known, { type, oneOf }: PluginOption): Completion[] {
  if (oneOf)
    return oneOf.map((value) => ({
      label: typeof value === 'number' ? String(value) : `"${value}"`,
      type: 'value',
    }));
  if (type === 'boolean') return ['true', 'false'].map((label) => ({ label, type: 'value' }));
  if (type === 'codec')
    return pluginsOf(known, 'codec').map(({ name, summary }) => ({
      label: name,
      type: 'plugin',
      info: () => element([['p', summary]]),
    }));
  return [];
}

export function typeWords({ type, list, required, oneOf }: PluginOption): string {
  const what = oneOf ? oneOf.join(' | ') : type.replaceAll('_', ' ');
  return `${list ? `list of ${what}` : what}${required ? ', required' : ''}`;
}

/** Help on a plugin or option for a tooltip; undefined: there is none. */
export function helpAt(
  text: string,
  offset: number,
  known: Known,
): { from: number; to: number; dom: HTMLElement } | undefined {
  const plugin = pluginAt(outline(text).plugins, offset);
  if (!plugin) return undefined;
  const view = viewOf(known, plugin);
  if (!view) return undefined;
  if (offset >= plugin.from && offset <= plugin.from + plugin.name.length)
    return {
      from: plugin.from,
      to: plugin.from + plugin.name.length,
      dom: element([
        ['strong', `${plugin.kind} ${view.name}`],
        ['p', view.summary],
      ]),
    };
  const at = plugin.options.find(({ name, from }) => offset >= from && offset <= from + name.length);
  const option = at && view.options.find(({ name }) => name === at.name);
  return option && at ? { from: at.from, to: at.from + at.name.length, dom: optionHelp(option) } : undefined;
}

function optionHelp(option: PluginOption): HTMLElement {
  const { name, description, default: preset, min, max, secret } = option;
  const range = [min !== undefined && `at least ${min}`, max !== undefined && `at most ${max}`].filter(
    Boolean,
  );
  return element([
    ['strong', name],
    ['span', typeWords(option)],
    ['p', description],
    ...(preset === undefined ? [] : [['span', `Default: ${preset}`] as const]),
    ...(range.length === 0 ? [] : [['span', range.join(', ')] as const]),
    ...(secret ? [['span', 'A secret: write "${NAME}" and put it into the keystore.'] as const] : []),
  ]);
}

/** Texts only: nothing of a declaration is markup. */
function element(parts: readonly (readonly [string, string])[]): HTMLElement {
  const box = document.createElement('div');
  box.className = 'config-help';
  for (const [tag, text] of parts) {
    const part = document.createElement(tag);
    part.textContent = text;
    box.append(part);
  }
  return box;
}
