/**
 * The receiving side of Lumberjack over sockets: records into a BlockWriter in the order they came, one
 * acknowledgement a window when all its records are safe, and back-pressure. Lives in the intake thread.
 *
 * A record is one whole J or D frame with its header: nothing is copied but into the queue. Windows are admitted
 * piece by piece when the queue is nearly full; senders of version 2 get an ACK every few seconds meanwhile: of the
 * records that are safe, or 0. Senders of version 1 take the first ACK for the last, so they get one only.
 */
import type { Socket } from 'node:net';
import type { Logger } from '../../kernel/logger.ts';
import type { BlockWriter, Peer } from '../../kernel/plugin.ts';
import { type Readable, ReadGate } from '../net/read-gate.ts';
import { BoundedInflate, isTooLarge } from './bounded-inflate.ts';
import {
  encodeAck,
  type FrameLimits,
  FrameReader,
  type FrameSink,
  frameLimits,
  LumberjackError,
  MAX_INFLATED_BYTES,
  sequenceOf,
  V2,
} from './lumberjack.ts';

/** Results of inflating that exist at a time, over all connections. */
const INFLATE_SLOTS = 8;
/** Bytes of incomplete frames, over all connections; beyond it the connection that holds most is closed. */
const MAX_PARTIAL_BYTES = 512 * 1024 * 1024;
/** Records given to the queue before it is asked again whether it is full. */
const PIECE = 128;
/** Inflated buffers of this size; smaller ones may be a part of Node's pool, which can not be freed. */
const WORTH_FREEING = 256 * 1024;
const TICK_MS = 1_000;
const KEEPALIVE_MS = 3_000;
/** Answers not read by the client, and windows not answered, before it is cut off. */
const MAX_UNREAD_ANSWERS = 256 * 1024;
const MAX_OPEN_WINDOWS = 100_000;
/** How long `close` waits for acknowledgements that are due. */
const CLOSE_MS = 1_500;

export interface ReceiverOptions {
  readonly writer: BlockWriter;
  readonly logger: Logger;
  /** Seconds without a byte from a client that waits for no answer; 0: never closed. */
  readonly inactivityTimeout: number;
  readonly limits?: FrameLimits;
  readonly maxInflatedBytes?: number;
  readonly maxPartialBytes?: number;
  readonly keepaliveMs?: number;
  readonly tickMs?: number;
}

/** All connections of one input: what they share is one clock, one bound on memory, one on inflating. */
export class LumberjackReceiver {
  readonly options: ReceiverOptions;
  readonly inflate: BoundedInflate;
  readonly gate: ReadGate;
  /** Ends of the records that are being given to the writer. */
  readonly piece = new Int32Array(PIECE);
  readonly keepaliveMs: number;
  readonly #connections = new Set<Connection>();
  readonly #maxPartial: number;
  #partialBytes = 0;
  #ticker: NodeJS.Timeout | undefined;
  inactivityTimeout: number;
  /** Milliseconds, as exact as the ticker. */
  now = performance.now();

  constructor(options: ReceiverOptions) {
    this.options = options;
    this.inactivityTimeout = options.inactivityTimeout;
    this.inflate = new BoundedInflate(INFLATE_SLOTS, options.maxInflatedBytes ?? MAX_INFLATED_BYTES);
    this.gate = new ReadGate(options.writer);
    this.keepaliveMs = options.keepaliveMs ?? KEEPALIVE_MS;
    this.#maxPartial = options.maxPartialBytes ?? MAX_PARTIAL_BYTES;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Takes over a connected socket until it closes. */
  accept(socket: Socket, peer: Peer): void {
    // A client that sends and shuts down its side still gets its acknowledgements.
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    this.#ticker ??= setInterval(() => this.#tick(), this.options.tickMs ?? TICK_MS);
    this.now = performance.now();
    const connection = new Connection(this, socket, peer);
    this.#connections.add(connection);
    socket.once('close', () => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) {
        clearInterval(this.#ticker);
        this.#ticker = undefined;
      }
    });
  }

  /** Stops reading, sends the acknowledgements that become due within a moment, then closes everything. */
  async close(): Promise<void> {
    const deadline = performance.now() + CLOSE_MS;
    for (const connection of this.#connections) connection.stop();
    while (this.#connections.size > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
    for (const connection of this.#connections) connection.destroy();
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  /** A connection holds this much more, or less, of a frame that is not complete. */
  partial(change: number): void {
    this.#partialBytes += change;
    if (change <= 0 || this.#partialBytes <= this.#maxPartial) return;
    let largest: Connection | undefined;
    for (const connection of this.#connections)
      if (connection.partialBytes > (largest?.partialBytes ?? 0)) largest = connection;
    largest?.fail('too many bytes of incomplete frames are held for all senders; this one holds most');
  }

  #tick(): void {
    this.now = performance.now();
    for (const connection of this.#connections) connection.tick();
  }
}

/** What a sender announced with one W, and how far it has come. */
interface Window {
  readonly version: number;
  size: number;
  /** Records given to the writer, and how many of them are safe. */
  received: number;
  safe: number;
  /** Sequence numbers of the last of them. */
  lastSequence: number;
  safeSequence: number;
}

/** Something that waits its turn because the queue was full or a C frame was being inflated. */
type Step =
  | { kind: 'window'; version: number; count: number }
  | { kind: 'frames'; bytes: Buffer; ends: Int32Array; count: number; from: number }
  | { kind: 'compressed'; deflated: Buffer };

class Connection implements Readable {
  readonly #receiver: LumberjackReceiver;
  readonly #writer: BlockWriter;
  readonly #socket: Socket;
  readonly #peer: Peer;
  readonly #reader: FrameReader;
  /** What came and was not admitted yet; the second list holds what a C frame held, and goes first. */
  readonly #outer: Step[] = [];
  readonly #inner: Step[] = [];
  /** Windows not acknowledged, oldest first. The last one may still be `#open`. */
  readonly #windows: Window[] = [];
  #open: Window | undefined;
  readonly #piece: Int32Array;
  #blocked = false;
  #holdsSlot = false;
  /** What is in that slot: some of it may wait in `#inner`. */
  #inflated: Buffer | undefined;
  /** The client has sent all it had; or we want no more. */
  #ended = false;
  #stopping = false;
  #closed = false;
  #warned = false;
  #lastRead: number;
  #lastWrite: number;
  partialBytes = 0;

  constructor(receiver: LumberjackReceiver, socket: Socket, peer: Peer) {
    this.#receiver = receiver;
    this.#writer = receiver.options.writer;
    this.#socket = socket;
    this.#peer = peer;
    this.#piece = receiver.piece;
    this.#lastRead = this.#lastWrite = receiver.now;
    this.#reader = new FrameReader(this.#sink(this.#outer), receiver.options.limits ?? frameLimits);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => {
      this.#ended = true;
      this.#endIfDone();
    });
    socket.on('error', (error) => {
      receiver.options.logger.debug({ peer: peer.key, reason: error.message }, 'a connection broke');
    });
    socket.once('close', () => this.#cleanUp());
  }

  /** Steps that come while others wait are put behind them. */
  #sink(list: Step[]): FrameSink {
    return {
      window: (version, count) => {
        if (this.#closed) return;
        if (this.#blocked || list.length > 0) list.push({ kind: 'window', version, count });
        else this.#window(version, count);
      },
      frames: (bytes, ends, count) => {
        if (this.#closed) return;
        const from = this.#blocked || list.length > 0 ? 0 : this.#admit(bytes, ends, 0, count);
        if (from < count) list.push({ kind: 'frames', bytes, ends: ends.slice(0, count), count, from });
      },
      compressed: (_version, deflated) => {
        if (this.#closed) return;
        if (this.#blocked || list.length > 0) list.push({ kind: 'compressed', deflated });
        else this.#inflate(deflated);
      },
    };
  }

  #read(chunk: Buffer): void {
    if (this.#closed) return;
    this.#lastRead = this.#receiver.now;
    // All acknowledgements that a chunk makes due leave together.
    this.#socket.cork();
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (!(error instanceof LumberjackError)) throw error;
      this.fail(error.message);
      return;
    } finally {
      this.#socket.uncork();
    }
    const change = this.#reader.buffered - this.partialBytes;
    if (change !== 0) {
      this.partialBytes += change;
      this.#receiver.partial(change);
    }
    if (this.#blocked) this.#socket.pause();
  }

  /** Goes on with what waited, once the reason for waiting is gone. */
  #continue(): void {
    this.#blocked = false;
    while (!this.#blocked && !this.#closed) {
      const list = this.#inner.length > 0 ? this.#inner : this.#outer;
      if (this.#inner.length === 0) this.#releaseSlot();
      const step = list[0];
      if (step === undefined) break;
      if (step.kind === 'frames') {
        step.from = this.#admit(step.bytes, step.ends, step.from, step.count);
        if (step.from < step.count) continue;
      } else if (step.kind === 'window') this.#window(step.version, step.count);
      else this.#inflate(step.deflated);
      list.shift();
    }
    if (this.#blocked || this.#closed) return;
    if (!this.#stopping) this.#socket.resume();
    this.#endIfDone();
  }

  #window(version: number, count: number): void {
    const open = this.#open;
    if (open !== undefined) {
      if (open.received === 0) this.#windows.pop();
      else {
        open.size = open.received;
        this.#warn(
          `a new window came before the last one was complete (${open.received} events of it are taken)`,
        );
      }
    }
    if (this.#windows.length >= MAX_OPEN_WINDOWS) {
      this.fail('too many windows without acknowledgement');
      return;
    }
    const window: Window = { version, size: count, received: 0, safe: 0, lastSequence: 0, safeSequence: 0 };
    this.#windows.push(window);
    this.#open = count === 0 ? undefined : window;
    if (count === 0 || open?.size === open?.received) this.#acknowledge();
  }

  /** Gives frames to the writer, up to where it is full; returns the first that was not taken. */
  #admit(bytes: Buffer, ends: Int32Array, from: number, count: number): number {
    const writer = this.#writer;
    while (from < count && !this.#closed && writer.hasRoom) {
      const start = from === 0 ? 0 : ends[from - 1]!;
      const window = (this.#open ??= this.#singleWindow(bytes[start]!));
      const to = Math.min(count, from + window.size - window.received, from + PIECE);
      const piece = this.#piece;
      for (let index = from; index < to; index++) piece[index - from] = ends[index]! - start;
      writer.records(this.#peer, bytes.subarray(start, ends[to - 1]!), piece.subarray(0, to - from));
      window.received += to - from;
      window.lastSequence = sequenceOf(bytes, to === 1 ? 0 : ends[to - 2]!);
      if (window.received === window.size) {
        this.#open = undefined;
        this.#noteSafe(window);
      }
      from = to;
    }
    if (this.#open !== undefined && this.#open.received > this.#open.safe) this.#noteSafe(this.#open);
    if (!writer.hasRoom) this.#waitForRoom();
    return this.#closed ? count : from;
  }

  /** Events without a W before them are acknowledged one by one. */
  #singleWindow(version: number): Window {
    const window: Window = { version, size: 1, received: 0, safe: 0, lastSequence: 0, safeSequence: 0 };
    this.#windows.push(window);
    return window;
  }

  #noteSafe(window: Window): void {
    const { received, lastSequence } = window;
    this.#writer.whenSafe(() => {
      window.safe = received;
      window.safeSequence = lastSequence;
      if (received === window.size) this.#acknowledge();
    });
  }

  /** Answers the oldest windows, in order, as far as they are safe to the last record. */
  #acknowledge(): void {
    if (this.#closed) return;
    let done = 0;
    for (const window of this.#windows) {
      if (window === this.#open || window.safe < window.size) break;
      done++;
    }
    if (done === 0) return;
    const answered = this.#windows.splice(0, done);
    const acks = answered.map(({ version, lastSequence }) => encodeAck(version, lastSequence));
    this.#write(acks.length === 1 ? acks[0]! : Buffer.concat(acks));
    this.#endIfDone();
  }

  #write(bytes: Buffer): void {
    this.#lastWrite = this.#receiver.now;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > MAX_UNREAD_ANSWERS) this.fail('it does not read its acknowledgements');
  }

  #inflate(deflated: Buffer): void {
    this.#blocked = true;
    let inline = true;
    const { inflate } = this.#receiver;
    const done = (error: Error | undefined, bytes: Buffer | undefined): void => {
      if (this.#closed) {
        inflate.release();
        return;
      }
      this.#holdsSlot = true;
      this.#blocked = false;
      if (error) {
        this.fail(
          isTooLarge(error)
            ? 'a compressed frame that is too large when inflated'
            : `a compressed frame that can not be inflated (${error.message})`,
        );
        return;
      }
      this.#inflated = bytes;
      this.#readInflated(bytes!);
      if (!inline && !this.#blocked) this.#continue();
      else if (!this.#blocked) this.#releaseSlot();
    };
    inflate.inflate(deflated, done, () => this.#closed);
    inline = false;
  }

  #readInflated(bytes: Buffer): void {
    const inside = new FrameReader(
      this.#sink(this.#inner),
      this.#receiver.options.limits ?? frameLimits,
      true,
    );
    try {
      inside.push(bytes);
      if (inside.buffered > 0) throw new LumberjackError('a compressed frame that ends within an event');
    } catch (error) {
      if (!(error instanceof LumberjackError)) throw error;
      this.fail(error.message);
    }
  }

  #releaseSlot(): void {
    if (!this.#holdsSlot) return;
    this.#holdsSlot = false;
    this.#receiver.inflate.release();
    const bytes = this.#inflated;
    this.#inflated = undefined;
    if (bytes !== undefined && !this.#closed && bytes.buffer.byteLength >= WORTH_FREEING)
      this.#writer.done(bytes);
  }

  #waitForRoom(): void {
    if (this.#blocked) return;
    this.#blocked = true;
    this.#receiver.gate.hold(this);
  }

  /** For the gate: the queue is full. */
  pause(): void {
    this.#socket.pause();
  }

  /** For the gate: there is room again. */
  resume(): void {
    this.#continue();
  }

  /** Is the client waiting for us, rather than we for it? */
  #owes(): boolean {
    const oldest = this.#windows[0];
    return this.#blocked || (oldest !== undefined && oldest.safe < oldest.received);
  }

  /** Called once a second or so, with `receiver.now` set. */
  tick(): void {
    const { now, keepaliveMs, inactivityTimeout, options } = this.#receiver;
    if (this.#owes()) {
      this.#lastRead = now;
      const oldest = this.#windows[0];
      if (oldest !== undefined && oldest.version === V2 && now - this.#lastWrite >= keepaliveMs) {
        // A sender numbers from 1 within its window; only then is a number below its size progress.
        const progress = oldest.safeSequence === oldest.safe && oldest.safe < oldest.size;
        this.#write(encodeAck(V2, progress ? oldest.safeSequence : 0));
      }
    } else if (inactivityTimeout > 0 && now - this.#lastRead >= inactivityTimeout * 1000) {
      options.logger.debug({ peer: this.#peer.key }, 'closing an idle connection');
      this.destroy();
    }
  }

  /** The client will send no more: close when it has its answers. */
  #endIfDone(): void {
    if (!this.#ended || this.#closed || this.#owes() || this.#outer.length > 0) return;
    if (this.#stopping) this.#socket.end(() => this.#socket.destroy());
    else this.#socket.end();
  }

  /** Reads no more and ends the connection when all that was taken is acknowledged. */
  stop(): void {
    this.#socket.pause();
    this.#outer.length = 0;
    this.#ended = this.#stopping = true;
    this.#endIfDone();
  }

  #warn(reason: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#receiver.options.logger.warn({ peer: this.#peer.key }, reason);
  }

  /** Protocol error: one line in the log, and the connection is reset. */
  fail(reason: string): void {
    if (this.#closed) return;
    this.#receiver.options.logger.warn({ peer: this.#peer.key, reason }, `connection closed: ${reason}`);
    this.#cleanUp();
    if ((this.#socket as { encrypted?: boolean }).encrypted) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#cleanUp();
    this.#socket.destroy();
  }

  #cleanUp(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#receiver.gate.forget(this);
    this.#releaseSlot();
    this.#inner.length = 0;
    this.#outer.length = 0;
    const held = this.partialBytes;
    this.partialBytes = 0;
    if (held > 0) this.#receiver.partial(-held);
  }
}
