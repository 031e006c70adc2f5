/** The thread that the store lives in: answers calls that come over ports. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Logger } from '../../kernel/logger.ts';
import { Secret } from '../../kernel/options.ts';
import { QueryError } from '../../query/query-error.ts';
import { StoreError } from '../errors.ts';
import type { Store } from '../store.ts';
import {
  type FromStore,
  type PlainError,
  SIGNAL_AT,
  TELLS_PROGRESS,
  type ThreadOptions,
  type ToStore,
} from './store-protocol.ts';

const owner = parentPort!;
const ports = new Set<MessagePort>();

try {
  const store = await open(workerData as ThreadOptions);
  serve(store, owner as unknown as MessagePort, true);
  owner.postMessage({ type: 'ready' } satisfies FromStore);
} catch (error) {
  owner.postMessage({ type: 'failed', message: (error as Error).message } satisfies FromStore);
  owner.close();
}

/** A driver is imported when it is wanted: the other one's engine is never loaded. */
async function open(options: ThreadOptions): Promise<Store & { abandon?(): Promise<void> }> {
  if (!('cluster' in options)) {
    const { EmbeddedStore } = await import('./embedded-store.ts');
    const { embeddedSearcher } = await import('./search/searcher.ts');
    return EmbeddedStore.open({ ...options, searcher: embeddedSearcher });
  }
  const { OpenSearchStore } = await import('../opensearch/opensearch-store.ts');
  const { secrets, connection, ...own } = options.cluster;
  const revealed = Object.entries(secrets).map(([name, text]) => [name, new Secret(text)]);
  return OpenSearchStore.open({
    ...own,
    connection: { ...connection, ...Object.fromEntries(revealed) },
    logger: loggerOf(owner),
  });
}

function loggerOf(port: MessagePort): Logger {
  const log =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void =>
      port.postMessage({ type: 'log', level, fields, message } satisfies FromStore);
  const logger: Logger = {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: () => logger,
  };
  return logger;
}

function serve(store: Store & { abandon?(): Promise<void> }, port: MessagePort, isOwner: boolean): void {
  ports.add(port);
  const running = new Map<number, AbortController>();
  const answer = (message: FromStore, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, [...transfer]);
  port.on('message', (message: ToStore) => {
    switch (message.type) {
      case 'connect':
        serve(store, message.port, false);
        break;
      case 'abort':
        running.get(message.token)?.abort();
        break;
      case 'close':
        if (isOwner)
          void store
            .close()
            .then(
              () => answer({ type: 'result', token: message.token, result: undefined }),
              (error: unknown) => answer({ type: 'error', token: message.token, error: plainError(error) }),
            )
            // Nothing keeps the thread then: it ends by itself.
            .finally(() => {
              for (const each of ports) each.close();
            });
        break;
      case 'exit':
        void Promise.resolve(store.abandon?.())
          .catch(() => {})
          .then(() => {
            Atomics.store(message.ended, 0, 1);
            Atomics.notify(message.ended, 0);
          });
        break;
      case 'call':
        void call(store, message, running, answer).then((outcome) => answer(outcome, buffersOf(outcome)));
        break;
    }
  });
  // Whoever is gone wants no more answers.
  port.on('close', () => {
    ports.delete(port);
    for (const controller of running.values()) controller.abort();
  });
}

async function call(
  store: Store,
  { token, method, arguments: given, progress }: Extract<ToStore, { type: 'call' }>,
  running: Map<number, AbortController>,
  tell: (message: FromStore) => void,
): Promise<FromStore> {
  const controller = new AbortController();
  running.set(token, controller);
  try {
    const at = SIGNAL_AT[method];
    const all = at === undefined ? [...given] : [...given.slice(0, at), controller.signal];
    if (progress && TELLS_PROGRESS[method])
      all.push((share: number) => tell({ type: 'progress', token, share }));
    const result = await (store[method] as (...all: readonly unknown[]) => Promise<unknown>)(...all);
    return { type: 'result', token, result };
  } catch (error) {
    return { type: 'error', token, error: plainError(error) };
  } finally {
    running.delete(token);
  }
}

/** The body of an answer to `_bulk` goes over without a copy. */
function buffersOf(outcome: FromStore): ArrayBuffer[] {
  const body =
    outcome.type === 'result' ? (outcome.result as { body?: unknown } | undefined)?.body : undefined;
  return body instanceof Uint8Array && body.byteLength === body.buffer.byteLength && body.byteLength > 0
    ? [body.buffer as ArrayBuffer]
    : [];
}

function plainError(error: unknown): PlainError {
  if (error instanceof StoreError) {
    const { name, message, status, type, details } = error;
    return { name, message, status, type, details };
  }
  if (error instanceof QueryError) {
    const { name, message, status, type } = error;
    return { name, message, status, type };
  }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { name, message, stack };
}
