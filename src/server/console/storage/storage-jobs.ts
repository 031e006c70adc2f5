/** What takes longer than a request: it goes on when its page is closed. */
import { randomUUID } from 'node:crypto';
import type { StorageJob } from '../../contract.ts';

/** So many that ended are remembered. */
const REMEMBERED = 20;

export class StorageJobs {
  readonly #jobs: StorageJob[] = [];

  /** `work` gives what came of it, in words; `failed` hears why it did not. */
  begin(
    kind: StorageJob['kind'],
    what: string,
    work: () => Promise<string>,
    failed: (reason: string) => void,
  ): StorageJob {
    const job: StorageJob = {
      id: randomUUID(),
      kind,
      what,
      state: 'running',
      started: Date.now(),
    };
    this.#jobs.unshift(job);
    if (this.#jobs.length > REMEMBERED) {
      const over = this.#jobs.findLastIndex(({ state }) => state !== 'running');
      if (over > 0) this.#jobs.splice(over, 1);
    }
    const end = (state: StorageJob['state'], result: string): void => {
      job.state = state;
      job.result = result;
      job.ended = Date.now();
    };
    work().then(
      (result) => end('done', result),
      (error: unknown) => {
        end('failed', (error as Error).message);
        failed((error as Error).message);
      },
    );
    return { ...job };
  }

  /** The latest first. */
  list(): StorageJob[] {
    return this.#jobs.map((job) => ({ ...job }));
  }
}
