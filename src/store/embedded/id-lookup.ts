/** Finds rows by id: in memory by the map of ids, in segments by their filters and then exactly. */
import { readFileSync } from 'node:fs';
import { sqlText } from '../../query/sql-literal.ts';
import type { Index, Segment } from './catalogue.ts';
import type { Core, Generation } from './core.ts';
import { IdFilter } from './id-filter.ts';
import { sequenceOfRowId } from './row-ids.ts';

export interface IdRow {
  readonly sequence: number;
  readonly version: number;
  /** Undefined: not asked for. */
  readonly source: string | undefined;
}

const filters = new WeakMap<Segment, IdFilter | 'unknown'>();

/** Living rows with these ids, as they are when the call begins. `withSource` names those whose document is wanted. */
export async function findIds(
  core: Core,
  index: Index,
  ids: readonly string[],
  withSource: ReadonlySet<string>,
): Promise<Map<string, IdRow>> {
  const found = new Map<string, IdRow>();
  const tables = new Map<Generation, string[]>();
  const files = new Map<Segment, string[]>();
  for (const id of ids) {
    const known = core.hotIds.get(index.ix, id);
    if (known) {
      if (known.deleted) continue;
      const generation = core.generationOf(index.ix, known.sequence);
      if (!withSource.has(id) || known.source !== undefined || !generation)
        found.set(id, { sequence: known.sequence, version: known.version, source: known.source?.toString() });
      else push(tables, generation, id);
      continue;
    }
    const sequence = sequenceOfRowId(id);
    const generation = sequence === undefined ? undefined : core.generationOf(index.ix, sequence);
    if (generation) push(tables, generation, id);
    const own = sequence === undefined ? undefined : core.catalogue.segmentOf(index.ix, sequence);
    for (const segment of index.segments)
      if (
        segment.quarantined === undefined &&
        !core.isAway(segment) &&
        (segment === own || mayHave(core, segment, id))
      )
        push(files, segment, id);
  }
  const pins = [...[...tables.keys()].map(({ pin }) => pin), ...[...files.keys()].map(({ pin }) => pin)];
  for (const pin of pins) pin.acquire();
  if (tables.size > 0) core.flush();
  try {
    const look = async (
      place: Generation | Segment,
      from: string,
      names: readonly [string, string, string, string],
      wanted: readonly string[],
      tombstones: readonly number[],
    ): Promise<void> => {
      const [id, sequence, version, source] = names;
      const condition = `${id} IN (${wanted.map(sqlText).join(',')})`;
      const sources = wanted.some((one) => withSource.has(one)) ? source : 'NULL';
      const rows = await core.duckdb.rows(
        `SELECT ${id}, ${sequence}, ${version}, ${sources} FROM ${from} WHERE (${condition})${'hot' in place ? ` AND ix = ${index.ix}` : ''}`,
      );
      const gone = new Set(tombstones);
      for (const [key, number, count, text] of rows) {
        const row = {
          sequence: number as number,
          version: count as number,
          source: (text ?? undefined) as string | undefined,
        };
        if (gone.has(row.sequence)) continue;
        const before = found.get(key as string);
        if (!before || before.sequence < row.sequence) found.set(key as string, row);
      }
    };
    await Promise.all([
      ...[...tables].map(([generation, wanted]) =>
        look(
          generation,
          generation.hot.table,
          ['id', 'seq', 'version', 'src'],
          wanted,
          generation.hot.tombstones,
        ),
      ),
      ...[...files].map(([segment, wanted]) =>
        look(
          segment,
          `read_parquet(${sqlText(
            core.pathOf(
              segment.info,
              fileFor(
                segment,
                wanted.some((id) => withSource.has(id)),
              ),
            ),
          )})`,
          ['_id', '_seq', '_version', '_source'],
          wanted,
          segment.tombstones,
        ),
      ),
    ]);
  } finally {
    for (const pin of pins) pin.release();
  }
  return found;
}

/** Where ids stand, with the documents or without. */
const fileFor = ({ info }: Segment, withSource: boolean): string =>
  (withSource ? (info.documents ?? info) : info).file;

function mayHave(core: Core, segment: Segment, id: string): boolean {
  if (segment.info.explicit === 0) return false;
  let filter = filters.get(segment);
  if (!filter) filters.set(segment, (filter = readFilter(core, segment) ?? 'unknown'));
  return filter === 'unknown' || filter.mayHave(id);
}

/** Without its filter a segment is looked into every time. */
function readFilter(core: Core, { info }: Segment): IdFilter | undefined {
  const file = info.sidecars['ids'];
  if (file === undefined) return undefined;
  try {
    return IdFilter.decode(readFileSync(core.pathOf(info, file)));
  } catch {
    return undefined;
  }
}

function push<K>(map: Map<K, string[]>, key: K, value: string): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
