/** Times as people read them, exact on hover. */
import { Tooltip } from '@mantine/core';

const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

function ago(time: number, now = Date.now()): string {
  const distance = time - now;
  for (const [unit, length] of steps)
    if (Math.abs(distance) >= length) return relative.format(Math.round(distance / length), unit);
  return distance > 0 ? 'in less than a minute' : 'just now';
}

/** `2026-11-20 20:15:03` in the browser's time zone. */
export function exact(time: number): string {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export function Ago({ time }: { readonly time: number }) {
  return (
    <Tooltip label={exact(time)}>
      <time dateTime={new Date(time).toISOString()}>{ago(time)}</time>
    </Tooltip>
  );
}
