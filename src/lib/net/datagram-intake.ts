/** Datagrams into the queue. What finds no room is dropped and counted for its sender; health says so while it lasts. */
import type { IntakeContext } from '../../kernel/plugin.ts';
import { countOf, Episode, type SayHealth } from './episode.ts';
import { PeerTable } from './peer-table.ts';
import { UdpListener } from './udp-listener.ts';

export interface DatagramSettings {
  readonly host: string;
  readonly port: number;
  readonly receive_buffer_bytes?: number | undefined;
  /** Bytes taken of one datagram; what is longer is cut there. */
  readonly limit?: number;
}

export const receiveBufferOption = {
  receive_buffer_bytes: {
    type: 'number',
    min: 1,
    description:
      "Size of the kernel's receive buffer for datagrams; as much as it grants up to 8 MiB unless given.",
  },
} as const;

const LOOK_AT_KERNEL_MS = 1000;

type Context = Pick<IntakeContext, 'writer' | 'logger' | 'counter' | 'health'>;

export class DatagramIntake {
  readonly #listener: UdpListener;
  readonly #drops: Episode;
  /** Dropped in this episode: for want of room in the queue, and by the kernel. */
  #queueFull = 0;
  #kernel = 0;
  limit: number;

  constructor(
    settings: DatagramSettings,
    context: Context,
    health: SayHealth = (problem) => context.health(problem),
  ) {
    const { writer, logger } = context;
    const peers = new PeerTable();
    const kernelDropped = context.counter('kernel_dropped');
    this.#drops = new Episode({
      health,
      logger,
      words: () => this.#words(),
      reset: () => {
        this.#queueFull = this.#kernel = 0;
      },
    });
    this.limit = settings.limit ?? Infinity;
    this.#listener = new UdpListener({
      host: settings.host,
      port: settings.port,
      receiveBufferBytes: settings.receive_buffer_bytes,
      logger,
      dropsInterval: LOOK_AT_KERNEL_MS,
      onKernelDrops: (count) => {
        kernelDropped.add(count);
        this.#kernel += count;
        this.#drops.happened();
      },
      onDatagram: (bytes, ip) => {
        const peer = peers.of(ip);
        if (writer.hasRoom) {
          writer.record(peer, bytes.length > this.limit ? bytes.subarray(0, this.limit) : bytes);
          return;
        }
        writer.dropped(peer, 'the queue was full');
        this.#queueFull++;
        this.#drops.happened();
      },
    });
  }

  /** The port it listens at, once open. */
  get port(): number {
    return this.#listener.port;
  }

  /** @throws the system's error when the port can not be had */
  open(): Promise<void> {
    return this.#listener.open();
  }

  close(): Promise<void> {
    this.#drops.close();
    return this.#listener.close();
  }

  #words(): string {
    const parts = [];
    if (this.#queueFull > 0)
      parts.push(`${countOf(this.#queueFull, 'datagram')} dropped because the queue was full`);
    if (this.#kernel > 0)
      parts.push(
        `${countOf(this.#kernel, 'datagram')} dropped by the kernel because they came faster than they were read (receive_buffer_bytes)`,
      );
    return parts.join(', ');
  }
}
