/** Two small charts: what came in day by day, and what becomes of the disk. */
import { useElementSize } from '@mantine/hooks';
import type { StorageGrowth } from '../../../../src/server/contract.ts';
import { exact } from '../pipelines/format.ts';
import { DAY, day, niceTop, shortDay, size } from './format.ts';

const HEIGHT = 150;
const [LEFT, RIGHT, TOP, BOTTOM] = [62, 8, 12, 20];

/** Bytes of events by the day they came. */
export function DayChart({ days }: { readonly days: StorageGrowth['days'] }) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const top = niceTop(Math.max(...days.map(({ bytes }) => bytes)));
  const inner = Math.max(1, width - LEFT - RIGHT);
  const step = inner / days.length;
  const y = (value: number): number => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const labelled = Math.max(1, Math.ceil(60 / step));
  const last = days.at(-1)!;
  return (
    <div ref={ref}>
      <svg
        className="storage-chart"
        height={HEIGHT}
        role="img"
        aria-label={`Arrivals by day over ${days.length} days: ${size(last.bytes)} today, ${size(days.at(-2)?.bytes ?? 0)} yesterday`}
      >
        {width > 0 && (
          <>
            <Grid top={top} y={y} width={width} />
            {days.map((one, at) => (
              <g key={one.day}>
                <title>{`${day(one.day)}: ${size(one.bytes)}, ${exact(one.documents)} events`}</title>
                <rect
                  className="hit"
                  x={LEFT + at * step}
                  y={TOP}
                  width={step}
                  height={HEIGHT - TOP - BOTTOM}
                />
                <rect
                  className="bar"
                  data-today={one === last}
                  x={LEFT + at * step + step * 0.12}
                  width={step * 0.76}
                  y={y(one.bytes)}
                  height={Math.max(one.bytes > 0 ? 1 : 0, y(0) - y(one.bytes))}
                  rx={1}
                />
              </g>
            ))}
            {days.map(
              (one, at) =>
                (days.length - 1 - at) % labelled === 0 &&
                LEFT + at * step > LEFT + 12 && (
                  <text
                    key={one.day}
                    x={LEFT + (at + 0.5) * step}
                    y={HEIGHT - 5}
                    textAnchor={at === days.length - 1 ? 'end' : 'middle'}
                    dx={at === days.length - 1 ? step / 2 : 0}
                  >
                    {one === last ? 'today' : shortDay(one.day)}
                  </text>
                ),
            )}
          </>
        )}
      </svg>
    </div>
  );
}

function Grid({
  top,
  y,
  width,
}: {
  readonly top: number;
  readonly y: (value: number) => number;
  readonly width: number;
}) {
  return [0, top / 2, top].map((value) => (
    <g key={value}>
      <line className="grid" x1={LEFT} x2={width - RIGHT} y1={y(value)} y2={y(value)} />
      <text x={LEFT - 8} y={y(value) + 4} textAnchor="end">
        {size(value)}
      </text>
    </g>
  ));
}

/** So many days at least; more where the disk lasts longer than that. */
const SHOWN_DAYS = 90;

export function ForecastChart({
  growth: { forecast, fullAt },
  freeBytes,
  now,
}: {
  readonly growth: StorageGrowth;
  readonly freeBytes: number;
  readonly now: number;
}) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const fullDays = fullAt === undefined ? undefined : (fullAt - now) / DAY;
  const count = Math.min(
    forecast.length - 1,
    Math.max(fullDays !== undefined && fullDays < 20 ? 30 : SHOWN_DAYS, Math.ceil((fullDays ?? 0) * 1.15)),
  );
  const shown = forecast.slice(0, count + 1);
  const limit = forecast[0]! + freeBytes;
  const peak = Math.max(...shown);
  // A limit far above would make the line flat.
  const isLimitShown = limit < peak * 4;
  const top = niceTop(isLimitShown ? Math.max(limit, peak) * 1.05 : peak * 1.05);
  const x = (at: number): number => LEFT + (at / count) * Math.max(1, width - LEFT - RIGHT);
  const y = (value: number): number => TOP + (1 - Math.min(value, top) / top) * (HEIGHT - TOP - BOTTOM);
  const points = shown.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const parts = width < 420 ? 2 : 3;
  const ticks = Array.from({ length: parts + 1 }, (_, at) => Math.round((at * count) / parts));
  return (
    <div ref={ref}>
      <svg
        className="storage-chart"
        height={HEIGHT}
        role="img"
        aria-label={`Size of the store in the next ${count} days: ${size(shown[0]!)} now, ${size(shown.at(-1)!)} then; the disk has room for ${size(limit)}`}
      >
        {width > 0 && (
          <>
            <Grid top={top} y={y} width={width} />
            <polygon className="area" points={`${x(0)},${y(0)} ${points} ${x(count)},${y(0)}`} />
            <polyline className="line" points={points} />
            {isLimitShown && (
              <>
                <line className="limit" x1={LEFT} x2={width - RIGHT} y1={y(limit)} y2={y(limit)} />
                <text className="limit-text" x={LEFT + 6} y={y(limit) + (y(limit) < TOP + 14 ? 14 : -5)}>
                  disk full at {size(limit)}
                </text>
              </>
            )}
            {shown
              .map((value, at) => ({ value, time: now + at * DAY }))
              .map(({ value, time }, at) => (
                <rect
                  key={time}
                  className="hit"
                  x={x(at - 0.5)}
                  width={x(1) - x(0)}
                  y={TOP}
                  height={HEIGHT - TOP - BOTTOM}
                >
                  <title>{`${day(time)}: ${size(value)}`}</title>
                </rect>
              ))}
            {ticks.map((at) => (
              <text
                key={at}
                x={x(at)}
                y={HEIGHT - 5}
                textAnchor={at === 0 ? 'start' : at === count ? 'end' : 'middle'}
              >
                {at === 0 ? 'today' : shortDay(now + at * DAY)}
              </text>
            ))}
          </>
        )}
      </svg>
    </div>
  );
}
