/** The real console over a real store with events of thirty days, with a caller of the test's choice. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../../src/kernel/logger.ts';
import { type AuditEntry, type Caller, ConsoleError, type Handlers } from '../../src/server/console/call.ts';
import { type Console, startConsole } from '../../src/server/console/console.ts';
import { storageHandlers } from '../../src/server/console/storage.ts';
import type { RouteName } from '../../src/server/contract.ts';
import { type EmbeddedOptions, EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { embeddedSearcher as searcher } from '../../src/store/embedded/search/searcher.ts';

export interface StorageConsole {
  readonly console: Console;
  readonly url: string;
  readonly store: EmbeddedStore;
  readonly folder: string;
  readonly audited: AuditEntry[];
  /** Errors of the server that nobody expected. */
  readonly errors: string[];
  /** Who asks from now on. */
  caller: Caller | undefined;
  /** So many events of a day that long ago, in segments. */
  add(index: string, daysAgo: number, events: number): Promise<void>;
  close(): Promise<void>;
}

const DAY = 86_400_000;

export async function startStorageConsole(
  options: Partial<EmbeddedOptions> = {},
  port = 0,
): Promise<StorageConsole> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-storage-'));
  const store = await EmbeddedStore.open({
    folder: join(folder, 'store'),
    searcher,
    memoryLimit: 2 ** 29,
    reserve: 0,
    ...options,
  });
  const audited: AuditEntry[] = [];
  const errors: string[] = [];
  const logger = {
    warn: (_: unknown, text: string) => errors.push(text),
    error: (_: unknown, text: string) => errors.push(text),
  } as unknown as Logger;
  const audit = (entry: AuditEntry): void => void audited.push(entry);
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
  const known: Record<string, unknown> = {
    ...storageHandlers({ store, snapshotFolder: join(folder, 'snapshots'), audit }),
    'GET /api/session': session,
  };
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
      audit,
    },
    logger,
    host: '127.0.0.1',
    port,
    pages: fileURLToPath(new URL('../../dist/ui', import.meta.url)),
  });
  const state: StorageConsole = {
    console,
    url: console.url,
    store,
    folder,
    audited,
    errors,
    caller: { name: 'ada', role: 'administrator' },
    add: async (index, daysAgo, events) => {
      const now = Date.now() - daysAgo * DAY;
      const lines = Array.from({ length: events }, (_, n) => {
        const time = new Date(now - Math.floor((n / events) * 0.9 * DAY)).toISOString();
        return `{"create":{"_index":"${index}"}}\n{"@timestamp":"${time}","n":${n},"text":"${crypto.randomUUID()}"}\n`;
      });
      const { errors: wrong } = await store.bulkBody({ body: Buffer.from(lines.join('')) });
      if (wrong) throw new Error(`events of ${index} were refused`);
    },
    close: async () => {
      await console.close();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return state;
}
