import type { Socket } from 'node:net';
import type { BlockWriter, IntakeContext, Peer } from '../../kernel/plugin.ts';
import type { Holder } from './held-bytes.ts';
import { LineFramer } from './line-framer.ts';
import type { ReadGate } from './read-gate.ts';

/** Cuts the bytes of one sender into records. */
export interface Framer {
  /** False: the queue is full. */
  push(chunk: Buffer, writer: BlockWriter, peer: Peer): boolean;
  /** Bytes that wait for the rest of their record. */
  readonly held: number;
  /** Hands them on as a piece of it. False: the queue is full. */
  cut(writer: BlockWriter, peer: Peer): boolean;
  /** What is left is a record, too. */
  end(writer: BlockWriter, peer: Peer): unknown;
}

/** Every chunk is a record: for codecs that do not say how to split streams. */
class ChunkFramer implements Framer {
  readonly held = 0;
  readonly #limit: number;
  constructor(limit: number) {
    this.#limit = limit;
  }
  push(chunk: Buffer, writer: BlockWriter, peer: Peer): boolean {
    let room = true;
    for (let at = 0; at < chunk.length; at += this.#limit)
      room = writer.record(peer, chunk.subarray(at, at + this.#limit));
    return room;
  }
  cut(): boolean {
    return true;
  }
  end(): void {}
}

/** The framer that the input's codec wants. */
export function framerFor(context: Pick<IntakeContext, 'delimiter' | 'maxRecordBytes'>): Framer {
  return context.delimiter === undefined
    ? new ChunkFramer(context.maxRecordBytes)
    : new LineFramer(context.delimiter, context.maxRecordBytes);
}

/** One connection being read into the queue: no timers, no buffer but the unfinished record. */
export class StreamConnection implements Holder {
  readonly #socket: Socket;
  readonly #peer: Peer;
  readonly #framer: Framer;
  readonly #writer: BlockWriter;
  readonly #gate: ReadGate;
  #ended = false;
  /** Bytes that the gate knows of. */
  held = 0;

  /** Begins to read. The caller handles the socket's errors. */
  constructor(socket: Socket, peer: Peer, framer: Framer, writer: BlockWriter, gate: ReadGate) {
    this.#socket = socket;
    this.#peer = peer;
    this.#framer = framer;
    this.#writer = writer;
    this.#gate = gate;
    socket.on('data', (chunk: Buffer) => {
      if (this.#ended) return;
      if (!framer.push(chunk, writer, peer)) gate.hold(socket);
      if (framer.held !== this.held) this.#count(framer.held);
    });
    socket.on('close', () => this.end());
  }

  #count(held: number): void {
    const change = held - this.held;
    this.held = held;
    this.#gate.unfinished.changed(this, change);
  }

  /** All senders together hold too much. */
  cut(): void {
    if (!this.#framer.cut(this.#writer, this.#peer)) this.#gate.hold(this.#socket);
    this.#count(this.#framer.held);
  }

  /** Hands on what the sender left unfinished; takes nothing more. May be called twice. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#gate.forget(this.#socket);
    this.#framer.end(this.#writer, this.#peer);
    this.#writer.end(this.#peer);
    this.#count(0);
  }
}
