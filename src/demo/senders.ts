/**
 * Real clients of the default listeners. They come from a loopback address of their own, by which the listeners tell
 * the demo's messages from everybody else's.
 */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { AckReader, encodeJson, encodeWindow, V2 } from '../lib/lumberjack/lumberjack.ts';

/** All of 127.0.0.0/8 is this machine. */
export const DEMO_ADDRESS = '127.0.0.77';

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface Sender {
  /** Resolves when the messages are on their way, or acknowledged where the protocol does that. Rejects when not. */
  send(texts: readonly string[]): Promise<void>;
  close(): void;
}

/** How long a listener may take for anything. */
const PATIENCE_MS = 60_000;

function connection({ host, port }: Place): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = connect({ host, port, ...local(host) }, () => done(socket));
    socket.setNoDelay(true).once('error', fail);
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('the listener does not go on')));
  });
}

/** A listener of another address family or machine can not be reached from there. */
const local = (host: string): { localAddress?: string } =>
  /^(127\.|localhost$|0\.0\.0\.0$)/.test(host) ? { localAddress: DEMO_ADDRESS } : {};

/** A connection that is made when it is first needed, and anew after it broke. */
class Line {
  readonly #place: Place;
  #socket: Socket | undefined;

  constructor(place: Place) {
    this.#place = place;
  }

  async open(): Promise<Socket> {
    if (this.#socket && !this.#socket.destroyed && this.#socket.writable) return this.#socket;
    const socket = await connection(this.#place);
    // Who waits for an answer or room hears of it, too.
    socket.on('error', () => {});
    this.#socket = socket;
    return socket;
  }

  close(): void {
    this.#socket?.destroy();
  }
}

export function syslogSender(place: Place): Sender {
  const line = new Line(place);
  return {
    async send(texts) {
      const socket = await line.open();
      socket.resume();
      if (socket.write(`${texts.join('\n')}\n`)) return;
      await Promise.race([once(socket, 'drain'), broken(socket)]);
    },
    close: () => line.close(),
  };
}

export function datagramSender({ host, port }: Place): Sender {
  let socket: DatagramSocket | undefined;
  return {
    async send(texts) {
      if (!socket) {
        const opened = createSocket(host.includes(':') ? 'udp6' : 'udp4').on('error', () => {});
        const { localAddress } = local(host);
        await new Promise<void>((done) =>
          opened.bind({ port: 0, ...(localAddress && { address: localAddress }) }, done),
        );
        socket = opened;
      }
      for (const text of texts) socket.send(text, port, host);
    },
    close: () => socket?.close(),
  };
}

export function beatsSender(place: Place): Sender {
  const line = new Line(place);
  return {
    async send(texts) {
      const socket = await line.open();
      const reader = new AckReader();
      const acknowledged = new Promise<void>((done) => {
        const read = (chunk: Buffer): void => {
          reader.push(chunk, (sequence) => {
            if (sequence < texts.length) return;
            socket.off('data', read);
            done();
          });
        };
        socket.on('data', read);
      });
      socket.write(Buffer.concat([encodeWindow(V2, texts.length), encodeJson(texts)]));
      await Promise.race([acknowledged, broken(socket)]);
    },
    close: () => line.close(),
  };
}

export function webhookSender({ host, port }: Place): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const post = (text: string): Promise<void> =>
    new Promise((done, fail) => {
      const outgoing = request(
        {
          host,
          port,
          method: 'POST',
          agent,
          timeout: PATIENCE_MS,
          ...local(host),
          headers: { 'content-type': 'application/json', 'user-agent': 'millrace-demo' },
        },
        (response) => {
          response.resume().on('end', done).on('error', fail);
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error('the listener does not answer')));
      outgoing.on('error', fail).end(text);
    });
  return {
    async send(texts) {
      for (const text of texts) await post(text);
    },
    close: () => agent.destroy(),
  };
}

async function broken(socket: Socket): Promise<never> {
  await once(socket, 'close');
  throw new Error('the connection was closed');
}
