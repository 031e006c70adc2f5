/** Names of indices in this store: what they select, which index a write goes to, and what a new index is made of. */
import { randomUUID } from 'node:crypto';
import { indexNotFound, StoreError } from '../errors.ts';
import {
  type AliasTarget,
  type IndexNames,
  resolveDateMath,
  resolveIndices,
  validateIndexName,
  writeIndexOf,
} from '../index-selection.ts';
import { withBuiltIns } from '../mapping/built-in-templates.ts';
import {
  flatSettings,
  nestedSettings,
  type ResolvedTemplate,
  resolveTemplate,
  type StoredTemplates,
  withRequest,
} from '../mapping/templates.ts';
import type { BulkOperation, IndexSelection } from '../store.ts';
import type { WriteTargets } from './bulk-writer.ts';
import type { Catalogue, CatalogueRecord, Index, Json } from './catalogue.ts';

export class Indices implements WriteTargets {
  readonly #catalogue: Catalogue;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  /** In order of names. @throws StoreError index_not_found_exception */
  select(selection: IndexSelection): Index[] {
    return resolveIndices(selection, this.#names()).map((name) => this.#catalogue.byName.get(name)!);
  }

  /** The one index that a name stands for. @throws StoreError */
  one(name: string): Index {
    const own = this.#catalogue.byName.get(name);
    if (own) return own;
    const found = this.select({ names: [name] });
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
    { index: given, action, requireAlias = false }: BulkOperation,
    changed: (record: CatalogueRecord) => void,
  ): Index {
    const { byName } = this.#catalogue;
    const own = byName.get(given);
    if (own && !requireAlias) return own;
    const name = resolveDateMath(given, Date.now());
    const names = this.#names();
    if (requireAlias && !names.aliases.has(name))
      throw new StoreError(
        404,
        'index_not_found_exception',
        `no such index [${name}] and [require_alias] request flag is [true] and [${name}] is not an alias`,
        { index: name },
      );
    if (names.dataStreams.has(name)) requireCreate(action);
    const existing = byName.get(writeIndexOf(name, names));
    if (existing?.dataStream === name && isOfAnotherDay(existing.created)) {
      const next = this.#nextBacking(name, existing.name);
      changed(next);
      return byName.get(next.name)!;
    }
    if (existing) return existing;
    if (action === 'delete') throw indexNotFound(name);
    const records = this.create(name, {});
    const made = records.find((record) => record.t === 'index')!;
    if (made.dataStream !== undefined) requireCreate(action);
    for (const record of records) changed(record);
    return byName.get(made.name)!;
  }

  /** Records that make an index or a data stream: `undefined` as the template says. @throws StoreError */
  create(name: string, body: Json, wanted?: 'index' | 'data stream'): CatalogueRecord[] {
    validateIndexName(name);
    const existing = this.#catalogue.byName.get(name);
    if (existing)
      throw new StoreError(
        400,
        'resource_already_exists_exception',
        `index [${name}/${existing.uuid}] already exists`,
        { index: name, index_uuid: existing.uuid },
      );
    const names = this.#names();
    if (names.aliases.has(name) || names.dataStreams.has(name))
      throw new StoreError(
        400,
        'invalid_index_name_exception',
        `Invalid index name [${name}], already exists as ${names.aliases.has(name) ? 'alias' : 'data stream'}`,
        { index: name },
      );
    const made = withRequest(resolveTemplate(name, this.templates()), body);
    const { template } = made;
    if (made.isDataStream && wanted === 'index')
      throw new StoreError(
        400,
        'illegal_argument_exception',
        `cannot create index with name [${name}], because it matches with template [${template}] that creates data streams only, use create data stream api instead`,
      );
    if (!made.isDataStream && wanted !== 'data stream') return [this.#indexRecord(name, made)];
    return [
      {
        t: 'object',
        kind: 'data_stream',
        name,
        body: template === undefined ? { name } : { name, template },
      },
      this.#indexRecord(backingName(name, 1), made, name),
    ];
  }

  /** A data stream gets an index a day (UTC), so that retention can delete what is old. */
  #nextBacking(stream: string, newest: string): CatalogueRecord & { readonly t: 'index' } {
    let generation = Number(/-(\d+)$/.exec(newest)?.[1] ?? 0) + 1;
    // One that was restored may have the name.
    while (this.#catalogue.byName.has(backingName(stream, generation))) generation++;
    const made = withRequest(resolveTemplate(stream, this.templates()), {});
    return this.#indexRecord(backingName(stream, generation), made, stream);
  }

  templates(): StoredTemplates {
    return {
      indexTemplates: withBuiltIns('index_template', this.#catalogue.objects('index_template')),
      componentTemplates: withBuiltIns('component_template', this.#catalogue.objects('component_template')),
      legacyTemplates: this.#catalogue.objects('template'),
    };
  }

  #indexRecord(
    name: string,
    { mappings, settings, aliases }: ResolvedTemplate,
    dataStream?: string,
  ): CatalogueRecord & { readonly t: 'index' } {
    const created = Date.now();
    const uuid = newUuid();
    const all = {
      'index.number_of_shards': '1',
      'index.number_of_replicas': '0',
      ...settings,
      'index.creation_date': String(created),
      'index.uuid': uuid,
      'index.provided_name': name,
    };
    return {
      t: 'index',
      ix: this.#catalogue.nextIndex,
      name,
      uuid,
      created,
      mapping: mappings,
      settings: nestedSettings(all),
      aliases: Object.fromEntries(
        Object.entries(aliases).map(([alias, options]) => [alias.replaceAll('{index}', name), options]),
      ),
      ...(dataStream === undefined ? {} : { dataStream }),
    };
  }

  #names(): IndexNames {
    const aliases = new Map<string, AliasTarget[]>();
    const dataStreams = new Map<string, string[]>();
    for (const { name, aliases: own, dataStream } of this.#catalogue.indices.values()) {
      for (const alias of Object.keys(own)) {
        const isWriteIndex = own[alias]!['is_write_index'];
        const target = {
          index: name,
          ...(isWriteIndex === undefined ? {} : { isWriteIndex: String(isWriteIndex) === 'true' }),
        };
        const targets = aliases.get(alias);
        if (targets) targets.push(target);
        else aliases.set(alias, [target]);
      }
      if (dataStream === undefined) continue;
      const backing = dataStreams.get(dataStream);
      if (backing) backing.push(name);
      else dataStreams.set(dataStream, [name]);
    }
    return { indices: this.#catalogue.byName.keys(), aliases, dataStreams };
  }
}

export const newUuid = (): string => randomUUID().replaceAll('-', '').slice(0, 22);

/** Settings over others, in the shape that `GET _settings` shows. */
export const mergeSettings = (old: Json, change: Json): Json =>
  nestedSettings({ ...flatSettings(old), ...flatSettings(change) });

const backingName = (stream: string, generation: number): string =>
  `.ds-${stream}-${new Date().toISOString().slice(0, 10).replaceAll('-', '.')}-${String(generation).padStart(6, '0')}`;

const DAY = 86_400_000;
const isOfAnotherDay = (created: number): boolean => Math.floor(created / DAY) < Math.floor(Date.now() / DAY);

function requireCreate(action: string): void {
  if (action === 'create') return;
  throw new StoreError(
    400,
    'illegal_argument_exception',
    'only write ops with an op_type of create are allowed in data streams',
  );
}
