/** For a port that is in use: who holds it, as far as /proc tells, and what to change. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { PipelineError } from '../engine/pipeline-status.ts';
import type { GraphNode } from '../lang/graph.ts';

/** A clause to append to `listen EADDRINUSE …`; empty for other errors. `otherPort` says how to change the port. */
export function listenHint(
  error: PipelineError,
  node: GraphNode,
  otherPort = 'set another port => … of this input',
): string {
  const port = Number(node.options['port']);
  if (error.cause_code === 'EACCES')
    return `. Ports below 1024 need root or CAP_NET_BIND_SERVICE: ${otherPort}`;
  if (error.cause_code !== 'EADDRINUSE' || !port) return '';
  const owner = ownerOf(port);
  return `. Port ${port} is in use${owner ? ` by ${owner}` : ''}: end that, or ${otherPort}`;
}

/** Of what runs on Node, and of ourselves, the script says more than the program. Arguments may hold secrets. */
function programOf(pid: string): string {
  const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  if (!/^node|^MainThread$/.test(name)) return name;
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1);
  const script = words.find((word) => !word.startsWith('-') && /\.[cm]?[jt]s$/.test(word));
  if (script === undefined) return 'node';
  return /\/cli\/main\.[jt]s$/.test(script) ? 'another millrace' : `node ${basename(script)}`;
}

/** `name (pid 12)` of a process that listens on a port, if /proc shows it. */
function ownerOf(port: number): string | undefined {
  try {
    const inodes = new Set<string>();
    for (const table of ['tcp', 'tcp6', 'udp', 'udp6']) {
      for (const line of readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1)) {
        const fields = line.trim().split(/\s+/);
        const listening = table.startsWith('tcp') ? fields[3] === '0A' : fields[3] === '07';
        if (listening && Number.parseInt(fields[1]?.split(':')[1] ?? '', 16) === port)
          inodes.add(`socket:[${fields[9]}]`);
      }
    }
    if (inodes.size === 0) return undefined;
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        for (const fd of readdirSync(`/proc/${pid}/fd`)) {
          if (!inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`))) continue;
          return `${programOf(pid)} (pid ${pid})`;
        }
      } catch {
        // Not ours to look at, or gone meanwhile.
      }
    }
  } catch {
    // No /proc here.
  }
  return undefined;
}
