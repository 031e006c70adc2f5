import { constants, fstatSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { defineOutput } from '../../kernel/plugin.ts';
import { BatchEncoder } from '../../lib/encode-batch.ts';
import { DescriptorWriter } from '../../lib/files/write-fully.ts';

const STDOUT = 1;

export const stdout = defineOutput({
  kind: 'output',
  name: 'stdout',
  summary: 'Writes events to standard output.',
  options: {},
  examples: [
    { title: 'Readable events', config: 'stdout { }' },
    { title: 'JSON lines', config: 'stdout { codec => json_lines }' },
  ],
  differences: ['When the reader of a pipe goes away (`| head`), Millrace stops as on SIGTERM.'],
  defaultCodec: 'rubydebug',
  // A write to a file is whole; writes of several threads to a pipe or terminal would mix.
  concurrency: () => (isFile(STDOUT) ? 'worker' : 'shared'),
  reads: () => [],
  create(_options, { outputCodec: codec }) {
    const writer = new DescriptorWriter(descriptor());
    const encoder = new BatchEncoder(codec);
    let broken = false;
    const failed = (error: unknown): void => {
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
      if (!broken) process.kill(process.pid, 'SIGTERM');
      broken = true;
    };
    const put = (bytes: Uint8Array, signal: AbortSignal): Promise<void> | undefined => {
      if (broken) return undefined;
      try {
        return writer.write(bytes, signal)?.catch(failed);
      } catch (error) {
        failed(error);
        return undefined;
      }
    };
    return {
      // A full queue, pipe or terminal is waited for.
      timeLimit: 'none',
      write(events, signal) {
        const waiting = put(encoder.encode(events), signal);
        if (waiting === undefined) return undefined;
        encoder.release();
        return waiting.then(() => undefined);
      },
      ...(codec.encodesMessageLine
        ? { writeLines: (bytes: Buffer, _count: number, signal: AbortSignal) => put(bytes, signal) }
        : {}),
      async close() {},
    };
  },
});

let terminal: number | undefined;

/**
 * Where write(2) never holds the thread. Pipes answer EAGAIN when they are full, since the main thread starts worker
 * threads; a terminal (which Ctrl-S may stop for ever) is opened a second time for that, and stays open.
 */
function descriptor(): number {
  if (!isatty(STDOUT)) return STDOUT;
  try {
    terminal ??= openSync('/dev/fd/1', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    return terminal;
  } catch {
    return STDOUT;
  }
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}
