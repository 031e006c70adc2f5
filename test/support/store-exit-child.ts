/**
 * A process whose store is written to, sealed, merged and searched as fast as it goes when it ends: `close` waits for the
 * store, `exit` does not.
 */
import { StoreClient } from '../../src/store/embedded/store-client.ts';
import type { SearchRequest } from '../../src/store/store.ts';

const [, , folder, way, life] = process.argv;
const store = await StoreClient.start({
  folder: folder!,
  memoryLimit: 2 ** 28,
  reserve: 0,
  maintenance: { sealAfter: 50, sealRows: 500, mergeEvery: 50, verifyEvery: 50 },
});

const everywhere: SearchRequest = {
  indices: { names: [] },
  query: { type: 'anywhere', text: '*nowhere*', pattern: true },
  from: 0,
  size: 50,
  sort: [],
  source: true,
  trackTotalHits: true,
};
let ended = false;
const line = (n: number): string =>
  `{"create":{"_index":"logs"}}\n{"n":${n},"text":"${String(n * 7919).repeat(40)}"}\n`;

async function again(work: (round: number) => Promise<unknown>): Promise<void> {
  for (let round = 0; !ended; round++) {
    try {
      await work(round);
    } catch (error) {
      if (!ended && (error as { status?: number }).status !== 429) throw error;
    }
  }
}
const write = (round: number): Promise<unknown> =>
  store.bulkBody({
    body: new Uint8Array(Buffer.from(Array.from({ length: 200 }, (_, n) => line(round * 200 + n)).join(''))),
  });
const search = (): Promise<unknown> => store.search(everywhere);
const work = Promise.allSettled([write, write, search, search, search, search, search, search].map(again));

await new Promise((done) => setTimeout(done, Number(life)));
ended = true;
if (way === 'exit') process.exit(3);
await store.close();
await work;
process.exitCode = 3;
