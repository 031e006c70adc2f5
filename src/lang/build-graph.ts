/** Makes the graph of one pipeline from its parsed sources, checking every plugin and condition on the way. */
import type { Position } from '../kernel/diagnostic.ts';
import type { PluginKind } from '../kernel/plugin.ts';
import type { Branch, Config, Expression, PluginNode, SectionKind, Statement } from './ast.ts';
import { type CheckedPlugin, checkPlugin, type PluginScope } from './check-plugin.ts';
import type { GraphBranch, GraphNode, GraphStatement } from './graph.ts';
import { NodeIds } from './node-ids.ts';
import { type Replaced, replaceInCondition, VariableError } from './variables.ts';

/** A plugin with everything that deeper checks look at. */
export interface CheckedNode {
  readonly kind: PluginKind;
  readonly node: PluginNode;
  readonly checked: CheckedPlugin;
  readonly graphNode: GraphNode;
}

export interface BuiltGraph {
  readonly inputs: GraphNode[];
  readonly filters: GraphStatement[];
  readonly outputs: GraphStatement[];
  /** All plugins that exist, in the order of the config. */
  readonly nodes: readonly CheckedNode[];
  /** All conditions, variables replaced. */
  readonly conditions: readonly Expression[];
}

/** Problems go to the scope's reporter; plugins with problems may be missing from the graph. */
export async function buildGraph(
  configs: readonly Config[],
  scope: PluginScope,
  supportEscapes: boolean,
): Promise<BuiltGraph> {
  const builder = new GraphBuilder(scope, supportEscapes);
  for (const config of configs) {
    for (const section of config.sections) await builder.section(section.kind, section.body);
  }
  return builder;
}

class GraphBuilder implements BuiltGraph {
  readonly inputs: GraphNode[] = [];
  readonly filters: GraphStatement[] = [];
  readonly outputs: GraphStatement[] = [];
  readonly nodes: CheckedNode[] = [];
  readonly conditions: Expression[] = [];
  readonly #scope: PluginScope;
  readonly #ids: NodeIds;
  readonly #places = new Map<string, Position>();

  constructor(scope: PluginScope, supportEscapes: boolean) {
    this.#scope = scope;
    this.#ids = new NodeIds(supportEscapes);
  }

  async section(kind: SectionKind, body: readonly Statement[]): Promise<void> {
    if (kind === 'input') {
      for (const statement of body) {
        if (statement.type === 'branch') {
          this.#scope.reporter.report(
            'error',
            statement.position,
            'conditions are not possible in input sections',
            {
              hint: 'put the condition around filters or outputs; tags or type tell there where an event came from',
              length: 2,
            },
          );
          continue;
        }
        const node = await this.#plugin(kind, statement, '');
        if (node) this.inputs.push(node);
      }
      return;
    }
    const statements = await this.#body(kind, body, '');
    for (const each of statements) (kind === 'filter' ? this.filters : this.outputs).push(each);
  }

  async #body(kind: SectionKind, body: readonly Statement[], place: string): Promise<GraphStatement[]> {
    const statements: GraphStatement[] = [];
    for (const each of body) {
      const made =
        each.type === 'branch'
          ? await this.#branch(kind, each, place)
          : await this.#plugin(kind, each, place);
      if (made) statements.push(made);
    }
    return statements;
  }

  async #branch(kind: SectionKind, branch: Branch, place: string): Promise<GraphBranch> {
    const id = this.#ids.branch(kind, branch, place);
    const arms: GraphBranch['arms'][number][] = [];
    for (const arm of branch.arms) {
      const replaced = arm.condition && this.#replaced(arm.condition);
      const condition = replaced?.value;
      if (condition) this.conditions.push(condition);
      const body = await this.#body(kind, arm.body, this.#ids.arm(place, arm.condition));
      arms.push({ condition, body, ...(replaced?.secret && { secret: true }) });
    }
    return { type: 'branch', id, arms, position: branch.position };
  }

  #replaced(condition: Expression): Replaced<Expression> {
    try {
      return replaceInCondition(condition, this.#scope.variables);
    } catch (error) {
      if (!(error instanceof VariableError)) throw error;
      this.#scope.reporter.report('error', condition.position, error.message);
      return { value: condition, secret: false, found: true };
    }
  }

  async #plugin(kind: SectionKind, node: PluginNode, place: string): Promise<GraphNode | undefined> {
    const derived = this.#ids.plugin(kind, node, place);
    const checked = await checkPlugin(kind, node, this.#scope);
    if (!checked) return undefined;
    const explicit = checked.options['id'];
    const id = typeof explicit === 'string' && explicit !== '' ? explicit : derived;
    const twin = this.#places.get(id);
    if (twin) {
      this.#scope.reporter.report('error', node.position, `two plugins have the id \`${id}\``, {
        hint: `the other stands at ${twin.file}:${twin.line}; metrics and logs need one id each`,
        length: node.name.length,
      });
    }
    this.#places.set(id, node.position);
    const graphNode: GraphNode = {
      type: 'plugin',
      kind,
      name: checked.plugin.name,
      id,
      options: checked.options,
      given: checked.given,
      ...(checked.secrets.length > 0 && { secrets: checked.secrets }),
      ecs: checked.ecs,
      position: node.position,
    };
    this.nodes.push({ kind, node, checked, graphNode });
    return graphNode;
  }
}
