import { Resolver } from 'node:dns/promises';

/** Names are kept this long, failures too. */
const TTL_MS = 60_000;
const MAX_CACHED = 10_000;
const MAX_RUNNING = 64;
/** A lookup is given up after this time. */
const TIMEOUT_MS = 500;

interface Known {
  readonly name: string | undefined;
  readonly until: number;
}

/**
 * Names of addresses: cached, bounded in number and time. Never rejects: an address without a name, or looked up
 * while too many lookups run, has none.
 */
export class ReverseLookup {
  readonly #resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
  readonly #cache = new Map<string, Known>();
  readonly #running = new Map<string, Promise<string | undefined>>();
  readonly #reverse: (ip: string) => Promise<string[]>;

  /** `reverse`: who answers; the system's resolver unless given. */
  constructor(reverse?: (ip: string) => Promise<string[]>) {
    this.#reverse = reverse ?? ((ip) => this.#resolver.reverse(ip));
  }

  /** The name if the cache says; `unknown` when it does not. */
  cached(ip: string): { readonly name: string | undefined } | 'unknown' {
    const known = this.#cache.get(ip);
    return known && known.until > performance.now() ? known : 'unknown';
  }

  lookUp(ip: string): Promise<string | undefined> {
    const known = this.cached(ip);
    if (known !== 'unknown') return Promise.resolve(known.name);
    const running = this.#running.get(ip);
    if (running) return running;
    if (this.#running.size >= MAX_RUNNING) return Promise.resolve(undefined);
    const lookup = this.#ask(ip);
    this.#running.set(ip, lookup);
    return lookup;
  }

  async #ask(ip: string): Promise<string | undefined> {
    let name: string | undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<string[]>((resolve) => {
        timer = setTimeout(() => resolve([]), TIMEOUT_MS);
      });
      name = (await Promise.race([this.#reverse(ip), late]))[0];
    } catch {
      // No name, no server: the address stands for itself.
    }
    clearTimeout(timer);
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(ip, { name, until: performance.now() + TTL_MS });
    this.#running.delete(ip);
    return name;
  }
}
