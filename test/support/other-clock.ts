/** A clock of the system that a test sets, for one process: libfaketime. The monotonic clock stays as it is. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './millrace.ts';
import { root } from './peers.ts';

const LIBRARY = 'build/peers/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

export class OtherClock {
  readonly #file = join(temporaryFolder(), 'clock');
  #offset = 0;

  constructor() {
    this.set(0);
  }

  /** So many seconds before or after the real time from now on. */
  set(offset: number): void {
    this.#offset = offset;
    writeFileSync(`${this.#file}.new`, offset < 0 ? `${offset}` : `+${offset}`);
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** What it shows. */
  get now(): Date {
    return new Date(Date.now() + this.#offset * 1000);
  }

  /** For the process that is to live by it. */
  get environment(): Record<string, string> {
    return {
      LD_PRELOAD: join(root, LIBRARY),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }
}
