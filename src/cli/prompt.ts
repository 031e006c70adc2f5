/** Asking in the terminal. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Reads one line; `hidden` shows nothing of it. Without a terminal the line comes from standard input as it is. */
export async function ask(question: string, hidden = false): Promise<string> {
  process.stderr.write(question);
  if (process.stdin.isTTY !== true) return nextPipedLine();
  let muted = false;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!muted) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  try {
    muted = hidden;
    const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    return await Promise.race([lines.question(''), closed]);
  } finally {
    lines.close();
    if (hidden) process.stderr.write('\n');
  }
}

interface PipedLines {
  readonly ready: string[];
  hasEnded: boolean;
  wake: () => void;
}

/** One reader for all questions: what came in one piece may answer several. */
let piped: PipedLines | undefined;

/** The next line of standard input; empty after the last one. */
async function nextPipedLine(): Promise<string> {
  piped ??= readLines();
  const lines = piped;
  if (lines.ready.length === 0 && !lines.hasEnded) {
    const waiting = new Promise<void>((resolve) => {
      lines.wake = resolve;
    });
    await waiting;
  }
  return lines.ready.shift() ?? '';
}

function readLines(): PipedLines {
  const reader = createInterface({ input: process.stdin });
  const lines: PipedLines = { ready: [], hasEnded: false, wake: () => {} };
  reader.on('line', (line) => {
    lines.ready.push(line);
    lines.wake();
  });
  reader.on('close', () => {
    lines.hasEnded = true;
    lines.wake();
  });
  return lines;
}

/** All of standard input. */
export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
