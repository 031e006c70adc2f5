/** Trouble that comes in bursts, told to health as one: from its first time to ten seconds after its last. */
import type { Logger } from '../../kernel/logger.ts';

const LOOK_MS = 1000;
/** Looks without anything new after which all is well again. */
const QUIET = 10;

export type SayHealth = (problem: string | undefined) => void;

export interface EpisodeOptions {
  readonly health: SayHealth;
  readonly logger: Logger;
  /** What has happened in this episode, with its numbers. */
  words(): string;
  /** It is over: numbers begin at zero. */
  reset(): void;
}

export class Episode {
  readonly #options: EpisodeOptions;
  #timer: NodeJS.Timeout | undefined;
  #changed = false;
  #quiet = 0;

  constructor(options: EpisodeOptions) {
    this.#options = options;
  }

  /** Once more; the numbers in `words` say so already. Health is told at once, then every second. */
  happened(): void {
    this.#changed = true;
    if (this.#timer) return;
    const { logger, words } = this.#options;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
    this.#look();
    logger.warn({}, words());
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const { health, logger, words, reset } = this.#options;
    if (this.#changed) {
      this.#changed = false;
      this.#quiet = 0;
      health(words());
    } else if (++this.#quiet >= QUIET) {
      this.close();
      health(undefined);
      logger.warn({}, `over for ${QUIET} seconds: ${words()}`);
      this.#quiet = 0;
      reset();
    }
  }
}

/** Several parts of an input that may be in trouble at the same time, as one problem. */
export class HealthParts {
  readonly #say: SayHealth;
  readonly #problems = new Map<number, string>();
  #parts = 0;

  constructor(say: SayHealth) {
    this.#say = say;
  }

  part(): SayHealth {
    const part = this.#parts++;
    return (problem) => {
      if (problem === undefined) this.#problems.delete(part);
      else this.#problems.set(part, problem);
      this.#say(this.#problems.size === 0 ? undefined : [...this.#problems.values()].join('; '));
    };
  }
}

/** `1,204 datagrams` */
export const countOf = (n: number, one: string): string =>
  `${n.toLocaleString('en')} ${one}${n === 1 ? '' : 's'}`;
