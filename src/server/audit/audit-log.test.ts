import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Logger } from '../../kernel/logger.ts';
import { AuditLog, auditFiles } from './audit-log.ts';
import { readAudit } from './read-audit.ts';
import { verifyAudit } from './verify-audit.ts';

let dataPath: string;
let folder: string;
beforeEach(() => {
  dataPath = mkdtempSync(join(tmpdir(), 'millrace-audit-'));
  folder = join(dataPath, 'audit');
});
afterEach(() => rmSync(dataPath, { recursive: true, force: true }));

const logger = { error: () => {} } as unknown as Logger;

async function write(count: number, details: (at: number) => object = (at) => ({ at })): Promise<AuditLog> {
  const log = new AuditLog(dataPath, logger);
  for (let at = 0; at < count; at++)
    log.append({
      action: 'events.search',
      user: `user${at % 3}`,
      address: '127.0.0.1',
      outcome: at % 5 === 0 ? 'failure' : 'success',
      details: { ...details(at) },
    });
  await log.close();
  return log;
}

const file = (): string => join(folder, auditFiles(folder)[0]!);
const lines = (): string[] => readFileSync(file(), 'utf8').split('\n').slice(0, -1);
const put = (changed: readonly string[]): void => writeFileSync(file(), `${changed.join('\n')}\n`);

describe('audit log', () => {
  test('goes on after a restart as one chain, for nobody else to read', async () => {
    await write(10);
    const { head } = await write(5);
    expect(await verifyAudit(folder)).toEqual({ intact: true, lines: 15, files: 1, head, faults: [] });
    expect(head.seq).toBe(15);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test('whatever is noted can be read again, and cannot break out of its line', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.jsonValue()), { minLength: 1, maxLength: 5 }),
        async (entries) => {
          rmSync(folder, { recursive: true, force: true });
          const log = new AuditLog(dataPath, logger);
          for (const [user, value] of entries)
            log.append({ action: 'a', user, address: '', outcome: 'success', details: { value } });
          await log.close();
          expect((await verifyAudit(folder)).intact).toBe(true);
          expect(lines()).toHaveLength(entries.length);
        },
      ),
      { numRuns: 15 },
    );
  });

  test('every changed character is found, with its place', async () => {
    await write(6);
    const good = lines();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(5),
        fc.nat(),
        fc.constantFrom('0', '1', 'a', 'f', 'x', '"', '}', ' '),
        async (at, where, letter) => {
          const line = good[at]!;
          const index = where % line.length;
          if (line[index] === letter) return;
          put(good.with(at, line.slice(0, index) + letter + line.slice(index + 1)));
          const { intact, faults } = await verifyAudit(folder);
          expect(intact).toBe(false);
          expect([at + 1, at + 2]).toContain(faults[0]!.line);
        },
      ),
      { numRuns: 80 },
    );
  });

  test('removed, moved, doubled and added lines are found', async () => {
    await write(6);
    const good = lines();
    const faults = async (changed: readonly string[]): Promise<string[]> => {
      put(changed);
      return (await verifyAudit(folder)).faults.map(({ line, message }) => `${line}: ${message}`);
    };
    expect(await faults(good.toSpliced(2, 1))).toEqual(['3: line 3 is missing before this one']);
    expect(await faults(good.toSpliced(1, 3))).toEqual(['2: lines 2 to 4 are missing before this one']);
    expect(await faults(good.slice(1))).toEqual(['1: line 1 is missing before this one']);
    expect((await faults([good[0]!, good[2]!, good[1]!, ...good.slice(3)]))[0]).toMatch(
      /^2: line 2 is missing/,
    );
    expect((await faults(good.toSpliced(2, 0, good[1]!)))[0]).toMatch(/^3: line 2 is not in its place/);
    expect((await faults(good.toSpliced(2, 0, '{}')))[0]).toBe('3: this is no line of the audit log');
    expect(await faults(good.slice(0, 4))).toEqual([
      '0: the end is missing: lines 5 to 6 were written and are not there',
    ]);
  });

  test('a log that was written anew as a whole shows against a head that was noted elsewhere', async () => {
    const { head } = await write(3);
    rmSync(folder, { recursive: true });
    await write(4, () => ({ innocent: true }));
    expect((await verifyAudit(folder)).intact).toBe(true);
    const { intact, faults } = await verifyAudit(folder, head);
    expect(intact).toBe(false);
    expect(faults[0]!.message).toMatch(/line 3 with the hash .* is not there/);
  });

  test('half a line of a crash is taken off, and that is noted', async () => {
    await write(2);
    appendFileSync(file(), '{"seq":3,"time":"2026');
    const { head } = await write(1);
    expect(head.seq).toBe(4);
    const { records } = readAudit(folder, { text: '', outcome: '', size: 10 });
    expect(records.map(({ action }) => action)).toEqual([
      'events.search',
      'audit.recovered',
      'events.search',
      'events.search',
    ]);
    expect((await verifyAudit(folder)).intact).toBe(true);
  });

  test('is read newest first, by words and outcomes, page by page', async () => {
    await write(30);
    const query = { text: '', outcome: '', size: 10 } as const;
    const first = readAudit(folder, query);
    expect(first.records.map(({ seq }) => seq)).toEqual([30, 29, 28, 27, 26, 25, 24, 23, 22, 21]);
    expect(first.more).toBe(true);
    expect(readAudit(folder, { ...query, before: 11 })).toMatchObject({ more: false });
    expect(
      readAudit(folder, { ...query, text: 'USER1 search' }).records.every(({ user }) => user === 'user1'),
    ).toBe(true);
    expect(readAudit(folder, { ...query, outcome: 'failure' }).records).toHaveLength(6);
  });
});
