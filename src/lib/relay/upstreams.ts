/** One socket to the server for each sender, as a NAT has it, so that answers find their way back. */
import dgram from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { Sender } from './record.ts';

export interface UpstreamsSettings {
  readonly host: string;
  readonly port: number;
  /** Sockets at most; senders beyond it share one, and get no answers. */
  readonly maxSenders: number;
  readonly idleMs: number;
  /** An answer of the server. */
  readonly onReply: (bytes: Buffer, to: Sender) => void;
  /** The server refuses datagrams, can not be reached, or its name has no address. */
  readonly onFailure: (error: NodeJS.ErrnoException) => void;
  /** The system refuses this datagram, whoever it is for: it is too large for the way. */
  readonly onUnsendable: () => void;
}

/** Datagrams that wait in one socket for the system, or for the socket to be ready. */
const MAX_IN_FLIGHT = 1024;
/** A socket is taken from its sender only if it was not used for this long. */
const MIN_IDLE_MS = 1000;
/** Errors of the datagram, not of the way to the server. */
const UNSENDABLE = new Set(['EMSGSIZE', 'EINVAL']);

interface Upstream {
  readonly socket: dgram.Socket;
  readonly sender: Sender | undefined;
  readonly sent: (error: Error | null) => void;
  lastUsed: number;
  inFlight: number;
  /** Until the socket is connected. */
  waiting: Buffer[] | undefined;
}

export class Upstreams {
  readonly #settings: UpstreamsSettings;
  /** Least recently used first. */
  readonly #bySender = new Map<string, Upstream>();
  #shared: Upstream | undefined;
  #address: { address: string; family: number } | undefined;
  #lastSender: Sender | undefined;
  #last: Upstream | undefined;
  #now = performance.now();

  constructor(settings: UpstreamsSettings) {
    this.#settings = settings;
  }

  get count(): number {
    return this.#bySender.size;
  }

  /** Looks the server's name up; sockets go to the new address if it changed. @throws when it has none */
  async resolve(): Promise<void> {
    const found = await lookup(this.#settings.host);
    if (this.#address && found.address !== this.#address.address) this.close();
    this.#address = found;
  }

  /** False when too much waits for the system already. `resolve` comes first. */
  send(sender: Sender, bytes: Buffer): boolean {
    const upstream = this.#of(sender);
    if (upstream.inFlight >= MAX_IN_FLIGHT) return false;
    upstream.lastUsed = this.#now;
    upstream.inFlight++;
    if (upstream.waiting) upstream.waiting.push(bytes);
    else upstream.socket.send(bytes, upstream.sent);
    return true;
  }

  /** Closes sockets that were not used for long; to be called about once a second. */
  expire(): void {
    this.#now = performance.now();
    for (const [key, upstream] of this.#bySender) {
      if (this.#now - upstream.lastUsed < this.#settings.idleMs) continue;
      this.#close(key, upstream);
    }
  }

  close(): void {
    for (const [key, upstream] of this.#bySender) this.#close(key, upstream);
    this.#shared?.socket.close();
    this.#shared = undefined;
  }

  #of(sender: Sender): Upstream {
    const last = this.#lastSender;
    if (last !== undefined && last.port === sender.port && last.address === sender.address && this.#last)
      return this.#last;
    if (this.#last?.sender) this.#touch(this.#last.sender, this.#last);
    const key = keyOf(sender);
    let upstream = this.#bySender.get(key);
    if (!upstream) {
      if (this.#bySender.size >= this.#settings.maxSenders && !this.#evict()) {
        this.#shared ??= this.#open(undefined);
        return this.#shared;
      }
      upstream = this.#open(sender);
    }
    this.#touch(sender, upstream);
    this.#lastSender = sender;
    this.#last = upstream;
    return upstream;
  }

  /** Puts it last, as the most recently used. */
  #touch(sender: Sender, upstream: Upstream): void {
    const key = keyOf(sender);
    this.#bySender.delete(key);
    this.#bySender.set(key, upstream);
  }

  #evict(): boolean {
    const [key, oldest] = this.#bySender.entries().next().value!;
    if (performance.now() - oldest.lastUsed < MIN_IDLE_MS) return false;
    this.#close(key, oldest);
    return true;
  }

  #close(key: string, upstream: Upstream): void {
    this.#bySender.delete(key);
    if (this.#last === upstream) this.#last = undefined;
    upstream.socket.close();
  }

  #open(sender: Sender | undefined): Upstream {
    const { onReply, onUnsendable, port } = this.#settings;
    const { address, family } = this.#address!;
    const socket = dgram.createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      lookup: (_host, _options, callback) => callback(null, address, family),
    });
    const upstream: Upstream = {
      socket,
      sender,
      lastUsed: this.#now,
      inFlight: 0,
      waiting: [],
      sent: (error) => {
        upstream.inFlight--;
        if (!error) return;
        if (UNSENDABLE.has((error as NodeJS.ErrnoException).code ?? '')) onUnsendable();
        else this.#settings.onFailure(error);
      },
    };
    socket.on('error', (error) => {
      this.#settings.onFailure(error);
    });
    if (sender)
      socket.on('message', (bytes) => {
        upstream.lastUsed = this.#now;
        onReply(bytes, sender);
      });
    socket.connect(port, address, ((error?: Error) => {
      const waiting = upstream.waiting ?? [];
      upstream.waiting = undefined;
      if (error) {
        // It can never send: the next datagram gets a new one.
        upstream.inFlight = 0;
        if (sender) this.#close(keyOf(sender), upstream);
        else {
          this.#shared = undefined;
          socket.close();
        }
        this.#settings.onFailure(error);
        return;
      }
      for (const bytes of waiting) socket.send(bytes, upstream.sent);
    }) as () => void);
    return upstream;
  }
}

const keyOf = ({ address, port }: Sender): string => `${address} ${port}`;
