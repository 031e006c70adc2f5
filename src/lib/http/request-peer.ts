import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { plainAddress } from '../net/tcp-listener.ts';
import { isCompressed } from './body.ts';
import type { RequestPeer } from './request-decoder.ts';

/** Peers of connections: requests with the same headers share one. */
const peers = new WeakMap<Socket, RequestPeer>();

/** How a request came, as its events shall say it, under Logstash's names. */
export function requestPeer(request: IncomingMessage): RequestPeer {
  const { socket } = request;
  const headers = JSON.stringify(formatHeaders(request));
  const known = peers.get(socket);
  if (known?.headers === headers) return known;
  const ip = plainAddress(socket.remoteAddress ?? '');
  const peer: RequestPeer = { key: `${ip}:${socket.remotePort ?? 0}`, ip, headers };
  peers.set(socket, peer);
  return peer;
}

/**
 * Names in lower case with underscores, the last of repeated headers; `accept`, `host` and `user-agent` with
 * `http_` before them, null if absent. Credentials are left out, and so is what told of an encoding that is undone.
 */
function formatHeaders(request: IncomingMessage): Record<string, string | null> {
  // Without prototype, so that a header named `__proto__` is one like any other.
  const headers: Record<string, string | null> = Object.create(null);
  const raw = request.rawHeaders;
  for (let at = 0; at + 1 < raw.length; at += 2)
    headers[raw[at]!.toLowerCase().replaceAll('-', '_')] = raw[at + 1]!;
  const removed = (name: string): string | null => {
    const value = headers[name] ?? null;
    delete headers[name];
    return value;
  };
  removed('authorization');
  removed('content_length');
  removed('transfer_encoding');
  if (isCompressed(request)) removed('content_encoding');
  headers['http_accept'] = removed('accept');
  headers['http_host'] = removed('host');
  headers['http_user_agent'] = removed('user_agent');
  headers['request_method'] = request.method ?? '';
  headers['request_path'] = request.url ?? '';
  headers['http_version'] = `HTTP/${request.httpVersion}`;
  return headers;
}
