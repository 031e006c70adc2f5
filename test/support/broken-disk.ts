/** A process whose writes and syncs below a folder fail as long as a file is there (`broken-disk.c`, by LD_PRELOAD). */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './millrace.ts';

let shim: string | undefined;

/** Compiled once; needs gcc. */
export function brokenDiskShim(): string {
  if (shim !== undefined) return shim;
  shim = join(temporaryFolder(), 'broken-disk.so');
  const source = join(import.meta.dirname, 'broken-disk.c');
  execFileSync('gcc', ['-O1', '-shared', '-fPIC', '-o', shim, source, '-ldl']);
  return shim;
}

export class BrokenDisk {
  readonly #flag = join(temporaryFolder(), 'flag');
  /** For the process. */
  readonly env: Readonly<Record<string, string>>;

  constructor(folder: string) {
    // io_uring would go past the calls that the shim knows.
    this.env = {
      LD_PRELOAD: brokenDiskShim(),
      FAULT_PATH: folder,
      FAULT_FLAG: this.#flag,
      UV_USE_IO_URING: '0',
    };
  }

  /** `kinds`: s (sync), w (write), r (read). */
  break(kinds: string, error: number): void {
    writeFileSync(this.#flag, `${kinds} ${error}`);
  }

  mend(): void {
    rmSync(this.#flag);
  }
}
