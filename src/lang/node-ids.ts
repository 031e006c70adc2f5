/**
 * Ids of nodes without an explicit `id`: made of the plugin's kind, name and content (not its layout) and the
 * conditions it stands under, so that edits elsewhere keep them. Twins are numbered in their order.
 */
import { createHash } from 'node:crypto';
import type { PluginKind } from '../kernel/plugin.ts';
import type { Branch, PluginNode } from './ast.ts';
import { printConfig, printExpression } from './print.ts';

export class NodeIds {
  readonly #supportEscapes: boolean;
  readonly #twins = new Map<string, number>();

  constructor(supportEscapes: boolean) {
    this.#supportEscapes = supportEscapes;
  }

  /** `place` is what `arm` gave for the arm it stands in, or empty. */
  plugin(kind: PluginKind, node: PluginNode, place: string): string {
    const attributes = node.attributes
      .map((attribute, index) => ({ attribute, index }))
      .sort((a, b) =>
        a.attribute.name < b.attribute.name
          ? -1
          : a.attribute.name > b.attribute.name
            ? 1
            : a.index - b.index,
      )
      .map(({ attribute }) => attribute);
    const { position } = node;
    const canonical = printConfig(
      { sections: [{ kind: 'filter', body: [{ ...node, attributes }], position }] },
      { supportEscapes: this.#supportEscapes },
    );
    return this.#id(node.name, [kind, place, canonical]);
  }

  branch(kind: PluginKind, branch: Branch, place: string): string {
    const conditions = branch.arms.map(({ condition }) => this.#condition(condition));
    return this.#id('if', [kind, place, ...conditions]);
  }

  /** The place inside of one arm, for `plugin` and `branch`: changed bodies do not change it. */
  arm(place: string, condition: Branch['arms'][number]['condition']): string {
    return `${place}/${this.#condition(condition)}`;
  }

  #condition(condition: Branch['arms'][number]['condition']): string {
    return condition ? printExpression(condition, { supportEscapes: this.#supportEscapes }) : 'else';
  }

  #id(name: string, parts: readonly string[]): string {
    const key = JSON.stringify([name, ...parts]);
    const twin = this.#twins.get(key) ?? 0;
    this.#twins.set(key, twin + 1);
    const hash = createHash('sha256').update(`${key} ${twin}`).digest('hex').slice(0, 12);
    return `${name}_${hash}`;
  }
}
