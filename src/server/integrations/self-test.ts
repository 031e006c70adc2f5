/** Sends one message to a source of this process, through its real socket, as a sender would. */

import { createSocket } from 'node:dgram';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as tlsConnect } from 'node:tls';
import { AckReader, encodeJson, encodeWindow, V2 } from '../../lib/lumberjack/lumberjack.ts';
import { type Endpoint, localAddress } from './endpoint.ts';

const ANSWER_MS = 5000;

/** What is sent; `marker` tells it from all other events. */
export const testMessage = (marker: string): string => `[Test message] from Millrace, ${marker}`;

/** What is shown to a source that asks for a certificate, PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** Resolves to what the source answered, in words. @throws Error with what went wrong */
export async function sendTest(endpoint: Endpoint, marker: string, identity?: Identity): Promise<string> {
  const message = testMessage(marker);
  switch (endpoint.speaks) {
    case 'syslog': {
      const line = `<13>1 ${new Date().toISOString()} ${hostname() || '-'} millrace - - - ${message}\n`;
      await write(endpoint, Buffer.from(line), identity);
      return 'sent by TCP';
    }
    case 'lines': {
      const text = endpoint.codec === 'json_lines' ? JSON.stringify({ message }) : message;
      await write(endpoint, Buffer.from(`${text}\n`), identity);
      return 'sent by TCP';
    }
    case 'datagrams':
      await datagram(endpoint, endpoint.codec === 'json' ? JSON.stringify({ message }) : message);
      return 'sent by UDP';
    case 'lumberjack':
      await lumberjack(endpoint, message, identity);
      return 'sent and acknowledged';
    case 'http':
      return `answered ${await post(endpoint, JSON.stringify({ message }), identity)}`;
    case 'files':
      throw new Error('add a line to one of the files: Millrace only reads them');
  }
}

/** A connection of its own, with TLS if the source speaks it. */
function open(endpoint: Endpoint, identity: Identity | undefined): Promise<Socket> {
  const { port, tls } = endpoint;
  const host = localAddress(endpoint);
  return new Promise((resolve, reject) => {
    // It is our own port on our own computer: there is nobody to be told from somebody else.
    const socket: Socket = tls
      ? tlsConnect({ host, port, rejectUnauthorized: false, ...shown(identity) })
      : connect({ host, port });
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('it did not answer within five seconds')));
    socket.once('error', reject);
    socket.once(tls ? 'secureConnect' : 'connect', () => resolve(socket));
  });
}

const shown = (identity: Identity | undefined): { cert?: string; key?: string } =>
  identity === undefined ? {} : { cert: identity.certificate, key: identity.key };

async function write(endpoint: Endpoint, bytes: Buffer, identity: Identity | undefined): Promise<void> {
  const socket = await open(endpoint, identity);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => resolve());
    socket.resume();
    socket.end(bytes);
  });
}

async function lumberjack(
  endpoint: Endpoint,
  message: string,
  identity: Identity | undefined,
): Promise<void> {
  const socket = await open(endpoint, identity);
  const reader = new AckReader();
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('it closed the connection')));
      socket.on('data', (chunk: Buffer) => {
        try {
          reader.push(chunk, (sequence) => {
            if (sequence === 1) resolve();
          });
        } catch (error) {
          reject(error as Error);
        }
      });
      const event = {
        '@timestamp': new Date().toISOString(),
        '@metadata': { beat: 'millrace', version: '0' },
        message,
        host: { name: hostname() },
      };
      socket.write(Buffer.concat([encodeWindow(V2, 1), encodeJson([JSON.stringify(event)])]));
    });
  } finally {
    socket.destroy();
  }
}

function datagram(endpoint: Endpoint, text: string): Promise<void> {
  const host = localAddress(endpoint);
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.send(text, endpoint.port, host, (error) => {
      socket.close();
      if (error) reject(error);
      else resolve();
    });
  });
}

function post(endpoint: Endpoint, body: string, identity: Identity | undefined): Promise<number> {
  const { port, tls, user, password } = endpoint;
  return new Promise((resolve, reject) => {
    const request = (tls ? httpsRequest : httpRequest)(
      {
        host: localAddress(endpoint),
        port,
        method: 'POST',
        path: '/',
        agent: false,
        timeout: ANSWER_MS,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        ...(user !== undefined && { auth: `${user}:${password ?? ''}` }),
        ...(tls && { rejectUnauthorized: false, ...shown(identity) }),
      },
      (response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve(status);
        else reject(new Error(`it answered ${status}`));
      },
    );
    request.once('timeout', () => request.destroy(new Error('it did not answer within five seconds')));
    request.once('error', reject);
    request.end(body);
  });
}
