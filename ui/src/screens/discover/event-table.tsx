/** Events as a table of which only what is seen is drawn, however many there are. */
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type KeyboardEvent,
  type MouseEvent,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { EventField, EventHit, FilterPill } from '../../../../src/server/contract.ts';
import { ColumnHeader } from './column-header.tsx';
import classes from './discover.module.css';
import { EventRow } from './event-row.tsx';
import { FilterButtons } from './field-list.tsx';
import { eventKey, type SortOrder } from './search-state.ts';
import { flatEvent } from './values.ts';

export type Density = 'compact' | 'normal' | 'tall';
export const rowHeights: Readonly<Record<Density, number>> = { compact: 24, normal: 32, tall: 66 };
/** Height of the row of names, which stays at the top. */
const HEAD = 30;
const TIME_WIDTH = 196;
const WIDTH = 200;
const TIME = '@timestamp';

export interface EventTableProps {
  readonly label: string;
  /** Rows that are known to be there. */
  readonly count: number;
  /** There may be more. */
  readonly more: boolean;
  readonly row: (at: number) => EventHit | undefined;
  /** Changes with the rows. */
  readonly version: string;
  /** Which rows are looked at. */
  readonly onSeen?: (from: number, to: number) => void;
  readonly columns: readonly string[];
  readonly fields: readonly EventField[];
  readonly density: Density;
  readonly sort: SortOrder | undefined;
  readonly opened: string | undefined;
  readonly widths: Readonly<Record<string, number>>;
  readonly onWidths: (widths: Readonly<Record<string, number>>) => void;
  readonly onSort: (sort: SortOrder) => void;
  readonly onColumns: (columns: readonly string[]) => void;
  readonly onOpen: (hit: EventHit) => void;
  readonly onFilter: (pill: FilterPill) => void;
}

export function EventTable(props: EventTableProps) {
  const { label, count, more, row, version, onSeen, columns, density, opened, widths, onOpen, onFilter } =
    props;
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(-1);
  const height = rowHeights[density];
  const virtual = useVirtualizer({
    count: count + (more && count > 0 ? 1 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: HEAD,
    scrollPaddingStart: HEAD,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: other heights are measured anew
  useEffect(() => virtual.measure(), [height]);
  const items = virtual.getVirtualItems();
  const from = items[0]?.index ?? 0;
  const to = items.at(-1)?.index ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is loaded may have to be asked for again
  useEffect(() => onSeen?.(from, to), [from, to, onSeen, version]);

  const template = useMemo(() => {
    const last = columns.length - 1;
    const others = columns.map((name, at) =>
      at === last ? `minmax(${widths[name] ?? WIDTH}px, 1fr)` : `${widths[name] ?? WIDTH}px`,
    );
    const all = [
      `${widths[TIME] ?? TIME_WIDTH}px`,
      ...(columns.length === 0 ? ['minmax(320px, 1fr)'] : others),
    ];
    const least =
      (widths[TIME] ?? TIME_WIDTH) + columns.reduce((sum, name) => sum + (widths[name] ?? WIDTH), 0);
    return { columns: all.join(' '), least: Math.max(least, (widths[TIME] ?? TIME_WIDTH) + 320) };
  }, [columns, widths]);

  const open = useCallback(
    (hit: EventHit, at: number): void => {
      setActive(at);
      onOpen(hit);
    },
    [onOpen],
  );
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? height) / height) - 2);
    const moves: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -count,
      End: count,
    };
    const by = moves[event.key];
    if (by !== undefined && count > 0) {
      event.preventDefault();
      const next = Math.max(0, Math.min(count - 1, active + by));
      setActive(next);
      virtual.scrollToIndex(next);
    } else if (event.key === 'Enter' && active >= 0) {
      const hit = row(active);
      if (hit) {
        event.preventDefault();
        onOpen(hit);
      }
    }
  };
  const [over, setOver] = useState<CellPlace>();
  const onMouseOver = ({ target }: MouseEvent): void => {
    const cell = (target as Element).closest?.<HTMLElement>('[data-column], [data-over]');
    if (cell?.dataset['over'] !== undefined) return;
    const line = cell?.closest<HTMLElement>('[role=row]');
    if (!cell || !line) {
      setOver(undefined);
      return;
    }
    const at = Number(line.id.slice('event-'.length));
    setOver({ at, column: cell.dataset['column']!, right: cell.offsetLeft + cell.offsetWidth });
  };

  return (
    // biome-ignore lint/a11y/useKeyWithMouseEvents: the same buttons stand in the opened event
    <div
      ref={scroller}
      role="grid"
      aria-label={label}
      aria-rowcount={more ? -1 : count + 1}
      aria-colcount={Math.max(2, columns.length + 1)}
      aria-readonly
      aria-activedescendant={active >= from && active <= to && active >= 0 ? `event-${active}` : undefined}
      tabIndex={0}
      className={classes['table']}
      data-density={density}
      onKeyDown={onKeyDown}
      onMouseOver={onMouseOver}
      onMouseLeave={() => setOver(undefined)}
    >
      <div
        className={classes['tableInner']}
        style={{ minWidth: template.least, '--columns': template.columns } as object}
      >
        <Heads {...props} />
        <div role="rowgroup" className={classes['rows']} style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, start }) => {
            const hit = index < count ? row(index) : undefined;
            return (
              <EventRow
                key={hit ? eventKey(hit.index, hit.id) : index}
                hit={hit}
                at={index}
                start={start - HEAD}
                height={height}
                columns={columns}
                active={index === active}
                open={hit !== undefined && opened === eventKey(hit.index, hit.id)}
                onOpen={open}
              />
            );
          })}
          {over && <OverCell place={over} row={row} height={height} onFilter={onFilter} />}
        </div>
      </div>
    </div>
  );
}

interface CellPlace {
  readonly at: number;
  readonly column: string;
  readonly right: number;
}

/** + and − over the cell that the pointer is on. */
function OverCell({
  place: { at, column, right },
  row,
  height,
  onFilter,
}: {
  readonly place: CellPlace;
  readonly row: EventTableProps['row'];
  readonly height: number;
  readonly onFilter: EventTableProps['onFilter'];
}) {
  const hit = row(at);
  if (!hit) return null;
  const value = column === '_index' ? hit.index : column === '_id' ? hit.id : flatEvent(hit).get(column)?.[0];
  if (value === undefined) return null;
  return (
    <div
      role="presentation"
      data-over=""
      className={classes['over']}
      style={{ top: at * height, left: right - 52, height: Math.min(height, 32) }}
    >
      <FilterButtons field={column} value={value} onFilter={onFilter} />
    </div>
  );
}

function Heads({ columns, fields, sort, widths, onSort, onColumns, onWidths }: EventTableProps) {
  const known = useMemo(() => new Map(fields.map((field) => [field.name, field])), [fields]);
  const order = (name: string): SortOrder['order'] | undefined =>
    sort?.field === name ? sort.order : undefined;
  return (
    <div role="rowgroup" className={classes['heads']}>
      <div role="row" aria-rowindex={1} className={classes['headRow']}>
        <ColumnHeader
          name={TIME}
          title="Time"
          width={widths[TIME] ?? TIME_WIDTH}
          order={order(TIME)}
          sortable={sort !== undefined}
          place={undefined}
          onSort={(next) => onSort({ field: TIME, order: next })}
          onMove={() => undefined}
          onDrop={() => undefined}
          onRemove={() => undefined}
          onWidth={(width) => onWidths({ ...widths, [TIME]: width })}
        />
        {columns.length === 0 && (
          <div role="columnheader" className={classes['head']}>
            <span className={classes['headText']}>Event</span>
          </div>
        )}
        {columns.map((name, at) => (
          <ColumnHeader
            key={name}
            name={name}
            title={name}
            width={widths[name] ?? WIDTH}
            order={order(name)}
            sortable={sort !== undefined && (known.get(name)?.aggregatable ?? false)}
            place={{ first: at === 0, last: at === columns.length - 1 }}
            onSort={(next) => onSort({ field: name, order: next })}
            onMove={(by) => onColumns(columns.toSpliced(at, 1).toSpliced(at + by, 0, name))}
            onDrop={(dragged) => {
              const others = columns.filter((one) => one !== dragged);
              const behind = columns.indexOf(dragged) < at;
              onColumns(others.toSpliced(others.indexOf(name) + (behind ? 1 : 0), 0, dragged));
            }}
            onRemove={() => onColumns(columns.filter((one) => one !== name))}
            onWidth={(width) => onWidths({ ...widths, [name]: width })}
          />
        ))}
      </div>
    </div>
  );
}
