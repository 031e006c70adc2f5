/** Who listens at a port of this computer, as far as /proc tells. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** `name (pid 12)` of a process that listens on a port, if /proc shows it. */
export function portOwner(port: number): string | undefined {
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

/** Of what runs on Node, and of ourselves, the script says more than the program. Arguments may hold secrets. */
function programOf(pid: string): string {
  const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  if (!/^node|^MainThread$/.test(name)) return name;
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1);
  const script = words.find((word) => !word.startsWith('-') && /\.[cm]?[jt]s$/.test(word));
  if (script === undefined) return 'node';
  return /\/cli\/main\.[jt]s$/.test(script) ? 'another millrace' : `node ${basename(script)}`;
}
