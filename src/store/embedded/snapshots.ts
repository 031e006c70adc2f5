/** Makes pictures of the store for readers; what they show is kept until they are released. */

import { sqlText } from '../../query/sql-literal.ts';
import type { Index, Segment, SegmentInfo } from './catalogue.ts';
import type { Core, Generation } from './core.ts';
import { PACKED_COLUMNS } from './hot-table.ts';
import type { Pin } from './pins.ts';
import type { RowSet, Snapshot } from './snapshot.ts';

export function makeSnapshot(
  core: Pick<Core, 'catalogue' | 'pathOf' | 'isAway'>,
  generations: readonly Generation[],
  indices: readonly Index[],
): Snapshot {
  const { catalogue } = core;
  const rowSets: RowSet[] = [];
  const pins: Pin[] = [];
  for (const index of indices)
    for (const segment of index.segments) {
      if (segment.quarantined !== undefined || core.isAway(segment)) continue;
      rowSets.push(segmentRows(segment, core));
      pins.push(segment.pin);
    }
  const numbers = new Set(indices.map(({ ix }) => ix));
  for (const generation of generations) {
    const rows = hotRows(generation, numbers);
    if (!rows) continue;
    rowSets.push(rows);
    pins.push(generation.pin);
  }
  for (const pin of pins) pin.acquire();
  let released = false;
  return {
    rowSets,
    columns: catalogue.columns,
    indices: new Map(
      [...indices]
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ name, mapping }) => [
          name,
          {
            name,
            fields: mapping.fields,
            nested: mapping.nested,
            aliases: mapping.aliases,
            ...(mapping.madeValues && { madeValues: mapping.madeValues }),
          },
        ]),
    ),
    release() {
      if (released) return;
      released = true;
      for (const pin of pins) pin.release();
    },
  };
}

const NONE: ReadonlyMap<string, string> = new Map();

/** What never changes of a segment. */
const known = new WeakMap<SegmentInfo, RowSet>();

function segmentRows({ info, index, tombstones }: Segment, core: Pick<Core, 'pathOf'>): RowSet {
  let rows = known.get(info);
  if (!rows) known.set(info, (rows = freshRows(info, index.name, core)));
  return tombstones.length === 0 ? rows : { ...rows, tombstones };
}

function freshRows(info: SegmentInfo, index: string, core: Pick<Core, 'pathOf'>): RowSet {
  const file = core.pathOf(info, info.file);
  const sidecars: Record<string, string> = {};
  for (const kind in info.sidecars) sidecars[kind] = core.pathOf(info, info.sidecars[kind]!);
  return {
    kind: 'segment',
    id: info.id,
    file,
    ...(info.documents && {
      documents: {
        file: core.pathOf(info, info.documents.file),
        columns: new Set(info.documents.columns),
      },
    }),
    relation: (wanted) => {
      const own = new Set(['_seq', '_index', '_id', '_version', '_ignored', ...wanted]);
      own.delete('_source');
      const columns = `SELECT ${[...own].join(', ')}, file_row_number FROM read_parquet(${sqlText(file)}, file_row_number=true)`;
      if (!info.documents) return columns.replace('SELECT ', 'SELECT _source, ');
      const documents = sqlText(core.pathOf(info, info.documents.file));
      return `SELECT * FROM (${columns}) JOIN (SELECT _source, file_row_number FROM read_parquet(${documents}, file_row_number=true)) USING (file_row_number)`;
    },
    indices: new Map([[index, info.rows]]),
    columns: new Set(info.columns),
    sparse: new Map(Object.entries(info.sparse ?? {})),
    rows: info.rows,
    earliest: info.earliest,
    latest: info.latest,
    undated: info.undated,
    firstSequence: info.first,
    lastSequence: info.last,
    tombstones: [],
    sidecars,
  };
}

function hotRows({ hot }: Generation, numbers: ReadonlySet<number>): RowSet | undefined {
  const indices = new Map<string, number>();
  const own: number[] = [];
  const columns = new Set<string>();
  let rows = 0;
  let undated = 0;
  let earliest: number | undefined;
  let latest: number | undefined;
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const [ix, index] of hot.indices) {
    if (!numbers.has(ix) || index.rows === 0) continue;
    own.push(ix);
    indices.set(index.name, index.rows);
    for (const column of index.columns) columns.add(column);
    rows += index.rows;
    undated += index.undated;
    if (index.earliest !== undefined) earliest = Math.min(earliest ?? index.earliest, index.earliest);
    if (index.latest !== undefined) latest = Math.max(latest ?? index.latest, index.latest);
    first = Math.min(first, index.first);
    last = Math.max(last, index.last);
  }
  if (rows === 0) return undefined;
  const tombstones = hot.tombstones.filter((sequence) => numbers.has(hot.deadIndex.get(sequence)!));
  return {
    kind: 'hot',
    id: `hot-${hot.number}`,
    file: undefined,
    relation: (wanted) => hot.select(wanted, own, last),
    indices,
    columns,
    sparse: NONE,
    packed: PACKED_COLUMNS,
    rows,
    earliest,
    latest,
    undated,
    firstSequence: first,
    lastSequence: last,
    tombstones,
    sidecars: {},
  };
}
