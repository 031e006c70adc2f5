import { expect, test } from 'vitest';
import { newPowers } from './powers.ts';

const SAVED = `filter { ruby { code => "event.set('a', 1)" } translate { dictionary_path => "/etc/millrace/users.yml" } }`;

const problemOf = (text: string): string | undefined => newPowers([text], [SAVED], '/var/lib/millrace/files');
const reads = (path: string): string => `filter { translate { dictionary_path => "${path}" } }`;

test('what saved configs do may be tried, and files of the folder of custom files may be read', () => {
  expect(problemOf(SAVED)).toBeUndefined();
  expect(problemOf(reads('/var/lib/millrace/files/hosts.yml'))).toBeUndefined();
});

test.each([
  '/etc/shadow',
  '/var/lib/millrace/files/../../../../etc/shadow',
  '/var/lib/millrace/files',
  '/var/lib/millrace/files/${SECRET}',
  '/var/lib/millrace/files/..\\/..\\/secrets.yml',
  'files/hosts.yml',
])('it may not read %s', (path) => {
  expect(problemOf(reads(path))).toContain('dictionary_path');
});

test('new code, and files by other options, may not be tried, wherever they stand', () => {
  expect(problemOf(`filter { if [a] { ruby { code => "exit" } } }`)).toContain('code of `ruby`');
  expect(problemOf(`filter { grok { patterns_dir => ["/etc"] } }`)).toContain('patterns_dir');
  expect(problemOf(`filter { grok { patterns_files_glob => "../../*" } }`)).toContain('patterns_files_glob');
});
