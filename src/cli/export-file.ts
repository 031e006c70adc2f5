/**
 * An export to a file that can go on after a kill: rows go to `FILE.part`, and when they are on the disk `FILE.resume`
 * says how far it came. At the end the part gets the name of the file.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { MillraceError } from '../kernel/errors.ts';
import type { ExportPiece } from '../store/export/piece.ts';
import type { ScanPosition } from '../store/scan.ts';
import type { SortKey } from '../store/store.ts';

/** What an export is of. */
export interface ExportTask {
  readonly kql: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly indices: readonly string[];
  readonly sort: readonly SortKey[];
  readonly limit: number | undefined;
  readonly format: 'csv' | 'ndjson';
  /** Of CSV. */
  readonly columns: readonly string[] | undefined;
  readonly guardFormulas: boolean;
  readonly withMeta: boolean;
}

export interface ExportState {
  readonly task: ExportTask;
  /** Of the part that count. */
  readonly bytes: number;
  readonly events: number;
  readonly after: ScanPosition | null;
}

const VERSION = 1;
/** Milliseconds between two notes of how far it came. */
const NOTE_EVERY = 250;

const partOf = (file: string): string => `${file}.part`;
const noteOf = (file: string): string => `${file}.resume`;

/** @throws MillraceError when there is a file, or an unfinished export of it */
export function checkFree(file: string, force: boolean): void {
  if (force) return;
  if (existsSync(noteOf(file)))
    throw new MillraceError(
      'ERR_USAGE',
      `there is an unfinished export in ${partOf(file)}: go on with --resume, or begin anew with --force`,
    );
  if (existsSync(file))
    throw new MillraceError('ERR_USAGE', `${file} is there already: --force writes over it`);
}

/** @throws MillraceError when there is nothing that could go on */
export function readState(file: string): ExportState {
  let text: string;
  try {
    text = readFileSync(noteOf(file), 'utf8');
  } catch {
    throw new MillraceError('ERR_USAGE', `there is no unfinished export of ${file}: leave out --resume`);
  }
  try {
    const { version, ...state } = JSON.parse(text) as ExportState & { version: number };
    if (version === VERSION && typeof state.bytes === 'number' && existsSync(partOf(file))) return state;
  } catch {
    // Said below.
  }
  throw new MillraceError('ERR_USAGE', `${noteOf(file)} can not be used: begin anew with --force`);
}

export class ExportFile {
  readonly #file: string;
  readonly #handle: FileHandle;
  #state: ExportState;
  #noted = 0;

  private constructor(file: string, handle: FileHandle, state: ExportState) {
    this.#file = file;
    this.#handle = handle;
    this.#state = state;
  }

  /** Begins, or goes on behind what is noted. */
  static async open(file: string, state: ExportState): Promise<ExportFile> {
    const isNew = state.after === null;
    const handle = await open(partOf(file), isNew ? 'w' : 'r+', 0o600);
    const opened = new ExportFile(file, handle, state);
    // What is behind was not noted, and comes again.
    await handle.truncate(state.bytes);
    if (isNew) opened.#note(state);
    return opened;
  }

  get state(): ExportState {
    return this.#state;
  }

  async write({ bytes, page }: ExportPiece): Promise<void> {
    const { bytes: at, events } = this.#state;
    for (let done = 0; done < bytes.length; )
      done += (await this.#handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
    this.#state = {
      ...this.#state,
      bytes: at + bytes.length,
      ...(page && { events: events + page.hits.length, after: page.position }),
    };
    if (performance.now() - this.#noted < NOTE_EVERY || !page) return;
    await this.#handle.datasync();
    this.#note(this.#state);
  }

  /** Everything is written: the file gets its name. */
  async finish(): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
    renameSync(partOf(this.#file), this.#file);
    rmSync(noteOf(this.#file), { force: true });
  }

  /** Not everything is written: it can go on later. */
  async leave(): Promise<void> {
    await this.#handle.datasync();
    this.#note(this.#state);
    await this.#handle.close();
  }

  #note(state: ExportState): void {
    const file = noteOf(this.#file);
    writeFileSync(`${file}.new`, JSON.stringify({ version: VERSION, ...state }), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    this.#noted = performance.now();
  }
}
