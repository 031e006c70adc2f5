/**
 * What a frame of the log holds: rows, records of the catalogue, and rows that are gone.
 *
 * Layout, little-endian: the rows, one behind the other; the JSON tail (`FrameTail`); its length u32. A row: sequence
 * f64, time f64 (milliseconds since the epoch, NaN: none), index number u32, version u32 (top bit: the sender chose the
 * id), lengths of id, source and columns u32 each, and these as UTF-8. Columns are JSON:
 * `{"c17":…,"m4":[…],"_ignored":[…]}`.
 */
import type { CatalogueRecord } from './catalogue.ts';
import { ROW_ID_BYTES, writeRowId } from './row-ids.ts';

export interface FrameTail {
  readonly rows: number;
  /** Bytes that they take. */
  readonly bytes: number;
  readonly records: readonly CatalogueRecord[];
  /** Index number → columns that its rows here fill. */
  readonly columns: Readonly<Record<number, readonly string[]>>;
  readonly dead: readonly DeadRow[];
  /** Sequence numbers below are used. */
  readonly nextSequence: number;
}

/** Index number, sequence, and its id if the sender chose it. */
export type DeadRow = readonly [ix: number, sequence: number, id: string | null];

export interface FrameRow {
  sequence: number;
  ix: number;
  version: number;
  explicit: boolean;
  time: number;
  /** Where they stand in the payload. */
  id: number;
  source: number;
  columns: number;
  end: number;
}

/** A row that goes into a frame. */
export interface NewRow extends Pick<FrameRow, 'sequence' | 'ix' | 'version' | 'time'> {
  /** What the sender chose; undefined: the store makes one of the sequence. */
  readonly id: string | undefined;
}

const ROW = 36;
const EXPLICIT = 0x80000000;

/** Memory of frames that are through: fresh memory costs more than what is written to it. */
const spare: Buffer[] = [];
const MAX_SPARE = 4;
const LEAST_SPARE_BYTES = 256 << 10;
const MOST_SPARE_BYTES = 16 << 20;

/** What is known of a frame's rows as long as it is not read from the log. */
export interface FrameKinds {
  /** Of each row, in their order. */
  readonly rows: readonly number[];
  /** Index number → kind → columns that those rows fill. */
  readonly columns: ReadonlyMap<number, ReadonlyMap<number, ReadonlySet<string>>>;
}

export class FrameBuilder {
  #buffer: Buffer;
  #at = 0;
  rows = 0;
  /** Of each row. */
  readonly kinds: number[] = [];

  constructor(expectedBytes: number) {
    const known = expectedBytes >= LEAST_SPARE_BYTES ? spare.pop() : undefined;
    this.#buffer = known ?? Buffer.allocUnsafeSlow(Math.max(1024, expectedBytes));
  }

  /** Nobody has the payload any more: another frame may get its memory. */
  release(): void {
    const { length } = this.#buffer;
    if (length >= LEAST_SPARE_BYTES && length <= MOST_SPARE_BYTES && spare.length < MAX_SPARE)
      spare.push(this.#buffer);
    this.#buffer = Buffer.alloc(0);
  }

  /** `columns`: JSON object; `ignored`: names of fields that come to it; `kind`: see `MappedDocument`. */
  add(
    row: NewRow,
    source: Buffer,
    from: number,
    to: number,
    columns: Buffer,
    ignored?: readonly string[],
    kind = 0,
  ): void {
    this.kinds.push(kind);
    const more =
      ignored === undefined ? '' : `${columns.length > 2 ? ',' : ''}"_ignored":${JSON.stringify(ignored)}}`;
    // Three bytes a UTF-16 unit are the most.
    const { id } = row;
    this.#reserve(
      ROW +
        (id === undefined ? ROW_ID_BYTES : id.length * 3) +
        (to - from) +
        columns.length +
        more.length * 3,
    );
    const buffer = this.#buffer;
    const at = this.#at;
    let idBytes = ROW_ID_BYTES;
    if (id === undefined) writeRowId(row.sequence, buffer, at + ROW);
    else idBytes = buffer.write(id, at + ROW);
    let end = at + ROW + idBytes;
    source.copy(buffer, end, from, to);
    end += to - from;
    columns.copy(buffer, end);
    let columnsLength = columns.length;
    if (more !== '') columnsLength += buffer.write(more, end + columnsLength - 1) - 1;
    end += columnsLength;
    buffer.writeDoubleLE(row.sequence, at);
    buffer.writeDoubleLE(row.time, at + 8);
    buffer.writeUInt32LE(row.ix, at + 16);
    buffer.writeUInt32LE((row.version | (id === undefined ? 0 : EXPLICIT)) >>> 0, at + 20);
    buffer.writeUInt32LE(idBytes, at + 24);
    buffer.writeUInt32LE(to - from, at + 28);
    buffer.writeUInt32LE(columnsLength, at + 32);
    this.#at = end;
    this.rows++;
  }

  finish(tail: Omit<FrameTail, 'rows' | 'bytes'>): { payload: Uint8Array; tail: FrameTail } {
    const whole: FrameTail = { rows: this.rows, bytes: this.#at, ...tail };
    const json = Buffer.from(JSON.stringify(whole));
    this.#reserve(json.length + 4);
    json.copy(this.#buffer, this.#at);
    this.#buffer.writeUInt32LE(json.length, this.#at + json.length);
    return { payload: this.#buffer.subarray(0, this.#at + json.length + 4), tail: whole };
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#at + bytes, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }
}

export function frameTail(payload: Uint8Array): FrameTail {
  const bytes = bufferOf(payload);
  const end = bytes.length - 4;
  return JSON.parse(bytes.utf8Slice(end - bytes.readUInt32LE(end), end)) as FrameTail;
}

/** Calls with each row; the object is the same every time. */
export function eachRow(
  payload: Uint8Array,
  tail: FrameTail,
  call: (row: FrameRow, bytes: Buffer) => void,
): void {
  const bytes = bufferOf(payload);
  const row: FrameRow = {
    sequence: 0,
    ix: 0,
    version: 0,
    explicit: false,
    time: 0,
    id: 0,
    source: 0,
    columns: 0,
    end: 0,
  };
  let at = 0;
  while (at < tail.bytes) {
    const version = bytes.readUInt32LE(at + 20);
    row.sequence = bytes.readDoubleLE(at);
    row.time = bytes.readDoubleLE(at + 8);
    row.ix = bytes.readUInt32LE(at + 16);
    row.version = (version & ~EXPLICIT) >>> 0;
    row.explicit = version >= EXPLICIT;
    row.source = at + ROW + bytes.readUInt32LE(at + 24);
    row.columns = row.source + bytes.readUInt32LE(at + 28);
    row.end = row.columns + bytes.readUInt32LE(at + 32);
    row.id = at + ROW;
    at = row.end;
    call(row, bytes);
  }
}

const bufferOf = (payload: Uint8Array): Buffer =>
  Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
