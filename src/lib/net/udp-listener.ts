/** A UDP socket for inputs: the kernel's buffer as large as wanted, and what the kernel drops counted. */
import dgram from 'node:dgram';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { isIPv6 } from 'node:net';
import type { Logger } from '../../kernel/logger.ts';
import { dropsOfSocket } from './kernel-drops.ts';
import { plainAddress } from './tcp-listener.ts';

export interface UdpListenerSettings {
  readonly host: string;
  readonly port: number;
  /** Wanted size of the kernel's buffer; without it, as much as the kernel grants up to 8 MiB. */
  readonly receiveBufferBytes?: number | undefined;
  readonly logger: Logger;
  /** One datagram, never empty; the bytes are the receiver's. */
  readonly onDatagram: (bytes: Buffer, ip: string, from: dgram.RemoteInfo) => void;
  /** Datagrams that the kernel dropped since the last call, for want of room. */
  readonly onKernelDrops?: (count: number) => void;
  /** Milliseconds between two looks at what the kernel dropped. */
  readonly dropsInterval?: number;
}

const DEFAULT_BUFFER_BYTES = 8 * 1024 * 1024;
const DROPS_INTERVAL_MS = 5_000;

export class UdpListener {
  readonly #settings: UdpListenerSettings;
  #socket: dgram.Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dropped = 0;

  constructor(settings: UdpListenerSettings) {
    this.#settings = settings;
  }

  /** The port it listens at, once open. */
  get port(): number {
    return (this.#socket?.address() as AddressInfo | undefined)?.port ?? 0;
  }

  /** @throws the system's error when the port can not be had */
  async open(): Promise<void> {
    const { host, port, logger, onDatagram } = this.#settings;
    const socket = dgram.createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off('error', reject);
        resolve();
      });
    }).catch((error: unknown) => {
      socket.close();
      throw error;
    });
    socket.on('error', (error) =>
      logger.warn({ error: error.message }, `receiving failed: ${error.message}`),
    );
    socket.on('message', (bytes, from) => {
      if (bytes.length > 0) onDatagram(bytes, plainAddress(from.address), from);
    });
    this.#socket = socket;
    this.setReceiveBuffer(this.#settings.receiveBufferBytes);
    if (this.#settings.onKernelDrops && process.platform === 'linux') {
      this.#dropped = await this.#kernelDrops();
      this.#timer = setInterval(
        () => void this.#reportDrops(),
        this.#settings.dropsInterval ?? DROPS_INTERVAL_MS,
      );
      this.#timer.unref();
    }
  }

  /** Asks for this much room in the kernel, and says when it grants less than was wanted. */
  setReceiveBuffer(wanted: number | undefined): void {
    const socket = this.#socket;
    if (!socket) return;
    let granted = 0;
    try {
      socket.setRecvBufferSize(wanted ?? DEFAULT_BUFFER_BYTES);
      granted = socket.getRecvBufferSize();
    } catch {
      // Some systems refuse instead of granting less.
    }
    if (wanted !== undefined && granted < wanted) {
      this.#settings.logger.warn(
        { wanted, granted },
        `receive_buffer_bytes: the kernel grants ${granted} of ${wanted} bytes; raise net.core.rmem_max`,
      );
    }
  }

  /** Answers a sender, whose address is as in `from`. What can not be sent is lost, as datagrams are. */
  send(bytes: Buffer, port: number, address: string): void {
    this.#socket?.send(bytes, port, address, () => {});
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  async #reportDrops(): Promise<void> {
    const now = await this.#kernelDrops();
    if (now > this.#dropped) this.#settings.onKernelDrops!(now - this.#dropped);
    this.#dropped = now;
  }

  async #kernelDrops(): Promise<number> {
    if (!this.#socket) return this.#dropped;
    const { address, port, family } = this.#socket.address();
    try {
      const table = await readFile(family === 'IPv6' ? '/proc/net/udp6' : '/proc/net/udp', 'latin1');
      return dropsOfSocket(table, address, port);
    } catch {
      return this.#dropped;
    }
  }
}
