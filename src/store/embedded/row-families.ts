/**
 * Rows of one index that fill other columns, such as those of several shippers, are written one family after the other: each
 * is read with its own columns only, and those that a family does not have are empty in whole parts of the file. With 256
 * columns of four families that is a fifth of the cost of a seal, and of the file.
 */
import type { HotIndex, HotKind } from './hot-table.ts';

export interface Family {
  /** What of the index's rows they are, as a condition to add. */
  readonly where: string;
  /** No other ones of those that were asked for do its rows fill. */
  readonly columns: ReadonlySet<string>;
  /** Columns that its rows fill beside those; undefined: nobody knows. */
  readonly others: ReadonlySet<string> | undefined;
}

/** Each family reads the table once. */
const MAX_FAMILIES = 6;
/** Kinds that have a lesser share of their columns in common are families of their own. */
const ALIKE = 0.6;
/** Families are worth it if so much of rows times columns is left. */
const WORTH = 0.75;
/** Making the statement costs more than fewer rows save. */
const LEAST_ROWS = 8000;

interface Group {
  readonly kinds: number[];
  readonly columns: Set<string>;
  readonly others: Set<string>;
  rows: number;
}

/** Families that have all rows of an index, each once; one, if that is not worth it. `wanted`: the columns that count. */
export function familiesOf(
  { kinds, rows }: Pick<HotIndex, 'kinds' | 'rows'>,
  wanted: readonly string[],
): readonly Family[] {
  const whole = [wholeOf(wanted)];
  if (!kinds || kinds.size < 2 || rows < LEAST_ROWS) return whole;
  const groups = groupsOf(kinds, new Set(wanted));
  const cost = groups.reduce((sum, group) => sum + group.rows * group.columns.size, 0);
  if (cost > rows * wanted.length * WORTH) return whole;
  return groups.map((group) => ({
    where: ` AND kind IN (${group.kinds.join(',')})`,
    columns: group.columns,
    others: group.others,
  }));
}

/** All rows as one family. */
export const wholeOf = (wanted: readonly string[]): Family => ({
  where: '',
  columns: new Set(wanted),
  others: undefined,
});

/** Those with most rows begin the groups. */
function groupsOf(kinds: ReadonlyMap<number, HotKind>, wanted: ReadonlySet<string>): Group[] {
  const groups: Group[] = [];
  for (const [number, { rows, columns }] of [...kinds].sort(([, a], [, b]) => b.rows - a.rows)) {
    const all = new Set(columns.flatMap((some) => [...some]));
    const own = new Set([...all].filter((name) => wanted.has(name)));
    let best: Group | undefined;
    let share = groups.length < MAX_FAMILIES ? ALIKE : -1;
    for (const group of groups) {
      let both = 0;
      for (const name of own) if (group.columns.has(name)) both++;
      const alike = both / Math.max(1, own.size + group.columns.size - both);
      if (alike <= share) continue;
      share = alike;
      best = group;
    }
    if (best === undefined) groups.push((best = { kinds: [number], columns: own, others: new Set(), rows }));
    else {
      best.kinds.push(number);
      best.rows += rows;
      for (const name of own) best.columns.add(name);
    }
    for (const name of all) if (!wanted.has(name)) best.others.add(name);
  }
  return groups;
}
