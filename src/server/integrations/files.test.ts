import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type IntegrationFiles, integrationFiles, integrationText } from './files.ts';

let folder: string;
let files: IntegrationFiles;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-integrations-'));
  files = integrationFiles(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const form = {
  card: 'syslog',
  title: 'Firewall',
  values: { port: 5514 },
  keep: 'syslog',
  destinations: ['siem'],
};
const body = 'input { syslog { port => 5514 } }\n';

test('a file keeps what the form was filled in with, and its config', () => {
  files.write('firewall', integrationText(form, 'receive syslog', body), true);
  const [read] = files.list();
  expect(read).toMatchObject({ id: 'firewall', enabled: true, form, edited: false });
  expect(read!.file).toBe(join(folder, 'integrations', 'firewall.conf'));
  expect(readFileSync(read!.file, 'utf8').split('\n').slice(4).join('\n')).toBe(body);
});

test('a change by hand is noticed; a file without a form is one that was made by hand', () => {
  files.write('firewall', `${integrationText(form, 'receive syslog', body)}# mine\n`, true);
  expect(files.read('firewall')).toMatchObject({ edited: true, form });
  files.write('own', body, true);
  expect(files.read('own')).toMatchObject({ edited: true, form: undefined });
  writeFileSync(join(files.folder, 'own.conf'), '# form: {"card":\n');
  expect(files.read('own')).toMatchObject({ edited: true, form: undefined });
});

test('disabled files are kept and not run', () => {
  files.write('firewall', integrationText(form, 'receive syslog', body), true);
  files.enable('firewall', false);
  expect(files.list().map(({ id, enabled }) => [id, enabled])).toEqual([['firewall', false]]);
  files.write('firewall', integrationText(form, 'receive syslog', body), true);
  expect(files.list().map(({ id, enabled }) => [id, enabled])).toEqual([['firewall', true]]);
});

test('what belongs to one goes with it; keys are for the owner only', () => {
  files.write('web', body, true);
  files.write('web-2', body, true);
  files.attach('web', 'ssl_key.pem', 'KEY');
  files.attach('web-2', 'ssl_key.pem', 'KEY');
  expect(statSync(files.attachment('web', 'ssl_key.pem')).mode & 0o777).toBe(0o600);
  files.remove('web');
  expect(files.list().map(({ id }) => id)).toEqual(['web-2']);
  expect(() => statSync(files.attachment('web', 'ssl_key.pem'))).toThrow(/ENOENT/);
  expect(statSync(files.attachment('web-2', 'ssl_key.pem')).size).toBe(3);
});

test('other names, folders and paths out of the folder are not read', () => {
  mkdirSync(join(files.folder, 'folder.conf'), { recursive: true });
  writeFileSync(join(files.folder, 'notes.txt'), body);
  writeFileSync(join(files.folder, 'Upper.conf'), body);
  writeFileSync(join(folder, 'out.conf'), body);
  expect(files.list()).toEqual([]);
  expect(files.read('../out')).toBeUndefined();
});
