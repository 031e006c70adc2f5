/**
 * Puts rows of frames into a hot table, a chunk at a time: their bytes go over as they stand, no string is made of them. A
 * chunk of its own for every frame would cost three times as much, so rows wait here until there are enough of them, or
 * somebody wants to read the table. Chunks wait too: into an empty table they go as they are, behind other rows each is
 * copied once more.
 */
import { isUtf8 } from 'node:buffer';
import type { DuckDBAppender } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { FrameRow } from './frame.ts';

/** Of the table; the order is that of the vectors below. */
export const HOT_COLUMNS =
  'seq BIGINT, ix INTEGER, version INTEGER, explicit BOOLEAN, kind INTEGER, id VARCHAR, src VARCHAR, norm VARCHAR';

const { BIGINT, BOOLEAN, INTEGER, VARCHAR } = duckdb.Type;
const types = [BIGINT, INTEGER, INTEGER, BOOLEAN, INTEGER, VARCHAR, VARCHAR, VARCHAR].map((type) =>
  duckdb.create_logical_type(type),
);

/** Rows of a chunk, by DuckDB's rule. */
const CHUNK = 2048;
/** Chunks that wait at most: about as many rows as are sealed at once. */
const MAX_WAITING = 16;

export class RowAppender {
  readonly #appender: DuckDBAppender;
  readonly #chunk = duckdb.create_data_chunk(types);
  readonly #vectors = types.map((_, at) => duckdb.data_chunk_get_vector(this.#chunk, at));
  /** The lower and the upper half of each. */
  readonly #sequences = new Uint32Array(CHUNK * 2);
  readonly #indices = new Int32Array(CHUNK);
  readonly #versions = new Int32Array(CHUNK);
  readonly #explicit = new Uint8Array(CHUNK);
  readonly #kinds = new Int32Array(CHUNK);
  #rows = 0;
  #waiting = 0;

  constructor(appender: DuckDBAppender) {
    this.#appender = appender;
  }

  /** The row is part of `bytes`. @throws what the engine says */
  add(row: FrameRow, bytes: Buffer, kind: number): void {
    if (this.#rows === CHUNK) {
      this.#put();
      if (this.#waiting >= MAX_WAITING) this.flush();
    }
    const at = this.#rows++;
    this.#sequences[at * 2] = row.sequence >>> 0;
    this.#sequences[at * 2 + 1] = Math.floor(row.sequence / 2 ** 32);
    this.#indices[at] = row.ix;
    this.#versions[at] = row.version;
    this.#explicit[at] = row.explicit ? 1 : 0;
    this.#kinds[at] = kind;
    const [, , , , , id, source, columns] = this.#vectors;
    duckdb.vector_assign_string_element_len(id!, at, bytes.subarray(row.id, row.source));
    // The engine takes nothing else. Columns begin with an ASCII character: no character spans the two.
    if (isUtf8(bytes.subarray(row.source, row.end))) {
      duckdb.vector_assign_string_element_len(source!, at, bytes.subarray(row.source, row.columns));
      duckdb.vector_assign_string_element_len(columns!, at, bytes.subarray(row.columns, row.end));
    } else {
      duckdb.vector_assign_string_element(source!, at, bytes.utf8Slice(row.source, row.columns));
      duckdb.vector_assign_string_element(columns!, at, bytes.utf8Slice(row.columns, row.end));
    }
  }

  /** All rows are in the table when it returns. @throws what the engine says */
  flush(): void {
    if (this.#rows > 0) this.#put();
    if (this.#waiting === 0) return;
    this.#waiting = 0;
    this.#appender.flushSync();
  }

  /** Rows that wait are dropped. */
  close(): void {
    this.#appender.clear();
    this.#appender.closeSync();
    this.#appender.connection.closeSync();
  }

  #put(): void {
    const rows = this.#rows;
    this.#rows = 0;
    const [sequences, indices, versions, explicit, kinds] = this.#vectors;
    duckdb.data_chunk_set_size(this.#chunk, rows);
    duckdb.copy_data_to_vector(sequences!, 0, this.#sequences.buffer, 0, rows * 8);
    duckdb.copy_data_to_vector(indices!, 0, this.#indices.buffer, 0, rows * 4);
    duckdb.copy_data_to_vector(versions!, 0, this.#versions.buffer, 0, rows * 4);
    duckdb.copy_data_to_vector(explicit!, 0, this.#explicit.buffer, 0, rows);
    duckdb.copy_data_to_vector(kinds!, 0, this.#kinds.buffer, 0, rows * 4);
    try {
      duckdb.append_data_chunk(this.#appender['appender'], this.#chunk);
      this.#waiting++;
    } finally {
      duckdb.data_chunk_reset(this.#chunk);
    }
  }
}
