/** Live mode: events appear within a second, newest first. */
import { Button, Group, Text } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { lazy, Suspense, useCallback, useMemo } from 'react';
import type { EventQuery } from '../../../../src/server/contract.ts';
import classes from './discover.module.css';
import { EventTable, type EventTableProps } from './event-table.tsx';
import { CHART_HEIGHT } from './histogram.tsx';
import { MAX_LIVE, RATE_SECONDS, useLiveEvents } from './live-events.ts';
import { Empty } from './results.tsx';
import { showCount } from './values.ts';

const TimeChart = lazy(() => import('./time-chart.tsx'));

export interface LiveViewProps
  extends Omit<
    EventTableProps,
    'label' | 'count' | 'more' | 'row' | 'version' | 'onSeen' | 'sort' | 'onSort'
  > {
  readonly query: EventQuery;
  readonly chart: boolean;
}

export function LiveView({ query, chart, ...table }: LiveViewProps) {
  const { live, state } = useLiveEvents(query, true);
  const { rows, paused, waiting, skipped, perSecond, rates, connected, problem } = state;
  const row = useCallback((at: number) => rows[at], [rows]);
  const buckets = useMemo(() => {
    const start = Math.floor(Date.now() / 1000) * 1000 - RATE_SECONDS * 1000;
    return rates.map((count, at) => [start + at * 1000, count] as const);
  }, [rates]);
  return (
    <>
      <section aria-label="Arriving events" className={classes['histogram']}>
        <Group
          justify="space-between"
          gap="xs"
          px="xs"
          mih={32}
          wrap="nowrap"
          className={classes['histogramHead']}
        >
          <Group gap={8} wrap="nowrap" miw={0}>
            <span className={classes['dot']} data-on={(connected && !paused) || undefined} aria-hidden />
            <Text size="sm" fw={600} className={classes['tabular']} truncate>
              {problem !== undefined
                ? 'Not connected'
                : paused
                  ? `Paused, ${showCount(waiting)} new`
                  : connected
                    ? `${showCount(perSecond)} events/s`
                    : 'Connecting…'}
            </Text>
            {skipped > 0 && (
              <Text
                size="xs"
                c="dimmed"
                truncate
                className={classes['tabular']}
                title="More events matched than can be shown live. They are stored: search for them."
              >
                {showCount(skipped)} more matched than are shown
              </Text>
            )}
          </Group>
          <Button
            size="compact-sm"
            variant={paused ? 'filled' : 'default'}
            leftSection={
              paused ? <IconPlayerPlay size={14} aria-hidden /> : <IconPlayerPause size={14} aria-hidden />
            }
            onClick={() => live.setPaused(!paused)}
          >
            {paused ? 'Go on' : 'Pause'}
          </Button>
        </Group>
        {chart && (
          <div style={{ height: CHART_HEIGHT }}>
            <Suspense fallback={null}>
              <TimeChart
                buckets={buckets}
                from={buckets[0]![0]}
                to={buckets.at(-1)![0] + 999}
                height={CHART_HEIGHT}
                label="Events per second"
              />
            </Suspense>
          </div>
        )}
      </section>
      {rows.length === 0 ? (
        problem !== undefined ? (
          <Empty title="Live events can not be shown" text={problem} />
        ) : (
          <Empty
            title="Waiting for events"
            text="What matches the query and the filters appears here as it arrives."
          />
        )
      ) : (
        <EventTable
          {...table}
          label={`Arriving events, newest first, at most ${showCount(MAX_LIVE)}`}
          count={rows.length}
          more={false}
          row={row}
          version={String(state.version)}
          sort={undefined}
          onSort={() => undefined}
        />
      )}
    </>
  );
}
