/** Names of indices: what they select, which index a write goes to, and what a new index is made of. */
import { randomUUID } from 'node:crypto';
import { indexNotFound, StoreError } from '../errors.ts';
import type { BulkOperation, IndexSelection } from '../store.ts';
import type { WriteTargets } from './bulk-writer.ts';
import type { Catalogue, CatalogueRecord, Index, Json } from './catalogue.ts';
import { normaliseSettings } from './index-settings.ts';
import { type NewIndex, resolveNewIndex } from './new-index.ts';

export class Indices implements WriteTargets {
  readonly #catalogue: Catalogue;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  /** In order of names. @throws StoreError index_not_found_exception */
  select({ names, ignoreUnavailable = false, allowNoIndices = true }: IndexSelection): Index[] {
    const chosen = new Set<Index>();
    const list = names.length === 0 ? ['_all'] : names;
    for (const [at, given] of list.entries()) {
      const isExclusion = given.startsWith('-') && at > 0;
      const name = isExclusion ? given.slice(1) : given;
      if (name === '_all' || name.includes('*')) {
        const found = this.#matching(name === '_all' ? '*' : name);
        if (found.length === 0 && !allowNoIndices && !isExclusion) throw indexNotFound(name);
        for (const index of found) isExclusion ? chosen.delete(index) : chosen.add(index);
        continue;
      }
      const found = this.named(name);
      if (found.length === 0 && !ignoreUnavailable && !isExclusion) throw indexNotFound(name);
      for (const index of found) isExclusion ? chosen.delete(index) : chosen.add(index);
    }
    return [...chosen].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** An index, those of an alias, or those of a data stream. */
  named(name: string): Index[] {
    const own = this.#catalogue.byName.get(name);
    if (own) return [own];
    return [...this.#catalogue.indices.values()].filter(
      (index) => index.dataStream === name || Object.hasOwn(index.aliases, name),
    );
  }

  /** The one index that a name stands for. @throws StoreError */
  one(name: string): Index {
    const found = this.named(name);
    if (found.length === 0) throw indexNotFound(name);
    if (found.length > 1)
      throw new StoreError(
        400,
        'illegal_argument_exception',
        `alias [${name}] has more than one index associated with it [${found.map((index) => index.name).join(', ')}], can't execute a single index op`,
      );
    return found[0]!;
  }

  target(
    { index: name, action, requireAlias = false }: BulkOperation,
    changed: (record: CatalogueRecord) => void,
  ): Index {
    const own = this.#catalogue.byName.get(name);
    if (own && !requireAlias) return own;
    if (own)
      throw new StoreError(
        404,
        'index_not_found_exception',
        `no such index [${name}] and [require_alias] request flag is [true] and [${name}] is not an alias`,
        { index: name },
      );
    const stream = [...this.#catalogue.indices.values()].filter((index) => index.dataStream === name);
    if (stream.length > 0) {
      requireCreate(action);
      return stream.reduce((latest, index) => (index.ix > latest.ix ? index : latest));
    }
    const aliased = this.named(name);
    if (aliased.length === 1 && aliased[0]!.aliases[name]?.['is_write_index'] !== false) return aliased[0]!;
    if (aliased.length > 0) {
      const writable = aliased.find((index) => index.aliases[name]?.['is_write_index'] === true);
      if (writable) return writable;
      throw new StoreError(
        400,
        'illegal_argument_exception',
        `no write index is defined for alias [${name}]. The write index may be explicitly disabled using is_write_index=false or the alias points to multiple indices without one being designated as a write index`,
      );
    }
    if (requireAlias)
      throw new StoreError(
        404,
        'index_not_found_exception',
        `no such index [${name}] and [require_alias] request flag is [true] and [${name}] is not an alias`,
        { index: name },
      );
    if (action === 'delete') throw indexNotFound(name);
    const records = this.create(name, {});
    for (const record of records) changed(record);
    const made = this.#catalogue.byName.get(name) ?? this.named(name).at(-1)!;
    if (made.dataStream === name) requireCreate(action);
    return made;
  }

  /** Records that make an index, or a data stream where a template says so. @throws StoreError */
  create(name: string, body: Json, asDataStream = false): CatalogueRecord[] {
    checkIndexName(name);
    if (this.named(name).length > 0) {
      const existing = this.#catalogue.byName.get(name);
      throw new StoreError(
        400,
        'resource_already_exists_exception',
        existing
          ? `index [${name}/${existing.uuid}] already exists`
          : `[${name}] already exists as alias or data stream`,
        { index: name, ...(existing ? { index_uuid: existing.uuid } : {}) },
      );
    }
    const made = resolveNewIndex(this.#catalogue, name, body);
    if (!made.isDataStream && !asDataStream) return [this.#indexRecord(name, made)];
    return [
      { t: 'object', kind: 'data_stream', name, body: { name } },
      this.#indexRecord(backingName(name, 1), made, name),
    ];
  }

  #indexRecord(name: string, { mapping, settings, aliases }: NewIndex, dataStream?: string): CatalogueRecord {
    const created = Date.now();
    const uuid = randomUUID().replaceAll('-', '').slice(0, 22);
    return {
      t: 'index',
      ix: this.#catalogue.nextIndex,
      name,
      uuid,
      created,
      mapping,
      settings: normaliseSettings(settings, { name, uuid, created }),
      aliases,
      ...(dataStream === undefined ? {} : { dataStream }),
    };
  }

  #matching(pattern: string): Index[] {
    const expression = patternOf(pattern);
    const hidden = pattern.startsWith('.') || pattern === '*';
    return [...this.#catalogue.indices.values()].filter(
      ({ name, aliases, dataStream }) =>
        (expression.test(name) && (hidden || !name.startsWith('.'))) ||
        (dataStream !== undefined && expression.test(dataStream)) ||
        Object.keys(aliases).some((alias) => expression.test(alias)),
    );
  }
}

/** `*` is any text. */
export const patternOf = (pattern: string): RegExp =>
  new RegExp(`^${pattern.split('*').map(RegExp.escape).join('.*')}$`, 's');

const backingName = (stream: string, generation: number): string =>
  `.ds-${stream}-${new Date().toISOString().slice(0, 10).replaceAll('-', '.')}-${String(generation).padStart(6, '0')}`;

function requireCreate(action: string): void {
  if (action === 'create') return;
  throw new StoreError(
    400,
    'illegal_argument_exception',
    'only write ops with an op_type of create are allowed in data streams',
  );
}

/** @throws StoreError invalid_index_name_exception */
export function checkIndexName(name: string): void {
  const bad = (why: string): StoreError =>
    new StoreError(400, 'invalid_index_name_exception', `Invalid index name [${name}], ${why}`, {
      index: name,
    });
  if (name === '' || name === '.' || name === '..') throw bad("must not be '', '.' or '..'");
  if (/[\\/*?"<>| ,#:\0]/.test(name))
    throw bad(`must not contain the following characters ['\\','/','*','?','"','<','>','|',' ',',','#',':']`);
  if (/^[_\-+]/.test(name)) throw bad("must not start with '_', '-', or '+'");
  if (name !== name.toLowerCase()) throw bad('must be lowercase');
  if (Buffer.byteLength(name) > 255) throw bad(`index name is too long, (${Buffer.byteLength(name)} > 255)`);
}
