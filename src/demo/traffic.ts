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
  /** What was not yet played, the newest first. What happens from now on is played as it comes. */
  readonly past: readonly Period[];
}

/** Milliseconds since the epoch: the first of a time, and the first behind it. */
export type Period = readonly [from: number, to: number];

export interface TrafficState {
  readonly sent: number;
  /** Of what lies in the past, 0 to 1. */
  readonly filled: number;
  /** Of the past, what is still to be played, the newest first. */
  readonly missing: readonly Period[];
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
  readonly #length: number;
  #missing: readonly Period[];
  #problem: string | undefined;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#missing = options.past.filter(([from, to]) => from < to);
    this.#length = lengthOf(this.#missing);
    // The past has connections of its own: it must not hold up what happens now.
    this.#senders = [makeSenders(options, false), makeSenders(options, true)];
  }

  get state(): TrafficState {
    const missing = this.#missing;
    const filled = this.#length === 0 ? 1 : 1 - lengthOf(missing) / this.#length;
    return { sent: this.#sent, filled, missing, problem: this.#problem };
  }

  start(): void {
    this.#running ??= Promise.all([this.#live(Date.now()), this.#fill()]);
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
  async #fill(): Promise<void> {
    const { seed } = this.#options;
    const started = performance.now();
    let sent = 0;
    for (let period = this.#missing[0]; period; period = this.#missing[0]) {
      const [from, to] = period;
      const minute = Math.floor((to - 1) / MINUTE);
      const played = messagesOf(minute, seed).filter(({ at }) => at >= from && at < to);
      for (let end = played.length; end > 0; ) {
        const begin = startOfBatch(played, end);
        if (
          !(await this.#send(
            this.#senders[1]!,
            played.slice(begin, end).map(({ message }) => message),
          ))
        )
          return;
        this.#reached(from, played[begin]!.at);
        sent += end - begin;
        end = begin;
      }
      this.#reached(from, Math.max(from, minute * MINUTE));
      const ahead = (sent / FILL_RATE) * 1000 - (performance.now() - started);
      if (!(await this.#pause(Math.max(1, ahead)))) return;
    }
    for (const sender of Object.values(this.#senders[1]!)) sender.close();
  }

  /** Of the newest period only what lies before `to` is left. */
  #reached(from: number, to: number): void {
    const others = this.#missing.slice(1);
    this.#missing = from < to ? [[from, to], ...others] : others;
  }

  /** What a listener does not take is tried again until it does. False: it is over, and not everything was sent. */
  async #send(
    senders: Partial<Record<Delivery['by'], Sender>>,
    messages: readonly Delivery[],
  ): Promise<boolean> {
    const byKind = new Map<Delivery['by'], string[]>();
    for (const { by, text } of messages) {
      const list = byKind.get(by);
      if (list) list.push(text);
      else byKind.set(by, [text]);
    }
    const done = await Promise.all([...byKind].map(([by, texts]) => this.#deliver(senders[by], texts)));
    return done.every(Boolean);
  }

  async #deliver(sender: Sender | undefined, texts: readonly string[]): Promise<boolean> {
    if (!sender) return true;
    for (;;) {
      try {
        await sender.send(texts);
        this.#sent += texts.length;
        this.#problem = undefined;
        return true;
      } catch (error) {
        this.#problem = (error as Error).message;
        if (!(await this.#pause(RETRY_MS))) return false;
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

const lengthOf = (periods: readonly Period[]): number =>
  periods.reduce((sum, [from, to]) => sum + to - from, 0);

/** The messages of a minute. What it says of the seconds behind it belongs to its end: minutes are played one by one. */
const messagesOf = (minute: number, seed: number): { at: number; message: Delivery }[] =>
  minuteOf(minute, seed).map((message) => ({
    at: Math.min(message.at, (minute + 1) * MINUTE - 1),
    message,
  }));

/** Where the last batch before `end` begins: what happened at one time stays together. */
function startOfBatch(played: readonly { readonly at: number }[], end: number): number {
  let begin = Math.max(0, end - BATCH);
  while (begin > 0 && played[begin - 1]!.at === played[begin]!.at) begin--;
  return begin;
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
