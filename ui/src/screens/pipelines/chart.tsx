/** Lines over time (uPlot). */
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface ChartProps {
  /** What it shows, for those who do not see it. */
  readonly label: string;
  /** Milliseconds since the epoch. */
  readonly times: readonly number[];
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  readonly format: (value: number) => string;
  readonly height?: number;
}

/** `20:15`, with seconds where they matter. */
function clock(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const text = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return date.getSeconds() === 0 ? text : `${text}:${two(date.getSeconds())}`;
}

const colours = { light: ['#0b7285', '#b35900'], dark: ['#3bc9db', '#ffa94d'] } as const;

export default function Chart({ label, times, lines, format, height = 130 }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light');
  const plot = useRef<uPlot>(undefined);
  const names = lines.map(({ name }) => name).join();
  const data = [times.map((at) => at / 1000), ...lines.map(({ values }) => values)] as uPlot.AlignedData;
  // biome-ignore lint/correctness/useExhaustiveDependencies: data come by setData
  useEffect(() => {
    const element = host.current!;
    const text = getComputedStyle(element).color;
    const grid = scheme === 'dark' ? 'rgba(255,255,255,0.09)' : 'rgba(0,0,0,0.08)';
    const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
    const chart = new uPlot(
      {
        width: element.clientWidth || 300,
        height,
        legend: { show: lines.length > 1 },
        cursor: { y: false },
        scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] } },
        axes: [
          { ...axis, values: (_, ticks) => ticks.map(clock) },
          { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => format(tick)) },
        ],
        series: [
          { value: (_, at) => (at === null ? '–' : clock(at)) },
          ...lines.map(({ name }, at) => ({
            label: name,
            stroke: colours[scheme][at % 2]!,
            width: 1.5,
            points: { show: false },
            ...(at === 1 && { dash: [5, 3] }),
            value: (_: uPlot, value: number | null) => (value === null ? '–' : format(value)),
          })),
        ],
      },
      data,
      element,
    );
    plot.current = chart;
    const watch = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, [names, scheme, height, format]);
  useEffect(() => plot.current?.setData(data));
  const last = lines.map(({ name, values }) => {
    const value = values.findLast((each) => each !== null);
    return `${name} ${value == null ? 'unknown' : format(value)}`;
  });
  return <div ref={host} className="uplot-host" role="img" aria-label={`${label}: ${last.join(', ')} now`} />;
}
