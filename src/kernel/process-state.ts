import { readFileSync } from 'node:fs';

export interface ProcessState {
  /** One letter: R, S, D, T (stopped), Z (zombie), … */
  readonly state: string;
  /** Clock ticks from the start of the system to that of the process: with the id it names one process for good. */
  readonly start: string;
}

/** What /proc says of a process; undefined if there is none, or no /proc. */
export function processState(pid: number): ProcessState | undefined {
  try {
    // The name is in brackets and may hold anything, also brackets.
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0]!, start: fields[19]! };
  } catch {
    return undefined;
  }
}
