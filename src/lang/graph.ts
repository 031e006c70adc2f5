/**
 * The checked config: what compiler, engine, metrics, monitoring API and UI speak about. Plain data (survives
 * structured clone), but for `Secret`s inside options, which `packOptions` and `unpackOptions` carry over.
 */
import type { Position } from '../kernel/diagnostic.ts';
import type { EcsMode, PluginKind } from '../kernel/plugin.ts';
import type { Expression } from './ast.ts';

export interface PipelineGraph {
  readonly inputs: readonly GraphNode[];
  /** The filter sections, one behind the other. */
  readonly filters: readonly GraphStatement[];
  readonly outputs: readonly GraphStatement[];
}

export type GraphStatement = GraphNode | GraphBranch;

export interface GraphNode {
  readonly type: 'plugin';
  readonly kind: PluginKind;
  readonly name: string;
  /** Explicit `id`, otherwise derived from content and place, so that it survives unrelated edits. */
  readonly id: string;
  /** Checked and converted: defaults filled in, variables replaced, old names moved to the new ones. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Names that the config gave (after renaming); the others hold defaults. */
  readonly given: readonly string[];
  /** Names of options whose value came from the keystore, wholly or in part: masked wherever they are shown. */
  readonly secrets?: readonly string[];
  readonly ecs: EcsMode;
  readonly position: Position;
}

export interface GraphBranch {
  readonly type: 'branch';
  readonly id: string;
  /** Variables in conditions are replaced already. An arm without condition is the else. */
  readonly arms: readonly {
    readonly condition: Expression | undefined;
    readonly body: readonly GraphStatement[];
    /** The condition holds text from the keystore: do not show it. */
    readonly secret?: true;
  }[];
  readonly position: Position;
}
