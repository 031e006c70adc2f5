/** An ext4 file system in a file, which the kernel can be told to have an error in: then it is read-only for good. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { temporaryFolder } from './millrace.ts';

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { stdio: 'pipe', encoding: 'utf8' });

export class BreakableDisk {
  readonly folder = join(temporaryFolder(), 'disk');
  readonly #image = join(temporaryFolder(), 'image');

  constructor(megabytes = 16) {
    mkdirSync(this.folder);
    run('truncate', '-s', `${megabytes}M`, this.#image);
    run('mkfs.ext4', '-q', this.#image);
    this.mount();
  }

  mount(): void {
    run('mount', '-o', 'loop,errors=remount-ro', this.#image, this.folder);
  }

  /** As the kernel does when it finds the file system damaged. */
  break(): void {
    const device = basename(realpathSync(run('findmnt', '-n', '-o', 'SOURCE', this.folder).trim()));
    writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, '1');
  }

  /** False: something in it is open. */
  unmount(): boolean {
    return spawnSync('umount', [this.folder], { stdio: 'ignore' }).status === 0;
  }

  mend(): void {
    // 1: errors were corrected.
    spawnSync('fsck.ext4', ['-p', '-f', this.#image], { stdio: 'ignore' });
  }

  stop(): void {
    if (!this.unmount()) spawnSync('umount', ['-l', this.folder], { stdio: 'ignore' });
  }
}

/** Why there is no such disk here. In CI as root there must be one. */
export const noLoopDisk: string | undefined = (() => {
  if (process.env['CI'] && process.getuid?.() === 0) return undefined;
  if (!existsSync('/dev/loop-control')) return 'there are no loop devices';
  try {
    new BreakableDisk(4).stop();
    return undefined;
  } catch (error) {
    return `no ext4 file system can be mounted: ${(error as Error).message}`;
  }
})();
