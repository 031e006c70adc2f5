import type { FieldType } from '../../query/field-types.ts';
import { type FieldNode, NONE } from './nodes.ts';

/** Gives numbers to columns; the same field and type always get the same. */
export interface ColumnNumbers {
  number(field: string, type: Exclude<FieldType, 'unindexed'>): number;
}

/** From here on a call into V8's C++ costs less than a loop over the bytes. */
const LONG = 36;

/** Kinds of documents that are told apart: a bit each. */
const MAX_KINDS = 30;
/** All others. */
const OTHER_KINDS = 0;
/** After so many documents kinds are found anew: those that were there once may be gone. */
const KINDS_FOR = 50_000;

/** Up to so many values are compared with one another, more are put into a set. */
const FEW = 12;

/** A list of places that is longer is not kept for the next document. */
const MANY = 1000;

const COMMA = 0x2c;

/** Counts documents of all rows, so that no two leave the same mark on a field. */
let stamps = 0;

/** Counts the answers of `takeFilled` of all rows. */
let rounds = 0;

/**
 * The values of the document at hand, kept in its fields as places: in the document itself (copied as they stand), or
 * in `scratch` (as `-1 - place`).
 */
export class DocumentRow {
  private readonly columns: ColumnNumbers;
  private source: Buffer = Buffer.alloc(0);
  private sourceView: DataView = viewOf(this.source);
  private scratch: Buffer = Buffer.allocUnsafe(16 * 1024);
  private scratchView: DataView = viewOf(this.scratch);
  private scratchEnd = 0;
  private out: Buffer = Buffer.allocUnsafe(64 * 1024);
  private outView: DataView = viewOf(this.out);
  private stamp = 0;
  private readonly touched: FieldNode[] = [];
  private count = 0;
  /** Columns that documents filled since the last `takeFilled`, in this round: each once. */
  private filled: string[] = [];
  private round = ++rounds;
  private restRound = 0;
  /** Kind → the columns that its documents fill. */
  private kinds = new Map<number, Set<string>>();
  private readonly kindBits = new Map<number, number>();
  private kindsRound = ++rounds;
  private documents = 0;
  /** What the latest document's kind is counted as. */
  kind = OTHER_KINDS;
  private kindBit = 0;

  constructor(columns: ColumnNumbers) {
    this.columns = columns;
  }

  begin(source: Buffer): void {
    if (source !== this.source) {
      this.source = source;
      this.sourceView = viewOf(source);
    }
    this.stamp = ++stamps;
    this.count = 0;
    this.scratchEnd = 0;
    this.documents++;
  }

  /** Has the document a value in this field? */
  has(field: FieldNode): boolean {
    return field.stamp === this.stamp;
  }

  /** The field gets what stands between two offsets of the document: JSON of the column's type. */
  add(field: FieldNode, from: number, to: number): void {
    this.put(field, from, to);
  }

  /** The field gets a JSON text of the column's type. */
  addText(field: FieldNode, text: string): void {
    const length = text.length;
    const start = this.scratchEnd;
    if (this.scratch.length < start + length * 3) {
      this.scratch = enlarged(this.scratch, start + length * 3);
      this.scratchView = viewOf(this.scratch);
    }
    const scratch = this.scratch;
    let at = start;
    if (length <= LONG) {
      for (let index = 0; index < length; index++) {
        const code = text.charCodeAt(index);
        if (code >= 0x80) break;
        scratch[at++] = code;
      }
    }
    if (at !== start + length) {
      at = start + scratch.write(text, start);
    }
    this.scratchEnd = at;
    this.put(field, -1 - start, at);
  }

  /** The first number of a field with numbers; undefined: it has none. */
  firstNumber(field: FieldNode): number | undefined {
    if (field.stamp !== this.stamp) return undefined;
    return Number(this.bytesOf(field.from).latin1Slice(startOf(field.from), field.to));
  }

  /**
   * `{"c17":"10.0.0.1","m4":["a","b"]}`, valid until the next document; `rest` is JSON text for a column more. `kind`: any
   * number that documents which fill about the same columns have in common.
   */
  toJson(restField: string, rest: string | undefined, kind: number): Buffer {
    if (kind !== this.kind || this.kindBit === 0) this.setKind(kind);
    let out = this.out;
    out[0] = 0x7b;
    let at = 1;
    for (let index = 0; index < this.count; index++) {
      const field = this.touched[index]!;
      const more = field.more;
      const count = field.moreCount === 0 ? 0 : this.distinct(field, more, field.moreCount);
      let name = count === 0 ? field.single : field.several;
      if (name === undefined) {
        this.nameColumns(field);
        name = (count === 0 ? field.single : field.several)!;
      }
      const bit = count === 0 ? 1 : 2;
      if (field.filledRound !== this.round || (field.filled & bit) === 0) this.noteFilled(field, bit);
      const kinds = count === 0 ? field.singleKinds : field.severalKinds;
      if (field.kindsRound !== this.kindsRound || (kinds & this.kindBit) === 0) this.noteKind(field, bit);
      if (out.length < at + field.to - startOf(field.from) + 32) out = this.grow(at + field.to);
      const { outView } = this;
      outView.setUint32(at, name[0]!, true);
      outView.setUint32(at + 4, name[1]!, true);
      outView.setUint32(at + 8, name[2]!, true);
      outView.setUint32(at + 12, name[3]!, true);
      at += name[4]!;
      at = this.copy(out, at, field.from, field.to);
      out[at++] = COMMA;
      if (more.length > MANY) field.more = NONE;
      if (count === 0) continue;
      for (let i = 0; i < count; i += 2) {
        const from = more[i]!;
        const to = more[i + 1]!;
        if (out.length < at + to - startOf(from) + 32) out = this.grow(at + to);
        at = this.copy(out, at, from, to);
        out[at++] = COMMA;
      }
      out[at - 1] = 0x5d;
      out[at++] = COMMA;
    }
    if (rest !== undefined) {
      const column = `c${this.columns.number(restField, 'flattened')}`;
      if (this.restRound !== this.round) this.filled.push(column);
      this.restRound = this.round;
      this.kinds.get(this.kind)!.add(column);
      const text = `"${column}":${JSON.stringify(rest)},`;
      if (out.length < at + text.length * 3) out = this.grow(at + text.length * 3);
      at += out.write(text, at);
    }
    if (at === 1) at = 2;
    out[at - 1] = 0x7d;
    return out.subarray(0, at);
  }

  /** The columns (`c17`, `m4`) that documents have filled since the last call. */
  takeFilled(): string[] {
    const { filled } = this;
    this.filled = [];
    this.round = ++rounds;
    return filled;
  }

  /** The columns that documents of each kind fill, or did a while ago; later documents are added. */
  takeKinds(): ReadonlyMap<number, ReadonlySet<string>> {
    const { kinds } = this;
    if (this.documents > KINDS_FOR) {
      this.documents = 0;
      this.kinds = new Map();
      this.kindBits.clear();
      this.kindsRound = ++rounds;
      this.kindBit = 0;
    }
    return kinds;
  }

  private setKind(number: number): void {
    let bit = this.kindBits.get(number);
    if (bit === undefined) {
      const { size } = this.kindBits;
      if (size >= MAX_KINDS && number !== OTHER_KINDS) {
        this.setKind(OTHER_KINDS);
        return;
      }
      bit = 1 << size;
      this.kindBits.set(number, bit);
      this.kinds.set(number, new Set());
    }
    this.kind = number;
    this.kindBit = bit;
  }

  private noteFilled(field: FieldNode, bit: number): void {
    if (field.filledRound !== this.round) {
      field.filledRound = this.round;
      field.filled = 0;
    }
    field.filled |= bit;
    this.filled.push(bit === 1 ? field.singleName : field.severalName);
  }

  private noteKind(field: FieldNode, bit: number): void {
    if (field.kindsRound !== this.kindsRound) {
      field.kindsRound = this.kindsRound;
      field.singleKinds = 0;
      field.severalKinds = 0;
    }
    if (bit === 1) field.singleKinds |= this.kindBit;
    else field.severalKinds |= this.kindBit;
    this.kinds.get(this.kind)!.add(bit === 1 ? field.singleName : field.severalName);
  }

  private put(field: FieldNode, from: number, to: number): void {
    if (field.stamp !== this.stamp) {
      field.stamp = this.stamp;
      field.from = from;
      field.to = to;
      field.moreCount = 0;
      this.touched[this.count++] = field;
      return;
    }
    if (field.more === NONE) field.more = [];
    field.more[field.moreCount++] = from;
    field.more[field.moreCount++] = to;
  }

  private bytesOf(place: number): Buffer {
    return place < 0 ? this.scratch : this.source;
  }

  private copy(out: Buffer, at: number, place: number, to: number): number {
    const bytes = place < 0 ? this.scratch : this.source;
    const from = place < 0 ? -1 - place : place;
    const end = at + to - from;
    // In words, up to three bytes behind its end: what comes there is written later.
    if (to - from >= LONG) bytes.copy(out, at, from, to);
    else if (to + 4 > bytes.length) for (let index = from; index < to; index++) out[at++] = bytes[index]!;
    else {
      const view = place < 0 ? this.scratchView : this.sourceView;
      const { outView } = this;
      for (let index = from; index < to; index += 4, at += 4)
        outView.setUint32(at, view.getUint32(index, true), true);
    }
    return end;
  }

  /**
   * Moves what a list has beside its first value to its front, answers how many numbers that are. Keywords and addresses are
   * in it once, as Elasticsearch keeps them.
   */
  private distinct(field: FieldNode, more: number[], count: number): number {
    if (field.type !== 'keyword' && field.type !== 'ip') return count;
    let kept = 0;
    const seen = count > FEW * 2 ? new Set([this.textAt(field.from, field.to)]) : undefined;
    for (let i = 0; i < count; i += 2) {
      const from = more[i]!;
      const to = more[i + 1]!;
      if (seen !== undefined) {
        const text = this.textAt(from, to);
        if (seen.has(text)) continue;
        seen.add(text);
      } else if (this.same(field.from, field.to, from, to) || this.isIn(more, kept, from, to)) continue;
      more[kept++] = from;
      more[kept++] = to;
    }
    return kept;
  }

  private isIn(list: readonly number[], count: number, from: number, to: number): boolean {
    for (let i = 0; i < count; i += 2) if (this.same(list[i]!, list[i + 1]!, from, to)) return true;
    return false;
  }

  private same(place: number, to: number, otherPlace: number, otherTo: number): boolean {
    const from = startOf(place);
    const other = startOf(otherPlace);
    if (to - from !== otherTo - other) return false;
    const bytes = this.bytesOf(place);
    const otherBytes = this.bytesOf(otherPlace);
    for (let i = to - from - 1; i >= 0; i--) if (bytes[from + i] !== otherBytes[other + i]) return false;
    return true;
  }

  private textAt(place: number, to: number): string {
    return this.bytesOf(place).latin1Slice(startOf(place), to);
  }

  private nameColumns(field: FieldNode): void {
    const number = this.columns.number(field.path, field.type as Exclude<FieldType, 'unindexed'>);
    field.singleName = `c${number}`;
    field.severalName = `m${number}`;
    field.single = wordsOf(`"${field.singleName}":`);
    field.several = wordsOf(`"${field.severalName}":[`);
  }

  private grow(least: number): Buffer {
    this.out = enlarged(this.out, least + 64);
    this.outView = viewOf(this.out);
    return this.out;
  }
}

const startOf = (place: number): number => (place < 0 ? -1 - place : place);

const viewOf = ({ buffer, byteOffset, byteLength }: Buffer): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** Up to 16 ASCII characters as four words, and how many they are: that is written faster than byte by byte. */
function wordsOf(text: string): Uint32Array {
  const bytes = Buffer.alloc(16);
  bytes.write(text, 'latin1');
  return Uint32Array.of(...[0, 4, 8, 12].map((at) => bytes.readUInt32LE(at)), text.length);
}

function enlarged(buffer: Buffer, least: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(least, buffer.length * 2));
  buffer.copy(larger);
  return larger;
}
