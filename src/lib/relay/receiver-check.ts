/** Is the receiver of datagrams there? Asked of /proc: a port that is bound, a process of a name. */
import { createHash } from 'node:crypto';
import { processState } from '../../kernel/process-state.ts';
import { bootId, boundSockets, processesNamed } from './processes.ts';

export type Check =
  | { readonly kind: 'port'; readonly port: number; readonly protocol: 'udp' | 'tcp' }
  | { readonly kind: 'process'; readonly name: string };

export type Verdict =
  | { readonly alive: true /** Another one after a restart of the receiver. */; readonly token: string }
  | { readonly alive: false; readonly reason: string };

/** All checks must hold. Never throws. */
export function checkReceiver(checks: readonly Check[]): Verdict {
  const identity = [bootId()];
  for (const check of checks) {
    const found = check.kind === 'port' ? checkPort(check.port, check.protocol) : checkProcess(check.name);
    if (typeof found === 'string') return { alive: false, reason: found };
    identity.push(found.join());
  }
  // Hashed: process ids are nobody's business.
  return { alive: true, token: createHash('sha256').update(identity.join('\n')).digest('hex').slice(0, 16) };
}

function checkPort(port: number, protocol: 'udp' | 'tcp'): string | string[] {
  const inodes = boundSockets(port, protocol);
  return inodes.length === 0 ? `no process has port ${port}/${protocol}` : inodes.sort();
}

function checkProcess(name: string): string | string[] {
  let stopped = 0;
  const found: string[] = [];
  try {
    for (const pid of processesNamed(name)) {
      const now = processState(pid);
      if (now === undefined || now.state === 'Z' || now.state === 'X' || pid === process.pid) continue;
      if (now.state === 'T' || now.state === 't') stopped++;
      else found.push(`${pid} ${now.start}`);
    }
  } catch (error) {
    return `processes can not be listed: ${(error as Error).message}`;
  }
  if (found.length > 0) return found;
  return stopped > 0 ? `the process ${name} is stopped` : `there is no process ${name}`;
}
