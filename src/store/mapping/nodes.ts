/** The tree of a mapping. What the reader of documents needs of it lies in plain properties. */
import type { FieldType } from '../../query/field-types.ts';
import type { DateParser } from './date-formats.ts';

export type Json = Readonly<Record<string, unknown>>;
export type Dynamic =
  | 'true'
  | 'false'
  | 'strict'
  | 'runtime'
  | 'strict_allow_templates'
  | 'false_allow_templates';

/** A field never has more than one value. */
export const NONE: number[] = [];

/** A field with values. The last properties are the reader's: what the document at hand has in it. */
export class FieldNode {
  readonly shape = 'field';
  readonly path: string;
  /** Elasticsearch's name of the type. */
  readonly elasticType: string;
  readonly type: FieldType;
  /** As it was given, `type` first. */
  json: Json;
  ignoreAbove = Number.MAX_SAFE_INTEGER;
  /** Values with at most so many bytes can be copied as they stand, if they are of the type. */
  longestCopy = 0;
  /** JSON text that stands for `null`. */
  nullValue: unknown;
  dates: DateParser | undefined;
  /** The format takes ISO text first. */
  isIso = false;
  /** Of `scaled_float`. */
  scaling = 0;
  /** Of `constant_keyword`, when it is known. */
  constant: string | undefined;
  /** Multi-fields with columns of their own, and targets of `copy_to`: they get the same values. */
  also: FieldNode[] | undefined;

  /** `"c17":` and `"m17":[` in four words, and how many bytes that are; undefined: no document had it yet. */
  single: Uint32Array | undefined;
  several: Uint32Array | undefined;
  /** Their names. */
  singleName = '';
  severalName = '';
  /** Of the row: which of both it wrote (1, 2) since `DocumentRow.takeFilled` was asked, and when that was. */
  filled = 0;
  filledRound = 0;
  /** Of the row: for which kinds of documents it wrote each of both, and since when they are counted. */
  singleKinds = 0;
  severalKinds = 0;
  kindsRound = 0;
  /** The document that the rest belongs to. */
  stamp = 0;
  /** Where its first value stands (see `DocumentRow`). */
  from = 0;
  to = 0;
  /** The places of values behind the first: from, to, from, to, …, and how many numbers of it are the document's. */
  more: number[] = NONE;
  moreCount = 0;

  constructor(path: string, elasticType: string, type: FieldType, json: Json) {
    this.path = path;
    this.elasticType = elasticType;
    this.type = type;
    this.json = json;
  }
}

/** Another name of a field; documents can not write to it. */
export class AliasNode {
  readonly shape = 'alias';
  readonly path: string;
  readonly json: Json;

  constructor(path: string, json: Json) {
    this.path = path;
    this.json = json;
  }
}

export type Node = ObjectNode | FieldNode | AliasNode;

/** A key as bytes, in a chain of those with the same place in the table. */
export interface KeyEntry {
  readonly bytes: Uint8Array;
  readonly hash: number;
  readonly node: Node;
  readonly next: KeyEntry | undefined;
  /** Of the reader: the key that came behind it the last time. */
  follower: KeyEntry | undefined;
}

export class ObjectNode {
  readonly shape = 'object';
  /** Empty: the document itself. */
  readonly path: string;
  readonly parent: ObjectNode | undefined;
  /** Of the path, in names. */
  readonly depth: number;
  /** As given, without `properties`. */
  json: Json = {};
  dynamic: Dynamic | undefined;
  isNested = false;
  readonly children = new Map<string, Node>();
  /** Keys as they stand in documents, `a.b` among them. */
  private readonly byName = new Map<string, KeyEntry>();
  /** Of the reader: the key that came first the last time. */
  opening: KeyEntry | undefined;
  private table: (KeyEntry | undefined)[] = Array<KeyEntry | undefined>(16).fill(undefined);

  constructor(path: string, parent: ObjectNode | undefined) {
    this.path = path;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  /** The entry of the key that stands at `from` in the bytes, whose `hashOf` is known. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): KeyEntry | undefined {
    let entry = this.table[hash & (this.table.length - 1)];
    next: for (; entry !== undefined; entry = entry.next) {
      if (entry.hash !== hash) continue;
      const key = entry.bytes;
      const length = key.length;
      if (length !== to - from) continue;
      for (let at = 0; at < length; at++) if (key[at] !== bytes[from + at]) continue next;
      return entry;
    }
    return undefined;
  }

  findName(key: string): KeyEntry | undefined {
    return this.byName.get(key);
  }

  /** From now on `key` leads to the node. */
  remember(key: string, node: Node): KeyEntry {
    if (this.byName.has(key) || this.byName.size >= this.table.length) this.rehash(key);
    const bytes = Buffer.from(key);
    const hash = hashOf(bytes);
    const at = hash & (this.table.length - 1);
    const entry: KeyEntry = { bytes, hash, node, next: this.table[at], follower: undefined };
    this.table[at] = entry;
    this.byName.set(key, entry);
    return entry;
  }

  /** Forgets keys that a change of the mapping may lead elsewhere: those with dots. */
  forgetShortcuts(): void {
    for (const [key, entry] of this.byName) {
      if (this.children.get(key) !== entry.node) this.byName.delete(key);
    }
    this.rehash('');
  }

  private rehash(without: string): void {
    this.byName.delete(without);
    this.opening = undefined;
    const size = this.byName.size >= this.table.length ? this.table.length * 4 : this.table.length;
    this.table = Array<KeyEntry | undefined>(size).fill(undefined);
    for (const [key, old] of this.byName) {
      const at = old.hash & (size - 1);
      const entry: KeyEntry = { ...old, next: this.table[at], follower: undefined };
      this.table[at] = entry;
      this.byName.set(key, entry);
    }
  }
}

/** The reader computes the same while it looks for a key's end. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0;
  for (let at = 0; at < bytes.length; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  return hash;
}
