/** How far a long piece of work of the store is: a line on standard error, in a terminal. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../store/store.ts';

const EVERY_MS = 500;

/** The result of `work`; meanwhile the store is asked what it does. */
export async function watchTasks<T>(store: Store, work: Promise<T>): Promise<T> {
  if (process.stderr.isTTY !== true) return work;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      await sleep(EVERY_MS, undefined, { ref: false });
      if (isOver) break;
      const { tasks = [] } = await store.status();
      const text = tasks.map(
        ({ text: what, done, total }) => `${what}: ${total === 0 ? 0 : Math.floor((done / total) * 100)} %`,
      );
      process.stderr.write(`\r\x1b[K${text.join(', ')}`);
    }
  })().catch(() => {});
  try {
    return await work;
  } finally {
    isOver = true;
    await Promise.race([watching, sleep(EVERY_MS, undefined, { ref: false })]);
    process.stderr.write('\r\x1b[K');
  }
}
