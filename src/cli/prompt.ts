/** Asking in the terminal. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Reads one line; `hidden` shows nothing of it. Without a terminal the line comes from standard input as it is. */
export async function ask(question: string, hidden = false): Promise<string> {
  let muted = false;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!muted) process.stderr.write(chunk);
      done();
    },
  });
  const terminal = process.stdin.isTTY === true;
  const lines = createInterface({ input: process.stdin, output, terminal });
  try {
    process.stderr.write(question);
    muted = hidden || !terminal;
    const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    return await Promise.race([lines.question(''), closed]);
  } finally {
    lines.close();
    if (hidden && terminal) process.stderr.write('\n');
  }
}

/** All of standard input. */
export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
