import { describe, expect, test } from 'vitest';
import { runToEnd } from '../../test/support/millrace.ts';
import { helpText } from './help.ts';
import { settings } from './settings-table.ts';

const topics = [undefined, 'up', 'keystore', 'plugin', 'certs', 'user', 'audit', 'top'];

test.each(topics)('help of %s fits 100 columns, ends with a newline and has no tabs', async (topic) => {
  const text = await helpText(topic);
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  expect(text).toMatch(/^Usage: millrace /);
  expect(text.endsWith('\n')).toBe(true);
  expect(text).not.toMatch(/\t|\n\n\n| \n/);
});

test('the overview has every setting that has an effect, once, in its group', async () => {
  const text = await helpText(undefined);
  const groups = new Map(
    text
      .split(/\n\n(?=[A-Z][A-Za-z ]+:\n)/)
      .slice(1)
      .map((group) => [group.split(':')[0], group] as const),
  );
  expect([...groups.keys()].slice(-8)).toEqual([
    'General',
    'Pipeline',
    'Queue',
    'Event store',
    'Console',
    'Monitoring API',
    'Log',
    'Other',
  ]);
  for (const [name, setting] of Object.entries(settings)) {
    const times =
      text.split(new RegExp(`\\n {2}(?:-\\w, | {4})--${name.replaceAll('.', '\\.')}(?![.\\w])`)).length - 1;
    expect([name, times]).toEqual([name, 'ignored' in setting ? 0 : 1]);
  }
  expect(groups.get('Queue')).toContain('--queue.max_bytes SIZE *');
  expect(groups.get('Log')).toContain('-l, --path.logs PATH ');
  expect(groups.get('Pipeline')).toMatch(/-w, --pipeline\.workers N \* +Batches/);
  expect(groups.get('Monitoring API')).toContain('(default 9600-9700)');
});

describe('as commands', () => {
  test.each([
    [['help', 'keystore'], 'Usage: millrace keystore'],
    [['help', 'top'], 'Usage: millrace top'],
    [['help', 'user'], 'Usage: millrace user'],
    [['help', 'audit'], 'Usage: millrace audit'],
    [['help', 'certs'], 'Usage: millrace certs'],
    [['keystore', '--help'], 'Usage: millrace keystore'],
    [['up', '--help'], 'Usage: millrace up'],
    [['plugin', '--help'], 'Usage: millrace plugin'],
    [['help'], 'Usage: millrace [COMMAND]'],
    [['-h'], 'Usage: millrace [COMMAND]'],
  ])('%j', async (args, start) => {
    const { code, stdout, stderr } = await runToEnd({ args });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.startsWith(start)).toBe(true);
  });

  test('a topic that is none is named, with a near one', async () => {
    const { code, stderr } = await runToEnd({ args: ['help', 'keystroke'] });
    expect(code).toBe(1);
    expect(stderr).toBe(
      'millrace: there is no command keystroke, did you mean keystore? See "millrace --help".\n',
    );
  });
});
