/** Settles as the promise does, or rejects with `reason` when the signal says so: the other side may never answer. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal, reason: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error(reason));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
