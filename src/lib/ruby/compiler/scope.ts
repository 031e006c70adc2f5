/** What the compiler knows while it writes a program: scopes, variables, constants, and what the program needs. */
import type { Parsed } from '../prism.ts';
import { positionOf } from '../prism.ts';

/** A node of Prism's tree; what it has depends on `kindOf(node)`. */
export type Node = any;

export const kindOf = (node: Node): string => node.constructor.name;

/** The program is beyond the compiler: it runs in CRuby. The message says why, for the log. */
export class NotCompiled extends Error {
  override name = 'NotCompiled';
}

export interface Loop {
  readonly label: string;
}

export class Scope {
  readonly kind: 'top' | 'code' | 'def' | 'lambda' | 'block' | 'closed';
  readonly parent: Scope | undefined;
  /** Ruby's name → JavaScript's, for what is declared here. */
  readonly locals = new Map<string, string>();
  /** Local that holds the filter's event, never assigned. */
  event: string | undefined;
  /** Name of the block parameter for `yield` and `block_given?`. */
  block: string | undefined;
  readonly loops: Loop[] = [];
  temporaries = 0;
  /** A block in here returns through this function. */
  returnsThrough = false;
  /** `break` in this block leaves the call that it was given to. */
  breaks = false;
  readonly frame: string;
  /** Offset of the node that opens it; -1 for the whole. */
  readonly id: number;
  constructor(kind: Scope['kind'], parent: Scope | undefined, frame: string, id: number) {
    this.kind = kind;
    this.parent = parent;
    this.frame = frame;
    this.id = id;
  }
}

/** A mutable local whose text may be changed in place; see `cells.ts`. */
export type CellSource = { readonly reference: string; readonly viaText?: boolean } | 'fresh';

export class Generation {
  readonly parsed: Parsed;
  /** Values that the code refers to as `K[i]`. */
  readonly values: unknown[] = [];
  readonly times: readonly string[];
  /** Methods that the program defines. */
  readonly methods: ReadonlySet<string>;
  /** Constants that the program defines. */
  readonly constants: ReadonlySet<string>;
  /** Locals whose text may be changed: by `cellKey`. */
  readonly cells: ReadonlyMap<string, CellSource>;
  /** Why a run must be watched by a clock, if it must. */
  guard: string | undefined;
  /** Nothing in it can turn out to be beyond the runtime. */
  total = true;
  /** Fields it reads, or undefined when they can not be told. */
  reads: Set<string> | undefined = new Set();
  counter = 0;
  scope: Scope;

  constructor(
    parsed: Parsed,
    options: {
      times: readonly string[];
      methods: ReadonlySet<string>;
      constants: ReadonlySet<string>;
      cells: ReadonlyMap<string, CellSource>;
    },
  ) {
    this.parsed = parsed;
    this.times = options.times;
    this.methods = options.methods;
    this.constants = options.constants;
    this.cells = options.cells;
    this.scope = new Scope('top', undefined, 'F0', -1);
  }

  /** A value of the runtime for the code to use. */
  value(value: unknown): string {
    const known = this.values.indexOf(value);
    return `K${known >= 0 ? known : this.values.push(value) - 1}`;
  }

  temporary(): string {
    this.scope.temporaries++;
    return `t${this.counter++}`;
  }

  fail(node: Node, what: string): never {
    throw new NotCompiled(`${what} (line ${positionOf(this.parsed.bytes, node.location.startOffset).line})`);
  }

  /** JavaScript's name of a local, and the scope that declares it. */
  local(node: Node, name: string): { name: string; scope: Scope } {
    for (let scope: Scope | undefined = this.scope; scope; scope = scope.parent) {
      const found = scope.locals.get(name);
      if (found !== undefined) return { name: found, scope };
    }
    return this.fail(node, `local variable ${name}`);
  }

  /** The scope that `return` leaves. */
  owner(): Scope {
    let scope = this.scope;
    while (scope.kind === 'block') scope = scope.parent!;
    return scope;
  }
}

/** JavaScript's name for a local of Ruby. */
export function localName(name: string): string {
  return `l_${name.replace(/[^A-Za-z0-9_]/g, (char) => `$${char.codePointAt(0)!.toString(16)}$`)}`;
}

/** Every node below and with `node`. */
export function* walk(node: Node): Iterable<Node> {
  yield node;
  for (const child of node.compactChildNodes()) yield* walk(child);
}
