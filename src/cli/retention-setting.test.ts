import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { retentionRules } from './retention-setting.ts';
import { readSettingsFile } from './settings.ts';

test('rules come from logstash.yml as a list', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-retention-'));
  writeFileSync(
    join(folder, 'logstash.yml'),
    'store.archive.path: /mnt/cold\nstore.retention:\n  - pattern: "firewall-*"\n    max_age: 365d\n    archive_after: 30d\n  - { pattern: "*", max_bytes: 200gb }\n',
  );
  const { values } = readSettingsFile(folder, { lookUp: () => undefined } as never);
  rmSync(folder, { recursive: true });
  expect(retentionRules(values['store.retention'] as string)).toEqual([
    { pattern: 'firewall-*', maxAge: 365 * 86_400_000, archiveAfter: 30 * 86_400_000 },
    { pattern: '*', maxBytes: 200 * 2 ** 30 },
  ]);
});

test('what is wrong is said', () => {
  expect(() => retentionRules('x')).toThrow(/expected a list/);
  expect(() => retentionRules('[{ pattern: a, age: 3 }]')).toThrow(/no age; it has pattern, max_age/);
  expect(() => retentionRules('[{ max_age: 3d }]')).toThrow(/needs a pattern/);
  expect(() => retentionRules('[{ pattern: a, max_age: soon }]')).toThrow(/max_age.*duration/);
});
