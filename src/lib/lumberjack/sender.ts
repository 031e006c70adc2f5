/**
 * The sending side of Lumberjack: events in windows over a connection, acknowledgements back to the batches they
 * belong to. Several windows may be under way; receivers answer them in order.
 */
import type { Socket } from 'node:net';
import zlib from 'node:zlib';
import { isEmpty } from '../../event/event.ts';
import type { Event } from '../../kernel/event-types.ts';
import type { Codec, WriteFailure } from '../../kernel/plugin.ts';
import type { OutputConnection } from '../net/output-connection.ts';
import { AckReader, encodeCompressed, encodeData, encodeJson, encodeWindow, V1, V2 } from './lumberjack.ts';

/** J or D frames of events, numbered from 1. */
export type LumberjackEncoder = (events: readonly Event[]) => Buffer;

export interface LumberjackSenderOptions {
  readonly encode: LumberjackEncoder;
  readonly version: 1 | 2;
  readonly windowSize: number;
  readonly compressionLevel: number;
  /** Without a byte from the receiver for so long while windows wait, the connection is given up. */
  readonly timeoutMs: number;
}

/** Version 1: the codec's text as field `line`. Version 2: all fields as JSON, with `@metadata`. */
export function compileLumberjackEncoder(version: 1 | 2, codec: Codec): LumberjackEncoder {
  if (version === 1)
    return (events) =>
      Buffer.concat(events.map((event, index) => encodeData(index + 1, [['line', codec.encode(event)]])));
  return (events) => encodeJson(events.map(jsonWithMetadata));
}

function jsonWithMetadata({ fields, metadata }: Event): string {
  const text = JSON.stringify(fields);
  if (metadata === undefined || isEmpty(metadata)) return text;
  const rest = JSON.stringify(metadata);
  return text === '{}' ? `{"@metadata":${rest}}` : `${text.slice(0, -1)},"@metadata":${rest}}`;
}

/** Windows of version 2 under way; senders of version 1 wait for each. */
const PIPELINED = 4;

interface SentWindow {
  readonly count: number;
  acknowledged: number;
  /** With the number of events that are acknowledged, all unless something broke. */
  readonly settled: (acknowledged: number, problem: string | undefined) => void;
}

export class LumberjackSender {
  readonly #connection: OutputConnection;
  readonly #options: LumberjackSenderOptions;
  readonly #version: number;
  readonly #most: number;
  /** Sent and not acknowledged, oldest first, all on the connection that is open. */
  #windows: SentWindow[] = [];
  readonly #turns: (() => void)[] = [];
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastAnswer = 0;

  constructor(connection: OutputConnection, options: LumberjackSenderOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#version = options.version === 1 ? V1 : V2;
    this.#most = options.version === 1 ? 1 : PIPELINED;
  }

  /** Reads acknowledgements of a new connection. */
  attach(socket: Socket): void {
    const reader = new AckReader();
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#lastAnswer = performance.now();
      try {
        reader.push(chunk, (sequence) => this.#acknowledged(sequence));
      } catch (error) {
        this.#break(socket, (error as Error).message);
      }
    });
    socket.on('error', (error) => this.#break(socket, error.message));
    socket.on('close', () => this.#break(socket, 'the receiver closed the connection'));
  }

  /** Sends events; resolves when each is acknowledged or must be tried again. Rejects if nothing could be sent. */
  async send(events: readonly Event[], signal: AbortSignal): Promise<WriteFailure[] | undefined> {
    const { windowSize } = this.#options;
    if (events.length <= windowSize) {
      const { acknowledged, problem } = await this.#sendWindow(events, signal);
      return problem === undefined ? undefined : failures(acknowledged, events.length, problem);
    }
    for (let start = 0; start < events.length; start += windowSize) {
      const part = events.slice(start, start + windowSize);
      let problem: string | undefined;
      let acknowledged = 0;
      try {
        ({ acknowledged, problem } = await this.#sendWindow(part, signal));
      } catch (error) {
        if (start === 0) throw error;
        problem = (error as Error).message;
      }
      if (problem !== undefined) return failures(start + acknowledged, events.length, problem);
    }
    return undefined;
  }

  /** Gives up what is under way. */
  close(): void {
    if (this.#socket !== undefined) this.#break(this.#socket, 'the output is closed');
    for (const turn of this.#turns.splice(0)) turn();
  }

  async #sendWindow(
    events: readonly Event[],
    signal: AbortSignal,
  ): Promise<{ acknowledged: number; problem: string | undefined }> {
    let socket: Socket | undefined;
    while (socket === undefined || this.#windows.length >= this.#most) {
      if (this.#windows.length >= this.#most) await new Promise<void>((resolve) => this.#turns.push(resolve));
      signal.throwIfAborted();
      socket = this.#connection.socket;
      if (socket === undefined) await this.#connection.connect(signal);
    }
    return new Promise((resolve) => {
      this.#windows.push({
        count: events.length,
        acknowledged: 0,
        settled: (acknowledged, problem) => resolve({ acknowledged, problem }),
      });
      if (this.#windows.length === 1) this.#lastAnswer = performance.now();
      this.#timer ??= setInterval(() => this.#checkTime(), 1000);
      socket!.write(this.#encode(events));
    });
  }

  #encode(events: readonly Event[]): Buffer {
    const { compressionLevel, encode } = this.#options;
    const frames = encode(events);
    const window = encodeWindow(this.#version, events.length);
    if (compressionLevel === 0) return Buffer.concat([window, frames]);
    const deflated = zlib.deflateSync(frames, { level: compressionLevel });
    return Buffer.concat([window, encodeCompressed(this.#version, deflated)]);
  }

  #acknowledged(sequence: number): void {
    const oldest = this.#windows[0];
    if (oldest === undefined) {
      if (sequence !== 0 && this.#socket) this.#break(this.#socket, 'an acknowledgement came for nothing');
      return;
    }
    if (sequence > oldest.count) {
      this.#break(this.#socket!, `event ${sequence} of ${oldest.count} was acknowledged`);
      return;
    }
    if (sequence > oldest.acknowledged) oldest.acknowledged = sequence;
    if (oldest.acknowledged < oldest.count) return;
    this.#windows.shift();
    if (this.#windows.length === 0) this.#stopTimer();
    oldest.settled(oldest.count, undefined);
    this.#turns.shift()?.();
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #checkTime(): void {
    const { timeoutMs } = this.#options;
    if (performance.now() - this.#lastAnswer < timeoutMs || this.#socket === undefined) return;
    this.#break(this.#socket, `no acknowledgement within ${timeoutMs / 1000} seconds`);
  }

  /** The connection is of no use any more: everything under way must be tried again. */
  #break(socket: Socket, problem: string): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    this.#connection.reset();
    socket.destroy();
    const windows = this.#windows;
    this.#windows = [];
    for (const window of windows) window.settled(window.acknowledged, problem);
    this.#stopTimer();
    for (const turn of this.#turns.splice(0)) turn();
  }
}

function failures(from: number, count: number, reason: string): WriteFailure[] {
  const list: WriteFailure[] = [];
  for (let index = from; index < count; index++) list.push({ index, kind: 'retry', reason });
  return list;
}
