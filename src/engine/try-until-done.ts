import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds before the second try; each wait is twice as long as the one before, up to the longest. */
const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/** Tries what has just failed again and again. Resolves to false when the signal ends it. */
export async function tryUntilDone(
  task: () => Promise<unknown>,
  failed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<boolean> {
  for (let wait = FIRST_MS; ; wait = Math.min(wait * 2, LONGEST_MS)) {
    await sleep(wait, undefined, { signal }).catch(() => {});
    if (signal.aborted) return false;
    try {
      await task();
      return !signal.aborted;
    } catch (error) {
      if (signal.aborted) return false;
      failed(error);
    }
  }
}
