import { fstatSync } from 'node:fs';
import { defineOutput } from '../../kernel/plugin.ts';
import { BatchEncoder } from '../../lib/encode-batch.ts';
import { DescriptorWriter } from '../../lib/write-fully.ts';

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
    const writer = new DescriptorWriter(STDOUT);
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

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}
