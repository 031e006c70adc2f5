/** Datagrams into the queue. What finds no room is dropped and counted for its sender; health says so while it lasts. */
import type { IntakeContext } from '../../kernel/plugin.ts';
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

type Context = Pick<IntakeContext, 'writer' | 'logger' | 'counter' | 'health'>;

export class DatagramIntake {
  readonly #listener: UdpListener;
  readonly #drops: DropEpisode;
  limit: number;

  constructor(settings: DatagramSettings, context: Context) {
    const { writer, logger } = context;
    const peers = new PeerTable();
    const kernelDropped = context.counter('kernel_dropped');
    const drops = new DropEpisode(context);
    this.#drops = drops;
    this.limit = settings.limit ?? Infinity;
    this.#listener = new UdpListener({
      host: settings.host,
      port: settings.port,
      receiveBufferBytes: settings.receive_buffer_bytes,
      logger,
      dropsInterval: LOOK_MS,
      onKernelDrops: (count) => {
        kernelDropped.add(count);
        drops.byKernel(count);
      },
      onDatagram: (bytes, ip) => {
        const peer = peers.of(ip);
        if (writer.hasRoom) {
          writer.record(peer, bytes.length > this.limit ? bytes.subarray(0, this.limit) : bytes);
          return;
        }
        writer.dropped(peer, 'the queue was full');
        drops.forWantOfRoom();
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
}

const LOOK_MS = 1000;
/** Seconds without a drop after which all is well again. */
const QUIET = 10;

/** From the first datagram that is dropped to ten seconds after the last: one problem, with numbers that grow. */
class DropEpisode {
  readonly #context: Context;
  #queueFull = 0;
  #kernel = 0;
  /** Those that were told. */
  #told = 0;
  #quiet = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  forWantOfRoom(): void {
    this.#queueFull++;
    if (!this.#timer) this.#begin();
  }

  byKernel(count: number): void {
    this.#kernel += count;
    if (!this.#timer) this.#begin();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #begin(): void {
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
    this.#say();
    this.#context.logger.warn({}, `${this.#words()}; the monitoring API counts them by sender`);
  }

  #look(): void {
    if (this.#queueFull + this.#kernel !== this.#told) {
      this.#quiet = 0;
      this.#say();
    } else if (++this.#quiet >= QUIET) this.#end();
  }

  #end(): void {
    this.close();
    this.#context.health(undefined);
    this.#context.logger.warn({}, `no datagrams are dropped any more; ${this.#words()}`);
    this.#queueFull = this.#kernel = this.#told = this.#quiet = 0;
  }

  #say(): void {
    this.#told = this.#queueFull + this.#kernel;
    this.#context.health(this.#words());
  }

  #words(): string {
    const count = (n: number): string => `${n.toLocaleString('en')} ${n === 1 ? 'datagram' : 'datagrams'}`;
    const parts = [];
    if (this.#queueFull > 0) parts.push(`${count(this.#queueFull)} dropped because the queue was full`);
    if (this.#kernel > 0)
      parts.push(
        `${count(this.#kernel)} dropped by the kernel because they came faster than they were read (receive_buffer_bytes)`,
      );
    return parts.join(', ');
  }
}
