/** Whether a port can be listened at, found out by listening there for a moment. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { portOwner } from '../../lib/net/port-owner.ts';

type Protocol = 'tcp' | 'udp';

export interface PortBinding {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
}

/** Undefined: it is free. Otherwise who has it, or what is missing, and what to do. */
export async function portProblem(bindings: readonly PortBinding[]): Promise<string | undefined> {
  for (const binding of bindings) {
    const code = await tryBinding(binding);
    if (code !== undefined) return inWords(code, binding);
  }
  return undefined;
}

function inWords(code: string, { protocol, host, port }: PortBinding): string {
  const place = `Port ${port} (${protocol.toUpperCase()})`;
  if (code === 'EADDRINUSE') {
    const owner = portOwner(port);
    return `${place} is in use${owner === undefined ? '' : ` by ${owner}`}: choose another one, or end that program`;
  }
  if (code === 'EACCES')
    return `${place} is below 1024, and user ${userInfo().username} may not listen there. Choose 1024 or more, or give Millrace the privilege: AmbientCapabilities=CAP_NET_BIND_SERVICE in its systemd unit, or --cap-add NET_BIND_SERVICE for a container`;
  if (code === 'EADDRNOTAVAIL') return `This computer does not have the address ${host}`;
  return `${place} can not be opened: ${code}`;
}

const tryBinding = ({ protocol, host, port }: PortBinding): Promise<string | undefined> =>
  protocol === 'tcp' ? tryTcp(host, port) : tryUdp(host, port);

function tryTcp(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function tryUdp(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code ?? error.message);
    });
    socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}

/** The port itself, or the next one above it that is free; undefined when there is none near. */
export async function freePortFrom(
  port: number,
  bindingsOf: (port: number) => readonly PortBinding[],
): Promise<number | undefined> {
  for (let next = port; next < port + 50 && next <= 65_535; next++)
    if ((await portProblem(bindingsOf(next))) === undefined) return next;
  return undefined;
}
