import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { readCgroup } from './cgroup.ts';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

function root(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cgroup-'));
  roots.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

test('version 2, with a limit of one and a half cores', () => {
  const folder = root({
    'proc/self/cgroup': '0::/system.slice/millrace.service\n',
    'sys/fs/cgroup/system.slice/millrace.service/cpu.max': '150000 100000\n',
    'sys/fs/cgroup/system.slice/millrace.service/cpu.stat':
      'usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\nnr_periods 40\nnr_throttled 3\nthrottled_usec 700\n',
  });
  expect(readCgroup(folder)).toEqual({
    cpuacct: { control_group: '/system.slice/millrace.service', usage_nanos: 1_234_567_000 },
    cpu: {
      control_group: '/system.slice/millrace.service',
      cfs_period_micros: 100_000,
      cfs_quota_micros: 150_000,
      stat: { number_of_elapsed_periods: 40, number_of_times_throttled: 3, time_throttled_nanos: 700_000 },
    },
  });
});

test('version 2 in a container: the path is the host’s, no limit', () => {
  const folder = root({
    'proc/self/cgroup': '0::/docker/abc\n',
    'sys/fs/cgroup/cpu.max': 'max 100000\n',
    'sys/fs/cgroup/cpu.stat': 'usage_usec 5\n',
  });
  expect(readCgroup(folder)?.cpu).toMatchObject({ cfs_quota_micros: -1, cfs_period_micros: 100_000 });
});

test('version 1', () => {
  const folder = root({
    'proc/self/cgroup': '4:cpu,cpuacct:/elastic1\n1:name=systemd:/elastic1\n0::/\n',
    'sys/fs/cgroup/cpuacct/elastic1/cpuacct.usage': '378477588075\n',
    'sys/fs/cgroup/cpu/elastic1/cpu.cfs_period_us': '1000000\n',
    'sys/fs/cgroup/cpu/elastic1/cpu.cfs_quota_us': '800000\n',
    'sys/fs/cgroup/cpu/elastic1/cpu.stat': 'nr_periods 4157\nnr_throttled 460\nthrottled_time 581617440755\n',
  });
  expect(readCgroup(folder)).toEqual({
    cpuacct: { control_group: '/elastic1', usage_nanos: 378_477_588_075 },
    cpu: {
      control_group: '/elastic1',
      cfs_period_micros: 1_000_000,
      cfs_quota_micros: 800_000,
      stat: {
        number_of_elapsed_periods: 4157,
        number_of_times_throttled: 460,
        time_throttled_nanos: 581_617_440_755,
      },
    },
  });
});

test('none: not Linux, the root group, nonsense', () => {
  expect(readCgroup(root({}))).toBeUndefined();
  expect(readCgroup(root({ 'proc/self/cgroup': '0::/\n' }))).toBeUndefined();
  expect(readCgroup(root({ 'proc/self/cgroup': 'nonsense' }))).toBeUndefined();
});
