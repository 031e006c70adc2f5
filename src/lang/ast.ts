/** The syntax tree of a Logstash config. Every node knows where it stands. */
import type { Diagnostic, Position } from '../kernel/diagnostic.ts';

export interface Config {
  readonly sections: readonly Section[];
  /** What parses, but means something else in Logstash or to a reader. */
  readonly lints?: readonly Diagnostic[];
}

export type SectionKind = 'input' | 'filter' | 'output';

export interface Section {
  readonly kind: SectionKind;
  readonly body: readonly Statement[];
  readonly position: Position;
}

export type Statement = PluginNode | Branch;

export interface PluginNode {
  readonly type: 'plugin';
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly position: Position;
}

export interface Attribute {
  readonly name: string;
  readonly value: Value;
  readonly position: Position;
}

/** `if … else if … else …`; an arm without condition is the else. */
export interface Branch {
  readonly type: 'branch';
  readonly arms: readonly {
    readonly condition: Expression | undefined;
    readonly body: readonly Statement[];
    readonly position: Position;
  }[];
  readonly position: Position;
}

export type Value =
  | PluginNode
  /** `quoted` tells barewords from strings; `text` has escapes applied if `config.support_escapes`. */
  | { readonly type: 'string'; readonly text: string; readonly quoted: boolean; readonly position: Position }
  /** `float`: the text had a dot. BigInt beyond 2^53. */
  | {
      readonly type: 'number';
      readonly value: number | bigint;
      readonly float: boolean;
      readonly position: Position;
    }
  | { readonly type: 'array'; readonly items: readonly Value[]; readonly position: Position }
  | {
      readonly type: 'hash';
      readonly entries: readonly {
        readonly key: Value;
        readonly value: Value;
        readonly position: Position;
      }[];
      readonly position: Position;
    };

export type Comparison = '==' | '!=' | '<=' | '>=' | '<' | '>';
export type Logical = 'and' | 'or' | 'xor' | 'nand';

export type Expression =
  | {
      readonly type: 'logical';
      readonly operator: Logical;
      readonly left: Expression;
      readonly right: Expression;
      readonly position: Position;
    }
  | { readonly type: 'not'; readonly operand: Expression; readonly position: Position }
  | {
      readonly type: 'compare';
      readonly operator: Comparison;
      readonly left: Operand;
      readonly right: Operand;
      readonly position: Position;
    }
  | {
      readonly type: 'in';
      readonly negated: boolean;
      readonly left: Operand;
      readonly right: Operand;
      readonly position: Position;
    }
  | {
      readonly type: 'match';
      readonly negated: boolean;
      readonly left: Operand;
      readonly pattern: { readonly text: string; readonly regexp: boolean };
      readonly position: Position;
    }
  /** An operand alone: its truth. */
  | { readonly type: 'truth'; readonly operand: Operand; readonly position: Position };

export type Operand =
  | { readonly type: 'string'; readonly text: string; readonly quoted: boolean; readonly position: Position }
  | {
      readonly type: 'number';
      readonly value: number | bigint;
      readonly float: boolean;
      readonly position: Position;
    }
  /** A field, `reference` as written: `[a][b]`. */
  | { readonly type: 'field'; readonly reference: string; readonly position: Position }
  | { readonly type: 'array'; readonly items: readonly Operand[]; readonly position: Position }
  | { readonly type: 'regexp'; readonly text: string; readonly position: Position };
