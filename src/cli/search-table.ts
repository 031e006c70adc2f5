/** Events as a table that fits the terminal: a line an event, columns as wide as they need, the last one takes the rest. */
import { cellText } from '../store/export/csv.ts';
import { type Cell, flatten } from '../store/export/flatten.ts';
import type { SearchHit } from '../store/store.ts';
import { printable } from './dlq-letters.ts';

export interface TableOptions {
  /** Undefined: the time and what the event says. */
  readonly fields: readonly string[] | undefined;
  /** Characters of a line. */
  readonly width: number;
  readonly colours: boolean;
}

/** Rows that decide on the widths of columns. */
const SAMPLE = 200;
const MIN_WIDTH = 6;
const GAP = '  ';
/** Stands for the whole event. */
const EVENT = 'event';

const bold = (text: string): string => `\x1b[1m${text}\x1b[22m`;
const dim = (text: string): string => `\x1b[2m${text}\x1b[22m`;

export class EventTable {
  readonly #options: TableOptions;
  readonly #columns: readonly string[];
  #widths: readonly number[] | undefined;

  constructor(options: TableOptions) {
    this.#options = options;
    this.#columns = options.fields ?? ['@timestamp', EVENT];
  }

  /** Lines of these events; the first call decides on widths and begins with the names. */
  lines(hits: readonly SearchHit[]): string {
    const rows = hits.map((hit) => this.#row(hit));
    let text = '';
    if (this.#widths === undefined) {
      this.#widths = fitted([this.#columns, ...rows.slice(0, SAMPLE)], this.#options.width);
      text = this.#line(this.#columns, (cell) => (this.#options.colours ? bold(cell) : cell));
    }
    for (const row of rows)
      text += this.#line(row, (cell, at) =>
        this.#options.colours && this.#columns[at] === '@timestamp' ? dim(cell) : cell,
      );
    return text;
  }

  #row(hit: SearchHit): string[] {
    const cells = flatten(hit.source ?? '{}');
    return this.#columns.map((name) => {
      if (name === EVENT && this.#options.fields === undefined) return printable(summary(cells));
      if (name === '_index') return hit.index;
      if (name === '_id') return hit.id;
      const value = cells.get(name);
      return value === undefined ? '' : printable(cellText(value));
    });
  }

  #line(cells: readonly string[], style: (cell: string, at: number) => string): string {
    const parts = cells.map((cell, at) => {
      const text = cut(cell, this.#widths![at]!);
      return style(at === cells.length - 1 ? text : padded(text, this.#widths![at]!), at);
    });
    return `${parts.join(GAP).trimEnd()}\n`;
  }
}

/** The message, or else what the fields say. */
function summary(cells: ReadonlyMap<string, Cell>): string {
  const message = cells.get('message') ?? cells.get('event.original');
  if (message !== undefined) return cellText(message);
  return [...cells]
    .filter(([name]) => name !== '@timestamp' && name !== '@version')
    .map(([name, value]) => `${name}=${cellText(value)}`)
    .join(' ');
}

/** What columns want, and when that is too much, the widest give. */
export function fitted(rows: readonly (readonly string[])[], width: number): number[] {
  const [first = []] = rows;
  const wanted = first.map((_, at) => Math.max(1, ...rows.map((row) => widthOf(row[at] ?? ''))));
  let room = Math.max(width - GAP.length * (first.length - 1), first.length);
  const widths = [...wanted];
  const open = new Set(widths.keys());
  // Those that want less than an even share keep what they want.
  for (let share = Math.floor(room / open.size); open.size > 0; share = Math.floor(room / open.size)) {
    const small = [...open].filter((at) => wanted[at]! <= share);
    if (small.length === 0) {
      for (const at of open) widths[at] = Math.max(Math.min(MIN_WIDTH, width), share);
      break;
    }
    for (const at of small) {
      room -= wanted[at]!;
      open.delete(at);
    }
  }
  return widths;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** Characters that take two places in a terminal: East Asian ones and pictures. */
const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u; // biome-ignore format: one range behind the other

const isPlain = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

export function widthOf(text: string): number {
  if (isPlain(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

function cut(text: string, width: number): string {
  if (isPlain(text)) return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
  if (text.length <= width / 2 || widthOf(text) <= width) return text;
  let taken = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const own = WIDE.test(segment) ? 2 : 1;
    if (used + own > width - 1) break;
    taken += segment;
    used += own;
  }
  return `${taken}…`;
}

const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));
