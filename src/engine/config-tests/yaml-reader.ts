/** Reads YAML (and JSON, which is YAML) by a known shape; what is wrong gets its place, what was expected and a hint. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { type Diagnostic, type Position, suggest } from '../../kernel/diagnostic.ts';
import type { Fields, FieldValue } from '../../kernel/event-types.ts';

/** Aliases that a file may expand to: against files that grow when they are read. */
const MAX_ALIASES = 1000;

export type YamlNode = Node | null | undefined;

export class YamlReader {
  readonly document: Document.Parsed;
  readonly diagnostics: Diagnostic[] = [];
  readonly #file: string;
  readonly #counter = new LineCounter();
  readonly #length: number;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#length = text.length;
    this.document = parseDocument(text, {
      lineCounter: this.#counter,
      prettyErrors: false,
      intAsBigInt: true,
      uniqueKeys: true,
    });
    for (const { pos, message } of this.document.errors) {
      const tab = text[pos[0]] === '\t' || /tab/i.test(message);
      this.diagnostics.push({
        ...this.#at(pos[0]),
        severity: 'error',
        message: `this is not YAML: ${firstLine(message)}`,
        hint: tab
          ? 'indent with spaces: YAML takes no tabs'
          : 'texts with `: `, ` #` or brackets at their beginning stand in quotes',
      });
    }
  }

  /** The whole file. */
  get root(): YamlNode {
    return this.document.contents as YamlNode;
  }

  position(node: YamlNode): Position {
    return this.#at(node?.range?.[0] ?? 0);
  }

  #at(offset: number): Position {
    const { line, col } = this.#counter.linePos(Math.min(offset, this.#length));
    return { file: this.#file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  report(node: YamlNode, message: string, more: { expected?: string; hint?: string } = {}): void {
    const [start, end] = node?.range ?? [0, 1];
    this.diagnostics.push({
      ...this.position(node),
      severity: 'error',
      message,
      length: Math.max(1, end - start),
      ...more,
      ...(more.expected === undefined || node == null ? {} : { found: describe(node) }),
    });
  }

  /** A map whose keys are all among `keys`; undefined (and reported) if it is none. */
  map(node: YamlNode, what: string, keys: readonly string[]): ReadonlyMap<string, YamlEntry> | undefined {
    const resolved = this.#resolve(node);
    if (!isMap(resolved)) {
      this.report(node, `${what} is a map`, { expected: `keys such as ${keys.slice(0, 4).join(', ')}` });
      return undefined;
    }
    const entries = new Map<string, YamlEntry>();
    for (const pair of (resolved as YAMLMap).items as Pair<Node, Node | null>[]) {
      const name = String(isScalar(pair.key) ? pair.key.value : pair.key);
      if (keys.includes(name)) entries.set(name, { key: pair.key, value: pair.value });
      else {
        const near = suggest(name, keys);
        this.report(pair.key, `${what} has no key \`${name}\``, {
          hint: near ? `did you mean \`${near}\`?` : `it takes ${keys.join(', ')}`,
        });
      }
    }
    return entries;
  }

  text(node: YamlNode, what: string): string | undefined {
    const resolved = this.#resolve(node);
    if (isScalar(resolved) && resolved.value !== null) {
      // As it was written: `codec: 1.10` is no number to us.
      return typeof resolved.value === 'string'
        ? resolved.value
        : (resolved.source ?? String(resolved.value));
    }
    this.report(node, `${what} is a text`, { expected: 'a text' });
    return undefined;
  }

  flag(node: YamlNode, what: string): boolean | undefined {
    const resolved = this.#resolve(node);
    if (isScalar(resolved) && typeof resolved.value === 'boolean') return resolved.value;
    this.report(node, `${what} is a switch`, { expected: 'true or false' });
    return undefined;
  }

  count(node: YamlNode, what: string): number | undefined {
    const resolved = this.#resolve(node);
    if (isScalar(resolved) && typeof resolved.value === 'bigint' && resolved.value >= 0n)
      return Number(resolved.value);
    this.report(node, `${what} is a number of events`, { expected: '0, 1, 2, …' });
    return undefined;
  }

  /** A list; one thing that is no list is a list of it. */
  list(node: YamlNode): Node[] {
    const resolved = this.#resolve(node);
    if (isSeq(resolved)) return resolved.items as Node[];
    return resolved ? [resolved as Node] : [];
  }

  texts(node: YamlNode, what: string): string[] {
    return this.list(node).flatMap((each) => this.text(each, `an element of ${what}`) ?? []);
  }

  /** A map of texts; numbers and switches as they were written. */
  textMap(node: YamlNode, what: string): Record<string, string> {
    const found: Record<string, string> = {};
    const resolved = this.#resolve(node);
    if (!isMap(resolved)) {
      this.report(node, `${what} is a map of texts`, { expected: 'NAME: text' });
      return found;
    }
    for (const pair of resolved.items as Pair<Node, Node | null>[]) {
      const name = String(isScalar(pair.key) ? pair.key.value : pair.key);
      const empty = pair.value === null || (isScalar(pair.value) && pair.value.value === null);
      const value = empty ? '' : this.text(pair.value, `\`${name}\``);
      if (value !== undefined) found[name] = value;
    }
    return found;
  }

  isMap(node: YamlNode): boolean {
    return isMap(this.#resolve(node));
  }

  /** A text that begins on the line below its `|`. */
  isBlock(node: YamlNode): boolean {
    const resolved = this.#resolve(node);
    return isScalar(resolved) && (resolved.type === 'BLOCK_LITERAL' || resolved.type === 'BLOCK_FOLDED');
  }

  isList(node: YamlNode): boolean {
    return isSeq(this.#resolve(node));
  }

  /** A map of fields as events have them. */
  fields(node: YamlNode, what: string): Fields | undefined {
    if (!isMap(this.#resolve(node))) {
      this.report(node, `${what} is a map of fields`, { expected: 'field: value' });
      return undefined;
    }
    return this.value(node) as Fields;
  }

  fieldsList(node: YamlNode, what: string): Fields[] {
    const all: Fields[] = [];
    for (const each of this.list(node)) {
      const fields = this.fields(each, what);
      if (fields) all.push(fields);
    }
    return all;
  }

  value(node: YamlNode): FieldValue {
    if (!node) return null;
    return fieldValue(node.toJS(this.document, { maxAliasCount: MAX_ALIASES }));
  }

  #resolve(node: YamlNode): Node | undefined {
    if (isAlias(node)) return node.resolve(this.document);
    return node ?? undefined;
  }
}

export interface YamlEntry {
  readonly key: Node;
  readonly value: YamlNode;
}

/** Integers that a double holds are numbers; others stay exact. */
function fieldValue(value: unknown): FieldValue {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (Array.isArray(value)) return value.map(fieldValue);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fieldValue(inner)]));
  return value as FieldValue;
}

function describe(node: Node): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  if (isScalar(node)) return node.value === null ? 'nothing' : (JSON.stringify(String(node.value)) ?? '');
  return 'an alias';
}

const firstLine = (text: string): string => text.split('\n')[0]!;
