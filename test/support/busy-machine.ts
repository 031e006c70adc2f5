/** For tests of what takes how long, beside others that need the same cores. */

/** CPU time of this thread in milliseconds, whatever else the machine does meanwhile. */
export function cpuTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Milliseconds of CPU that `slowness` takes. */
const SAMPLE = 40;

/** How many times longer than alone something takes on this machine now; 1: there is a core for it. */
export function slowness(): number {
  const started = performance.now();
  const cpu = cpuTime();
  while (cpuTime() - cpu < SAMPLE);
  return Math.max(1, (performance.now() - started) / (cpuTime() - cpu));
}
