/** What a caller may see: indices, fields and events. Everything that asks for events goes through this. */
import { parseKql } from '../../../query/kql.ts';
import type { Query } from '../../../query/tree.ts';
import { globMatch } from '../../../store/glob-match.ts';
import type { FieldCapability, IndexInfo, IndexSelection, Store } from '../../../store/store.ts';
import type { Caller } from '../call.ts';
import { type HiddenFields, hiddenTest, withoutHidden } from './hidden-fields.ts';

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly searchable: boolean;
  readonly aggregatable: boolean;
}

/** One caller's view of some indices. */
export interface View {
  readonly selection: IndexSelection;
  /** None of the indices that were asked for may be read, or there are none. */
  readonly empty: boolean;
  readonly hidden: HiddenFields;
  /** Fields that the caller may know of, in order of names. */
  fields(): Promise<readonly Field[]>;
  /** A query of the caller, narrowed to what may be seen. */
  narrow(query: Query): Promise<Query>;
}

const FIELDS_MS = 5_000;
const MAX_CACHED = 200;
const internal = new Set(['_id', '_index', '_source']);

export class Rights {
  readonly #store: Store;
  readonly #fields = new Map<
    string,
    { readonly until: number; readonly fields: Promise<readonly Field[]> }
  >();

  constructor(store: Store) {
    this.#store = store;
  }

  async view(caller: Caller | undefined, names: readonly string[]): Promise<View> {
    const { indices: allowed, hiddenFields = [], filter } = caller ?? { indices: [] };
    let selected = names.filter((name) => name !== '');
    let empty = false;
    if (allowed) {
      // The store would take no names at all for all of them.
      selected = (await this.indices(caller, selected)).map(({ name }) => name);
      empty = selected.length === 0;
    }
    const selection: IndexSelection = { names: selected, ignoreUnavailable: true };
    const all = (): Promise<readonly Field[]> => (empty ? Promise.resolve([]) : this.#known(selection));
    const hidden: HiddenFields =
      hiddenFields.length === 0 ? [] : [...hiddenFields, ...(await this.#aliases(selection, hiddenFields))];
    const isHidden = hiddenTest(hidden);
    const fields = async (): Promise<readonly Field[]> => {
      const known = await all();
      return hidden.length === 0 ? known : known.filter(({ name }) => !isHidden(name));
    };
    const restriction = filter === undefined || filter === '' ? undefined : parseKql(filter);
    return {
      selection,
      empty,
      hidden,
      fields,
      async narrow(query) {
        if (empty) return { type: 'none' };
        const seen = hidden.length === 0 ? query : withoutHidden(query, hidden, await fields());
        return restriction ? { type: 'and', of: [restriction, seen] } : seen;
      },
    };
  }

  /** The indices that were asked for and may be read. */
  async indices(caller: Caller | undefined, names: readonly string[]): Promise<readonly IndexInfo[]> {
    const allowed = (caller ? caller.indices : [])?.map(globMatch);
    const found = await this.#store.indices({ names, ignoreUnavailable: true });
    if (!allowed) return found;
    return found.filter(({ name, dataStream }) =>
      allowed.some((fits) => fits(name) || (dataStream !== undefined && fits(dataStream))),
    );
  }

  /** Fields of type `alias` that show a hidden one under another name. */
  async #aliases(selection: IndexSelection, hidden: HiddenFields): Promise<string[]> {
    const isHidden = hiddenTest(hidden);
    const found = new Set<string>();
    for (const { mappings } of await this.#store.indices(selection))
      eachAlias(mappings, '', (name, path) => isHidden(path) && found.add(name));
    return [...found];
  }

  async #known(selection: IndexSelection): Promise<readonly Field[]> {
    const key = JSON.stringify(selection.names);
    const now = performance.now();
    const cached = this.#fields.get(key);
    if (cached && cached.until > now) return cached.fields;
    const fields = this.#store
      .fieldCapabilities(selection, ['*'])
      .then((caps) => Object.entries(caps.fields).flatMap(([name, types]) => fieldOf(name, types)));
    if (this.#fields.size >= MAX_CACHED) this.#fields.clear();
    this.#fields.set(key, { until: now + FIELDS_MS, fields });
    fields.catch(() => this.#fields.delete(key));
    return fields;
  }
}

function fieldOf(name: string, types: Readonly<Record<string, FieldCapability>>): Field[] {
  if (internal.has(name)) return [];
  const all = Object.values(types).filter(({ type }) => type !== 'object');
  if (all.length === 0) return [];
  return [
    {
      name,
      type: all.map(({ type }) => type).join(', '),
      searchable: all.some(({ searchable }) => searchable),
      aggregatable: all.every(({ aggregatable }) => aggregatable),
    },
  ];
}

function eachAlias(mapping: unknown, path: string, found: (name: string, target: string) => void): void {
  const { properties } = (mapping ?? {}) as { properties?: Record<string, unknown> };
  for (const [name, child] of Object.entries(properties ?? {})) {
    const full = path === '' ? name : `${path}.${name}`;
    const { type, path: target } = (child ?? {}) as { type?: unknown; path?: unknown };
    if (type === 'alias' && typeof target === 'string') found(full, target);
    eachAlias(child, full, found);
  }
}
