/** Samples that people keep for previews, in `path.data/console/samples.json`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SavedSample } from '../../contract/configs.ts';
import { ConsoleError } from '../call.ts';
import { writeFile } from './write-file.ts';

const MAX_SAMPLES = 200;

export class Samples {
  readonly #file: string;

  constructor(dataPath: string) {
    this.#file = join(dataPath, 'console', 'samples.json');
  }

  list(): SavedSample[] {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as SavedSample[];
    } catch {
      return [];
    }
  }

  /** One of the same name is replaced. @throws ConsoleError */
  save(sample: SavedSample): SavedSample[] {
    const others = this.list().filter(({ name }) => name !== sample.name);
    if (others.length >= MAX_SAMPLES)
      throw new ConsoleError(409, 'full', `there are ${MAX_SAMPLES} samples: delete one first`);
    return this.#write([...others, sample].sort((a, b) => (a.name < b.name ? -1 : 1)));
  }

  remove(name: string): SavedSample[] {
    return this.#write(this.list().filter((each) => each.name !== name));
  }

  #write(all: SavedSample[]): SavedSample[] {
    writeFile(this.#file, `${JSON.stringify(all)}\n`, 0o600);
    return all;
  }
}
