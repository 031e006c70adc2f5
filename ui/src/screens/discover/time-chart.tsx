/** Bars over time (uPlot). Pointer: hover, drag to zoom. Keyboard: arrows move, Shift extends, Enter zooms, Escape leaves. */
import { useComputedColorScheme } from '@mantine/core';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import classes from './discover.module.css';
import { showCount, showTime } from './values.ts';

export interface TimeChartProps {
  /** Start in milliseconds, count. */
  readonly buckets: readonly (readonly [number, number])[];
  readonly from: number;
  readonly to: number;
  readonly height: number;
  readonly label: string;
  /** Left out: nothing to zoom into. */
  readonly onZoom?: (from: number, to: number) => void;
}

const colours = {
  light: { bar: '#1c7ed6', axis: '#495057', grid: '#e9ecef' },
  dark: { bar: '#4dabf7', axis: '#c1c2c5', grid: '#373a40' },
} as const;

const bars = uPlot.paths.bars!({ size: [0.9, 60], align: 1, gap: 1 });

export default function TimeChart({ buckets, from, to, height, label, onZoom }: TimeChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef({ buckets, from, to, onZoom });
  latest.current = { buckets, from, to, onZoom };
  const scheme = useComputedColorScheme('light');
  const [hovered, setHovered] = useState<{ at: number; left: number }>();
  /** Chosen with the keyboard: first and last bucket. */
  const [chosen, setChosen] = useState<readonly [number, number]>();

  useEffect(() => {
    const { bar, axis, grid } = colours[scheme];
    const chart = new uPlot(
      {
        width: Math.max(50, host.current!.clientWidth),
        height,
        padding: [6, 8, 0, 0],
        legend: { show: false },
        cursor: {
          y: false,
          points: { show: false },
          drag: { x: true, y: false, setScale: false, dist: 4 },
        },
        scales: {
          x: { time: true, range: () => [latest.current.from / 1000, (latest.current.to + 1) / 1000] },
          y: { range: (_, __, max) => [0, Math.max(1, max * 1.05)] },
        },
        axes: [
          {
            stroke: axis,
            grid: { show: false },
            ticks: { stroke: grid, size: 4 },
            size: 26,
            gap: 3,
            space: 70,
            font: '11px system-ui',
            values: (_, splits, __, ___, step) => splits.map((at) => tick(at * 1000, step)),
          },
          {
            stroke: axis,
            grid: { stroke: grid, width: 1 },
            ticks: { show: false },
            size: 48,
            font: '11px system-ui',
            splits: (_, __, ___, max) => [0, niceHalf(max), niceHalf(max) * 2].filter((one) => one <= max),
            values: (_, splits) => splits.map(short),
          },
        ],
        series: [{}, { paths: bars, fill: bar, width: 0, points: { show: false } }],
        hooks: {
          setSelect: [
            (one) => {
              const { left, width } = one.select;
              if (width < 4) return;
              const start = Math.round(one.posToVal(left, 'x') * 1000);
              const end = Math.round(one.posToVal(left + width, 'x') * 1000);
              one.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              latest.current.onZoom?.(start, Math.max(start, end - 1));
            },
          ],
          setCursor: [
            (one) => {
              const { left = -1 } = one.cursor;
              const at = left < 0 ? -1 : bucketAt(latest.current.buckets, one.posToVal(left, 'x') * 1000);
              setHovered((before) =>
                at < 0
                  ? undefined
                  : before?.at === at
                    ? before
                    : { at, left: left + one.bbox.left / devicePixelRatio },
              );
            },
          ],
        },
      },
      dataOf(latest.current.buckets),
      host.current!,
    );
    plot.current = chart;
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry!.contentRect.width);
      if (width > 0 && width !== chart.width) chart.setSize({ width, height });
    });
    observer.observe(host.current!);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [scheme, height]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the range is drawn with the buckets
  useEffect(() => {
    plot.current?.setData(dataOf(buckets));
    setChosen(undefined);
  }, [buckets, from, to]);

  const endOf = (at: number): number => (buckets[at + 1]?.[0] ?? to + 1) - 1;
  const onKeyDown = (event: KeyboardEvent): void => {
    const { key, shiftKey } = event;
    const last = buckets.length - 1;
    if (last < 0) return;
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, Home: -last, End: last };
    if (key in steps) {
      event.preventDefault();
      const clamp = (at: number): number => Math.max(0, Math.min(last, at));
      const start = steps[key]! > 0 ? -1 : last + 1;
      setChosen(([anchor, at] = [start, start]) => {
        const next = clamp(at + steps[key]!);
        return [shiftKey ? clamp(anchor) : next, next];
      });
    } else if (key === 'Enter' && chosen && onZoom) {
      event.preventDefault();
      const [first, second] = [Math.min(...chosen), Math.max(...chosen)];
      onZoom(Math.max(from, buckets[first]![0]), Math.min(to, endOf(second)));
    } else if (key === 'Escape') setChosen(undefined);
  };

  const told = chosen ?? (hovered && ([hovered.at, hovered.at] as const));
  const text = told && describe(buckets, told, endOf);
  return (
    <div
      className={classes['chart']}
      style={{ height }}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes the keyboard
      tabIndex={0}
      role="group"
      aria-roledescription="chart"
      aria-label={`${label}. Arrow keys move over the bars${onZoom ? ', Enter zooms in' : ''}.`}
      onKeyDown={onKeyDown}
      onBlur={() => setChosen(undefined)}
    >
      <div ref={host} className={classes['chartHost']} />
      {chosen && plot.current && (
        <Selection plot={plot.current} buckets={buckets} chosen={chosen} endOf={endOf} />
      )}
      {text && (
        <output
          className={classes['chartTip']}
          style={tipPlace(hovered && !chosen ? hovered.left : undefined, plot.current?.width ?? 0)}
        >
          {text}
        </output>
      )}
    </div>
  );
}

const dataOf = (buckets: TimeChartProps['buckets']): uPlot.AlignedData => [
  buckets.map(([start]) => start / 1000),
  buckets.map(([, count]) => count),
];

function tipPlace(left: number | undefined, width: number): { left?: number; right?: number } {
  if (left === undefined) return { right: 8 };
  return left < width / 2 ? { left: left + 12 } : { right: Math.max(8, width - left + 12) };
}

function Selection({
  plot,
  buckets,
  chosen,
  endOf,
}: {
  readonly plot: uPlot;
  readonly buckets: TimeChartProps['buckets'];
  readonly chosen: readonly [number, number];
  readonly endOf: (at: number) => number;
}) {
  const first = buckets[Math.min(...chosen)];
  if (!first) return null;
  const { bbox } = plot;
  const offset = bbox.left / devicePixelRatio;
  const start = Math.max(0, plot.valToPos(first[0] / 1000, 'x'));
  const end = Math.min(
    bbox.width / devicePixelRatio,
    plot.valToPos((endOf(Math.max(...chosen)) + 1) / 1000, 'x'),
  );
  return (
    <div
      className={classes['chartChosen']}
      style={{ left: offset + start, width: Math.max(2, end - start) }}
    />
  );
}

/** The bucket that an instant lies in; -1: none. */
function bucketAt(buckets: TimeChartProps['buckets'], millis: number): number {
  let low = 0;
  let high = buckets.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (buckets[middle]![0] <= millis) low = middle + 1;
    else high = middle - 1;
  }
  return high;
}

function describe(
  buckets: TimeChartProps['buckets'],
  [one, other]: readonly [number, number],
  endOf: (at: number) => number,
): string | undefined {
  const [first, last] = [Math.min(one, other), Math.max(one, other)];
  if (!buckets[first] || !buckets[last]) return undefined;
  const count = buckets.slice(first, last + 1).reduce((sum, [, each]) => sum + each, 0);
  const end = endOf(last) + 1;
  const withMillis = end % 1000 !== 0 || buckets[first][0] % 1000 !== 0;
  return `${showTime(buckets[first][0], withMillis)} to ${showTime(end, withMillis)}: ${showCount(count)} ${count === 1 ? 'event' : 'events'}`;
}

/** A time on the axis, no longer than the step between two of them asks for. `step` is in seconds. */
function tick(millis: number, step: number): string {
  const text = showTime(millis);
  if (step >= 365 * 86_400) return text.slice(0, 4);
  if (step >= 28 * 86_400) return text.slice(0, 7);
  if (step >= 86_400 || text.slice(11) === '00:00:00.000') return text.slice(5, 10);
  return step >= 60 ? text.slice(11, 16) : step >= 1 ? text.slice(11, 19) : text.slice(14);
}

/** About half of a maximum, as a round number. */
function niceHalf(max: number): number {
  const half = max / 2;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, half)));
  return Math.max(1, [5, 2, 1].map((step) => step * power).find((step) => step <= half) ?? power);
}

function short(count: number): string {
  if (count >= 1e9) return `${count / 1e9}G`;
  if (count >= 1e6) return `${count / 1e6}M`;
  return count >= 1e3 ? `${count / 1e3}k` : String(count);
}
