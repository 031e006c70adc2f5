/** The real console over a real store, with a caller of the test's choice instead of sessions. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Caller } from '../../src/server/console/call.ts';
import { eventHandlers } from '../../src/server/console/events.ts';
import { EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { embeddedSearcher } from '../../src/store/embedded/search/searcher.ts';
import type { Store } from '../../src/store/store.ts';
import { type ConsoleServer, consoleServer } from './console-server.ts';

export const administrator: Caller = { name: 'ada', role: 'administrator' };

export type EventsConsole = ConsoleServer;

export const startEventsConsole = (
  store: Store,
  caller: Caller | undefined = administrator,
): Promise<EventsConsole> => consoleServer((audit) => eventHandlers({ store, audit }), caller);

export interface TestStore {
  readonly store: EmbeddedStore;
  /** Index, then documents: objects or JSON text. */
  add(index: string, ...documents: readonly unknown[]): Promise<void>;
  close(): Promise<void>;
}

export async function openTestStore(): Promise<TestStore> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-discover-'));
  const store = await EmbeddedStore.open({
    folder,
    searcher: embeddedSearcher,
    memoryLimit: 2 ** 30,
    reserve: 0,
  });
  return {
    store,
    add: async (index, ...documents) => {
      const texts = documents.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
      const parts = texts.map((text) => Buffer.from(text));
      let end = 0;
      const ends = Int32Array.from(parts, (part) => (end += part.length));
      const { errors, items } = await store.bulk({
        source: Buffer.concat(parts),
        ends,
        operations: { action: 'create', index },
      });
      if (errors) throw new Error(JSON.stringify(items.find(({ error }) => error)));
    },
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
