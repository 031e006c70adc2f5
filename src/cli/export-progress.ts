/** How far an export is: a line on standard error, over and over in a terminal, now and then otherwise. */
import type { ScanPage } from '../store/scan.ts';
import { inBytes } from './dlq-letters.ts';

const TERMINAL_MS = 200;
const OTHERWISE_MS = 30_000;

export class ExportProgress {
  readonly #quiet: boolean;
  readonly #isTerminal = process.stderr.isTTY === true;
  readonly #started = performance.now();
  #shown = performance.now();
  #isOpen = false;

  constructor(quiet: boolean) {
    this.#quiet = quiet;
  }

  /** `before`: events of an earlier run. */
  async *watching(pages: AsyncIterable<ScanPage>, before: number, what?: string): AsyncGenerator<ScanPage> {
    for await (const page of pages) {
      yield page;
      this.page({ ...page, done: before + page.done }, what);
    }
  }

  page({ done, total }: ScanPage, what: string | undefined): void {
    const now = performance.now();
    if (this.#quiet || now - this.#shown < (this.#isTerminal ? TERMINAL_MS : OTHERWISE_MS)) return;
    this.#shown = now;
    const all = Math.max(done, total);
    const percent = Math.floor((done / all) * 100);
    const text = `${what === undefined ? '' : `${what}: `}${done.toLocaleString('en')} of ${all.toLocaleString('en')} events, ${percent} %`;
    process.stderr.write(this.#isTerminal ? `\r\x1b[K${text}` : `${text}\n`);
    this.#isOpen = this.#isTerminal;
  }

  end(events: number, bytes: number): void {
    this.clear();
    if (this.#quiet) return;
    const seconds = (performance.now() - this.#started) / 1000;
    process.stderr.write(
      `${events.toLocaleString('en')} events, ${inBytes(bytes)}, ${seconds.toFixed(1)} s\n`,
    );
  }

  /** Before something else is said. */
  clear(): void {
    if (this.#isOpen) process.stderr.write('\r\x1b[K');
    this.#isOpen = false;
  }
}
