/**
 * The manifest: what the log's files up to the last seal have made of the store, and which segments there are.
 *
 * One line a record: CRC-32C of the JSON text in eight hex digits, a space, JSON. Records of one `append` are one line,
 * so that they come together or not at all. Rewritten by rename when it has grown. The first line says which format of
 * the store this is, and who wrote it.
 */
import { VERSION } from '../../kernel/version.ts';
import { crc32c } from '../../queue/crc32c.ts';
import type { StoreFiles } from './store-files.ts';

const NAME = 'manifest';
const NEW = 'manifest.new';
/** It is rewritten when it is this much longer than it was after the last time, and has this many bytes. */
const GROWTH = 3;
const SMALL = 1 << 20;

/**
 * Of everything in the store's folder. One more whenever a Millrace of before would misread what is new, or remove files
 * that it does not know as orphans. A manifest that does not say it is 1.
 */
export const STORE_FORMAT = 1;

/** No record of the store's content: Millraces that do not know it pass over it. */
interface FormatRecord {
  readonly t: 'format';
  readonly version: number;
  /** The Millrace that wrote it. */
  readonly millrace: string;
}

/** The first line is shorter. */
const FIRST_LINE = 1024;

/** Changes nothing. @throws Error with a sentence when a newer Millrace wrote it, which alone knows all of its files */
export function refuseNewerFormat(files: StoreFiles): void {
  if (!files.list().includes(NAME)) return;
  const bytes = files.read(NAME, 0, Math.min(files.size(NAME), FIRST_LINE));
  const format = decodeLines(bytes.subarray(0, bytes.indexOf(0x0a) + 1), () => {}).find(isFormat);
  if (!format || format.version <= STORE_FORMAT) return;
  throw new Error(
    `the event store in ${files.folder} was written by Millrace ${format.millrace} in format ${format.version}, and this is Millrace ${VERSION}, which knows formats up to ${STORE_FORMAT}: start Millrace ${format.millrace} or a newer one. Nothing was changed`,
  );
}

export class Manifest<T> {
  readonly #files: StoreFiles;
  /** From records to as few as say the same. */
  readonly #condense: (records: readonly T[]) => readonly T[];
  #handle: number | undefined;
  #size = 0;
  #sizeAfterRewrite = 0;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(files: StoreFiles, condense: (records: readonly T[]) => readonly T[]) {
    this.#files = files;
    this.#condense = condense;
  }

  /** @throws Error when the file is there but cannot be read or is newer. `damaged` hears of lines that are none. */
  static async open<T>(
    files: StoreFiles,
    condense: (records: readonly T[]) => readonly T[],
    damaged: (line: number) => void,
  ): Promise<{ manifest: Manifest<T>; records: readonly T[] }> {
    refuseNewerFormat(files);
    const manifest = new Manifest<T>(files, condense);
    const records = manifest.#read(damaged);
    await manifest.#rewrite(records);
    return { manifest, records };
  }

  /** Durable when it resolves; when it rejects, the records are not in it. */
  append(records: readonly T[]): Promise<void> {
    const result = this.#queue.then(() => this.#append(records));
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Everything in it so far, for a snapshot: text that `open` would read. */
  async text(): Promise<Uint8Array> {
    const result = this.#queue.then(() => this.#files.read(NAME, 0, this.#size));
    this.#queue = result.catch(() => {});
    return result;
  }

  async close(): Promise<void> {
    await this.#queue;
    if (this.#handle !== undefined) this.#files.close(this.#handle);
    this.#handle = undefined;
  }

  async #append(records: readonly T[]): Promise<void> {
    const line = encodeLine(records);
    if (this.#handle === undefined) await this.#rewrite(this.#read(() => {}));
    const handle = this.#handle!;
    try {
      await this.#files.write(handle, [line], this.#size);
    } catch (error) {
      this.#giveUp(handle);
      throw error;
    }
    try {
      await this.#files.sync(handle);
    } catch {
      // The file is not trusted any more: a new one, with what it should hold.
      this.#giveUp(handle);
      await this.#rewrite([...this.#read(() => {}), ...records]);
      return;
    }
    this.#size += line.length;
    if (this.#size > SMALL && this.#size > GROWTH * this.#sizeAfterRewrite) {
      try {
        await this.#rewrite(this.#read(() => {}));
      } catch {
        // A full disk: it stays as it is, and the next append tries again.
        this.#handle ??= this.#files.open(NAME);
      }
    }
  }

  #giveUp(handle: number): void {
    try {
      this.#files.truncate(handle, this.#size);
    } catch {
      // What is behind the end of the last line is cut by the rewrite.
    }
    this.#handle = undefined;
    this.#files.close(handle);
  }

  #read(damaged: (line: number) => void): T[] {
    if (!this.#files.list().includes(NAME)) return [];
    const length = this.#handle === undefined && this.#size === 0 ? this.#files.size(NAME) : this.#size;
    const records = decodeLines(this.#files.read(NAME, 0, length), damaged);
    return records.filter((record) => !isFormat(record)) as T[];
  }

  async #rewrite(records: readonly T[]): Promise<void> {
    const format: FormatRecord = { t: 'format', version: STORE_FORMAT, millrace: VERSION };
    const lines = [format, ...this.#condense(records)].map((record) => encodeLine([record]));
    if (this.#files.list().includes(NEW)) this.#files.remove(NEW);
    const handle = this.#files.create(NEW);
    try {
      await this.#files.write(handle, lines, 0);
      await this.#files.sync(handle);
      this.#files.rename(NEW, NAME);
      this.#files.syncFolder();
    } catch (error) {
      this.#files.close(handle);
      throw error;
    }
    if (this.#handle !== undefined) this.#files.close(this.#handle);
    this.#handle = handle;
    this.#size = lines.reduce((sum, line) => sum + line.length, 0);
    this.#sizeAfterRewrite = this.#size;
  }
}

const isFormat = (record: unknown): record is FormatRecord =>
  (record as Partial<FormatRecord>).t === 'format';

/** Lines that are whole; a torn last one is nothing, others that are broken are told of. */
function decodeLines(bytes: Uint8Array, damaged: (line: number) => void): unknown[] {
  const records: unknown[] = [];
  let at = 0;
  let bad = -1;
  for (let line = 0; at < bytes.length; line++) {
    let end = bytes.indexOf(0x0a, at);
    if (end < 0) end = bytes.length;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at);
    const crc = text.length > 9 ? Number.parseInt(text.latin1Slice(0, 8), 16) : Number.NaN;
    if (end < bytes.length && crc32c(text.subarray(9)) === crc) {
      if (bad >= 0) damaged(bad);
      bad = -1;
      records.push(...(JSON.parse(text.utf8Slice(9)) as unknown[]));
    } else bad = bad < 0 ? line : bad;
    at = end + 1;
  }
  return records;
}

/** The same of a file that was written at once: there a torn last line is damage, too. */
export function decodeWhole(bytes: Uint8Array, damaged: (line: number) => void): unknown[] {
  if (bytes.length === 0) return [];
  const end = bytes.at(-1) === 0x0a ? '' : '\n';
  return decodeLines(Buffer.concat([bytes, Buffer.from(end), encodeLine([])]), damaged);
}

export function encodeLine(records: readonly unknown[]): Uint8Array {
  const json = Buffer.from(JSON.stringify(records));
  return Buffer.concat([
    Buffer.from(`${crc32c(json).toString(16).padStart(8, '0')} `),
    json,
    Buffer.from('\n'),
  ]);
}
