import { expect, test } from 'vitest';
import { runToEnd } from '../../test/support/millrace.ts';

const plugin = (...args: string[]) => runToEnd({ program: 'logstash-plugin', args });

test('list: all, of a group, by a part of the name, with versions', async () => {
  const all = (await plugin('list')).stdout.trim().split('\n');
  expect(all.length).toBeGreaterThan(30);
  expect(all).toEqual([...all].sort());
  const filters = (await plugin('list', '--group', 'filter')).stdout.trim().split('\n');
  expect(filters).toContain('logstash-filter-grok');
  expect(filters.every((name) => name.startsWith('logstash-filter-'))).toBe(true);
  expect((await plugin('list', '--verbose', '*elasticsearch*')).stdout).toMatch(
    /^logstash-output-elasticsearch \(\d+\.\d+\.\d+\)\n$/,
  );
});

test.each([
  [['list', 'nonsense'], 1, 'No plugins found'],
  [['list', '--group', 'nonsense'], 1, '--group takes one of codec, filter, input, output'],
  [['list', '--nonsense'], 1, 'unknown argument --nonsense'],
  [['remove', 'logstash-filter-grok'], 1, 'can not be removed'],
  [['instal', 'x'], 1, 'there is no plugin command instal'],
  [['install', 'logstash-filter-grokk'], 1, 'did you mean logstash-filter-grok?'],
])('%j → %d', async (args, status, message) => {
  const { code, stdout, stderr } = await plugin(...args);
  expect([code, stdout]).toEqual([status, '']);
  expect(stderr).toContain(message);
});

test('install of what is bundled says so, and succeeds', async () => {
  const { code, stdout } = await plugin('install', 'logstash-filter-grok');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^logstash-filter-grok is bundled with Millrace .*\nInstallation successful\n$/);
});
