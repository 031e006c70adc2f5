/** The thread that an embedded store lives in: answers calls that come over ports. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { StoreError } from '../errors.ts';
import { EmbeddedStore } from './embedded-store.ts';
import { embeddedSearcher } from './search/searcher.ts';
import {
  type FromStore,
  type PlainError,
  SIGNAL_AT,
  type ThreadOptions,
  type ToStore,
} from './store-protocol.ts';

const owner = parentPort!;

try {
  const store = await EmbeddedStore.open({ ...(workerData as ThreadOptions), searcher: embeddedSearcher });
  serve(store, owner as unknown as MessagePort, true);
  owner.postMessage({ type: 'ready' } satisfies FromStore);
} catch (error) {
  owner.postMessage({ type: 'failed', message: (error as Error).message } satisfies FromStore);
  owner.close();
}

function serve(store: EmbeddedStore, port: MessagePort, isOwner: boolean): void {
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
          void store.close().then(
            () => answer({ type: 'result', token: message.token, result: undefined }),
            (error: unknown) => answer({ type: 'error', token: message.token, error: plainError(error) }),
          );
        break;
      case 'call':
        void call(store, message, running).then((outcome) => answer(outcome, buffersOf(outcome)));
        break;
    }
  });
  // Whoever is gone wants no more answers.
  port.on('close', () => {
    for (const controller of running.values()) controller.abort();
  });
}

async function call(
  store: EmbeddedStore,
  { token, method, arguments: given }: Extract<ToStore, { type: 'call' }>,
  running: Map<number, AbortController>,
): Promise<FromStore> {
  const controller = new AbortController();
  running.set(token, controller);
  try {
    const at = SIGNAL_AT[method];
    const all = at === undefined ? given : [...given.slice(0, at), controller.signal];
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
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { name, message, stack };
}
