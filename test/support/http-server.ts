/** Real HTTP and HTTPS servers on loopback for tests: they remember what they were asked and answer by a script. */
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import zlib from 'node:zlib';

export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  /** Decompressed. */
  readonly body: string;
  readonly rawBytes: number;
  readonly socket: Socket;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | object;
}

/** An answer, or undefined: none at all (the script ends the socket itself, or never). */
export type Script = (asked: Asked, count: number) => Answer | undefined | Promise<Answer | undefined>;

export interface TestServer {
  readonly port: number;
  readonly url: string;
  readonly requests: Asked[];
  /** How many connections there were. */
  readonly connections: () => number;
  /** Most requests that were under way at once. */
  readonly mostAtOnce: () => number;
  close(): Promise<void>;
}

export async function httpServer(script: Script, tls?: https.ServerOptions, port = 0): Promise<TestServer> {
  const requests: Asked[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let now = 0;
  let most = 0;
  const listener = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    most = Math.max(most, ++now);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const asked: Asked = {
      method: request.method!,
      url: request.url!,
      headers: request.headers,
      body: (request.headers['content-encoding'] === 'gzip' ? zlib.gunzipSync(raw) : raw).toString(),
      rawBytes: raw.length,
      socket: request.socket,
    };
    requests.push(asked);
    const answer = await script(asked, requests.length);
    now--;
    if (answer === undefined) return;
    const { status = 200, headers = {}, body = '' } = answer;
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const handle = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    listener(request, response).catch(() => response.destroy());
  };
  const server = tls === undefined ? http.createServer(handle) : https.createServer(tls, handle);
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: bound } = server.address() as AddressInfo;
  return {
    port: bound,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${bound}`,
    requests,
    connections: () => connections,
    mostAtOnce: () => most,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
