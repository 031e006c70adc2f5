/** Whether the inputs of a pipeline may go on: what they are told when its queue is full, and who waits for it. */
import type { Admission } from '../queue/admission.ts';
import type { Queue } from '../queue/queue.ts';

/** A persisted queue takes what comes, but for senders that can wait while workers deliver: at least this often. */
const PROGRESS_MS = 200;
/** Blocks that wait then: about as many as are delivered before their turn to be written comes. */
const SLOW_BLOCKS = 16;

export interface RoomHost {
  /** There was no room, and now there is. */
  roomAgain(): void;
  /** Those who wait are about to be told. */
  goOn(): void;
}

export class Room {
  readonly #queue: Queue;
  readonly #admission: Admission;
  readonly #host: RoomHost;
  readonly #waiters: (() => void)[] = [];
  #fullSince: number | undefined;
  /** Workers deliver, and more waits for them than they need: senders that can wait shall. */
  #slow = false;
  #slowTimer: NodeJS.Timeout | undefined;
  #lastDone = 0;

  constructor(queue: Queue, admission: Admission, host: RoomHost) {
    this.#queue = queue;
    this.#admission = admission;
    this.#host = host;
  }

  /** Milliseconds since the epoch when the queue was full, if it still is. */
  get fullSince(): number | undefined {
    return this.#fullSince;
  }
  get isFull(): boolean {
    return this.#fullSince !== undefined;
  }
  get mayGoOn(): boolean {
    return !this.isFull && !this.#slow;
  }

  /** A block was pushed. */
  pushed(): void {
    if (!this.#admission.isEmpty || !this.#queue.hasRoom) this.#fullSince ??= Date.now();
    else if (this.#queue.type === 'persisted' && this.#queue.waitingBlocks >= SLOW_BLOCKS) this.#slowDown();
  }

  /** A block was delivered. */
  delivered(): void {
    this.#lastDone = performance.now();
  }

  /** As long as workers make progress, what a sender can hold need not go to the disk. */
  #slowDown(): void {
    if (this.#slow || performance.now() - this.#lastDone > PROGRESS_MS) return;
    this.#slow = true;
    this.#slowTimer ??= setInterval(() => {
      if (performance.now() - this.#lastDone <= PROGRESS_MS && this.#slow) return;
      clearInterval(this.#slowTimer);
      this.#slowTimer = undefined;
      this.#slow = false;
      this.check();
    }, PROGRESS_MS / 2);
  }

  /** Lets senders go on when there is room. */
  check(): void {
    if (!this.#admission.isEmpty) this.#admission.drain();
    if (this.isFull) {
      if (!this.#queue.hasRoomAgain || !this.#admission.isEmpty) return;
      this.#fullSince = undefined;
      this.#host.roomAgain();
    } else if (!this.#queue.hasRoom) this.#fullSince = Date.now();
    if (this.#slow && this.#queue.waitingBlocks <= SLOW_BLOCKS / 2) this.#slow = false;
    if (!this.mayGoOn || this.#waiters.length === 0) return;
    this.#host.goOn();
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** Resolves when senders may go on. */
  wait(): Promise<void> {
    if (this.mayGoOn) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  close(): void {
    clearInterval(this.#slowTimer);
  }
}
