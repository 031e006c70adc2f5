/** A receiver behind an http output that counts what arrives, and what goes in by TCP: lines `n=1`, `n=2`, … */
import { createServer } from 'node:http';
import { connect } from 'node:net';

export interface Sink {
  /** How often each number arrived. */
  readonly arrived: Map<number, number>;
  requests: number;
  /** Cuts its connections: its port is free then. */
  close(): Promise<void>;
}

export interface SinkOptions {
  /** What is answered; never: nothing. Only what is answered with 200 counts as arrived. */
  readonly status?: number | 'never';
  /** What a number looks like in a body. */
  readonly number?: RegExp;
}

const sinks: Sink[] = [];

export async function startSink(port: number, options: SinkOptions = {}): Promise<Sink> {
  const { status = 200, number = /n=(\d+)/g } = options;
  const sink: Sink = {
    arrived: new Map(),
    requests: 0,
    close: async () => {
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  const server = createServer((request, response) => {
    sink.requests++;
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      if (status === 'never') return;
      if (status === 200)
        for (const [, id] of body.matchAll(number))
          sink.arrived.set(Number(id), (sink.arrived.get(Number(id)) ?? 0) + 1);
      response.statusCode = status;
      response.end();
    });
  });
  sinks.push(sink);
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return sink;
}

/** For `afterEach`. */
export async function closeSinks(): Promise<void> {
  await Promise.all(sinks.splice(0).map((sink) => sink.close()));
}

/** `n=FROM` to `n=TO`. */
export const lines = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, at) => `n=${from + at}\n`).join('');

/** Resolves when the receiver has closed the connection. */
export async function sendTcp(port: number, text: string): Promise<void> {
  await new Promise<void>((done, fail) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(text));
    socket.on('close', () => done()).on('error', fail);
    socket.resume();
  });
}
