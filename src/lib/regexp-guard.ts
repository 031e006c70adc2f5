/**
 * Runs code that may take for ever (regular expressions that V8's linear engine does not take, scripts of users)
 * under a time limit that ends it and leaves the thread alive. Starting the clock costs some 0.2 ms, so it is started
 * once for a whole batch; an index of progress names the event that was too slow.
 */
import vm from 'node:vm';

const KEY = Symbol.for('millrace.guarded');
const slot = globalThis as { [KEY]?: () => void };
const enter = new vm.Script("globalThis[Symbol.for('millrace.guarded')]()", { filename: 'guarded' });

/**
 * Calls `work(index)` for `from` ≤ index < `count`. Returns -1 when all are done, or the index of the call that took
 * longer than `timeoutMillis`: its work was stopped in the middle, and the caller goes on behind it. A call that was
 * only begun when the clock ran out is called once more, so let `work` store its result last.
 * @throws what `work` throws
 */
export function runGuarded(
  count: number,
  timeoutMillis: number,
  work: (index: number) => void,
  from: number = 0,
): number {
  let index = from;
  let begun = 0;
  const loop = (): void => {
    for (; index < count; index++) {
      begun = performance.now();
      work(index);
    }
  };
  // The batch as a whole gets a little more, so that the first slow call in it is known to be the slow one.
  const clock = timeoutMillis + Math.max(timeoutMillis / 4, 50);
  const outer = slot[KEY];
  try {
    for (;;) {
      slot[KEY] = loop;
      if (!interrupted(clock)) return -1;
      if (performance.now() - begun >= timeoutMillis) return index;
    }
  } finally {
    if (outer) slot[KEY] = outer;
    else delete slot[KEY];
  }
}

/** Runs what is in the slot; true when the clock ended it. */
function interrupted(timeoutMillis: number): boolean {
  try {
    enter.runInThisContext({ timeout: Math.max(1, Math.ceil(timeoutMillis)) });
    return false;
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return true;
    throw error;
  }
}

/** As `runGuarded` for one call; true when it was done in time. */
export function runsInTime(timeoutMillis: number, work: () => void): boolean {
  return runGuarded(1, timeoutMillis, work) === -1;
}
