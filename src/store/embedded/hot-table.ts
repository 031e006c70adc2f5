/**
 * The rows of one log file in memory: a narrow DuckDB table with the columns as JSON. Rows are appended, never changed
 * or deleted; the whole table is dropped when its rows are in segments and no reader is left.
 */
import { columnTypes } from '../../query/field-types.ts';
import { sqlText } from '../../query/sql-literal.ts';
import type { Columns } from './catalogue.ts';
import type { Duckdb } from './duckdb.ts';
import { eachRow, type FrameKinds, type FrameRow, type FrameTail } from './frame.ts';
import { HOT_COLUMNS, RowAppender } from './row-appender.ts';

/** What the rows of one index here have. */
export interface HotIndex {
  readonly name: string;
  rows: number;
  explicit: number;
  undated: number;
  earliest: number | undefined;
  latest: number | undefined;
  first: number;
  last: number;
  readonly columns: Set<string>;
  /** Rows that have much the same columns have one number in the table; undefined: not all rows have the right one. */
  kinds: Map<number, HotKind> | undefined;
}

export interface HotKind {
  rows: number;
  /** What they fill is in one of these, and perhaps more. */
  readonly columns: ReadonlySet<string>[];
}

/** More kinds of rows in an index are none. */
const MAX_KINDS = 500;

type NameOf = (ix: number) => string | undefined;

/** The JSON text with the values of all columns of a row, in what `select` gives. */
export const PACKED_COLUMNS = '_norm';

export class HotTable {
  /** Of its log file. */
  readonly number: number;
  readonly table: string;
  readonly indices = new Map<number, HotIndex>();
  rows = 0;
  firstSequence = Number.POSITIVE_INFINITY;
  lastSequence = 0;
  /** Row that is gone → number of its index. */
  readonly deadIndex = new Map<number, number>();
  /** In order. Replaced, never changed. */
  tombstones: readonly number[] = [];
  readonly #duckdb: Duckdb;
  readonly #columns: Columns;
  #appender: RowAppender | undefined;
  /** False: rows came from the log, which does not say of what kind they are. */
  #kindsAreRight = true;

  constructor(duckdb: Duckdb, columns: Columns, number: number) {
    this.#duckdb = duckdb;
    this.#columns = columns;
    this.number = number;
    this.table = `hot_${number}`;
  }

  get isOpen(): boolean {
    return this.#appender !== undefined;
  }

  /** Makes the table, empty; also again, in a new engine, before `refill`. */
  async open(): Promise<void> {
    await this.#duckdb.run(`CREATE OR REPLACE TABLE ${this.table} (${HOT_COLUMNS})`);
    this.#appender = new RowAppender(await this.#duckdb.appender(this.table));
  }

  /** Notes what the rows of a frame have. `kinds`: as `refill` had them. */
  count(payload: Uint8Array, tail: FrameTail, nameOf: NameOf, kinds?: FrameKinds): void {
    let at = 0;
    eachRow(payload, tail, (row) => {
      const kind = kinds?.rows[at++];
      const name = nameOf(row.ix);
      if (name === undefined) return;
      const index = this.#index(row.ix, name, row.sequence);
      this.#note(index, row);
      if (kind === undefined || !this.#kindsAreRight) index.kinds = undefined;
      else if (index.kinds) countKind(index, kind);
    });
    for (const ix in tail.columns) {
      const known = this.indices.get(Number(ix));
      if (!known) continue;
      for (const column of tail.columns[ix]!) known.columns.add(column);
      for (const [number, filled] of kinds?.columns.get(Number(ix)) ?? []) {
        const of = known.kinds?.get(number)?.columns;
        if (of && of.at(-1) !== filled) of.push(filled);
      }
    }
  }

  /** Takes rows for the table: they can be found after `flush`, once they are counted too. @throws what the engine says */
  refill(payload: Uint8Array, tail: FrameTail, nameOf: NameOf, kinds?: FrameKinds): void {
    const appender = this.#appender!;
    let at = 0;
    if (!kinds) {
      this.#kindsAreRight = false;
      for (const index of this.indices.values()) index.kinds = undefined;
    }
    let isKnown = false;
    let indexNumber = -1;
    eachRow(payload, tail, (row, bytes) => {
      if (row.ix !== indexNumber) {
        indexNumber = row.ix;
        isKnown = nameOf(row.ix) !== undefined;
      }
      const kind = kinds ? kinds.rows[at++]! : 0;
      if (isKnown) appender.add(row, bytes, kind);
    });
  }

  /** All rows that were taken are in the table when it returns: before it is read. @throws what the engine says */
  flush(): void {
    this.#appender?.flush();
  }

  /** No more rows come; those that were not flushed are gone. */
  freeze(): void {
    const appender = this.#appender;
    this.#appender = undefined;
    appender?.close();
  }

  async drop(): Promise<void> {
    this.freeze();
    await this.#duckdb.run(`DROP TABLE IF EXISTS ${this.table}`);
  }

  /** A SELECT of the rows of some indices up to a sequence number, with `wanted` of their columns. */
  select(wanted: readonly string[], indices: readonly number[], upTo: number): string {
    const own = wanted.filter((name) => name !== '_ignored' && name !== '_source');
    const name = `CASE ix${indices.map((ix) => ` WHEN ${ix} THEN ${sqlText(this.indices.get(ix)!.name)}`).join('')} END`;
    const source = `SELECT seq, ${name} AS idx, id, version, src, norm, from_json(norm, ${sqlText(this.structure([...own, '_ignored']))}) AS s FROM ${this.table} WHERE seq <= ${upTo}${
      indices.length === this.indices.size ? '' : ` AND ix IN (${indices.join(',')})`
    }`;
    return `SELECT seq AS _seq, idx AS _index, id AS _id, version AS _version, src AS _source, norm AS ${PACKED_COLUMNS}, s._ignored AS _ignored${own
      .map((name) => `, s.${name} AS ${name}`)
      .join('')} FROM (${source})`;
  }

  /** The structure for from_json of some columns. */
  structure(columns: readonly string[]): string {
    return JSON.stringify(Object.fromEntries(columns.map((name) => [name, this.#typeOf(name)])));
  }

  #typeOf(name: string): unknown {
    if (name === '_ignored') return ['VARCHAR'];
    const type = columnTypes[this.#columns.get(Number(name.slice(1))).type];
    return name.startsWith('m') ? [type] : type;
  }

  #index(ix: number, name: string, sequence: number): HotIndex {
    let index = this.indices.get(ix);
    if (!index) {
      index = {
        name,
        rows: 0,
        explicit: 0,
        undated: 0,
        earliest: undefined,
        latest: undefined,
        first: sequence,
        last: sequence,
        columns: new Set(),
        kinds: new Map(),
      };
      this.indices.set(ix, index);
    }
    return index;
  }

  #note(index: HotIndex, { time, sequence, explicit }: FrameRow): void {
    index.rows++;
    if (explicit) index.explicit++;
    if (Number.isNaN(time)) index.undated++;
    else {
      if (index.earliest === undefined || time < index.earliest) index.earliest = time;
      if (index.latest === undefined || time > index.latest) index.latest = time;
    }
    if (sequence > index.last) index.last = sequence;
    if (sequence < this.firstSequence) this.firstSequence = sequence;
    if (sequence > this.lastSequence) this.lastSequence = sequence;
    this.rows++;
  }
}

function countKind(index: HotIndex, number: number): void {
  const kinds = index.kinds!;
  const kind = kinds.get(number);
  if (kind) kind.rows++;
  else if (kinds.size < MAX_KINDS) kinds.set(number, { rows: 1, columns: [] });
  else index.kinds = undefined;
}
