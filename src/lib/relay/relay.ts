/**
 * The relay: every datagram goes into the log, and to the server while that lives. A cursor says how far it was sent,
 * another how far the server surely has it; when the server was away the first goes back to the second.
 */
import type { RemoteInfo } from 'node:dgram';
import type { Logger } from '../../kernel/logger.ts';
import { UdpListener } from '../net/udp-listener.ts';
import { type Cursor, DatagramLog } from './datagram-log.ts';
import { Probe } from './probe.ts';
import type { Sender } from './record.ts';
import { SendBudget } from './send-budget.ts';
import { Upstreams } from './upstreams.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface RelaySettings {
  readonly listen: HostPort;
  readonly server: HostPort;
  readonly probe: HostPort;
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  /** Ours alone: see `lockFolder`. */
  readonly folder: string;
  readonly maxBytes: number;
  readonly drop: 'oldest' | 'newest';
  /** Datagrams a second that are sent again, beyond those that arrive meanwhile. */
  readonly rate: number;
  readonly maxSenders: number;
  readonly idleMs: number;
  readonly statusMs: number;
  readonly logger: Logger;
}

export interface RelayStatus {
  /**
   * asking: no answer yet; dead: the server does not receive; replaying: it does, the queue comes first; live: every
   * datagram is forwarded as it comes.
   */
  readonly state: 'asking' | 'dead' | 'replaying' | 'live';
  readonly reason?: string;
  /** Datagrams that wait, and what the folder's files hold, also of what was sent and is not confirmed yet. */
  readonly queued: number;
  readonly bytes: number;
  readonly received: number;
  /** Also those sent again. */
  readonly sent: number;
  readonly replies: number;
  readonly senders: number;
  /** Never sent: the queue was full, or the disk took nothing. */
  readonly dropped: number;
  /** Dropped by the system before we could read them. */
  readonly dropped_by_kernel: number;
  /** Sent, but not kept until the server surely had them. */
  readonly unprotected: number;
  readonly unsendable: number;
  readonly damaged_bytes: number;
}

const SYNC_MS = 100;
const TICK_MS = 5;
const PROGRESS_MS = 5_000;
const LOSSES_MS = 10_000;
/** Datagrams sent in one turn of the event loop; then arriving ones are read. */
const TURN = 256;

export class Relay {
  readonly #settings: RelaySettings;
  readonly #logger: Logger;
  readonly #log: DatagramLog;
  readonly #upstreams: Upstreams;
  readonly #listener: UdpListener;
  readonly #probe: Probe;
  readonly #budget: SendBudget;
  #state: RelayStatus['state'] = 'asking';
  #reason = '';
  #since = performance.now();
  /** Sent up to here. */
  #cursor: Cursor;
  /** The server has all before this: asked after it was sent, the same process lived, twice. */
  #confirmed: Cursor;
  /** Sent up to here when the last question with a good answer was asked. */
  #lastGood: Cursor;
  /** The same for the question that is open; undefined when it is older than the last return to `#confirmed`. */
  #question: Cursor | undefined;
  #token = '';
  /** How often the server was found dead. */
  #downs = 0;
  /** Replaying after the server was away, not only catching up with the socket. */
  #limited = false;
  /** How it was when the server returned. */
  #return = { queued: 0, sent: 0, at: 0 };
  #scheduled = false;
  #flushing = false;
  #syncing = false;
  #closed = false;
  #timers: NodeJS.Timeout[] = [];
  #received = 0;
  #sent = 0;
  #replies = 0;
  #dropped = 0;
  #droppedByKernel = 0;
  #unprotected = 0;
  #unsendable = 0;
  #reported = { losses: 0, lossesAt: Number.NEGATIVE_INFINITY, progressAt: 0, received: 0 };

  /** Opens the queue in the folder. @throws the system's error */
  constructor(settings: RelaySettings) {
    this.#settings = settings;
    const { folder, maxBytes, drop, maxSenders, idleMs } = settings;
    this.#logger = settings.logger;
    this.#budget = new SendBudget(settings.rate);
    this.#log = new DatagramLog({
      folder,
      maxBytes,
      drop,
      onDropped: (next) => this.#onDropped(next),
      onProblem: (error) => this.#onDiskProblem(error),
    });
    this.#cursor = { ...this.#log.start };
    this.#confirmed = { ...this.#log.start };
    this.#lastGood = { ...this.#log.start };
    this.#upstreams = new Upstreams({
      ...settings.server,
      maxSenders,
      idleMs,
      onReply: (bytes, to) => this.#reply(bytes, to),
      onFailure: (error) => this.#down(wordsFor(error)),
      onUnsendable: () => this.#unsendable++,
    });
    this.#listener = new UdpListener({
      ...settings.listen,
      logger: this.#logger,
      onDatagram: (bytes, _ip, from) => this.#take(bytes, from),
      onKernelDrops: (count) => {
        this.#droppedByKernel += count;
        this.#logger.warn(
          { port: this.port, count },
          `the kernel dropped ${count} datagrams for port ${this.port}: more came than could be read`,
        );
      },
    });
    this.#probe = new Probe({
      ...settings.probe,
      intervalMs: settings.probeIntervalMs,
      timeoutMs: settings.probeTimeoutMs,
      onAsk: () => (this.#question = { ...this.#cursor }),
      onAlive: (token) => void this.#alive(token),
      onDead: (reason) => this.#down(reason),
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  /** @throws the system's error when the port can not be had */
  async open(): Promise<void> {
    await this.#listener.open();
    const { server, probe, folder } = this.#settings;
    const left = this.#log.behind(this.#cursor);
    this.#logger.info(
      { folder, ...(left > 0 ? { left } : {}) },
      `listening at UDP ${this.#settings.listen.host}:${this.port}, forwarding to ${show(server)} while ${show(probe)} says that it is alive${
        left > 0 ? `; ${left} datagrams of before are to be sent` : ''
      }`,
    );
    if (this.#log.damaged > 0)
      this.#logger.warn(
        { bytes: this.#log.damaged },
        `${this.#log.damaged} bytes in ${folder} are no whole datagrams: they are passed over`,
      );
    this.#timers = [
      setInterval(() => void this.#sync(), SYNC_MS),
      setInterval(() => this.#everySecond(), 1000),
      setInterval(() => this.#everyWhile(), this.#settings.statusMs),
    ];
    this.#probe.start();
  }

  status(): RelayStatus {
    return {
      state: this.#state,
      ...(this.#state === 'dead' ? { reason: this.#reason } : {}),
      queued: this.#log.behind(this.#cursor),
      bytes: this.#log.bytes,
      received: this.#received,
      sent: this.#sent,
      replies: this.#replies,
      senders: this.#upstreams.count,
      dropped: this.#dropped,
      dropped_by_kernel: this.#droppedByKernel,
      unprotected: this.#unprotected,
      unsendable: this.#unsendable,
      damaged_bytes: this.#log.damaged,
    };
  }

  logStatus(): void {
    const status = this.status();
    this.#logger.info(
      status,
      `${status.state}: ${status.queued} queued, ${status.received} received, ${status.sent} sent, ${status.dropped + status.dropped_by_kernel} dropped`,
    );
  }

  /** Stops taking datagrams; what is queued stays on disk. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#probe.close();
    await this.#listener.close();
    this.#upstreams.close();
    await this.#log.close();
  }

  // ---- datagrams ----

  #take(bytes: Buffer, from: RemoteInfo): void {
    this.#received++;
    const stored = this.#log.append(from, bytes);
    if (stored && !this.#flushing) {
      this.#flushing = true;
      setImmediate(() => {
        this.#flushing = false;
        this.#log.flush();
      });
    }
    if (this.#state !== 'live') {
      if (stored) this.#budget.arrived();
      else this.#dropped++;
    } else if (this.#upstreams.send(from, bytes)) {
      this.#sent++;
      if (stored) this.#cursor = this.#log.end();
      else this.#unprotected++;
    } else if (stored) {
      // More than the socket takes: the log has it.
      this.#state = 'replaying';
      this.#limited = false;
      this.#replaySoon(1);
    } else this.#dropped++;
  }

  #reply(bytes: Buffer, to: Sender): void {
    this.#replies++;
    this.#listener.send(bytes, to.port, to.address);
  }

  #replaySoon(milliseconds: number): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const replay = (): void => {
      this.#scheduled = false;
      this.#replay();
    };
    if (milliseconds === 0) setImmediate(replay);
    else setTimeout(replay, milliseconds);
  }

  /** Sends from the log as much as is due, until it is at the end and datagrams go straight again. */
  #replay(): void {
    if (this.#state !== 'replaying' || this.#closed) return;
    let due = this.#limited ? this.#budget.due() : TURN;
    let turn = Math.min(due, TURN);
    while (turn >= 1) {
      const before = { ...this.#cursor };
      const datagram = this.#log.read(this.#cursor);
      if (!datagram) {
        this.#live();
        return;
      }
      if (!this.#upstreams.send(datagram.sender, datagram.bytes)) {
        this.#cursor = before;
        this.#replaySoon(1);
        return;
      }
      // A refusal that was waiting in the socket changes the state at once.
      if (this.#state !== 'replaying') return;
      this.#sent++;
      due--;
      turn--;
      if (this.#limited) this.#budget.used();
    }
    this.#replaySoon(due >= 1 || !this.#limited ? 0 : TICK_MS);
  }

  #live(): void {
    this.#cursor = this.#log.end();
    this.#state = 'live';
    if (this.#limited && this.#return.queued > 0) {
      const count = this.#sent - this.#return.sent;
      const seconds = ((performance.now() - this.#return.at) / 1000).toFixed(1);
      this.#logger.info(
        this.#brief(),
        `nothing is queued any more, after ${count} datagrams in ${seconds} s: forwarding them as they come`,
      );
    }
    this.#limited = false;
  }

  // ---- the server ----

  async #alive(token: string): Promise<void> {
    const question = this.#question;
    if (!question) return;
    if (this.#state === 'live' || this.#state === 'replaying') {
      if (token === this.#token) {
        this.#confirmed = this.#lastGood;
        this.#lastGood = question;
        this.#log.confirm(this.#confirmed);
        return;
      }
      this.#rewind();
      this.#logger.warn(
        { again: this.#log.behind(this.#cursor) },
        'the receiving process is another one than before: sending again what it may have missed',
      );
    }
    const downs = this.#downs;
    try {
      await this.#upstreams.resolve();
    } catch (error) {
      this.#down(`${this.#settings.server.host} has no address: ${(error as Error).message}`);
      return;
    }
    if (this.#closed || downs !== this.#downs || this.#state === 'live' || this.#state === 'replaying')
      return;
    this.#token = token;
    this.#rewind();
    this.#state = 'replaying';
    this.#limited = true;
    this.#budget.start();
    const queued = this.#log.behind(this.#cursor);
    // The time also makes each of these lines another one, so that none is taken for a repetition.
    const away = this.#reason === '' ? '' : ` after ${this.#seconds()} s`;
    this.#reason = '';
    this.#since = performance.now();
    this.#logger.info(
      { queued },
      queued === 0
        ? `the server is alive${away}: forwarding datagrams as they come`
        : `the server is alive${away}: sending ${queued} queued datagrams, ${this.#settings.rate}/s`,
    );
    this.#reported.progressAt = performance.now();
    this.#return = { queued, sent: this.#sent, at: performance.now() };
    this.#replaySoon(0);
  }

  #down(reason: string): void {
    if (this.#closed) return;
    const was = this.#state;
    this.#downs++;
    this.#rewind();
    this.#state = 'dead';
    if (was === 'dead' && reason === this.#reason) return;
    const alive = was === 'live' || was === 'replaying' ? ` any more, after ${this.#seconds()} s` : '';
    if (was !== 'dead') this.#since = performance.now();
    this.#reason = reason;
    const queued = this.#log.behind(this.#cursor);
    this.#logger.warn({ reason, queued }, `the server is not alive${alive}, datagrams are queued: ${reason}`);
    this.#reported.progressAt = performance.now();
    void this.#sync();
  }

  /** Since the server was last found alive, or dead. */
  #seconds(): string {
    return ((performance.now() - this.#since) / 1000).toFixed(2);
  }

  /** Back to what the server surely has. */
  #rewind(): void {
    this.#cursor = { ...this.#confirmed };
    this.#lastGood = { ...this.#confirmed };
    this.#question = undefined;
    this.#state = 'dead';
  }

  // ---- the queue ----

  /** While datagrams wait, at most this much of them is not safe from a power failure. */
  async #sync(): Promise<void> {
    if (this.#syncing || this.#state === 'live') return;
    this.#syncing = true;
    await this.#log.sync();
    this.#syncing = false;
  }

  #onDropped(next: number): void {
    const unsent = Math.max(0, next - this.#cursor.number);
    this.#dropped += unsent;
    this.#unprotected += Math.max(0, next - unsent - this.#confirmed.number);
    for (const cursor of [this.#cursor, this.#confirmed, this.#lastGood])
      cursor.number = Math.max(cursor.number, next);
  }

  #onDiskProblem(error: Error | undefined): void {
    if (error)
      this.#logger.error(
        { folder: this.#settings.folder },
        `the queue can not be used: ${error.message}. What does not fit into memory is ${this.#state === 'live' ? 'forwarded only' : 'dropped'}`,
      );
    else this.#logger.info({}, 'the queue can be written again');
  }

  // ---- what is printed ----

  #brief(): object {
    const { queued, bytes, sent, dropped } = this.status();
    return { queued, bytes, sent, dropped };
  }

  #everySecond(): void {
    this.#upstreams.expire();
    this.#log.flush();
    const now = performance.now();
    const queued = this.#log.behind(this.#cursor);
    if (this.#state !== 'live' && queued > 0 && now - this.#reported.progressAt >= PROGRESS_MS) {
      this.#reported.progressAt = now;
      this.#logger.info(
        this.#brief(),
        this.#state === 'replaying'
          ? `sending what was queued: ${queued} datagrams are left`
          : `${queued} datagrams are queued`,
      );
    }
    const losses = this.#dropped + this.#unprotected + this.#unsendable;
    if (losses > this.#reported.losses && now - this.#reported.lossesAt >= LOSSES_MS) {
      this.#reported.losses = losses;
      this.#reported.lossesAt = now;
      this.#logger.warn(
        { dropped: this.#dropped, unprotected: this.#unprotected, unsendable: this.#unsendable },
        `${this.#dropped} datagrams were dropped so far: no room in the queue (--max-bytes, --drop ${this.#settings.drop}) or on the disk`,
      );
    }
  }

  #everyWhile(): void {
    if (this.#received === this.#reported.received) return;
    this.#reported.received = this.#received;
    this.logStatus();
  }
}

const show = ({ host, port }: HostPort): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

function wordsFor(error: NodeJS.ErrnoException): string {
  return error.code === 'ECONNREFUSED'
    ? 'nothing receives at its port (ICMP port unreachable)'
    : `sending failed: ${error.message}`;
}
