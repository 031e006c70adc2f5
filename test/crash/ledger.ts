/**
 * The books of a series of crashes: which events were sent, which were answered, which arrived, and when the process
 * was killed. `judge` says what was lost and what came twice.
 *
 * An event is the text `SENDER NUMBER ATTEMPT PADDING`, and its padding follows from sender and number: damage shows.
 */
export type Kind = 'lumberjack' | 'http' | 'tcp';

/** What the sink took in one piece. */
export interface Delivery {
  /** When the sink answered; Infinity: it did not. */
  answeredAt: number;
  /** The sink broke the connection instead of answering. */
  broken: boolean;
  /** The first part of an event may be there, of a write that a kill cut; the whole must come behind it. */
  readonly torn?: boolean;
}

/**
 * What may come twice after a kill, in bytes: four blocks of 256 KiB that each worker has, and what was delivered so
 * shortly before that the acknowledgement was not written (it is within 5 ms and a commit).
 */
const BLOCKS_BYTES = 4 * 256 * 1024;
const ACK_WRITTEN_MS = 250;

interface Account {
  readonly kind: Kind;
  sent: number;
  readonly answered: Set<number>;
  readonly arrived: Set<number>;
  /** Highest number that arrived so far, and how many came after a higher one. */
  highest: number;
  disordered: number;
}

interface Duplicate {
  readonly text: string;
  readonly before: Delivery;
  /** Kills before the first copy arrived. */
  readonly kills: number;
}

export interface Judgement {
  readonly lost: Readonly<Record<'lumberjack' | 'http', readonly string[]>>;
  readonly sent: Readonly<Record<Kind, number>>;
  readonly answered: Readonly<Record<Kind, number>>;
  readonly arrived: Readonly<Record<Kind, number>>;
  /** Events that came a second time after a kill: all, and most for one kill. */
  readonly duplicates: number;
  readonly mostAtOneKill: number;
  /** The same because the sink broke the connection before it answered. */
  readonly afterBrokenAnswer: number;
  readonly problems: readonly string[];
}

const MAX_PROBLEMS = 20;

export class Ledger {
  readonly #accounts = new Map<string, Account>();
  readonly #copies = new Map<string, { delivery: Delivery; kills: number }>();
  readonly #duplicates: Duplicate[] = [];
  readonly #kills: number[] = [];
  readonly #problems: string[] = [];

  problem(text: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(text);
  }

  /** A sender that nobody had before; `kind` tells what it may expect. */
  open(sender: string, kind: Kind): void {
    this.#accounts.set(sender, {
      kind,
      sent: 0,
      answered: new Set(),
      arrived: new Set(),
      highest: 0,
      disordered: 0,
    });
  }

  /** The number of the sender's next event. */
  next(sender: string): number {
    return ++this.#accounts.get(sender)!.sent;
  }

  /** The receiver is responsible for the event from now on. */
  answered(sender: string, number: number): void {
    this.#accounts.get(sender)!.answered.add(number);
  }

  /** The process was killed, and what it had sent before has been read by the sink. */
  killed(at: number): void {
    this.#kills.push(at);
  }

  arrived(text: string, delivery: Delivery): void {
    const [sender, number, attempt] = text.split(' ', 3) as [string, string, string];
    const account = this.#accounts.get(sender);
    const whole = eventText(sender, Number(number), Number(attempt));
    if (account !== undefined && delivery.torn && text !== whole && whole.startsWith(text)) return;
    if (account === undefined || text !== whole) {
      this.problem(`something arrived that was never sent: ${JSON.stringify(text.slice(0, 200))}`);
      return;
    }
    const before = this.#copies.get(`${sender} ${number} ${attempt}`);
    if (before !== undefined)
      this.#duplicates.push({
        text,
        before: before.delivery,
        kills: before.kills,
      });
    this.#copies.set(`${sender} ${number} ${attempt}`, { delivery, kills: this.#kills.length });
    const value = Number(number);
    if (account.arrived.has(value)) return;
    account.arrived.add(value);
    if (value < account.highest) account.disordered++;
    else account.highest = value;
  }

  hasArrived(sender: string, number: number): boolean {
    return this.#accounts.get(sender)!.arrived.has(number);
  }

  /** Events of a sender that came after a later one of it. */
  disordered(sender: string): number {
    return this.#accounts.get(sender)!.disordered;
  }

  /** Answered and not arrived yet. */
  missing(kind?: Kind): string[] {
    const found: string[] = [];
    for (const [sender, { kind: of, answered, arrived }] of this.#accounts) {
      if (kind !== undefined && of !== kind) continue;
      for (const number of answered) if (!arrived.has(number)) found.push(`${sender} ${number}`);
    }
    return found;
  }

  get total(): number {
    return this.#copies.size + this.#duplicates.length;
  }

  /** @param workers that have blocks at a time */
  judge(workers: number): Judgement {
    const sum = (of: (account: Account) => number): Record<Kind, number> => {
      const sums = { lumberjack: 0, http: 0, tcp: 0 };
      for (const account of this.#accounts.values()) sums[account.kind] += of(account);
      return sums;
    };
    const perKill = new Map<number, { events: number; bytes: number }>();
    let afterBrokenAnswer = 0;
    for (const { text, before, kills } of this.#duplicates) {
      if (before.broken) {
        afterBrokenAnswer++;
        continue;
      }
      const kill = this.#kills[kills];
      if (kill === undefined) {
        this.problem(`${text.slice(0, 50)} came twice, and there was no kill in between`);
        continue;
      }
      const one = perKill.get(kills) ?? { events: 0, bytes: 0 };
      perKill.set(kills, one);
      one.events++;
      if (kill - before.answeredAt > ACK_WRITTEN_MS) one.bytes += text.length;
    }
    for (const { events, bytes } of perKill.values())
      if (bytes > workers * BLOCKS_BYTES)
        this.problem(`${events} events, ${bytes} bytes, came twice after one kill: more than was in flight`);
    return {
      lost: { lumberjack: this.missing('lumberjack'), http: this.missing('http') },
      sent: sum(({ sent }) => sent),
      answered: sum(({ answered }) => answered.size),
      arrived: sum(({ arrived }) => arrived.size),
      duplicates: this.#duplicates.length - afterBrokenAnswer,
      mostAtOneKill: Math.max(0, ...[...perKill.values()].map(({ events }) => events)),
      afterBrokenAnswer,
      problems: this.#problems,
    };
  }
}

/** Lengths from nothing to some hundred bytes, and now and then twenty thousand. */
export function eventText(sender: string, number: number, attempt: number): string {
  const length = number % 997 === 0 ? 20_000 : (number * 7919) % 311;
  const pattern = `${sender}${number}.`;
  return `${sender} ${number} ${attempt} ${pattern.repeat(Math.ceil(length / pattern.length)).slice(0, length)}`;
}
