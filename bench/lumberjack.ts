/**
 * What a compressed Lumberjack event costs, step by step, CPU microseconds an event in this process:
 * inflating alone, the beats input with real sockets into blocks, and decoding those blocks with nothing read
 * downstream and with everything read. Usage: node bench/lumberjack.ts FILE_OF_JSON_LINES [events] [window]
 */
import { spawn } from 'node:child_process';
import { openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { type Block, type BlockWriter, type Intake, type Peer, RunKind } from '../src/kernel/plugin.ts';
import { encodeJson } from '../src/lib/lumberjack/lumberjack.ts';
import { plain } from '../src/plugins/codecs/plain.ts';
import { beats } from '../src/plugins/inputs/beats.ts';
import { createCodec, decoderContext, resolveOptions } from '../test/support/plugin.ts';
import { intakeContext } from '../test/support/writer.ts';

const [file, events = 1_000_000, window = 2048] = [
  process.argv[2]!,
  ...process.argv.slice(3).map(Number),
] as [string, number?, number?];

const BLOCK = 64 * 1024;
/** Blocks kept for decoding. */
const KEPT = 200;

/** Fills blocks as the engine could at best: one copy a stretch of records. */
class Sink implements BlockWriter {
  readonly blocks: Block[] = [];
  received = 0;
  readonly hasRoom = true;
  #bytes = Buffer.from(new SharedArrayBuffer(4 * BLOCK));
  #length = 0;
  #runs = new Int32Array(4 * 1024);
  #count = 0;
  #peers: Peer[] = [];

  records(peer: Peer, bytes: Uint8Array, ends: Int32Array): boolean {
    if (
      this.#length + bytes.length > this.#bytes.length ||
      (this.#count + ends.length) * 4 > this.#runs.length
    )
      this.#cut();
    if (this.#peers.length === 0) this.#peers.push(peer);
    const base = this.#length;
    this.#bytes.set(bytes, base);
    const runs = this.#runs;
    let at = this.#count * 4;
    for (let index = 0; index < ends.length; index++) {
      runs[at] = RunKind.record;
      runs[at + 1] = 0;
      runs[at + 2] = base + ends[index]!;
      runs[at + 3] = 1;
      at += 4;
    }
    this.#length += bytes.length;
    this.#count += ends.length;
    this.received += ends.length;
    if (this.#length >= BLOCK) this.#cut();
    return true;
  }
  #cut(): void {
    // Some blocks are kept for decoding; the memory of the others is used again.
    if (this.blocks.length < KEPT) {
      this.blocks.push({
        id: 1,
        receivedAt: Date.now(),
        count: this.#count,
        bytes: this.#bytes.subarray(0, this.#length),
        peers: this.#peers,
        runs: this.#runs.slice(0, this.#count * 4),
      });
      if (this.blocks.length < KEPT) this.#bytes = Buffer.from(new SharedArrayBuffer(4 * BLOCK));
    }
    this.#length = 0;
    this.#count = 0;
  }
  record(peer: Peer, bytes: Uint8Array): boolean {
    return this.records(peer, bytes, Int32Array.of(bytes.length));
  }
  lines(): boolean {
    return true;
  }
  done(bytes: Uint8Array): void {
    (bytes.buffer as ArrayBuffer).transfer(0);
  }

  virtual(): boolean {
    return true;
  }
  end(): void {}
  ready(): Promise<void> {
    return Promise.resolve();
  }
  whenSafe(callback: () => void): void {
    callback();
  }
  whenDelivered(callback: () => void): void {
    callback();
  }
  dropped(): void {}
}

const results: Record<string, number> = {};
function measure(name: string, count: number, work: () => void): void {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  results[name] = Number(((user + system) / count).toFixed(3));
}

function firstLines(count: number): string[] {
  const chunk = Buffer.alloc(16 * 1024 * 1024);
  const read = readSync(openSync(file, 'r'), chunk);
  return chunk.toString('utf8', 0, read).split('\n').slice(0, -1).slice(0, count);
}

async function intake(sink: Sink): Promise<void> {
  const context = intakeContext({ writer: sink });
  const made = beats.createIntake(
    resolveOptions(beats, { host: '127.0.0.1', port: 0 }),
    context,
  ) as Intake & { port: number };
  await made.open(new AbortController().signal);
  const sender = join(import.meta.dirname, 'lumberjack-sender.ts');
  const flags = ['--port', made.port, '--data', file, '--window', window].map(String);
  const run = (count: number): Promise<unknown> =>
    new Promise((resolve) =>
      spawn(process.execPath, [sender, ...flags, '--events', String(count)], { stdio: 'ignore' }).on(
        'exit',
        resolve,
      ),
    );
  await run(100_000);
  const already = sink.received;
  const before = process.cpuUsage();
  await run(events);
  const { user, system } = process.cpuUsage(before);
  if (sink.received - already !== events) throw new Error(`${sink.received - already} events arrived`);
  results['intake: sockets, inflate, frames, blocks'] = Number(((user + system) / events).toFixed(3));
  await made.close();
}

const lines = firstLines(window);
const deflated = deflateSync(encodeJson(lines), { level: 3 });
const rounds = Math.ceil(events / lines.length);
const inflate = (): void => {
  for (let round = 0; round < rounds; round++) inflateSync(deflated, { chunkSize: 128 * 1024 });
};
inflate();
measure('inflate alone', rounds * lines.length, inflate);
const parse = (): void => {
  for (let round = 0; round < rounds / 4; round++) for (const line of lines) JSON.parse(line);
};
parse();
measure('JSON.parse alone', (rounds / 4) * lines.length, parse);

const sink = new Sink();
await intake(sink);
const decoded = sink.blocks.reduce((sum, block) => sum + block.count, 0);
for (const needs of [[], 'all'] as const) {
  const decoder = beats.createDecoder(
    resolveOptions(beats, { port: 0 }),
    decoderContext(createCodec(plain), { needs }),
  );
  let made = 0;
  const decode = (): void => {
    for (const block of sink.blocks)
      decoder.decode(block, () => {
        made++;
      });
  };
  decode();
  measure(`decode, ${needs === 'all' ? 'everything' : 'nothing'} read`, decoded, decode);
  if (made !== 2 * decoded) throw new Error(`${made} events from ${2 * decoded} records`);
}
const bytes = Math.round(lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0) / lines.length);
console.log(JSON.stringify({ events, window, bytes, microseconds: results }, null, 2));
process.exit();
