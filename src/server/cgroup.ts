/** The limits and the use of CPU of the control group that this process is in, in Logstash's form. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Cgroup {
  readonly cpuacct: { readonly control_group: string; readonly usage_nanos: number };
  readonly cpu: {
    readonly control_group: string;
    readonly cfs_period_micros: number;
    /** -1: no limit. */
    readonly cfs_quota_micros: number;
    readonly stat: {
      readonly number_of_elapsed_periods: number;
      readonly number_of_times_throttled: number;
      readonly time_throttled_nanos: number;
    };
  };
}

/** Versions 1 and 2; undefined where there is none. `root` is for tests. */
export function readCgroup(root = '/'): Cgroup | undefined {
  const read = (...parts: string[]): string => readFileSync(join(root, ...parts), 'utf8');
  try {
    const lines = read('proc/self/cgroup')
      .trim()
      .split('\n')
      .map((line) => /^\d+:([^:]*):(.*)$/.exec(line)!);
    const group = (controller: string): string | undefined =>
      lines.find(([, controllers]) => controllers!.split(',').includes(controller))?.[2];
    const [cpu, cpuacct, unified] = [group('cpu'), group('cpuacct'), group('')];
    // Inside a container the group's path is that of the host, and its files are at the mount point.
    const within = (mount: string, path: string, file: string): string => {
      try {
        return read(mount, path, file);
      } catch {
        return read(mount, file);
      }
    };
    if (cpu !== undefined && cpuacct !== undefined) {
      const mount = 'sys/fs/cgroup/cpu';
      const stat = numbers(within(mount, cpu, 'cpu.stat'));
      return {
        cpuacct: {
          control_group: cpuacct,
          usage_nanos: Number(within('sys/fs/cgroup/cpuacct', cpuacct, 'cpuacct.usage')),
        },
        cpu: {
          control_group: cpu,
          cfs_period_micros: Number(within(mount, cpu, 'cpu.cfs_period_us')),
          cfs_quota_micros: Number(within(mount, cpu, 'cpu.cfs_quota_us')),
          stat: periods(stat, stat['throttled_time'] ?? 0),
        },
      };
    }
    if (unified === undefined) return undefined;
    const mount = 'sys/fs/cgroup';
    const [quota, period] = within(mount, unified, 'cpu.max').trim().split(' ');
    const stat = numbers(within(mount, unified, 'cpu.stat'));
    return {
      cpuacct: { control_group: unified, usage_nanos: (stat['usage_usec'] ?? 0) * 1000 },
      cpu: {
        control_group: unified,
        cfs_period_micros: Number(period),
        cfs_quota_micros: quota === 'max' ? -1 : Number(quota),
        stat: periods(stat, (stat['throttled_usec'] ?? 0) * 1000),
      },
    };
  } catch {
    return undefined;
  }
}

function periods(stat: Record<string, number>, throttledNanos: number): Cgroup['cpu']['stat'] {
  return {
    number_of_elapsed_periods: stat['nr_periods'] ?? 0,
    number_of_times_throttled: stat['nr_throttled'] ?? 0,
    time_throttled_nanos: throttledNanos,
  };
}

const numbers = (text: string): Record<string, number> =>
  Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([name, value]) => [name!, Number(value)]),
  );
