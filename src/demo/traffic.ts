/** Plays the demo: the last hours as fast as they are taken, and what happens now when it happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Delivery, MINUTE } from './delivery.ts';
import { minuteOf } from './script.ts';
import {
  beatsSender,
  datagramSender,
  type Place,
  type Sender,
  syslogSender,
  webhookSender,
} from './senders.ts';

export interface TrafficOptions {
  /** Where the listeners are; undefined: they are off. */
  readonly beats: Place | undefined;
  readonly syslog: Place | undefined;
  readonly http: Place | undefined;
  readonly seed: number;
  /** What was not yet played: milliseconds since the epoch. Now is played as it comes. */
  readonly since: number;
}

export interface TrafficState {
  readonly sent: number;
  /** Of what lies in the past, 0 to 1. */
  readonly filled: number;
  /** What the listeners do not take, in words. */
  readonly problem: string | undefined;
}

const TICK_MS = 100;
/** Messages in one go. */
const BATCH = 500;
/** Messages a second for the past: others work on this machine, too. */
const FILL_RATE = 6000;
const RETRY_MS = 1000;

export class Traffic {
  readonly #options: TrafficOptions;
  readonly #stopped = new AbortController();
  readonly #senders: readonly Partial<Record<Delivery['by'], Sender>>[];
  #running: Promise<unknown> | undefined;
  #sent = 0;
  #filled = 0;
  #problem: string | undefined;

  constructor(options: TrafficOptions) {
    this.#options = options;
    // The past has connections of its own: it must not hold up what happens now.
    this.#senders = [makeSenders(options, false), makeSenders(options, true)];
  }

  get state(): TrafficState {
    return { sent: this.#sent, filled: this.#filled, problem: this.#problem };
  }

  start(): void {
    const now = Date.now();
    this.#running ??= Promise.all([this.#live(now), this.#fill(now)]);
  }

  /** Resolves when nothing is sent any more. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const senders of this.#senders) for (const sender of Object.values(senders)) sender.close();
    await this.#running;
  }

  async #live(from: number): Promise<void> {
    let minute = Math.floor(from / MINUTE);
    let waiting = minuteOf(minute, this.#options.seed).filter(({ at }) => at >= from);
    while (await this.#pause(TICK_MS)) {
      const now = Date.now();
      const due: Delivery[] = [];
      for (;;) {
        while (waiting.length > 0 && waiting[0]!.at <= now) due.push(waiting.shift()!);
        if (waiting.length > 0 || Math.floor(now / MINUTE) <= minute) break;
        // After a long sleep of the machine the minutes between are left out.
        minute = Math.max(minute + 1, Math.floor(now / MINUTE) - 1);
        waiting = minuteOf(minute, this.#options.seed);
      }
      await this.#send(this.#senders[0]!, due);
    }
  }

  /** From now backwards, so that the screens that people open first have life at once. */
  async #fill(until: number): Promise<void> {
    const { since, seed } = this.#options;
    const [first, last] = [Math.floor(since / MINUTE), Math.floor(until / MINUTE)];
    const started = performance.now();
    let sent = 0;
    for (let minute = last; minute >= first; minute--) {
      const played = minuteOf(minute, seed).filter(({ at }) => at >= since && at < until);
      for (let at = 0; at < played.length; at += BATCH)
        await this.#send(this.#senders[1]!, played.slice(at, at + BATCH));
      sent += played.length;
      this.#filled = (last - minute + 1) / (last - first + 1);
      const ahead = (sent / FILL_RATE) * 1000 - (performance.now() - started);
      if (!(await this.#pause(Math.max(1, ahead)))) return;
    }
    this.#filled = 1;
    for (const sender of Object.values(this.#senders[1]!)) sender.close();
  }

  /** What a listener does not take is tried again until it does. */
  async #send(
    senders: Partial<Record<Delivery['by'], Sender>>,
    messages: readonly Delivery[],
  ): Promise<void> {
    const byKind = new Map<Delivery['by'], string[]>();
    for (const { by, text } of messages) {
      const list = byKind.get(by);
      if (list) list.push(text);
      else byKind.set(by, [text]);
    }
    await Promise.all([...byKind].map(([by, texts]) => this.#deliver(senders[by], texts)));
  }

  async #deliver(sender: Sender | undefined, texts: readonly string[]): Promise<void> {
    if (!sender) return;
    for (;;) {
      try {
        await sender.send(texts);
        this.#sent += texts.length;
        this.#problem = undefined;
        return;
      } catch (error) {
        this.#problem = (error as Error).message;
        if (!(await this.#pause(RETRY_MS))) return;
      }
    }
  }

  /** False: it is over. */
  async #pause(millis: number): Promise<boolean> {
    const { signal } = this.#stopped;
    await sleep(millis, undefined, { signal }).catch(() => {});
    return !signal.aborted;
  }
}

function makeSenders(
  { beats, syslog, http }: TrafficOptions,
  reliable: boolean,
): Partial<Record<Delivery['by'], Sender>> {
  return {
    ...(syslog && {
      syslog: syslogSender(syslog),
      // Datagrams in thousands would be lost.
      datagram: reliable ? syslogSender(syslog) : datagramSender(syslog),
    }),
    ...(beats && { beats: beatsSender(beats) }),
    ...(http && { webhook: webhookSender(http) }),
  };
}
