/** The head of a column: sorting, moving (drag, or menu), width (drag, or arrow keys on its edge). */
import { Menu } from '@mantine/core';
import { IconArrowDown, IconArrowLeft, IconArrowRight, IconArrowUp, IconX } from '@tabler/icons-react';
import type { PointerEvent } from 'react';
import { visible } from '../../lib/visible.ts';
import classes from './discover.module.css';

const MIN_WIDTH = 60;
const MAX_WIDTH = 2000;

export interface ColumnHeaderProps {
  readonly name: string;
  readonly title: string;
  readonly width: number;
  readonly order: 'asc' | 'desc' | undefined;
  readonly sortable: boolean;
  /** Undefined: it stays where it is. */
  readonly place: { readonly first: boolean; readonly last: boolean } | undefined;
  readonly onSort: (order: 'asc' | 'desc') => void;
  readonly onMove: (by: -1 | 1) => void;
  readonly onDrop: (dragged: string) => void;
  readonly onRemove: () => void;
  readonly onWidth: (width: number) => void;
}

const DRAGGED = 'application/x-millrace-column';

export function ColumnHeader(props: ColumnHeaderProps) {
  const { name, title, width, order, sortable, place, onSort, onMove, onDrop, onRemove, onWidth } = props;
  const resize = (event: PointerEvent<HTMLDivElement>): void => {
    event.preventDefault();
    const handle = event.currentTarget;
    const start = event.clientX;
    const before = handle.parentElement!.offsetWidth;
    handle.setPointerCapture(event.pointerId);
    const move = (moved: globalThis.PointerEvent): void => onWidth(bounded(before + moved.clientX - start));
    const end = (): void => {
      handle.removeEventListener('pointermove', move);
      handle.removeEventListener('pointerup', end);
      handle.removeEventListener('pointercancel', end);
    };
    handle.addEventListener('pointermove', move);
    handle.addEventListener('pointerup', end);
    handle.addEventListener('pointercancel', end);
  };
  return (
    <div
      role="columnheader"
      className={classes['head']}
      aria-sort={order === undefined ? undefined : order === 'asc' ? 'ascending' : 'descending'}
      onDragOver={(event) => {
        if (place && event.dataTransfer.types.includes(DRAGGED)) event.preventDefault();
      }}
      onDrop={(event) => {
        const dragged = event.dataTransfer.getData(DRAGGED);
        if (place && dragged !== '' && dragged !== name) onDrop(dragged);
      }}
    >
      <Menu position="bottom-start" withinPortal>
        <Menu.Target>
          <button
            type="button"
            className={classes['headName']}
            draggable={place !== undefined}
            title={title}
            onDragStart={(event) => event.dataTransfer.setData(DRAGGED, name)}
          >
            <bdi>{visible(title, 100)}</bdi>
            {order === 'asc' && <IconArrowUp size={13} aria-hidden />}
            {order === 'desc' && <IconArrowDown size={13} aria-hidden />}
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {sortable && (
            <>
              <Menu.Item leftSection={<IconArrowUp size={14} aria-hidden />} onClick={() => onSort('asc')}>
                Sort ascending
              </Menu.Item>
              <Menu.Item leftSection={<IconArrowDown size={14} aria-hidden />} onClick={() => onSort('desc')}>
                Sort descending
              </Menu.Item>
            </>
          )}
          {place && (
            <>
              <Menu.Item
                disabled={place.first}
                leftSection={<IconArrowLeft size={14} aria-hidden />}
                onClick={() => onMove(-1)}
              >
                Move left
              </Menu.Item>
              <Menu.Item
                disabled={place.last}
                leftSection={<IconArrowRight size={14} aria-hidden />}
                onClick={() => onMove(1)}
              >
                Move right
              </Menu.Item>
              <Menu.Item leftSection={<IconX size={14} aria-hidden />} onClick={onRemove}>
                Remove column
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <div
        role="separator"
        aria-orientation="vertical"
        aria-label={`Width of ${title}`}
        aria-valuenow={width}
        aria-valuemin={MIN_WIDTH}
        aria-valuemax={MAX_WIDTH}
        tabIndex={0}
        className={classes['handle']}
        onPointerDown={resize}
        onKeyDown={(event) => {
          const by = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
          if (by === undefined) return;
          event.preventDefault();
          event.stopPropagation();
          onWidth(bounded(width + by));
        }}
      />
    </div>
  );
}

const bounded = (width: number): number => Math.round(Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, width)));
