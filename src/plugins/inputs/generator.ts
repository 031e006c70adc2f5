import { readSync } from 'node:fs';
import { hostname } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { defineInput, type Peer } from '../../kernel/plugin.ts';
import { createGeneratorDecoder, FIRST } from '../../lib/generator-decoder.ts';

/** Events given to the queue at once. */
const CHUNK = 1000;
/** Chunks between two looks at sockets and timers. */
const CHUNKS_PER_TURN = 16;

export const generator = defineInput({
  kind: 'input',
  name: 'generator',
  summary: 'Makes events by itself, for trials and measurements.',
  ecs: true,
  options: {
    message: {
      type: 'string',
      default: 'Hello world!',
      description: 'Text of every event. `stdin` reads one line from standard input for it.',
    },
    lines: { type: 'array', description: 'Texts to go through in turn, instead of `message`.' },
    count: {
      type: 'number',
      default: 0,
      description: 'How often to go through all lines; 0 or less: without end.',
    },
  },
  examples: [
    { title: 'Ten events', config: 'generator { count => 10 }' },
    { title: 'Lines in turn', config: 'generator { lines => ["one", "two"] count => 3 }' },
  ],
  validate({ lines }, report) {
    if (lines?.length === 0) report('error', 'lines', 'the list of lines is empty');
  },
  createIntake(options, context) {
    const { writer } = context;
    const perRound = options.lines?.length ?? 1;
    const total = options.count > 0 ? options.count * perRound : Number.POSITIVE_INFINITY;
    let stopped = false;
    const run = async (): Promise<void> => {
      const message = options.lines === undefined && options.message === 'stdin' ? readLine() : undefined;
      const base: Peer = message === undefined ? { key: 'generator' } : { key: 'generator', message };
      let chunks = 0;
      for (let first = 0; first < total && !stopped; ) {
        const count = Math.min(CHUNK, total - first);
        const room = writer.virtual({ ...base, [FIRST]: first }, count);
        first += count;
        if (!room) await writer.ready();
        else if (++chunks % CHUNKS_PER_TURN === 0) await nextTurn();
      }
      if (stopped) return;
      writer.end(base);
      context.finished();
    };
    return {
      async open() {
        void run();
      },
      async close() {
        stopped = true;
      },
    };
  },
  createDecoder(options, context) {
    return createGeneratorDecoder((options.lines ?? [options.message]).map(String), hostname(), context);
  },
});

/** One line of standard input, without its end. */
function readLine(): string {
  const byte = Buffer.alloc(1);
  const bytes: number[] = [];
  try {
    while (readSync(0, byte, 0, 1, null) === 1 && byte[0] !== 10) bytes.push(byte[0]!);
  } catch {
    // Closed: what came so far.
  }
  return Buffer.from(bytes).toString();
}
