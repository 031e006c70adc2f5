import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../kernel/logger.ts';
import { fileKey, Sincedb } from './sincedb.ts';

let folder: string;
const healths: (string | undefined)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-sincedb-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(cleanAfter = 3600, writeInterval = 0): Sincedb {
  const sincedb = new Sincedb({
    path: join(folder, 'db'),
    writeInterval,
    cleanAfter,
    logger: silentLogger,
    health: (problem) => healths.push(problem),
  });
  sincedb.open();
  return sincedb;
}

it('splits device numbers as Logstash does', () => {
  expect(fileKey({ ino: 275880n, dev: 64768n })).toBe('275880 0 64768');
  expect(fileKey({ ino: 18446744073709551615n, dev: 0x2b000001n })).toBe('18446744073709551615 43 1');
});

it('keeps positions across restarts', () => {
  const first = open();
  first.move(first.add('1 0 2', '/var/log/a b.log', 0), 42);
  first.add('2 0 2', '/gone', 7);
  first.remove(first.get('2 0 2')!);
  first.write();
  const second = open();
  expect(second.get('1 0 2')).toMatchObject({ position: 42, path: '/var/log/a b.log', live: false });
  expect(second.get('2 0 2')).toBeUndefined();
  expect(existsSync(join(folder, 'db.new'))).toBe(false);
});

it('forgets files without change, and not those it watches', () => {
  const now = Date.now() / 1000;
  writeFileSync(join(folder, 'db'), `1 0 2 5 ${now - 100} /old\n2 0 2 5 ${now - 10} /new\n`);
  const sincedb = open(50);
  expect([sincedb.get('1 0 2'), sincedb.get('2 0 2')?.position]).toEqual([undefined, 5]);
});

it('is written at intervals only', () => {
  const sincedb = open(3600, 60);
  sincedb.add('1 0 2', '/a', 1);
  sincedb.writeIfDue();
  sincedb.add('2 0 2', '/b', 1);
  sincedb.writeIfDue();
  expect(readFileSync(join(folder, 'db'), 'utf8').split('\n')).toHaveLength(2);
  sincedb.write();
  expect(readFileSync(join(folder, 'db'), 'utf8').split('\n')).toHaveLength(3);
});

it('survives any content', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      writeFileSync(join(folder, 'db'), text);
      expect(() => open()).not.toThrow();
    }),
    { numRuns: 50 },
  );
});
