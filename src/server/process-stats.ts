/** What the process uses: the parts that Logstash fills from its JVM and the system, under the same names. */
import { readdirSync, readFileSync } from 'node:fs';
import { arch, availableParallelism, loadavg, release } from 'node:os';
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { readCgroup } from './cgroup.ts';

/** `detail.kind` of a collection of the young generation; all others are of the old one. */
const MINOR = 1;

export class ProcessStats {
  readonly #collectors = {
    young: { collection_count: 0, collection_time_in_millis: 0 },
    old: { collection_count: 0, collection_time_in_millis: 0 },
  };
  readonly #observer: PerformanceObserver;
  #peakDescriptors = 0;
  #peakThreads = 0;
  #cpuBefore = { millis: 0, at: performance.now() };
  #cpuPercent = 0;

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { kind } = (entry as unknown as { detail: { kind: number } }).detail;
        const collector = kind === MINOR ? this.#collectors.young : this.#collectors.old;
        collector.collection_count++;
        collector.collection_time_in_millis += entry.duration;
      }
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  close(): void {
    this.#observer.disconnect();
  }

  /** Call every few seconds: the use of CPU is that since the last call. */
  sample(): void {
    const now = { millis: cpuMillis(), at: performance.now() };
    const elapsed = now.at - this.#cpuBefore.at;
    // Of all processors together, as Logstash has it.
    if (elapsed > 0)
      this.#cpuPercent = ((now.millis - this.#cpuBefore.millis) / elapsed / availableParallelism()) * 100;
    this.#cpuBefore = now;
  }

  process(): Record<string, unknown> {
    const { open, max, virtualBytes } = limits();
    this.#peakDescriptors = Math.max(this.#peakDescriptors, open);
    const [one, five, fifteen] = loadavg();
    return {
      open_file_descriptors: open,
      peak_open_file_descriptors: this.#peakDescriptors,
      max_file_descriptors: max,
      mem: { total_virtual_in_bytes: virtualBytes, resident_in_bytes: process.memoryUsage.rss() },
      cpu: {
        total_in_millis: Math.round(cpuMillis()),
        percent: Math.min(100, Math.round(this.#cpuPercent)),
        load_average: { '1m': one, '5m': five, '15m': fifteen },
      },
    };
  }

  /** The heap of the main thread: each worker has its own, and `process.mem.resident_in_bytes` holds them all. */
  jvm(threads: number): Record<string, unknown> {
    this.#peakThreads = Math.max(this.#peakThreads, threads);
    const heap = getHeapStatistics();
    const { external } = process.memoryUsage();
    return {
      threads: { count: threads, peak_count: this.#peakThreads },
      mem: {
        heap_used_percent: Math.round((heap.used_heap_size / heap.heap_size_limit) * 100),
        heap_committed_in_bytes: heap.total_heap_size,
        heap_max_in_bytes: heap.heap_size_limit,
        heap_used_in_bytes: heap.used_heap_size,
        non_heap_used_in_bytes: external,
        non_heap_committed_in_bytes: external,
        pools: pools(),
      },
      gc: {
        collectors: Object.fromEntries(
          Object.entries(this.#collectors).map(([name, { collection_count, collection_time_in_millis }]) => [
            name,
            { collection_count, collection_time_in_millis: Math.round(collection_time_in_millis) },
          ]),
        ),
      },
      uptime_in_millis: Math.round(performance.now()),
    };
  }

  os(): Record<string, unknown> {
    const cgroup = readCgroup();
    return cgroup ? { cgroup } : {};
  }
}

const cpuMillis = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** From /proc; -1 where there is none. */
export function limits(): { open: number; max: number; virtualBytes: number } {
  try {
    const max = /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    const virtual = /VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return {
      open: readdirSync('/proc/self/fd').length,
      max: Number(max ?? -1),
      virtualBytes: Number(virtual ?? 0) * 1024,
    };
  } catch {
    return { open: -1, max: -1, virtualBytes: -1 };
  }
}

/** V8's spaces under the names of the JVM's: it has no survivors of their own. */
function pools(): Record<string, unknown> {
  const pool = (of: (name: string) => boolean): Record<string, number> => {
    const spaces = getHeapSpaceStatistics().filter((space) => of(space.space_name));
    const used = spaces.reduce((sum, space) => sum + space.space_used_size, 0);
    const committed = spaces.reduce((sum, space) => sum + space.space_size, 0);
    return {
      used_in_bytes: used,
      committed_in_bytes: committed,
      max_in_bytes: -1,
      peak_used_in_bytes: used,
      peak_max_in_bytes: -1,
    };
  };
  const young = (name: string): boolean => name.startsWith('new_');
  return { young: pool(young), old: pool((name) => !young(name)), survivor: pool(() => false) };
}

/** `/_node/os` and `/_node/jvm`: what does not change. */
export const osInfo = (): Record<string, unknown> => ({
  name: process.platform === 'linux' ? 'Linux' : process.platform,
  arch: arch(),
  version: release(),
  available_processors: availableParallelism(),
});

export const jvmInfo = (): Record<string, unknown> => ({
  pid: process.pid,
  version: process.versions.node,
  vm_version: process.versions.v8,
  vm_vendor: 'OpenJS Foundation',
  vm_name: 'Node.js',
  start_time_in_millis: Math.round(performance.timeOrigin),
  mem: {
    heap_init_in_bytes: 0,
    heap_max_in_bytes: getHeapStatistics().heap_size_limit,
    non_heap_init_in_bytes: 0,
    non_heap_max_in_bytes: 0,
  },
  gc_collectors: ['Scavenger', 'Mark-Compact'],
});
