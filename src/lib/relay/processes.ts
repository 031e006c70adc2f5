/** What /proc says about processes. */
import { readdirSync, readFileSync } from 'node:fs';

/** Ids of the processes of this name: that of the program (cut by the kernel to 15 characters), or its file's. */
export function processesNamed(name: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => isNamed(pid, name));
}

function isNamed(pid: number, name: string): boolean {
  try {
    if (readFileSync(`/proc/${pid}/comm`, 'latin1').trimEnd() === name.slice(0, 15)) {
      if (name.length <= 15) return true;
    }
    // Of a script: the interpreter, then the script.
    const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    return baseName(words[0]) === name || (!words[1]?.startsWith('-') && baseName(words[1]) === name);
  } catch {
    return false;
  }
}

const baseName = (path: string | undefined): string => path?.slice(path.lastIndexOf('/') + 1) ?? '';

/** Inodes of the sockets that are bound to a UDP port, or listen at a TCP port, on any address. */
export function boundSockets(port: number, protocol: 'udp' | 'tcp'): string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  // 07: a UDP socket that is not connected; 0A: listening.
  const state = protocol === 'udp' ? '07' : '0A';
  const inodes: string[] = [];
  for (const table of [protocol, `${protocol}6`]) {
    let text: string;
    try {
      text = readFileSync(`/proc/net/${table}`, 'latin1');
    } catch {
      continue;
    }
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(wanted) && fields[3] === state) inodes.push(fields[9]!);
    }
  }
  return inodes;
}

/** Changes when the system starts anew, and process ids and inodes begin again. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}
