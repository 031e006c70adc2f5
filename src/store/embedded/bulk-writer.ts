/** From bulk operations to a frame of the log: ids, versions, mappings. One after the other, in the order they came. */
import { StoreError } from '../errors.ts';
import { DocumentReader } from '../mapping/document.ts';
import type { IndexMapping } from '../mapping/mapping.ts';
import type { ColumnNumbers } from '../mapping/row.ts';
import type { BulkItem, BulkOperation, BulkRequest, ElasticError } from '../store.ts';
import type { CatalogueRecord, Index } from './catalogue.ts';
import type { Core } from './core.ts';
import { type DeadRow, FrameBuilder } from './frame.ts';
import type { KnownId } from './hot-ids.ts';
import { findIds, type IdRow } from './id-lookup.ts';
import { makeRowId } from './row-ids.ts';
import { withTimestamp } from './stream-timestamp.ts';
import { applyUpdate } from './update.ts';

/** Documents with anything between them. */
export interface BulkDocuments extends BulkRequest {
  /** Where each document begins; left out: where the one before ends. */
  readonly starts?: Int32Array;
}

/** Where operations go. */
export interface WriteTargets {
  /**
   * The index that a name stands for, made if need be; what that changes is given to `changed`.
   * @throws StoreError
   */
  target(operation: BulkOperation, changed: (record: CatalogueRecord) => void): Index;
}

const MAX_ID_BYTES = 512;

/** Of every document that was accepted, where only failures are asked for. */
const ACCEPTED: BulkItem = { action: 'index', index: '', id: '', status: 201, result: 'created' };

export class BulkWriter {
  readonly #core: Core;
  readonly #targets: WriteTargets;
  readonly #readers = new WeakMap<Index, DocumentReader>();
  #chain: Promise<unknown> = Promise.resolve();
  /** Changes of the catalogue that are in force but not yet in the log. */
  #unlogged: CatalogueRecord[] = [];
  readonly #columns: ColumnNumbers;

  constructor(core: Core, targets: WriteTargets) {
    this.#core = core;
    this.#targets = targets;
    const { catalogue } = core;
    this.#columns = {
      number: (field, type) => {
        const known = catalogue.columns.of(field).find((column) => column.type === type);
        if (known) return known.number;
        const record: CatalogueRecord = { t: 'column', n: catalogue.columns.next, field, type };
        this.#change(record);
        return record.n;
      },
    };
  }

  /** Resolves when all that was accepted is on disk and can be found. @throws the system's error: nothing happened then */
  write(request: BulkDocuments): Promise<BulkItem[]> {
    return this.#next(() => this.#prepare(request)).then(({ items, done }) => done.then(() => items));
  }

  /** Takes rows out that a query found. Resolves to how many of them were still there. */
  deleteRows(
    rows: readonly { readonly index: string; readonly id: string; readonly sequence: number }[],
  ): Promise<number> {
    return this.#next(async () => {
      const { catalogue, hotIds } = this.#core;
      const dead: DeadRow[] = [];
      const undo: (() => void)[] = [];
      for (const { index, id, sequence } of rows) {
        const ix = catalogue.byName.get(index)?.ix;
        if (ix === undefined || this.#isGone(ix, sequence)) continue;
        const known = hotIds.get(ix, id);
        if (known && (known.deleted || known.sequence !== sequence)) continue;
        // Also of rows in segments: an operation that is being prepared must not find it there any more.
        hotIds.set(ix, id, { sequence, version: known?.version ?? 1, deleted: true });
        undo.push(() => hotIds.restore(ix, id, known));
        dead.push([ix, sequence, id]);
      }
      return { count: dead.length, done: this.#commit(new FrameBuilder(0), new Map(), dead, undo) };
    }).then(({ count, done }) => done.then(() => count));
  }

  /**
   * Changes the catalogue, when everything before is through and before anything after: durable and in force when it
   * resolves. `change` looks at the catalogue as it is then. @throws what `change` throws
   */
  change(change: () => readonly CatalogueRecord[]): Promise<void> {
    return this.#next(async () => {
      const records = change();
      if (records.length === 0) return;
      const before = this.#unlogged;
      this.#unlogged = [];
      const { payload, tail } = new FrameBuilder(0).finish({
        records: [...before, ...records],
        columns: {},
        dead: [],
        nextSequence: this.#core.catalogue.nextSequence,
      });
      try {
        await this.#core.commit(payload, tail, true);
      } catch (error) {
        this.#unlogged = [...before, ...this.#unlogged];
        throw error;
      }
      for (const record of records) this.#core.catalogue.apply(record);
    });
  }

  /** Everything that was asked for before is through. */
  async idle(): Promise<void> {
    await this.#chain;
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#chain.then(work);
    this.#chain = result.catch(() => {});
    return result;
  }

  #change(record: CatalogueRecord): void {
    this.#unlogged.push(record);
    this.#core.catalogue.apply(record);
  }

  async #prepare(request: BulkDocuments): Promise<{ items: BulkItem[]; done: Promise<void> }> {
    const { starts, ends, onlyFailures = false } = request;
    const source = bufferOf(request.source);
    const count = ends.length;
    const one = Array.isArray(request.operations) ? undefined : (request.operations as BulkOperation);
    const operationAt = (at: number): BulkOperation =>
      one ?? (request.operations as readonly BulkOperation[])[at]!;
    const targets = this.#targetsOf(count, operationAt);
    const found = await this.#lookUp(count, operationAt, targets);
    const frame = new FrameBuilder(Math.ceil(source.length * 1.7) + count * 64);
    const items: BulkItem[] = [];
    const dead: DeadRow[] = [];
    const undo: (() => void)[] = [];
    const settle: (() => void)[] = [];
    const touched = new Map<Index, DocumentReader>();
    const out = { frame, dead, undo, settle, touched, onlyFailures };
    for (let at = 0; at < count; at++) {
      const operation = operationAt(at);
      const target = targets[at]!;
      if (target instanceof StoreError) {
        items.push(failed(operation, operation.index, operation.id ?? '', target));
        continue;
      }
      try {
        items.push(
          this.#apply(
            operation,
            target,
            source,
            starts ? starts[at]! : at === 0 ? 0 : ends[at - 1]!,
            ends[at]!,
            found,
            out,
          ),
        );
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        items.push(failed(operation, target.name, operation.id ?? '', error));
      }
    }
    return { items, done: this.#commit(frame, touched, dead, undo, settle) };
  }

  #targetsOf(count: number, operationAt: (at: number) => BulkOperation): (Index | StoreError)[] {
    const known = new Map<string, Index | StoreError>();
    /** Many events have the very same one. */
    const same = new Map<BulkOperation, Index | StoreError>();
    const targets: (Index | StoreError)[] = [];
    for (let at = 0; at < count; at++) {
      const operation = operationAt(at);
      const before = same.get(operation);
      if (before) {
        targets.push(before);
        continue;
      }
      const key = `${operation.action} ${operation.requireAlias === true} ${operation.index}`;
      let target = known.get(key);
      if (!target) {
        try {
          if (operation.id !== undefined) checkId(operation.id);
          target = this.#targets.target(operation, (record) => this.#change(record));
          known.set(key, target);
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          target = error;
        }
      } else if (operation.id !== undefined && !(target instanceof StoreError)) {
        try {
          checkId(operation.id);
        } catch (error) {
          target = error as StoreError;
        }
      }
      same.set(operation, target);
      targets.push(target);
    }
    return targets;
  }

  /** Rows outside of memory that the operations' ids stand for. */
  async #lookUp(
    count: number,
    operationAt: (at: number) => BulkOperation,
    targets: readonly (Index | StoreError)[],
  ): Promise<ReadonlyMap<Index, ReadonlyMap<string, IdRow>>> {
    const wanted = new Map<Index, Set<string>>();
    const withSource = new Set<string>();
    for (let at = 0; at < count; at++) {
      const { id, action } = operationAt(at);
      const target = targets[at]!;
      if (id === undefined || target instanceof StoreError) continue;
      const ids = wanted.get(target);
      if (ids) ids.add(id);
      else wanted.set(target, new Set([id]));
      if (action === 'update') withSource.add(id);
    }
    const found = new Map<Index, ReadonlyMap<string, IdRow>>();
    if (wanted.size === 0) return found;
    const { hotIds } = this.#core;
    for (;;) {
      const epoch = hotIds.epoch;
      for (const [index, ids] of wanted)
        found.set(index, await findIds(this.#core, index, [...ids], withSource));
      if (epoch === hotIds.epoch) return found;
    }
  }

  #apply(
    operation: BulkOperation,
    index: Index,
    source: Buffer,
    from: number,
    to: number,
    found: ReadonlyMap<Index, ReadonlyMap<string, IdRow>>,
    out: {
      readonly frame: FrameBuilder;
      readonly dead: DeadRow[];
      readonly undo: (() => void)[];
      readonly settle: (() => void)[];
      readonly touched: Map<Index, DocumentReader>;
      readonly onlyFailures: boolean;
    },
  ): BulkItem {
    const { hotIds, catalogue } = this.#core;
    const { action } = operation;
    const { ix } = index;
    if (operation.id === undefined) {
      if (action === 'update' || action === 'delete')
        throw new StoreError(
          400,
          'action_request_validation_exception',
          'Validation Failed: 1: an id must be provided if version type or value are set;',
        );
      const sequence = catalogue.nextSequence;
      this.#addRow(index, sequence, undefined, 1, source, from, to, out);
      if (out.onlyFailures) return ACCEPTED;
      const id = makeRowId(sequence);
      return { action, index: index.name, id, status: 201, result: 'created', version: 1, seqNo: sequence };
    }
    const { id } = operation;
    const known = hotIds.get(ix, id);
    const row = known ? (known.deleted ? undefined : known) : found.get(index)?.get(id);
    checkExpected(operation, row, index);
    const version = (known?.version ?? row?.version ?? 0) + 1;
    const remember = (next: KnownId): void => {
      hotIds.set(ix, id, next);
      out.undo.push(() => hotIds.restore(ix, id, known));
    };
    const item = { action, index: index.name, id, version };
    if (action === 'delete') {
      const sequence = catalogue.nextSequence++;
      if (!row) return { ...item, status: 404, result: 'not_found', seqNo: sequence };
      out.dead.push([ix, row.sequence, id]);
      remember({ sequence: row.sequence, version, deleted: true });
      return { ...item, status: 200, result: 'deleted', seqNo: sequence };
    }
    if (action === 'create' && row)
      throw conflict(
        index,
        id,
        `version conflict, document already exists (current version [${row.version}])`,
      );
    let bytes = source;
    if (action === 'update') {
      const old = row && (row.source?.toString() ?? found.get(index)?.get(id)?.source?.toString());
      const updated = applyUpdate(Buffer.from(source.buffer, source.byteOffset + from, to - from), old, id);
      if (updated === 'noop')
        return { ...item, version: row!.version, status: 200, result: 'noop', seqNo: row!.sequence };
      bytes = Buffer.from(updated);
      from = 0;
      to = bytes.length;
    }
    const sequence = catalogue.nextSequence;
    const changed = this.#addRow(index, sequence, id, version, bytes, from, to, out);
    if (row) out.dead.push([ix, row.sequence, id]);
    // An update that follows at once needs the document, which is not yet in a table.
    const next: KnownId = {
      sequence,
      version,
      deleted: false,
      source: changed ?? bytes.subarray(from, to),
    };
    remember(next);
    out.settle.push(() => hotIds.settle(ix, id, next));
    return { ...item, status: row ? 200 : 201, result: row ? 'updated' : 'created', seqNo: sequence };
  }

  /** Adds it to the frame; returns the document where it is not kept as it came. */
  #addRow(
    index: Index,
    sequence: number,
    id: string | undefined,
    version: number,
    source: Buffer,
    from: number,
    to: number,
    out: { readonly frame: FrameBuilder; readonly touched: Map<Index, DocumentReader> },
  ): Buffer | undefined {
    let reader = this.#readers.get(index);
    if (!reader) {
      reader = new DocumentReader(index.mapping as IndexMapping, this.#columns);
      this.#readers.set(index, reader);
    }
    out.touched.set(index, reader);
    let read = reader.read(source, from, to);
    let changed: Buffer | undefined;
    if (read.time === undefined && index.dataStream !== undefined) {
      source = changed = withTimestamp(index, id ?? makeRowId(sequence), source.subarray(from, to));
      from = 0;
      to = source.length;
      read = reader.read(source, from, to);
    }
    const { columns, time, ignored, kind } = read;
    this.#core.catalogue.nextSequence = sequence + 1;
    out.frame.add(
      { sequence, ix: index.ix, version, time: time ?? Number.NaN, id },
      source,
      from,
      to,
      columns,
      ignored,
      kind,
    );
    return changed;
  }

  async #commit(
    frame: FrameBuilder,
    touched: ReadonlyMap<Index, DocumentReader>,
    dead: readonly DeadRow[],
    undo: readonly (() => void)[],
    settle: readonly (() => void)[] = [],
  ): Promise<void> {
    const columns: Record<number, string[]> = {};
    const kinds = new Map<number, ReadonlyMap<number, ReadonlySet<string>>>();
    for (const [index, reader] of touched) {
      columns[index.ix] = reader.takeFilled();
      kinds.set(index.ix, reader.takeKinds());
      const mapping = (index.mapping as IndexMapping).takeChanges();
      if (mapping) this.#unlogged.push({ t: 'mapping', ix: index.ix, mapping });
    }
    const records = this.#unlogged;
    if (frame.rows === 0 && dead.length === 0 && records.length === 0) return;
    this.#unlogged = [];
    const { payload, tail } = frame.finish({
      records,
      columns,
      dead,
      nextSequence: this.#core.catalogue.nextSequence,
    });
    try {
      await this.#core.commit(payload, tail, true, { rows: frame.kinds, columns: kinds });
      frame.release();
      for (const one of settle) one();
    } catch (error) {
      // The latest first: later ones, which fail as well, have seen what these did.
      this.#unlogged = [...records, ...this.#unlogged];
      for (const back of undo.toReversed()) back();
      throw error;
    }
  }

  #isGone(ix: number, sequence: number): boolean {
    const { catalogue } = this.#core;
    const generation = this.#core.generationOf(ix, sequence);
    if (generation) return generation.hot.deadIndex.has(sequence);
    const segment = catalogue.segmentOf(ix, sequence);
    return segment === undefined || segment.tombstones.includes(sequence);
  }
}

function checkId(id: string): void {
  const bytes = Buffer.byteLength(id);
  if (bytes > MAX_ID_BYTES)
    throw new StoreError(
      400,
      'action_request_validation_exception',
      `Validation Failed: 1: id [${id}] is too long, must be no longer than ${MAX_ID_BYTES} bytes but was: ${bytes};`,
    );
  if (id === '')
    throw new StoreError(400, 'illegal_argument_exception', 'if _id is specified it must not be empty');
}

function checkExpected(
  operation: BulkOperation,
  row: { readonly sequence: number } | undefined,
  index: Index,
): void {
  if (operation.ifSeqNo === undefined) return;
  const { id, ifSeqNo, ifPrimaryTerm = 1 } = operation;
  const required = `version conflict, required seqNo [${ifSeqNo}], primary term [${ifPrimaryTerm}].`;
  if (!row) throw conflict(index, id!, `${required} but no document was found`);
  if (row.sequence !== ifSeqNo || ifPrimaryTerm !== 1)
    throw conflict(
      index,
      id!,
      `${required} current document has seqNo [${row.sequence}] and primary term [1]`,
    );
}

/** The same memory. */
const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

const conflict = (index: Index, id: string, reason: string): StoreError =>
  new StoreError(409, 'version_conflict_engine_exception', `[${id}]: ${reason}`, {
    index_uuid: index.uuid,
    shard: '0',
    index: index.name,
  });

function failed(operation: BulkOperation, index: string, id: string, error: StoreError): BulkItem {
  const described: ElasticError = { type: error.type, reason: error.message, ...error.details };
  return { action: operation.action, index, id, status: error.status, error: described };
}
