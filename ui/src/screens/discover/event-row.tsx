/** One line of the table. */
import { memo } from 'react';
import type { EventHit } from '../../../../src/server/contract.ts';
import { visible } from '../../lib/visible.ts';
import classes from './discover.module.css';
import { Marked } from './marks.tsx';
import { flatEvent, showTimeValue, visibleAll } from './values.ts';

/** What says little about an event comes last in its summary, if at all. */
const dull = new Set([
  '@version',
  'ecs.version',
  'agent.ephemeral_id',
  'agent.id',
  'agent.version',
  'event.original',
]);
const telling = [
  'message',
  'event.action',
  'event.outcome',
  'rule.name',
  'process.command_line',
  'url.original',
];
const MAX_SUMMARY = 900;

export interface EventRowProps {
  readonly hit: EventHit | undefined;
  readonly at: number;
  readonly start: number;
  readonly height: number;
  readonly columns: readonly string[];
  readonly active: boolean;
  readonly open: boolean;
  readonly onOpen: (hit: EventHit, at: number) => void;
}

export const EventRow = memo(function EventRow(props: EventRowProps) {
  const { hit, at, start, height, columns, active, open, onOpen } = props;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter in the grid does the same
    <div
      role="row"
      id={`event-${at}`}
      aria-rowindex={at + 2}
      aria-selected={open}
      data-active={active || undefined}
      className={classes['row']}
      style={{ transform: `translateY(${start}px)`, height }}
      onClick={() => {
        // Whoever marks text to copy it does not want to open anything.
        if (hit && getSelection()?.isCollapsed !== false) onOpen(hit, at);
      }}
    >
      {hit ? <Cells hit={hit} columns={columns} /> : <Waiting columns={columns} />}
    </div>
  );
});

const Cells = memo(function Cells({
  hit,
  columns,
}: {
  readonly hit: EventHit;
  readonly columns: readonly string[];
}) {
  const flat = flatEvent(hit);
  return (
    <>
      <div role="gridcell" className={classes['time']}>
        {showTimeValue(flat.get('@timestamp')?.[0])}
      </div>
      {columns.length === 0 ? (
        <div role="gridcell" className={classes['summary']}>
          <Summary hit={hit} />
        </div>
      ) : (
        columns.map((column) => {
          const values = column === '_index' ? [hit.index] : column === '_id' ? [hit.id] : flat.get(column);
          return (
            <div
              key={column}
              role="gridcell"
              className={classes['cell']}
              data-column={values ? column : undefined}
              title={values && visibleAll(values, 800)}
            >
              {values ? (
                <Marked text={visibleAll(values)} marks={hit.highlight?.[column]} />
              ) : (
                <span className={classes['none']}>–</span>
              )}
            </div>
          );
        })
      )}
    </>
  );
});

/** Names and values of the fields that say most: those that were found, the message, then as they stand. */
export const Summary = memo(function Summary({ hit }: { readonly hit: EventHit }) {
  const flat = flatEvent(hit);
  const names = [...flat.keys()].filter((name) => name !== '@timestamp' && !dull.has(name));
  const marked = Object.keys(hit.highlight ?? {}).filter((name) => flat.has(name));
  const first = [...marked, ...telling.filter((name) => flat.has(name))];
  const parts = [];
  let length = 0;
  for (const name of new Set([...first, ...names])) {
    if (length > MAX_SUMMARY) break;
    const text = visibleAll(flat.get(name)!, 300);
    length += name.length + text.length + 2;
    parts.push(
      <span key={name} className={classes['pair']}>
        <b>
          <bdi>{visible(name, 100)}</bdi>
        </b>{' '}
        <Marked text={text} marks={hit.highlight?.[name]} />{' '}
      </span>,
    );
  }
  return parts;
});

function Waiting({ columns }: { readonly columns: readonly string[] }) {
  return Array.from({ length: Math.max(2, columns.length + 1) }, (_, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: all alike
    <div key={at} role="gridcell" className={classes['cell']}>
      <span className={classes['blank']} />
    </div>
  ));
}
