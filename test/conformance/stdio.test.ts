/** The promises of inputs and outputs for stdin and stdout, which own a stream of their process: each in a child. */
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { Command } from './stdio-child.ts';
import { eventually, pause, within } from './support.ts';

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

class Child {
  readonly process: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #commands = 0;

  private constructor(process: ChildProcess) {
    this.process = process;
    process.on('message', (answer: Answer) => this.#waiting.get(answer.id)?.(answer));
  }

  static async start(...args: string[]): Promise<Child> {
    const child = new Child(
      fork(`${import.meta.dirname}/stdio-child.ts`, args, {
        stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
        execArgv: [],
      }),
    );
    children.push(child);
    const ready = new Promise<Answer>((resolve) => child.#waiting.set(0, resolve));
    await within(5_000, ready, 'the start of the child');
    return child;
  }

  /** Sends a command and waits for its result. */
  async ask(command: Command): Promise<unknown> {
    const { result, error } = await within(2_000, this.begin(command), command.do);
    if (error !== undefined) throw new Error(error);
    return result;
  }
  /** Sends a command whose answer may come later. */
  begin(command: Command): Promise<Answer> {
    const id = ++this.#commands;
    this.process.send({ id, ...command });
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }
  async counts(count: number): Promise<void> {
    for (let turn = 0; (await this.ask({ do: 'count' })) !== count; turn++) {
      if (turn > 300) throw new Error(`it never counted ${count}`);
      await pause(10);
    }
  }
}

const children: Child[] = [];
afterEach(async () => {
  for (const { process: child } of children.splice(0)) {
    if (child.exitCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

const numbered = (count: number, length = 0): string[] =>
  Array.from({ length: count }, (_, index) => `text ${index + 1}`.padEnd(length, '.'));
const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('');

describe('input stdin', () => {
  test('what is sent becomes events, each once and in order; its end finishes the input', async () => {
    const child = await Child.start('stdin');
    child.process.stdin!.end(lines(numbered(100)));
    await child.counts(100);
    expect(await child.ask({ do: 'messages' })).toEqual(numbered(100));
    expect(await child.ask({ do: 'finished' })).toBe(true);
  });

  test('it stops when the queue is full, and goes on when there is room', async () => {
    const child = await Child.start('stdin', 'full');
    const texts = numbered(2_000, 500);
    child.process.stdin!.end(lines(texts));
    await pause(200);
    const stopped = Number(await child.ask({ do: 'count' }));
    expect(stopped).toBeLessThan(texts.length);
    await pause(50);
    expect(await child.ask({ do: 'count' })).toBe(stopped);
    await child.ask({ do: 'room' });
    await child.counts(texts.length);
    expect(await child.ask({ do: 'messages' })).toEqual(texts);
  });

  test('close ends while all is blocked, may be called twice, and nothing comes afterwards', async () => {
    const child = await Child.start('stdin', 'full');
    child.process.stdin!.on('error', () => {});
    child.process.stdin!.write(lines(numbered(2_000, 500)));
    await pause(100);
    await child.ask({ do: 'abort' });
    await child.ask({ do: 'close' });
    await child.ask({ do: 'close' });
    const count = await child.ask({ do: 'count' });
    await child.ask({ do: 'room' });
    await pause(50);
    expect(await child.ask({ do: 'count' })).toBe(count);
    expect(await child.ask({ do: 'finished' })).toBe(false);
  });

  test('does not hold the process open once it is closed', async () => {
    const child = await Child.start('stdin');
    await child.ask({ do: 'close' });
    child.process.disconnect();
    await within(2_000, once(child.process, 'exit'), 'the end of the process');
    expect(child.process.exitCode).toBe(0);
  });
});

describe('output stdout', () => {
  const collect = (stream: Readable): { readonly text: () => string } => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    return { text: () => Buffer.concat(chunks).toString() };
  };

  test('delivers everything in order', async () => {
    const child = await Child.start('stdout');
    const { text } = collect(child.process.stdout!);
    for (const count of [3, 1, 500]) expect(await child.ask({ do: 'write', count })).toEqual([]);
    await child.ask({ do: 'close' });
    await eventually(() => text().length >= lines(numbered(504)).length, 'all lines');
    expect(text()).toBe(lines(numbered(504)));
  });

  test('waits while nobody reads, and goes on', async () => {
    const child = await Child.start('stdout');
    let done = false;
    const writing = child.begin({ do: 'write', count: 1_000, length: 1_000 }).then((answer) => {
      done = true;
      return answer;
    });
    await pause(100);
    expect(done).toBe(false);
    const { text } = collect(child.process.stdout!);
    expect(await within(5_000, writing, 'write')).toMatchObject({ result: [] });
    await eventually(() => text().length === 1_001_000, 'all lines');
    expect(text()).toBe(lines(numbered(1_000, 1_000)));
  });

  test('close ends in time while nobody reads; an abort ends what waits, which does not count as delivered', async () => {
    const child = await Child.start('stdout');
    const writing = child.begin({ do: 'write', count: 1_000, length: 1_000 });
    await pause(100);
    await child.ask({ do: 'abort' });
    expect((await within(2_000, writing, 'the end')).error).toContain('AbortError');
    await child.ask({ do: 'close' });
    await child.ask({ do: 'close' });
  });

  test('a terminal that is stopped does not keep the process from ending', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-terminal-'));
    const launcher = join(import.meta.dirname, '..', '..', 'bin', 'millrace.js');
    const config = 'input { generator { } } output { stdout { } }';
    const command = [
      process.execPath,
      launcher,
      '-e',
      config,
      '--path.data',
      folder,
      '--api.enabled',
      'false',
    ];
    const { stdout } = await promisify(execFile)('python3', [
      `${import.meta.dirname}/stopped-terminal.py`,
      ...command,
    ]);
    rmSync(folder, { recursive: true });
    expect(stdout.trim()).toBe('ended');
  });
});
