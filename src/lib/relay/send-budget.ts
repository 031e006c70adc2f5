/** How many queued datagrams may be sent now: a rate, plus as many as arrive, so that the queue always gets shorter. */
export class SendBudget {
  readonly #rate: number;
  readonly #burst: number;
  #tokens = 0;
  #arrived = 0;
  #at = 0;

  /** A pause saves up no more than a fiftieth of a second. */
  constructor(rate: number) {
    this.#rate = rate;
    this.#burst = Math.max(1, rate / 50);
  }

  start(): void {
    this.#tokens = 1;
    this.#arrived = 0;
    this.#at = performance.now();
  }

  arrived(): void {
    this.#arrived++;
  }

  used(): void {
    this.#tokens--;
  }

  due(): number {
    const now = performance.now();
    this.#tokens =
      Math.min(this.#tokens + (this.#rate * (now - this.#at)) / 1000, Math.max(this.#burst, this.#tokens)) +
      this.#arrived;
    this.#arrived = 0;
    this.#at = now;
    return this.#tokens;
  }
}
