/** Sign-in with name and password: slow for those who guess, fast for shippers that send theirs with every request. */
import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type User, type Users, verifyPassword, wasteTime } from './users.ts';

/** A password that was right is believed so long. */
const FRESH_MS = 60_000;
const MAX_REMEMBERED = 1000;
/** Failures that cost nothing yet. */
const FREE_FAILURES = 5;
const MAX_DELAY_MS = 10_000;
/** A failure is forgotten after so long. */
const FORGET_MS = 15 * 60_000;
/** Hashes at once: each takes 46 MiB and a core. */
const PARALLEL = 2;
const MAX_WAITING = 64;

interface Failures {
  count: number;
  last: number;
}

export class UserSignIn {
  readonly #users: Users;
  /** Of this process: what is remembered tells nothing about passwords. */
  readonly #key = randomBytes(32);
  readonly #right = new Map<string, { until: number; password: string }>();
  readonly #failures = new Map<string, Failures>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(users: Users) {
    this.#users = users;
  }

  /** Undefined: no such user, or another password. */
  async signIn(name: string, password: string, address: string): Promise<User | undefined> {
    const user = this.#users.find(name);
    const digest = createHmac('sha256', this.#key).update(`${name}\0${password}`).digest('base64');
    const known = this.#right.get(digest);
    // A password that was changed since has another hash.
    if (user && known && known.until > Date.now() && known.password === user.password) return user;
    const places = [`user ${name.slice(0, 256)}`, `address ${address}`];
    const delay = Math.max(...places.map((place) => this.#delay(place)));
    if (delay > 0) await sleep(delay, undefined, { ref: false });
    if (!(await this.#enter())) return undefined;
    let isRight = false;
    try {
      if (user && !user.external) isRight = await verifyPassword(password, user.password);
      else await wasteTime(password);
    } finally {
      this.#leave();
    }
    if (!user || !isRight) {
      for (const place of places) this.#fail(place);
      return undefined;
    }
    for (const place of places) this.#failures.delete(place);
    bound(this.#right);
    this.#right.set(digest, { until: Date.now() + FRESH_MS, password: user.password });
    return user;
  }

  /** Doubles with every failure, to ten seconds. */
  #delay(place: string): number {
    const failures = this.#failures.get(place);
    if (!failures || Date.now() - failures.last > FORGET_MS || failures.count < FREE_FAILURES) return 0;
    return Math.min(MAX_DELAY_MS, 100 * 2 ** (failures.count - FREE_FAILURES));
  }

  #fail(place: string): void {
    const failures = this.#failures.get(place);
    const isOld = !failures || Date.now() - failures.last > FORGET_MS;
    if (!failures) bound(this.#failures);
    this.#failures.set(place, { count: isOld ? 1 : failures.count + 1, last: Date.now() });
  }

  /** False: so many wait that another one is refused. */
  async #enter(): Promise<boolean> {
    if (this.#running < PARALLEL) {
      this.#running++;
      return true;
    }
    if (this.#waiting.length >= MAX_WAITING) return false;
    await new Promise<void>((go) => this.#waiting.push(go));
    return true;
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running--;
  }
}

/** The oldest goes. */
function bound(map: Map<string, unknown>): void {
  if (map.size < MAX_REMEMBERED) return;
  const [oldest] = map.keys();
  map.delete(oldest!);
}
