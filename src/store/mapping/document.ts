/**
 * From a document's bytes to its columns, in one walk over the bytes: no object is made of it. Values are copied as
 * they stand wherever their column takes that, so nothing is lost on the way (long integers above all).
 */
import { StoreError } from '../errors.ts';
import { coerce, MISFIT, type Scalar, TOO_LONG } from './coerce.ts';
import {
  MAX_DEPTH,
  MalformedJson,
  numberEnd,
  numberIsWhole,
  skipValue,
  space,
  stringEnd,
  stringFlags,
  textOf,
} from './json-scan.ts';
import type { IndexMapping } from './mapping.ts';
import type { FieldNode, KeyEntry, ObjectNode } from './nodes.ts';
import { RestOfDocument } from './rest-of-document.ts';
import { type ColumnNumbers, DocumentRow } from './row.ts';
import { detect, isIpv4At, isoMillisAt, isShortIpv6At } from './scalar-scan.ts';

/**
 * The flattened field of what has no column of its own in a document: fields beyond `total_fields.limit` and values that do
 * not fit their field. A JSON object of full paths: `{"a.b": "x", "c": [1, "y"]}`.
 */
export const REST_FIELD = '_rest';

export interface MappedDocument {
  /**
   * The columns as a JSON object: `{"c17":"10.0.0.1","m4":["a","b"]}`. Valid until the next document; as far from UTF-8 as
   * the document is.
   */
  readonly columns: Buffer;
  /** The first `@timestamp`, milliseconds since the epoch. */
  readonly time: number | undefined;
  /** Fields with a value that is not in their column; undefined: none. */
  readonly ignored: readonly string[] | undefined;
  /** Documents with the same names at the top are of one kind, as long as there are few kinds. */
  readonly kind: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Reads documents of one index. One for a mapping at a time: it keeps what it knows of the document at hand in the
 * mapping's nodes.
 */
export class DocumentReader {
  readonly mapping: IndexMapping;
  private readonly row: DocumentRow;
  private source: Uint8Array = new Uint8Array(0);
  private bytes: Buffer = Buffer.alloc(0);
  private end = 0;
  /** Of the document's names at the top, whatever their order. */
  private kind = 0;
  private ignored: string[] | undefined;
  private rest: RestOfDocument | undefined;

  constructor(mapping: IndexMapping, columns: ColumnNumbers) {
    this.mapping = mapping;
    this.row = new DocumentRow(columns);
  }

  /**
   * Maps the JSON document between two offsets. The mapping may have grown afterwards: see its `version`.
   * @throws StoreError document_parsing_exception (no JSON object), strict_dynamic_mapping_exception
   */
  read(source: Uint8Array, start: number, end: number): MappedDocument {
    if (source !== this.source) {
      this.source = source;
      this.bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
    }
    const bytes = this.bytes;
    this.end = end;
    this.row.begin(bytes);
    this.ignored = undefined;
    this.rest = undefined;
    this.kind = 1;
    try {
      let at = space(bytes, start);
      if (bytes[at] !== OPEN_BRACE || at >= end)
        throw new MalformedJson(at, at >= end ? 'is empty' : 'is no JSON object');
      const root = this.mapping.root;
      at = this.mapping.isEnabled ? this.object(at + 1, root, 1) : skipValue(bytes, at, end, 0);
      at = space(bytes, at);
      if (at < end) throw new MalformedJson(at, 'has more behind its end');
    } catch (error) {
      if (error instanceof MalformedJson) throw refusal(start, end, error);
      throw error;
    }
    for (const field of this.mapping.constants) {
      if (field.constant !== undefined && !this.row.has(field))
        this.row.addText(field, JSON.stringify(field.constant));
    }
    const columns = this.row.toJson(REST_FIELD, this.restText(), this.kind);
    return { columns, time: this.time(), ignored: this.ignored, kind: this.row.kind };
  }

  /** The columns (`c17`, `m4`) that documents have filled since the last call. */
  takeFilled(): string[] {
    return this.row.takeFilled();
  }

  /** The columns that documents of each kind fill. Later documents may be added to it. */
  takeKinds(): ReadonlyMap<number, ReadonlySet<string>> {
    return this.row.takeKinds();
  }

  /** Behind `{`; answers behind `}`. */
  private object(from: number, node: ObjectNode, depth: number): number {
    const bytes = this.bytes;
    const end = this.end;
    if (depth > MAX_DEPTH) throw new MalformedJson(from, 'is nested too deeply');
    let at = space(bytes, from);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    let before: KeyEntry | undefined;
    for (;;) {
      if (bytes[at] !== QUOTE)
        throw new MalformedJson(at, 'has no name of a field where there should be one');
      const start = ++at;
      let byte: number;
      let hash = 0;
      // Documents of a kind have their keys in the same order. None of these has anything that is escaped.
      let entry = before === undefined ? node.opening : before.follower;
      let name: string | undefined;
      if (entry !== undefined && isAt(entry.bytes, bytes, start)) {
        at += entry.bytes.length;
        hash = entry.hash;
      } else {
        byte = bytes[at]!;
        while (byte !== QUOTE && byte !== BACKSLASH && byte >= 0x20) {
          hash = (Math.imul(hash, 31) + byte) | 0;
          byte = bytes[++at]!;
        }
        if (byte === QUOTE) {
          entry = node.find(bytes, start, at, hash);
          if (before === undefined) node.opening = entry;
          else before.follower = entry;
        } else {
          at = stringEnd(bytes, start, end);
          name = JSON.parse(textOf(bytes, start - 1, at + 1)) as string;
          entry = node.findName(name);
        }
      }
      before = entry ?? before;
      if (at >= end) throw new MalformedJson(end, 'ends within a name');
      if (depth === 1) this.kind = (this.kind + Math.imul(hash, 0x9e3779b1)) | 0;
      const keyEnd = at++;
      if (bytes[at] !== 0x3a) at = space(bytes, at);
      if (bytes[at] !== 0x3a) throw new MalformedJson(at, 'has no colon behind a name');
      at++;
      if (bytes[at]! <= 0x20) at = space(bytes, at);
      if (entry === undefined) {
        at = this.unknown(at, node, name ?? textOf(bytes, start, keyEnd), depth);
      } else {
        const child = entry.node;
        if (child.shape === 'field') at = this.value(at, child, depth);
        else if (child.shape === 'object') at = this.objects(at, child, depth);
        else at = this.misplaced(at, child.path, depth);
      }
      byte = bytes[at]!;
      if (byte <= 0x20) byte = bytes[(at = space(bytes, at))]!;
      if (byte === COMMA) {
        at++;
        if (bytes[at]! <= 0x20) at = space(bytes, at);
      } else if (byte === CLOSE_BRACE && at < end) return at + 1;
      else throw new MalformedJson(at, 'has neither a comma nor an end behind a value');
    }
  }

  /** The value of an object: one, an array of them, `null`, or something else that does not belong there. */
  private objects(from: number, node: ObjectNode, depth: number): number {
    const bytes = this.bytes;
    const byte = bytes[from];
    if (byte === OPEN_BRACE) return this.object(from + 1, node, depth + 1);
    if (byte === OPEN_BRACKET) return this.elements(from + 1, node, depth);
    if (byte === 0x6e) return skipValue(bytes, from, this.end, depth);
    return this.misplaced(from, node.path, depth);
  }

  /** Behind `[`; answers behind `]`. */
  private elements(from: number, node: ObjectNode, depth: number): number {
    const bytes = this.bytes;
    if (depth > MAX_DEPTH) throw new MalformedJson(from, 'is nested too deeply');
    let at = space(bytes, from);
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    for (;;) {
      at = space(bytes, this.objects(at, node, depth + 1));
      if (bytes[at] === COMMA) at = space(bytes, at + 1);
      else if (bytes[at] === CLOSE_BRACKET && at < this.end) return at + 1;
      else throw new MalformedJson(at, 'has neither a comma nor an end behind an element');
    }
  }

  private value(from: number, field: FieldNode, depth: number): number {
    const bytes = this.bytes;
    const byte = bytes[from]!;
    if (field.type === 'unindexed' && field.also === undefined)
      return skipValue(bytes, from, this.end, depth);
    if (byte === QUOTE) {
      const at = stringEnd(bytes, from + 1, this.end);
      this.scalar(field, 'string', from, at + 1, stringFlags());
      return at + 1;
    }
    if (byte === OPEN_BRACKET) return this.values(from + 1, field, depth);
    if (byte === OPEN_BRACE) {
      const at = skipValue(bytes, from, this.end, depth);
      if (field.type === 'flattened')
        this.row.addText(field, JSON.stringify(textOf(bytes, from, at).toWellFormed()));
      else if (field.type !== 'unindexed') this.keepRest(field.path, from, at);
      return at;
    }
    if (byte === 0x6e) {
      const at = skipValue(bytes, from, this.end, depth);
      if (field.nullValue !== undefined)
        this.takeText(field, typeOfNull(field.nullValue), String(field.nullValue), from, at);
      return at;
    }
    if (byte === 0x74 || byte === 0x66) {
      const at = skipValue(bytes, from, this.end, depth);
      this.scalar(field, 'boolean', from, at, 0);
      return at;
    }
    const at = numberEnd(bytes, from, this.end);
    this.scalar(field, 'number', from, at, numberIsWhole() ? 0 : 1);
    return at;
  }

  private values(from: number, field: FieldNode, depth: number): number {
    const bytes = this.bytes;
    if (depth > MAX_DEPTH) throw new MalformedJson(from, 'is nested too deeply');
    let at = space(bytes, from);
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    for (;;) {
      at = this.value(at, field, depth + 1);
      if (bytes[at]! <= 0x20) at = space(bytes, at);
      if (bytes[at] === COMMA) at = space(bytes, at + 1);
      else if (bytes[at] === CLOSE_BRACKET && at < this.end) return at + 1;
      else throw new MalformedJson(at, 'has neither a comma nor an end behind an element');
    }
  }

  /** A scalar for a field and what else gets the same values. */
  private scalar(field: FieldNode, kind: Scalar, from: number, to: number, flags: number): void {
    this.take(field, kind, from, to, flags);
    const also = field.also;
    if (also === undefined) return;
    for (const other of also) this.take(other, kind, from, to, flags);
  }

  /** `flags`: of a string those of `stringFlags`, of a number 1 if it has a fraction or an exponent. */
  private take(field: FieldNode, kind: Scalar, from: number, to: number, flags: number): void {
    if (this.canCopy(field, kind, from, to, flags)) {
      this.row.add(field, from, to);
      return;
    }
    if (field.type === 'unindexed') return;
    if (field.type === 'date' && kind === 'string' && to - from === 26 && field.isIso) {
      const millis = isoMillisAt(this.bytes, from + 1);
      if (!Number.isNaN(millis)) {
        this.row.addText(field, String(millis));
        return;
      }
    }
    const text =
      kind !== 'string'
        ? textOf(this.bytes, from, to)
        : (flags & 1) === 0
          ? textOf(this.bytes, from + 1, to - 1)
          : (JSON.parse(textOf(this.bytes, from, to)) as string);
    this.takeText(field, kind, text, from, to);
  }

  /** Does the column take the value as it stands in the document? */
  private canCopy(field: FieldNode, kind: Scalar, from: number, to: number, flags: number): boolean {
    const length = to - from;
    switch (field.type) {
      case 'keyword':
      case 'text':
        return kind === 'string' && (flags & 4) === 0 && length <= field.longestCopy;
      case 'long':
        return (
          kind === 'number' &&
          flags === 0 &&
          length <= field.longestCopy &&
          !isMinusZero(this.bytes, from, to)
        );
      case 'double':
        return kind === 'number' && flags === 0 && length <= field.longestCopy;
      case 'boolean':
        return kind === 'boolean';
      case 'ip':
        return (
          kind === 'string' &&
          (isIpv4At(this.bytes, from + 1, to - 1) || isShortIpv6At(this.bytes, from + 1, to - 1))
        );
      default:
        return false;
    }
  }

  private takeText(field: FieldNode, kind: Scalar, text: string, from: number, to: number): void {
    const value = coerce(field, kind, text);
    if (typeof value === 'string') this.row.addText(field, value);
    else if (value === MISFIT) this.keepRest(field.path, from, to);
    else if (value === TOO_LONG) this.ignore(field.path);
  }

  private ignore(path: string): void {
    if (this.ignored === undefined) this.ignored = [path];
    else if (!this.ignored.includes(path)) this.ignored.push(path);
  }

  /** A value that its field does not take. */
  private keepRest(path: string, from: number, to: number): void {
    this.ignore(path);
    this.rest ??= new RestOfDocument();
    this.rest.add(path, this.bytes, from, to);
  }

  private misplaced(from: number, path: string, depth: number): number {
    const at = skipValue(this.bytes, from, this.end, depth);
    if (this.bytes[from] !== 0x6e) this.keepRest(path, from, at);
    return at;
  }

  /** A key that has no entry: finds out what it is, and maps it. */
  private unknown(from: number, parent: ObjectNode, key: string, depth: number): number {
    const node = this.mapping.resolve(parent, key, () => detect(this.bytes, from, this.end));
    if (node === 'skip') return skipValue(this.bytes, from, this.end, depth);
    if (node === 'rest') return this.refused(from, parent, key, depth);
    if (key.includes('.')) parent.remember(key, node);
    if (node.shape === 'field') return this.value(from, node, depth);
    return node.shape === 'object' ? this.objects(from, node, depth) : this.misplaced(from, node.path, depth);
  }

  private refused(from: number, parent: ObjectNode, key: string, depth: number): number {
    return this.misplaced(from, parent.path === '' ? key : `${parent.path}.${key}`, depth);
  }

  private restText(): string | undefined {
    return this.rest?.toJsonText();
  }

  private time(): number | undefined {
    const node = this.mapping.root.children.get('@timestamp');
    return node?.shape === 'field' && node.type === 'date' ? this.row.firstNumber(node) : undefined;
  }
}

/** Does this key, and its closing quote, stand at an offset? */
function isAt(key: Uint8Array, bytes: Uint8Array, from: number): boolean {
  const length = key.length;
  for (let at = 0; at < length; at++) if (key[at] !== bytes[from + at]) return false;
  return bytes[from + length] === QUOTE;
}

const isMinusZero = (bytes: Uint8Array, from: number, to: number): boolean =>
  to - from === 2 && bytes[from] === 0x2d && bytes[from + 1] === 0x30;

const typeOfNull = (value: unknown): Scalar =>
  typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'string';

function refusal(start: number, end: number, error: MalformedJson): StoreError {
  const reason = `the document ${error.message}`;
  return new StoreError(
    400,
    'document_parsing_exception',
    `[1:${Math.max(1, Math.min(error.at, end) - start + 1)}] failed to parse: ${reason}`,
    { caused_by: { type: 'x_content_parse_exception', reason } },
  );
}
