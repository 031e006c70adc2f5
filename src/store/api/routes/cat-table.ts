/** Tables of `_cat`: text in columns, or JSON; `v`, `h`, `s`, `bytes`, `help`. */
import { StoreError } from '../../errors.ts';
import { type Answer, isOn, json, names, type Parameters } from '../call.ts';

export interface Column<Row> {
  readonly name: string;
  readonly short?: readonly string[];
  readonly about: string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
  /** Shown only when it is asked for. */
  readonly hidden?: boolean;
  /** A number of bytes is written with its unit. */
  readonly bytes?: boolean;
  readonly value: (row: Row) => string | number | undefined;
}

export const catParameters = [
  'v',
  'h',
  's',
  'bytes',
  'time',
  'help',
  'ts',
  'pri',
  'health',
  'full_id',
  'include_unloaded_segments',
];

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], query: Parameters): Answer {
  if (isOn(query['help'])) {
    const lines = columns.map(({ name, short = [], about }) => [name, short.join(','), about]);
    return { plain: columnsOf(lines, []) };
  }
  const chosen = chosenColumns(columns, query['h']);
  const sorted = sortRows(columns, rows, query['s']);
  const unit = query['bytes'];
  const cells = sorted.map((row) => chosen.map((column) => cell(column, row, unit)));
  if (query['format'] === 'json')
    return json(
      cells.map((line) =>
        Object.fromEntries(line.map((text, at) => [chosen[at]!.name, text === '' ? null : text])),
      ),
    );
  const header = isOn(query['v']) ? [chosen.map(({ name }) => name)] : [];
  return {
    plain: columnsOf(
      [...header, ...cells],
      chosen.map(({ right }) => right === true),
    ),
  };
}

function find<Row>(columns: readonly Column<Row>[], name: string): Column<Row> | undefined {
  return columns.find((column) => column.name === name || column.short?.includes(name));
}

function chosenColumns<Row>(
  columns: readonly Column<Row>[],
  asked: string | undefined,
): readonly Column<Row>[] {
  if (asked === undefined || asked === '') return columns.filter(({ hidden }) => hidden !== true);
  return names(asked).flatMap((name) => {
    if (!name.includes('*')) return find(columns, name) ?? [];
    const pattern = new RegExp(`^${name.split('*').map(RegExp.escape).join('.*')}$`);
    return columns.filter((column) => pattern.test(column.name));
  });
}

function sortRows<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  asked: string | undefined,
): Row[] {
  const keys = names(asked).map((text) => {
    const [name = '', direction = 'asc'] = text.split(':');
    const column = find(columns, name);
    if (!column)
      throw new StoreError(
        400,
        'unsupported_operation_exception',
        `Unable to sort by unknown sort key \`${name}\``,
      );
    return { column, sign: direction === 'desc' ? -1 : 1 };
  });
  return [...rows].sort((a, b) => {
    for (const { column, sign } of keys) {
      const left = column.value(a) ?? '';
      const right = column.value(b) ?? '';
      if (left !== right) return left < right ? -sign : sign;
    }
    return 0;
  });
}

const units: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1024,
  mb: 1024 ** 2,
  gb: 1024 ** 3,
  tb: 1024 ** 4,
  pb: 1024 ** 5,
};

function cell<Row>(column: Column<Row>, row: Row, unit: string | undefined): string {
  const value = column.value(row);
  if (value === undefined) return '';
  if (column.bytes !== true) return String(value);
  if (unit === undefined) return sizeText(Number(value));
  const divisor = units[unit];
  if (divisor === undefined)
    throw new StoreError(400, 'illegal_argument_exception', `unknown unit [${unit}] of [bytes]`);
  return String(Math.floor(Number(value) / divisor));
}

/** `1.5kb` */
function sizeText(bytes: number): string {
  const [name, divisor] = Object.entries(units).findLast(([, size]) => bytes >= size) ?? ['b', 1];
  return `${(Math.floor((bytes / divisor) * 10) / 10).toString()}${name}`;
}

function columnsOf(lines: readonly (readonly string[])[], right: readonly boolean[]): string {
  const widths: number[] = [];
  for (const line of lines)
    for (const [at, text] of line.entries()) widths[at] = Math.max(widths[at] ?? 0, text.length);
  return lines
    .map((line) => {
      const padded = line.map((text, at) =>
        right[at] === true ? text.padStart(widths[at]!) : text.padEnd(widths[at]!),
      );
      return `${padded.join(' ').trimEnd()}\n`;
    })
    .join('');
}
