/**
 * What the store knows beside its rows: columns, indices, stored objects, segments. It changes only by records, which
 * come from the log or the manifest; the same records give the same catalogue, and one that is applied again changes
 * nothing that later ones do not change back.
 */
import type { FieldType } from '../../query/field-types.ts';
import type { RetentionRule, StoredKind } from '../store.ts';
import { Pin } from './pins.ts';
import type { ColumnDictionary, StoredColumn } from './snapshot.ts';

export type Json = Readonly<Record<string, unknown>>;

export type CatalogueRecord =
  | { readonly t: 'column'; readonly n: number; readonly field: string; readonly type: ColumnType }
  | ({ readonly t: 'index' } & IndexRecord)
  /** What is added to it. */
  | { readonly t: 'mapping'; readonly ix: number; readonly mapping: Json }
  | { readonly t: 'drop'; readonly ix: number }
  | { readonly t: 'object'; readonly kind: StoredKind; readonly name: string; readonly body: Json | null }
  | { readonly t: 'retention'; readonly rules: readonly RetentionRule[] }
  | SegmentsRecord
  | { readonly t: 'quarantine'; readonly id: string; readonly reason: string };

export interface SegmentsRecord {
  readonly t: 'segments';
  readonly add: readonly SegmentInfo[];
  readonly remove: readonly string[];
  /** Segment → further rows that are gone. */
  readonly dead: Readonly<Record<string, readonly number[]>>;
  /** All log files up to this number are in segments. */
  readonly log?: number;
  /** Sequence numbers below are used. */
  readonly nextSequence?: number;
}

type ColumnType = Exclude<FieldType, 'unindexed'>;

export interface IndexRecord {
  /** One number for each index that ever was, unlike its name. */
  readonly ix: number;
  readonly name: string;
  readonly uuid: string;
  readonly created: number;
  readonly mapping: Json;
  readonly settings: Json;
  readonly aliases: Readonly<Record<string, Json>>;
  readonly dataStream?: string;
}

/** A file of a segment, as it was when it was written. */
export interface StoredFile {
  /** Below the store's folder, or that of the archive. */
  readonly file: string;
  readonly bytes: number;
  /** CRC-32C of each 64 MiB of the file. */
  readonly sums: readonly number[];
}

export interface SegmentInfo extends StoredFile {
  readonly id: string;
  readonly ix: number;
  readonly archived?: true;
  readonly rows: number;
  /**
   * Of a merged segment: the file of its documents, whose rows are those of `file` in the same order. Without it they stand
   * in `file`.
   */
  readonly documents?: DocumentsFile;
  readonly first: number;
  readonly last: number;
  readonly earliest?: number;
  readonly latest?: number;
  readonly undated: number;
  readonly columns: readonly string[];
  /** Further columns, whose values stand together in `_sparse`: name → key there. */
  readonly sparse?: Readonly<Record<string, string>>;
  /** Rows whose `_id` the sender chose: they are in the id filter. */
  readonly explicit: number;
  /** When its rows came, from and to, milliseconds; segments of older versions do not say it. */
  readonly arrived?: readonly [from: number, to: number];
  /** 0: sealed from memory; higher: merged. */
  readonly level: number;
  readonly created: number;
  readonly sidecars: Readonly<Record<string, string>>;
}

export interface DocumentsFile extends StoredFile {
  /** Columns of fields that stand here, too. */
  readonly columns: readonly string[];
}

export interface Segment {
  readonly info: SegmentInfo;
  readonly index: Index;
  readonly pin: Pin;
  /** In order. Replaced, never changed. */
  tombstones: readonly number[];
  /** Those of them that the manifest has; the others are only in the log. */
  buried: readonly number[];
  quarantined: string | undefined;
}

/** What the catalogue needs of a mapping: `IndexMapping`, or less in tests. */
export interface LiveMapping {
  /** Goes up with every change. */
  readonly version: number;
  readonly fields: ReadonlyMap<string, FieldType>;
  readonly aliases: ReadonlyMap<string, string>;
  readonly nested: ReadonlySet<string>;
  readonly madeValues?: ReadonlySet<string>;
  /** Adds what was found to fit when it was written. */
  apply(changes: Json): void;
  toJSON(): Json;
}

export interface Index extends Omit<IndexRecord, 'mapping'> {
  readonly mapping: LiveMapping;
  settings: Json;
  aliases: Readonly<Record<string, Json>>;
  /** In order of their rows: no two overlap. */
  segments: Segment[];
}

/** From the mapping and settings that an index record has. */
export type MakeMapping = (mapping: Json, settings: Json) => LiveMapping;

export class Columns implements ColumnDictionary {
  readonly #byNumber: StoredColumn[] = [];
  readonly #byField = new Map<string, StoredColumn[]>();
  #next = 1;

  get(number: number): StoredColumn {
    const column = this.#byNumber[number];
    if (!column) throw new Error(`there is no column ${number}`);
    return column;
  }

  of(field: string): readonly StoredColumn[] {
    return this.#byField.get(field) ?? [];
  }

  fields(): Iterable<string> {
    return this.#byField.keys();
  }

  get next(): number {
    return this.#next;
  }

  *all(): Iterable<StoredColumn> {
    for (const column of this.#byNumber) if (column) yield column;
  }

  add(column: StoredColumn): void {
    if (this.#byNumber[column.number]) return;
    this.#byNumber[column.number] = column;
    this.#next = Math.max(this.#next, column.number + 1);
    const of = this.#byField.get(column.field);
    if (!of) this.#byField.set(column.field, [column]);
    else {
      of.push(column);
      of.sort((a, b) => a.number - b.number);
    }
  }
}

export class Catalogue {
  readonly columns = new Columns();
  readonly indices = new Map<number, Index>();
  readonly byName = new Map<string, Index>();
  readonly segments = new Map<string, Segment>();
  readonly #objects = new Map<StoredKind, Map<string, Json>>();
  readonly #makeMapping: MakeMapping;
  readonly #dropped = new Set<number>();
  retention: readonly RetentionRule[] = [];
  /** Of the settings: they come first, and are not kept. */
  fixedRetention: readonly RetentionRule[] = [];
  nextIndex = 1;
  nextSequence = 1;
  sealedLog = 0;
  /** Hears of each segment that is no longer part of the store. */
  onSegmentGone: ((segment: Segment) => void) | undefined;
  onIndexGone: ((index: Index) => void) | undefined;

  constructor(makeMapping: MakeMapping) {
    this.#makeMapping = makeMapping;
  }

  apply(record: CatalogueRecord): void {
    switch (record.t) {
      case 'column':
        this.columns.add({ number: record.n, field: record.field, type: record.type });
        break;
      case 'index':
        this.#putIndex(record);
        break;
      case 'mapping': {
        const index = this.indices.get(record.ix);
        index?.mapping.apply(record.mapping);
        break;
      }
      case 'drop':
        this.#drop(record.ix);
        break;
      case 'object': {
        const objects = this.objects(record.kind);
        if (record.body === null) objects.delete(record.name);
        else objects.set(record.name, record.body);
        break;
      }
      case 'retention':
        this.retention = record.rules;
        break;
      case 'segments':
        this.#segments(record);
        break;
      case 'quarantine': {
        const segment = this.segments.get(record.id);
        if (segment) segment.quarantined = record.reason;
        break;
      }
    }
  }

  /** The first one that fits an index decides. */
  get rules(): readonly RetentionRule[] {
    return [...this.fixedRetention, ...this.retention];
  }

  objects(kind: StoredKind): Map<string, Json> {
    let objects = this.#objects.get(kind);
    if (!objects) this.#objects.set(kind, (objects = new Map()));
    return objects;
  }

  wasDropped(ix: number): boolean {
    return this.#dropped.has(ix);
  }

  /** The segment of an index that holds a row. */
  segmentOf(ix: number, sequence: number): Segment | undefined {
    const segments = this.indices.get(ix)?.segments ?? [];
    let low = 0;
    let high = segments.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const { info } = segments[middle]!;
      if (sequence < info.first) high = middle - 1;
      else if (sequence > info.last) low = middle + 1;
      else return segments[middle];
    }
    return undefined;
  }

  /** Records that make the same catalogue from nothing. */
  *dump(): Iterable<CatalogueRecord> {
    for (const { number, field, type } of this.columns.all()) yield { t: 'column', n: number, field, type };
    for (const { segments: _, mapping, ...index } of this.indices.values())
      yield { ...index, t: 'index', mapping: mapping.toJSON() };
    for (const ix of this.#dropped) yield { t: 'drop', ix };
    for (const [kind, objects] of this.#objects)
      for (const [name, body] of objects) yield { t: 'object', kind, name, body };
    yield { t: 'retention', rules: this.retention };
    yield {
      t: 'segments',
      add: [],
      remove: [],
      dead: {},
      log: this.sealedLog,
      nextSequence: this.nextSequence,
    };
    for (const { info, buried, quarantined } of this.segments.values()) {
      yield {
        t: 'segments',
        add: [info],
        remove: [],
        dead: buried.length > 0 ? { [info.id]: buried } : {},
      };
      if (quarantined !== undefined) yield { t: 'quarantine', id: info.id, reason: quarantined };
    }
  }

  #putIndex({ t: _, ...record }: { t: 'index' } & IndexRecord): void {
    this.nextIndex = Math.max(this.nextIndex, record.ix + 1);
    if (this.#dropped.has(record.ix)) return;
    const known = this.indices.get(record.ix);
    if (known) {
      known.settings = record.settings;
      known.aliases = record.aliases;
      return;
    }
    const index: Index = {
      ...record,
      mapping: this.#makeMapping(record.mapping, record.settings),
      segments: [],
    };
    this.indices.set(index.ix, index);
    this.byName.set(index.name, index);
  }

  #drop(ix: number): void {
    this.#dropped.add(ix);
    this.nextIndex = Math.max(this.nextIndex, ix + 1);
    const index = this.indices.get(ix);
    if (!index) return;
    this.indices.delete(ix);
    if (this.byName.get(index.name) === index) this.byName.delete(index.name);
    for (const segment of index.segments) {
      this.segments.delete(segment.info.id);
      this.onSegmentGone?.(segment);
    }
    this.onIndexGone?.(index);
  }

  #segments({ add, remove, dead, log, nextSequence }: SegmentsRecord): void {
    if (log !== undefined) this.sealedLog = Math.max(this.sealedLog, log);
    if (nextSequence !== undefined) this.nextSequence = Math.max(this.nextSequence, nextSequence);
    for (const id of remove) {
      const segment = this.segments.get(id);
      if (!segment) continue;
      this.segments.delete(id);
      segment.index.segments.splice(segment.index.segments.indexOf(segment), 1);
      this.onSegmentGone?.(segment);
    }
    for (const info of add) {
      const index = this.indices.get(info.ix);
      if (!index || this.segments.has(info.id)) continue;
      const segment: Segment = {
        info,
        index,
        pin: new Pin(),
        tombstones: [],
        buried: [],
        quarantined: undefined,
      };
      this.segments.set(info.id, segment);
      index.segments.push(segment);
      index.segments.sort((a, b) => a.info.first - b.info.first);
    }
    for (const id in dead) {
      const segment = this.segments.get(id);
      if (!segment) continue;
      segment.tombstones = mergeSorted(segment.tombstones, dead[id]!);
      segment.buried = mergeSorted(segment.buried, dead[id]!);
    }
  }
}

/** Both in order, without doubles. */
export function mergeSorted(a: readonly number[], b: readonly number[]): readonly number[] {
  if (b.length === 0) return a;
  return Array.from(Float64Array.from(new Set([...a, ...b])).sort());
}
