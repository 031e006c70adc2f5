/** `/_node/hot_threads`: how busy each thread has been since it started, the busiest first. */

export interface ThreadUse {
  readonly name: string;
  /** 0 to 1. */
  readonly utilization: number;
}

export interface HotThreads {
  readonly time: string;
  readonly busiest_threads: number;
  readonly threads: readonly {
    readonly name: string;
    readonly percent_of_cpu_time: number;
    readonly state: 'runnable' | 'waiting';
    /** Always empty: a running thread can not be looked into from outside. */
    readonly traces: readonly string[];
  }[];
}

/** Up to here, in per cent, a thread counts as idle. */
const IDLE = 0.1;
const MAX_THREADS = 1000;

export function hotThreads(
  all: readonly ThreadUse[],
  { threads, ignoreIdle }: { readonly threads: number; readonly ignoreIdle: boolean },
): HotThreads {
  const limit = Number.isFinite(threads) ? Math.min(MAX_THREADS, Math.max(0, threads)) : 10;
  const found = all
    .map(({ name, utilization }) => ({ name, percent: Number((utilization * 100).toFixed(2)) }))
    .filter(({ percent }) => !ignoreIdle || percent > IDLE)
    .sort((a, b) => b.percent - a.percent)
    .slice(0, limit)
    .map(({ name, percent }) => ({
      name,
      percent_of_cpu_time: percent,
      state: percent > IDLE ? ('runnable' as const) : ('waiting' as const),
      traces: [],
    }));
  return { time: new Date().toISOString(), busiest_threads: limit, threads: found };
}

/** `?human=true` */
export function hotThreadsText({ time, busiest_threads, threads }: HotThreads, host: string): string {
  const line = '-'.repeat(80);
  const entries = threads.map(
    ({ name, percent_of_cpu_time, state }) =>
      `${percent_of_cpu_time} % of cpu usage, state: ${state}, thread name: '${name}'\n${line}\n`,
  );
  return `::: {${host}}\nHot threads at ${time}, busiestThreads=${busiest_threads}:\n${'='.repeat(80)}\n${entries.join('')}`;
}
