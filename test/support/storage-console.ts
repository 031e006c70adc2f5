/** The real console over a real store with events of thirty days, with a caller of the test's choice. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storageHandlers } from '../../src/server/console/storage.ts';
import { type EmbeddedOptions, EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { embeddedSearcher as searcher } from '../../src/store/embedded/search/searcher.ts';
import { type ConsoleServer, consoleServer } from './console-server.ts';

export interface StorageConsole extends ConsoleServer {
  readonly store: EmbeddedStore;
  readonly folder: string;
  /** So many events of a day that long ago, which came then, in segments. */
  add(index: string, daysAgo: number, events: number): Promise<void>;
  close(): Promise<void>;
}

const DAY = 86_400_000;

export async function startStorageConsole(
  options: Partial<EmbeddedOptions> = {},
  port = 0,
): Promise<StorageConsole> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-storage-'));
  let ago = 0;
  const store = await EmbeddedStore.open({
    folder: join(folder, 'store'),
    searcher,
    memoryLimit: 2 ** 29,
    reserve: 0,
    now: () => Date.now() - ago,
    snapshots: { folder: join(folder, 'snapshots'), runs: true, every: 200 },
    ...options,
  });
  const server = await consoleServer(
    (audit) => storageHandlers({ store, snapshotFolder: join(folder, 'snapshots'), audit }),
    { name: 'ada', role: 'administrator' },
    port,
  );
  return Object.assign(server, {
    store,
    folder,
    add: async (index: string, daysAgo: number, events: number) => {
      const now = Date.now() - daysAgo * DAY;
      const lines = Array.from({ length: events }, (_, n) => {
        const time = new Date(now - Math.floor((n / events) * 0.9 * DAY)).toISOString();
        return `{"create":{"_index":"${index}"}}\n{"@timestamp":"${time}","n":${n},"text":"${crypto.randomUUID()}"}\n`;
      });
      // They came then, too.
      await store.settle();
      ago = daysAgo * DAY;
      const { errors: wrong } = await store.bulkBody({ body: Buffer.from(lines.join('')) });
      await store.settle();
      ago = 0;
      if (wrong) throw new Error(`events of ${index} were refused`);
    },
    close: async () => {
      await server.console.close();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  });
}
