/** The thread that writes and syncs the files of one persisted queue. */
import { parentPort, workerData } from 'node:worker_threads';
import { lockFolder } from '../kernel/folder-lock.ts';
import type { DiskOptions, FromQueueWriter, ReadAnswer, ReadRequest, ToQueueWriter } from './queue-disk.ts';
import { RealFiles } from './queue-files.ts';
import { SegmentStore } from './segment-store.ts';

/** Milliseconds between syncs of acknowledgements: what is lost of them is delivered twice. */
const ACK_SYNC_MS = 1000;

const options = workerData as DiskOptions;
const port = parentPort!;
let files: RealFiles | undefined;
let store: SegmentStore | undefined;
let unlock: (() => void) | undefined;
let acksSynced = performance.now();

function open(): unknown {
  files = new RealFiles(options.folder);
  unlock = lockFolder(options.folder, `the queue in ${options.folder}`);
  try {
    const opened = SegmentStore.open(files, options);
    store = opened.store;
    return opened.recovery;
  } catch (error) {
    unlock();
    throw error;
  }
}

function commit({ blocks, acknowledged }: Extract<ToQueueWriter, { type: 'commit' }>): void {
  let failure: unknown;
  // First what makes room on the disk.
  try {
    if (acknowledged.length > 0) store!.acknowledge(acknowledged);
  } catch (error) {
    failure = error;
  }
  if (blocks.length > 0) store!.commit(blocks);
  else if (acknowledged.length === 0) store!.probe();
  if (failure) throw failure;
  const now = performance.now();
  if (now - acksSynced < ACK_SYNC_MS) return;
  acksSynced = now;
  store!.syncAcknowledgements();
}

function read({ sequence, bytes }: ReadRequest): ReadAnswer | undefined {
  const block = store!.read(sequence);
  if (!block) return undefined;
  bytes?.set(block.bytes);
  return { runs: block.runs, peers: block.peers };
}

function close(): void {
  store?.close();
  files?.closeReaders();
  unlock?.();
}

function answer(message: ToQueueWriter): unknown {
  switch (message.type) {
    case 'open':
      return open();
    case 'commit':
      return commit(message);
    case 'read':
      return message.requests.map(read);
    case 'close':
      return close();
  }
}

port.on('message', (message: ToQueueWriter) => {
  const { token } = message;
  try {
    port.postMessage({ token, result: answer(message) } satisfies FromQueueWriter);
  } catch (error) {
    store?.release();
    const { message: text, code } = error as NodeJS.ErrnoException;
    port.postMessage({ token, error: text, code } satisfies FromQueueWriter);
  }
});
