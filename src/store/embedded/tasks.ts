/** What takes a while, so that people see how far it is. */
import type { StoreTask } from '../store.ts';

export interface RunningTask extends StoreTask {
  done: number;
}

export class Tasks {
  readonly #running = new Set<RunningTask>();

  begin(text: string, total: number): RunningTask {
    const task = { text, done: 0, total };
    this.#running.add(task);
    return task;
  }

  end(task: RunningTask): void {
    this.#running.delete(task);
  }

  get all(): StoreTask[] {
    return [...this.#running].map((task) => ({ ...task }));
  }
}
