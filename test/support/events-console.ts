/** The real console over a real store, with a caller of the test's choice instead of sessions. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../../src/kernel/logger.ts';
import { type AuditEntry, type Caller, ConsoleError, type Handlers } from '../../src/server/console/call.ts';
import { type Console, startConsole } from '../../src/server/console/console.ts';
import { eventHandlers } from '../../src/server/console/events.ts';
import type { RouteName } from '../../src/server/contract.ts';
import { EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { embeddedSearcher } from '../../src/store/embedded/search/searcher.ts';
import type { Store } from '../../src/store/store.ts';

export const administrator: Caller = { name: 'ada', role: 'administrator' };

export interface EventsConsole {
  readonly console: Console;
  readonly url: string;
  readonly audited: AuditEntry[];
  /** Errors of the server that nobody expected. */
  readonly errors: string[];
  /** Who asks from now on. */
  caller: Caller | undefined;
}

export async function startEventsConsole(
  store: Store,
  caller: Caller | undefined = administrator,
): Promise<EventsConsole> {
  const audited: AuditEntry[] = [];
  const errors: string[] = [];
  const logger = {
    warn: (_: unknown, text: string) => errors.push(text),
    error: (_: unknown, text: string) => errors.push(text),
  } as unknown as Logger;
  const events = eventHandlers({ store, audit: (entry) => audited.push(entry) });
  const session = (): object => ({
    user: state.caller && {
      name: state.caller.name,
      role: state.caller.role,
      expires: Date.now() + 3_600_000,
    },
    setup: false,
    csrf: 'proof',
    version: 'test',
    providers: [],
  });
  const known: Record<string, unknown> = { ...events, 'GET /api/session': session };
  const handlers = new Proxy(known, {
    get: (target, name: RouteName) =>
      target[name] ??
      (() => {
        throw new ConsoleError(501, 'not_here', `${name} is not part of this test`);
      }),
  }) as unknown as Handlers;
  const console = await startConsole({
    handlers,
    access: {
      identify: async () => state.caller,
      provesOrigin: ({ headers }) => headers['x-millrace-csrf'] === 'proof',
      audit: (entry) => audited.push(entry),
    },
    logger,
    host: '127.0.0.1',
    port: 0,
    pages: fileURLToPath(new URL('../../dist/ui', import.meta.url)),
  });
  const state: EventsConsole = { console, url: console.url, audited, errors, caller };
  return state;
}

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
