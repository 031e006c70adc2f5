/**
 * The event store's disk without room or broken: writers wait or are told so, nothing that was acknowledged is lost, and it
 * goes on by itself.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { BrokenDisk } from '../support/broken-disk.ts';
import {
  fill,
  HttpSender,
  httpInput,
  missing,
  noMounts,
  RECOVERY,
  startMillrace,
  stopWell,
  tinyDisk,
  unmountAll,
} from '../support/faults.ts';
import { cleanUp, freePort, type Millrace, temporaryFolder, until } from '../support/millrace.ts';
import { describePeer, peers } from '../support/peers.ts';

afterAll(async () => {
  unmountAll();
  await cleanUp();
});

const EIO = 5;
const reason = noMounts === undefined ? '' : ` (skipped: ${noMounts})`;

/** Writes to `_bulk` as fast as it is answered; knows what was acknowledged. */
class BulkSender {
  readonly acknowledged = new Set<number>();
  readonly refusals = new Map<number, number>();
  #next = 1_000_000;
  #running = true;
  readonly #loop: Promise<void>;

  constructor(port: number) {
    this.#loop = this.#send(`http://127.0.0.1:${port}/_bulk`);
  }

  async #send(url: string): Promise<void> {
    while (this.#running) {
      const numbers = Array.from({ length: 50 }, () => this.#next++);
      const body = numbers
        .map((n) => `{"create":{"_index":"bulk"}}\n{"message":"n=${n} ${'y'.repeat(400)}"}\n`)
        .join('');
      const answer = await fetch(url, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/x-ndjson' },
      });
      const { items } = (await answer.json()) as { items?: { create: { status: number } }[] };
      const refused = new Set(answer.status === 200 ? [] : [answer.status]);
      for (const [at, { create }] of items?.entries() ?? []) {
        if (create.status === 201) this.acknowledged.add(numbers[at]!);
        else refused.add(create.status);
      }
      for (const status of refused) this.refusals.set(status, (this.refusals.get(status) ?? 0) + 1);
      if (refused.size > 0) await delay(50);
      await delay(10);
    }
  }

  get refused(): number {
    return this.refusals.values().reduce((sum, count) => sum + count, 0);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#loop;
  }
}

/** Number of an event → how often the store has it. */
async function stored(port: number, index: string): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for (let after: unknown[] | undefined; ; ) {
    const answer = await fetch(`http://127.0.0.1:${port}/${index}/_search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        size: 5000,
        sort: ['_doc'],
        _source: ['message'],
        ...(after && { search_after: after }),
      }),
    });
    const { hits } = (await answer.json()) as any;
    for (const { _source } of hits.hits) {
      const n = Number(/n=(\d+)/.exec(_source.message)![1]);
      found.set(n, (found.get(n) ?? 0) + 1);
    }
    if (hits.hits.length < 5000) return found;
    after = hits.hits.at(-1).sort;
  }
}

const start = (input: number, port: number, more: readonly string[], env = {}): Promise<Millrace> =>
  startMillrace(
    `${httpInput(input)} output { store { id => "store" index => "events" } }`,
    ['--store.http.port', String(port), ...more],
    env,
  );

const storeHealth = async (port: number): Promise<string> =>
  ((await (await fetch(`http://127.0.0.1:${port}/_cluster/health`)).json()) as any).status;

describe.skipIf(reason !== '')(`the event store's disk full${reason}`, () => {
  test('_bulk gets 429 and pipelines wait; with room again it goes on, and nothing acknowledged is lost', async () => {
    const [input, port] = [await freePort(), await freePort()];
    const disk = tinyDisk('64m');
    const millrace = await start(input, port, ['--store.path', join(disk, 'store')]);
    const sender = new HttpSender(input);
    const bulks = new BulkSender(port);
    await until(() => sender.answered.size > 100 && bulks.acknowledged.size > 100, 'first answers', 30);
    const ballast = fill(disk);
    await until(() => (bulks.refusals.get(429) ?? 0) > 3, '429', 30);
    await until(async () => (await storeHealth(port)) === 'red', 'red', 15);
    const told = JSON.stringify(await (await fetch(`${millrace.api}/_health_report`)).json());
    expect(told).toMatch(/disk|flood-stage|full/);
    const before = bulks.acknowledged.size;
    await delay(500);
    expect(bulks.acknowledged.size).toBe(before);
    expect([...bulks.refusals.keys()]).toEqual([429]);
    ballast.free();
    await until(() => bulks.acknowledged.size > before + 200, 'goes on by itself', 30);
    await sender.stop();
    await bulks.stop();
    await until(
      async () => missing(sender.answered, await stored(port, 'events')).length === 0,
      'all that was answered',
      RECOVERY,
    );
    const own = await stored(port, 'bulk');
    expect(missing(bulks.acknowledged, own)).toEqual([]);
    expect([...own.values()].every((times) => times === 1)).toBe(true);
    await until(async () => (await storeHealth(port)) !== 'red', 'well again', 15);
    await stopWell(millrace);
  }, 180_000);
});

describePeer("an I/O error of the event store's log", [peers.gcc], () => {
  test.each([
    ['fdatasync', 's'],
    ['write', 'w'],
  ])(
    'EIO of %s: _bulk is refused and pipelines wait; afterwards it goes on, and all that was acknowledged is there once',
    async (_, kinds) => {
      const [input, port] = [await freePort(), await freePort()];
      const folder = join(temporaryFolder(), 'store');
      const disk = new BrokenDisk(folder);
      const args = ['--store.path', folder];
      const millrace = await start(input, port, args, disk.env);
      const sender = new HttpSender(input);
      const bulks = new BulkSender(port);
      await until(() => sender.answered.size > 100 && bulks.acknowledged.size > 100, 'first answers', 30);
      for (let round = 0; round < 2; round++) {
        disk.break(kinds, EIO);
        const refused = bulks.refused;
        await until(() => bulks.refused > refused + 2, 'refusals', 30);
        await until(async () => (await storeHealth(port)) === 'red', 'red', 30);
        const before = bulks.acknowledged.size;
        await delay(500);
        expect(bulks.acknowledged.size).toBe(before);
        disk.mend();
        await until(() => bulks.acknowledged.size > before + 200, 'goes on by itself', 60);
      }
      expect([429, 503]).toEqual(expect.arrayContaining([...bulks.refusals.keys()]));
      await sender.stop();
      await bulks.stop();
      const complete = async (): Promise<void> => {
        await until(
          async () => missing(sender.answered, await stored(port, 'events')).length === 0,
          'all that was answered',
          RECOVERY,
        );
        const own = await stored(port, 'bulk');
        expect(missing(bulks.acknowledged, own)).toEqual([]);
        expect([...own.values()].every((times) => times === 1)).toBe(true);
      };
      await complete();
      await until(async () => (await storeHealth(port)) !== 'red', 'well again', 30);
      // Nothing but the disk knows now what was acknowledged.
      await millrace.kill();
      const again = await start(input, port, args);
      await complete();
      await stopWell(again);
    },
    180_000,
  );
});
