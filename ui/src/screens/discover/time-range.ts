/** Time ranges in words, and what people write for them. */
import { visible } from '../../lib/visible.ts';
import { showTime } from './values.ts';

export interface QuickRange {
  readonly label: string;
  readonly from: string;
  readonly to: string;
}

export const quickRanges: readonly QuickRange[] = [
  { label: 'Last 5 minutes', from: 'now-5m', to: 'now' },
  { label: 'Last 15 minutes', from: 'now-15m', to: 'now' },
  { label: 'Last 30 minutes', from: 'now-30m', to: 'now' },
  { label: 'Last 1 hour', from: 'now-1h', to: 'now' },
  { label: 'Last 4 hours', from: 'now-4h', to: 'now' },
  { label: 'Last 24 hours', from: 'now-24h', to: 'now' },
  { label: 'Last 7 days', from: 'now-7d', to: 'now' },
  { label: 'Last 30 days', from: 'now-30d', to: 'now' },
  { label: 'Last 90 days', from: 'now-90d', to: 'now' },
  { label: 'Last 1 year', from: 'now-1y', to: 'now' },
  { label: 'Today', from: 'now/d', to: 'now/d' },
  { label: 'Yesterday', from: 'now-1d/d', to: 'now-1d/d' },
  { label: 'This week', from: 'now/w', to: 'now/w' },
  { label: 'This month', from: 'now/M', to: 'now/M' },
];

export const units = [
  { value: 's', label: 'seconds' },
  { value: 'm', label: 'minutes' },
  { value: 'h', label: 'hours' },
  { value: 'd', label: 'days' },
  { value: 'w', label: 'weeks' },
  { value: 'M', label: 'months' },
  { value: 'y', label: 'years' },
] as const;

/** `now-3h` → 3 hours. */
export function relativeOf(from: string, to: string): { count: number; unit: string } | undefined {
  if (to !== 'now') return undefined;
  const [, count, unit] = /^now-(\d{1,6})([smhdwMy])$/.exec(from) ?? [];
  return count === undefined || unit === undefined ? undefined : { count: Number(count), unit };
}

/** What the button says. */
export function rangeLabel(from: string, to: string): string {
  const quick = quickRanges.find((range) => range.from === from && range.to === to);
  if (quick) return quick.label;
  const relative = relativeOf(from, to);
  if (relative) {
    const unit = units.find(({ value }) => value === relative.unit)!.label;
    return `Last ${relative.count} ${relative.count === 1 ? unit.slice(0, -1) : unit}`;
  }
  return `${pointLabel(from)} to ${pointLabel(to)}`;
}

function pointLabel(text: string): string {
  const millis = /^\d{4}-/.test(text) && !text.includes('||') ? Date.parse(text) : Number.NaN;
  return Number.isNaN(millis) ? visible(text, 40) : showTime(millis, millis % 1000 !== 0);
}

/** For an input of type datetime-local, in local time. */
export function inputTime(text: string, otherwise: number): string {
  const millis = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  return showTime(Number.isNaN(millis) ? otherwise : millis, false).replace(' ', 'T');
}

export const refreshIntervals = [
  { value: '0', label: 'Off' },
  { value: '5', label: '5 seconds' },
  { value: '10', label: '10 seconds' },
  { value: '30', label: '30 seconds' },
  { value: '60', label: '1 minute' },
  { value: '300', label: '5 minutes' },
  { value: '900', label: '15 minutes' },
];
