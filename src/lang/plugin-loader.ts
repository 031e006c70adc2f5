/** Finds plugins in the registry, each once, and says what is meant where there is none of a name. */
import { suggest } from '../kernel/diagnostic.ts';
import type { Plugin, PluginKind, Registry } from '../kernel/plugin.ts';
import type { PluginNode } from './ast.ts';
import type { Reporter } from './reporter.ts';

const KINDS: readonly PluginKind[] = ['input', 'filter', 'output', 'codec'];
const article = (kind: PluginKind): string => (/^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`);

export class PluginLoader {
  readonly #registry: Registry;
  readonly #found = new Map<string, Promise<Plugin | undefined>>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The plugin of a name, or undefined. Rejects if its module can not be loaded. */
  find(kind: PluginKind, name: string): Promise<Plugin | undefined> {
    const key = `${kind} ${name}`;
    let found = this.#found.get(key);
    if (found === undefined) {
      found = this.#registry.load(kind, name);
      this.#found.set(key, found);
    }
    return found;
  }

  /** The plugin of a node; reports why there is none. */
  async load(kind: PluginKind, node: PluginNode, reporter: Reporter): Promise<Plugin | undefined> {
    const { name, position } = node;
    const length = name.length;
    try {
      const plugin = await this.find(kind, name);
      if (plugin !== undefined) return plugin;
    } catch (error) {
      reporter.report(
        'error',
        position,
        `the ${kind} \`${name}\` can not be loaded: ${(error as Error).message}`,
        { length },
      );
      return undefined;
    }
    reporter.report('error', position, `there is no ${kind} \`${name}\``, {
      length,
      hint: this.#hint(kind, name),
    });
    return undefined;
  }

  #hint(kind: PluginKind, name: string): string {
    const others = KINDS.filter((other) => other !== kind && this.#registry.names(other).includes(name));
    const near = suggest(name, this.#registry.names(kind));
    if (near !== undefined && near.toLowerCase() === name.toLowerCase()) return `did you mean \`${near}\`?`;
    if (others.length > 0) return `\`${name}\` is ${others.map(article).join(' and ')}`;
    if (near !== undefined) return `did you mean \`${near}\`?`;
    return `see \`millrace plugin list\` for the ${kind}s there are`;
  }
}
