let clockCost: number | undefined;
/** What one look at the clock takes: timing each event adds that to every filter. */
export function clockMillis(): number {
  if (clockCost === undefined) {
    const started = performance.now();
    let last = started;
    for (let at = 0; at < 2000; at++) last = performance.now();
    clockCost = (last - started) / 2000;
  }
  return clockCost;
}
