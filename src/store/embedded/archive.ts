/**
 * The second, cheaper disk: segments that are moved there stay part of the store. Each store has a folder of its own on
 * it, whose presence says whether the disk is mounted.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../errors.ts';
import type { Catalogue } from './catalogue.ts';
import { filesOf } from './segment-files.ts';
import { writeDurably } from './segment-writer.ts';

const ID = 'archive-id';

export class Archive {
  readonly path: string;
  /** Of this store, below `path`. */
  readonly folder: string;
  #isThere: boolean;

  private constructor(path: string, folder: string) {
    this.path = path;
    this.folder = folder;
    this.#isThere = existsSync(folder);
  }

  /** Remembers which folder on the disk is the store's. */
  static async open(path: string, storeFolder: string): Promise<Archive> {
    const file = join(storeFolder, ID);
    if (!existsSync(file)) await writeDurably(file, Buffer.from(randomBytes(8).toString('hex')));
    return new Archive(path, join(path, `millrace-${readFileSync(file, 'utf8').trim()}`));
  }

  /** As it was when it was looked at last. */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** Looks again. True: it has come back. */
  look(): boolean {
    const was = this.#isThere;
    this.#isThere = existsSync(this.folder);
    return this.#isThere && !was;
  }

  /** Of the first segment. An empty folder where the disk was is no archive. @throws StoreError */
  make(hasSegments: boolean): void {
    if (!existsSync(this.path) || hasSegments) this.requireThere();
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.#isThere = true;
  }

  /** @throws StoreError */
  requireThere(): void {
    if (!existsSync(this.folder))
      throw new StoreError(503, 'archive_exception', `the archive ${this.path} is not there: is it mounted?`);
  }

  /** Files that were copied but never entered, or taken out while the disk was away. */
  removeOrphans(catalogue: Catalogue): void {
    const root = join(this.folder, 'segments');
    if (!existsSync(root)) return;
    const wanted = new Set<string>();
    for (const { info } of catalogue.segments.values())
      if (info.archived) for (const file of filesOf(info)) wanted.add(file);
    for (const index of readdirSync(root)) {
      const names = readdirSync(join(root, index));
      const gone = names.filter((name) => !wanted.has(join('segments', index, name)));
      for (const name of gone) rmSync(join(root, index, name), { force: true });
      if (gone.length === names.length) rmSync(join(root, index), { recursive: true, force: true });
    }
  }
}
