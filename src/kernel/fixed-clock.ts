/**
 * A clock that stands still, for config tests: while it is fixed, `Date` tells that time in this thread and in the
 * threads that were handed its buffer. Monotonic clocks (`performance.now`, timers) go on: time limits hold.
 */

/** The clock of a thread: epoch milliseconds; NaN is the real time. */
let cell: Float64Array | undefined;
const RealDate = Date;

/** Makes `Date` follow the fixed clock, until `releaseClock`. `buffer`: of another thread, to follow its clock. */
export function adoptClock(buffer?: SharedArrayBuffer): void {
  if (cell) return;
  cell = new Float64Array(buffer ?? new SharedArrayBuffer(8));
  if (!buffer) cell[0] = Number.NaN;
  globalThis.Date = new Proxy(RealDate, handler);
}

/** The real `Date` again. */
export function releaseClock(): void {
  cell = undefined;
  globalThis.Date = RealDate;
}

/** Sets the clock; undefined: the real time. Only between `adoptClock` and `releaseClock`. */
export function setClock(millis: number | undefined): void {
  if (cell) cell[0] = millis ?? Number.NaN;
}

/** For threads that are to live by the same clock; undefined: nobody fixes it. */
export const clockBuffer = (): SharedArrayBuffer | undefined => cell?.buffer as SharedArrayBuffer | undefined;

/** Epoch milliseconds of the fixed clock; undefined: it is not fixed. */
export function fixedTime(): number | undefined {
  const millis = cell?.[0];
  return millis === undefined || Number.isNaN(millis) ? undefined : millis;
}

const now = (): number => fixedTime() ?? RealDate.now();

const handler: ProxyHandler<DateConstructor> = {
  construct: (target, given, made) => Reflect.construct(target, given.length === 0 ? [now()] : given, made),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
};
