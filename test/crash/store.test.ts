/**
 * A process that writes a store is killed with SIGKILL at random moments of ingest, seal, merge, dropping,
 * retention, snapshots that are made and deleted, moves to the archive and back.
 * What was acknowledged must be there, once, in its latest version; what was not may be there, whole.
 * MILLRACE_CRASH_ROUNDS sets the rounds; what came of them goes to the file MILLRACE_CRASH_JSON.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { Found, Operation, Said } from '../support/store-child.ts';

const ROUNDS = Number(process.env['MILLRACE_CRASH_ROUNDS'] ?? (process.env['CI'] ? 40 : 6));
const child = fileURLToPath(new URL('../support/store-child.ts', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'millrace-crash-store-'));
const snapshots = mkdtempSync(join(tmpdir(), 'millrace-crash-snapshots-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(snapshots, { recursive: true, force: true });
  rmSync(`${snapshots}-archive`, { recursive: true, force: true });
});

/** What may be in the store. */
class Model {
  /** Index → number of a row → it was acknowledged. */
  readonly rows = new Map<string, Map<number, boolean>>();
  /** Rows that came together. */
  readonly bulks = new Map<number, readonly number[]>();
  /** Id → values it may have; `null`: none. The last acknowledged one and all that were sent after it. */
  readonly documents = new Map<string, Set<number | null>>();
  readonly dropping = new Set<string>();
  next = 1;

  sent(operation: Operation): void {
    if ('rows' in operation) {
      const [index, first, count] = operation.rows;
      const numbers = Array.from({ length: count }, (_, at) => first + at);
      let rows = this.rows.get(index);
      if (!rows) this.rows.set(index, (rows = new Map()));
      for (const number of numbers) rows.set(number, false);
      this.bulks.set(first, numbers);
      this.next = Math.max(this.next, first + count);
    } else if ('dropped' in operation) this.dropping.add(operation.dropped);
    else
      for (const [id, value] of operation.documents) {
        const may = this.documents.get(id);
        if (may) may.add(value);
        else this.documents.set(id, new Set([null, value]));
        this.next = Math.max(this.next, (value ?? 0) + 1);
      }
  }

  acknowledged(operation: Operation): void {
    if ('rows' in operation) {
      const [index, first, count] = operation.rows;
      for (let number = first; number < first + count; number++) this.rows.get(index)?.set(number, true);
    } else if ('dropped' in operation) {
      // Another writer may have made it again meanwhile: then only its rows count.
      this.rows.delete(operation.dropped);
    } else for (const [id, value] of operation.documents) this.documents.set(id, new Set([value]));
  }

  /** After a restart it is known what came of the last operations. */
  check(found: Found): void {
    expect(found.problems).toEqual([]);
    for (const [index, rows] of this.rows) {
      const seen = new Set(found.rows[index] ?? []);
      expect(seen.size, `no row of ${index} twice`).toBe(found.rows[index]?.length ?? 0);
      if (seen.size === 0 && this.dropping.has(index)) continue;
      const lost = [...rows].filter(([number, sure]) => sure && !seen.has(number)).map(([number]) => number);
      if (lost.length > 0 && this.dropping.has(index)) continue;
      expect(lost, `acknowledged rows of ${index}`).toEqual([]);
    }
    const all = new Set(Object.values(found.rows).flat());
    for (const numbers of this.bulks.values()) {
      const there = numbers.filter((number) => all.has(number)).length;
      expect([0, numbers.length], 'a bulk is there as a whole or not at all').toContain(there);
    }
    for (const [id, may] of this.documents) {
      const values = found.documents[id] ?? [];
      expect(values.length, `${id} once`).toBeLessThan(2);
      expect([...may], id).toContain(values[0] ?? null);
    }
    this.rows.clear();
    this.bulks.clear();
    this.dropping.clear();
    for (const [index, numbers] of Object.entries(found.rows))
      this.rows.set(index, new Map(numbers.map((number) => [number, true])));
    for (const id of this.documents.keys())
      this.documents.set(id, new Set([found.documents[id]?.[0] ?? null]));
  }
}

async function round(model: Model, life: number): Promise<number> {
  const process_ = spawn(process.execPath, [child, folder, snapshots, String(model.next)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
  });
  let complaint = '';
  process_.stderr.on('data', (chunk) => (complaint += chunk));
  let acknowledged = 0;
  let found = false;
  let failure: unknown;
  for await (const line of createInterface({ input: process_.stdout })) {
    let said: Said;
    try {
      said = JSON.parse(line) as Said;
    } catch {
      break; // It died while it spoke.
    }
    if ('found' in said) {
      try {
        model.check(said.found);
      } catch (error) {
        failure = error;
        process_.kill('SIGKILL');
        break;
      }
      found = true;
      setTimeout(() => process_.kill('SIGKILL'), life);
    } else if ('sent' in said) model.sent(said.sent);
    else {
      model.acknowledged(said.acknowledged);
      acknowledged++;
    }
  }
  await new Promise<void>((done) =>
    process_.exitCode === null && process_.signalCode === null ? process_.once('exit', () => done()) : done(),
  );
  if (failure) throw failure;
  expect(found, complaint).toBe(true);
  expect(process_.signalCode, complaint).toBe('SIGKILL');
  return acknowledged;
}

test(
  `killed ${ROUNDS} times: nothing acknowledged is lost or doubled`,
  async () => {
    const model = new Model();
    const started = Date.now();
    let acknowledged = 0;
    for (let number = 0; number < ROUNDS; number++) {
      acknowledged += await round(model, 50 + Math.random() * 900);
      if (process.env['MILLRACE_CRASH_JSON'] && number % 10 === 9)
        report(number + 1, acknowledged, model.next, started);
    }
    await round(model, 0);
    report(ROUNDS, acknowledged, model.next, started);
    expect(acknowledged).toBeGreaterThan(ROUNDS);
  },
  Math.max(600_000, ROUNDS * 20_000),
);

/** For a long series: what is proved so far. */
function report(rounds: number, operations: number, events: number, started: number): void {
  const file = process.env['MILLRACE_CRASH_JSON'];
  if (file === undefined) return;
  const result = {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]!.model}`,
    node: process.version,
    'kills -9': rounds,
    'operations acknowledged': operations,
    'events written': events,
    'acknowledged and lost': 0,
    'acknowledged and doubled': 0,
    seconds: Math.round((Date.now() - started) / 1000),
  };
  writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);
}
