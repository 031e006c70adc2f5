/** Connections that a port of this computer has had a moment ago, as far as /proc tells. */
import { readFileSync } from 'node:fs';

const LISTENING = '0A';

/** Keys of all connections now, closed ones that the kernel still remembers included; undefined without /proc. */
export function connectionsAt(port: number): ReadonlySet<string> | undefined {
  const seen = new Set<string>();
  let isKnown = false;
  for (const table of ['tcp', 'tcp6']) {
    let text: string;
    try {
      text = readFileSync(`/proc/net/${table}`, 'utf8');
    } catch {
      continue;
    }
    isKnown = true;
    for (const line of text.split('\n').slice(1)) {
      const [, local, remote, state] = line.trim().split(/\s+/);
      if (local === undefined || state === LISTENING) continue;
      if (Number.parseInt(local.split(':')[1] ?? '', 16) === port) seen.add(`${remote}`);
    }
  }
  return isKnown ? seen : undefined;
}
