/** What is in the files of persisted queues, read by threads of their own: a queue may have gigabytes. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { AnswerOf } from '../../contract.ts';
import { ConsoleError } from '../call.ts';

export type QueueView = AnswerOf<'GET /api/queues/:pipeline'>;
export type QueueViewAnswer =
  | { readonly view: QueueView; readonly problem?: undefined }
  | { readonly problem: string };

/** Milliseconds that an answer is given again. */
const FRESH = 2000;
const LIMIT = 60_000;

export const noQueue: QueueView = {
  folder: '',
  persisted: false,
  segments: [],
  waitingEvents: 0,
  waitingBytes: 0,
  sources: [],
  damagedAcks: 0,
  setAside: [],
};

export class QueueViews {
  readonly #known = new Map<string, Promise<QueueView>>();

  /** Of a folder. Those who ask at the same time, or soon after, get the same. @throws ConsoleError */
  of(folder: string): Promise<QueueView> {
    const known = this.#known.get(folder);
    if (known) return known;
    const reading = readInThread(folder);
    this.#known.set(folder, reading);
    const forget = (): void => {
      this.#known.delete(folder);
    };
    reading.then(() => setTimeout(forget, FRESH).unref(), forget);
    return reading;
  }
}

function readInThread(folder: string): Promise<QueueView> {
  const worker = new Worker(new URL(`./queue-view-thread${extname(import.meta.url)}`, import.meta.url), {
    workerData: folder,
    name: 'queue view',
  });
  return new Promise<QueueView>((resolve, reject) => {
    const late = setTimeout(() => {
      void worker.terminate();
      reject(
        new ConsoleError(
          503,
          'slow',
          'the queue is too large to be looked through here: use millrace queue inspect',
        ),
      );
    }, LIMIT);
    worker.once('message', (answer: QueueViewAnswer) => {
      if (answer.problem === undefined) resolve(answer.view);
      else reject(new ConsoleError(503, 'queue', `the queue can not be read: ${answer.problem}`));
    });
    worker.once('error', reject);
    worker.once('exit', () => {
      clearTimeout(late);
      reject(new Error('the thread that read the queue ended'));
    });
  });
}
