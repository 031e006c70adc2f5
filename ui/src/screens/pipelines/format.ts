/** Numbers as people read them: short, and never jumping between forms. */

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** `1,204`, `0.5`; from a hundred thousand on `1.2M`. */
export function count(value: number): string {
  if (value >= 100_000) return compact.format(value);
  if (value >= 10 || value === 0 || Number.isInteger(value)) return whole.format(value);
  return value < 0.1 ? '<0.1' : value.toFixed(1);
}

export const exact = (value: number): string => whole.format(value);
/** `1,204/s` */
export const rate = (value: number): string => `${count(value)}/s`;

/** Milliseconds: `0.3 µs`, `34 ms`, `1.2 s`, `3 min`. */
export function duration(millis: number): string {
  if (millis === 0) return '0 ms';
  if (millis < 0.0001) return '<0.1 µs';
  if (millis < 1) return `${Number((millis * 1000).toPrecision(2))} µs`;
  if (millis < 10) return `${millis.toFixed(1)} ms`;
  if (millis < 1000) return `${Math.round(millis)} ms`;
  if (millis < 60_000) return `${(millis / 1000).toFixed(1)} s`;
  if (millis < 3_600_000) return `${Math.round(millis / 60_000)} min`;
  return `${(millis / 3_600_000).toFixed(1)} h`;
}

/** A share of 1: `12 %`. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value === 0 ? '0' : value < 1 ? '<1' : Math.round(value)} %`;
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let size = value;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** `14:03`, with the date if that is another day. */
export function time(at: number): string {
  const date = new Date(at);
  const clock = date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', hour12: false });
  return date.toDateString() === new Date().toDateString() ? clock : `${date.toLocaleDateString()} ${clock}`;
}

/** `14:03:07.123` */
export const exactTime = (at: number): string =>
  new Date(at).toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hour12: false,
  });
