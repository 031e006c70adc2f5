/** How many events there were, over time: the chart with its interval and total. */
import { ActionIcon, Button, Group, NativeSelect, Skeleton, Text, Tooltip } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconZoomOut } from '@tabler/icons-react';
import { lazy, type ReactNode, Suspense } from 'react';
import type { AnswerOf } from '../../../../src/server/contract.ts';
import classes from './discover.module.css';

const TimeChart = lazy(() => import('./time-chart.tsx'));

export const CHART_HEIGHT = 110;

const intervals = [
  { value: '', label: 'Auto' },
  ...['1s', '10s', '30s', '1m', '5m', '10m', '30m', '1h', '3h', '12h', '1d', '1w', '1M', '1y'].map(
    (value) => ({
      value,
      label: value,
    }),
  ),
];

const names: Readonly<Record<string, string>> = {
  ms: 'millisecond',
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  M: 'month',
  y: 'year',
};

/** `30s` → `30 seconds`. */
function intervalName(interval: string): string {
  const [, count, unit] = /^(\d+)(ms|s|m|h|d|w|M|y)$/.exec(interval) ?? [];
  if (count === undefined || unit === undefined) return interval;
  return count === '1' ? names[unit]! : `${count} ${names[unit]}s`;
}

export interface HistogramProps {
  readonly answer: AnswerOf<'POST /api/events/histogram'> | undefined;
  readonly loading: boolean;
  readonly failed: string | undefined;
  readonly interval: string;
  readonly open: boolean;
  readonly status: ReactNode;
  readonly actions: ReactNode;
  readonly onInterval: (interval: string) => void;
  readonly onOpen: (open: boolean) => void;
  readonly onZoom: (from: number, to: number) => void;
}

export function Histogram(props: HistogramProps) {
  const { answer, loading, failed, interval, open, status, actions, onInterval, onOpen, onZoom } = props;
  const histogram = answer?.histogram;
  return (
    <section aria-label="Events over time" className={classes['histogram']}>
      <Group
        justify="space-between"
        gap="xs"
        px="xs"
        mih={32}
        wrap="nowrap"
        className={classes['histogramHead']}
      >
        <Group gap="xs" wrap="nowrap" miw={0}>
          <Tooltip label={open ? 'Hide chart' : 'Show chart'}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label={open ? 'Hide chart' : 'Show chart'}
              aria-expanded={open}
              onClick={() => onOpen(!open)}
            >
              {open ? <IconChevronUp size={16} aria-hidden /> : <IconChevronDown size={16} aria-hidden />}
            </ActionIcon>
          </Tooltip>
          {status}
        </Group>
        <Group gap={6} wrap="nowrap">
          {open && histogram && (
            <Group gap={6} wrap="nowrap" className={classes['roomy']}>
              <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
                per {intervalName(histogram.interval)}
              </Text>
              <NativeSelect
                size="xs"
                w={74}
                data={intervals}
                value={intervals.some(({ value }) => value === interval) ? interval : ''}
                aria-label="Interval of the chart"
                onChange={({ currentTarget }) => onInterval(currentTarget.value)}
              />
              <Tooltip label="Zoom out">
                <ActionIcon
                  variant="default"
                  size={30}
                  aria-label="Zoom out"
                  onClick={() => {
                    const half = Math.max(500, (histogram.to - histogram.from) / 2);
                    onZoom(Math.round(histogram.from - half), Math.round(histogram.to + half));
                  }}
                >
                  <IconZoomOut size={16} aria-hidden />
                </ActionIcon>
              </Tooltip>
            </Group>
          )}
          {actions}
        </Group>
      </Group>
      {open && (
        <div style={{ height: CHART_HEIGHT }}>
          {failed !== undefined ? (
            <Text size="sm" c="dimmed" ta="center" pt={36} role="status">
              No chart: {failed}
            </Text>
          ) : histogram ? (
            <Suspense fallback={<Waiting />}>
              <div style={{ opacity: loading ? 0.6 : 1 }}>
                <TimeChart
                  buckets={histogram.buckets}
                  from={histogram.from}
                  to={histogram.to}
                  height={CHART_HEIGHT}
                  label={`Events per ${intervalName(histogram.interval)}`}
                  onZoom={onZoom}
                />
              </div>
            </Suspense>
          ) : (
            <Waiting />
          )}
        </div>
      )}
    </section>
  );
}

const Waiting = () => (
  <div style={{ padding: '0 12px' }} aria-hidden>
    <Skeleton height={CHART_HEIGHT - 24} radius="sm" />
  </div>
);

export function TotalButton({ onClick }: { readonly onClick: () => void }) {
  return (
    <Button variant="subtle" size="compact-xs" onClick={onClick}>
      Count all
    </Button>
  );
}
