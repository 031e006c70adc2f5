/** How many connections an input holds open at a time: memory is bounded, whatever senders do. */
import type net from 'node:net';
import type { IntakeContext } from '../../kernel/plugin.ts';
import { countOf, Episode, type SayHealth } from './episode.ts';

export const connectionLimitOption = {
  max_connections: {
    type: 'number',
    default: 16_384,
    min: 1,
    description:
      'Connections that may be open at a time. Further ones are closed at once and counted as `refused_connections`; health is yellow meanwhile.',
  },
} as const;

export class ConnectionLimit {
  readonly #refusals: { add(n: number): void };
  readonly #episode: Episode;
  #server: net.Server | undefined;
  #max = 0;
  #refused = 0;

  constructor(
    context: Pick<IntakeContext, 'counter' | 'health' | 'logger'>,
    health: SayHealth = (problem) => context.health(problem),
  ) {
    this.#refusals = context.counter('refused_connections');
    this.#episode = new Episode({
      health,
      logger: context.logger,
      words: () =>
        `${countOf(this.#refused, 'connection')} refused because ${this.#max.toLocaleString('en')} are open (max_connections)`,
      reset: () => {
        this.#refused = 0;
      },
    });
  }

  /** The server refuses what is more from now on; again with another number after a reload. */
  apply(server: net.Server, max: number): void {
    server.maxConnections = this.#max = max;
    if (this.#server === server) return;
    this.#server = server;
    server.on('drop', () => {
      this.#refusals.add(1);
      this.#refused++;
      this.#episode.happened();
    });
  }

  close(): void {
    this.#episode.close();
  }
}
