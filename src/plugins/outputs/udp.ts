import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { compileTemplate } from '../../event/sprintf.ts';
import type { Event } from '../../kernel/event-types.ts';
import type { OptionValues } from '../../kernel/options.ts';
import { defineOutput, type Output, type OutputContext, type WriteFailure } from '../../kernel/plugin.ts';

const options = {
  host: { type: 'string', required: true, description: 'Address or name to send to.' },
  port: { type: 'string', required: true, description: 'Port to send to; sprintf allowed.' },
  retry_count: {
    type: 'number',
    default: 0,
    min: 0,
    description: 'How often to try again when the system refuses a datagram.',
  },
  retry_backoff_ms: {
    type: 'number',
    default: 100,
    min: 0,
    description: 'Milliseconds before each of these attempts.',
  },
} as const;

export const udp = defineOutput({
  kind: 'output',
  name: 'udp',
  summary: 'Sends every event as one UDP datagram. What the network loses is lost.',
  defaultCodec: 'json',
  options,
  examples: [{ title: 'JSON datagrams', config: 'udp { host => "192.0.2.7" port => 5140 }' }],
  differences: [
    'A name is looked up every minute, not for each datagram.',
    'Events that can not be sent (too long, no such port) go to the dead letter queue; Logstash logs and drops them.',
  ],
  // The whole event: a rejected one goes to the dead letter queue as it is.
  reads: () => 'all',
  validate({ port }, report) {
    if (!port.includes('%{') && portOf(port) === undefined)
      report('error', 'port', `\`${port}\` is no port`, 'a number from 1 to 65535');
  },
  create: (values, context) => new UdpOutput(values, context),
});

/** How long an address that a name stood for is used. */
const LOOKUP_MS = 60_000;

function portOf(text: string): number | undefined {
  const port = /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : Number.NaN;
  return port >= 1 && port <= 65535 ? port : undefined;
}

class UdpOutput implements Output {
  readonly #context: OutputContext;
  readonly #options: OptionValues<typeof options>;
  /** The same for all events, or undefined: by the template. */
  readonly #fixedPort: number | undefined;
  readonly #portOf: (event: Event) => string;
  readonly #sockets = new Map<number, Socket>();
  #address = '';
  #family = 4;
  #lookedUp = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(values: OptionValues<typeof options>, context: OutputContext) {
    const template = compileTemplate(values.port);
    this.#options = values;
    this.#context = context;
    this.#fixedPort = portOf(values.port);
    this.#portOf = (event) => template.format(event);
  }

  async open(): Promise<void> {
    await this.#resolve();
  }

  async write(events: readonly Event[], signal: AbortSignal): Promise<WriteFailure[]> {
    if (performance.now() - this.#lookedUp > LOOKUP_MS) await this.#resolve();
    const failures: WriteFailure[] = [];
    const again = await this.#sendAll(events, undefined, 0, failures);
    for (let attempt = 1; again.length > 0; attempt++) {
      await sleep(this.#options.retry_backoff_ms, undefined, { signal });
      again.push(...(await this.#sendAll(events, again.splice(0), attempt, failures)));
    }
    return failures;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const socket of this.#sockets.values()) socket.close();
  }

  async #resolve(): Promise<void> {
    const { address, family } = await lookup(this.#options.host);
    this.#address = address;
    this.#family = family;
    this.#lookedUp = performance.now();
  }

  #socket(): Socket {
    const known = this.#sockets.get(this.#family);
    if (known) return known;
    const socket = createSocket({
      type: this.#family === 6 ? 'udp6' : 'udp4',
      // Only addresses are given to it: no need to look anything up for each datagram.
      lookup: (address, _options, callback) => callback(null, address, this.#family),
    });
    socket.on('error', (error) =>
      this.#context.logger.warn({ reason: error.message }, 'the UDP socket failed'),
    );
    socket.unref();
    this.#sockets.set(this.#family, socket);
    return socket;
  }

  /** Sends these events (undefined: all); resolves to the indices that are to be tried once more. */
  #sendAll(
    events: readonly Event[],
    indices: readonly number[] | undefined,
    attempt: number,
    failures: WriteFailure[],
  ): Promise<number[]> {
    const codec = this.#context.outputCodec;
    const socket = this.#socket();
    const again: number[] = [];
    const last = attempt >= this.#options.retry_count;
    let waiting = indices?.length ?? events.length;
    if (waiting === 0) return Promise.resolve(again);
    return new Promise((resolve) => {
      const failed = (index: number, error: NodeJS.ErrnoException): void => {
        if (error.code === 'EMSGSIZE' || last)
          failures.push({ index, kind: 'reject', reason: describe(error) });
        else again.push(index);
      };
      const settle = (): void => {
        if (--waiting === 0) resolve(again);
      };
      for (let at = 0, count = waiting; at < count; at++) {
        const index = indices === undefined ? at : indices[at]!;
        const event = events[index]!;
        const port = this.#fixedPort ?? portOf(this.#portOf(event));
        if (port === undefined) {
          failures.push({ index, kind: 'reject', reason: `\`${this.#portOf(event)}\` is no port` });
          settle();
          continue;
        }
        socket.send(codec.encode(event), port, this.#address, (error) => {
          if (error) failed(index, error);
          settle();
        });
      }
    });
  }
}

function describe(error: NodeJS.ErrnoException): string {
  return error.code === 'EMSGSIZE' ? 'too long for a UDP datagram' : error.message;
}
