/**
 * The worker thread that CRuby runs in: one virtual machine, many filters. Messages come in order and are answered in
 * order. Events travel as JSON lines: `{"f": fields, "m": metadata}` in, and out
 * `{"i": index, "e": {f, m, c?}, "n": new events, "x"?: what was raised, "k"?: its class}`.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { adoptClock } from '../../kernel/fixed-clock.ts';
import { prelude } from './prelude.ts';
import { Wasi } from './wasi.ts';
import { localTime, zoneTransitions } from './zone.ts';

/** What the client hands over when it starts the worker. */
export interface WorkerData {
  readonly modulePath: string;
  /** Element 0: events finished of the current batch; 1: requests answered. The client's deadline watches them. */
  readonly progress: Int32Array;
  readonly directory: string;
  /** See `kernel/fixed-clock.ts`; undefined: the real time. */
  readonly clock: SharedArrayBuffer | undefined;
}

export type WorkerRequest =
  | { readonly kind: 'load'; readonly id: string; readonly line: string }
  | { readonly kind: 'batch'; readonly id: string; readonly count: number; readonly lines: string }
  | { readonly kind: 'unload'; readonly id: string };

export type WorkerReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly lines: string }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'print'; readonly text: string };

async function main(): Promise<void> {
  const port = parentPort!;
  const { modulePath, progress, directory, clock } = workerData as WorkerData;
  if (clock) adoptClock(clock);
  const reply = (message: WorkerReply): void => port.postMessage(message);
  let input: Buffer = Buffer.alloc(0);
  let at = 0;
  let output: Buffer[] = [];
  const wasi = new Wasi({
    args: ['ruby'],
    env: process.env as Record<string, string>,
    read(size) {
      const part = input.subarray(at, at + size);
      at += part.length;
      return part;
    },
    write(bytes) {
      output.push(Buffer.from(bytes));
      // A result begins `{"i":`; log lines are no progress.
      if (bytes[2] === 105) Atomics.add(progress, 0, 1);
    },
    print(_fd, bytes) {
      reply({ kind: 'print', text: Buffer.from(bytes).toString('utf8') });
    },
  });
  const { RubyVM } = createRequire(import.meta.url)('@ruby/wasm-wasi') as typeof import('@ruby/wasm-wasi');
  const module = await WebAssembly.compile(readFileSync(modulePath));
  const { vm } = await RubyVM.instantiateModule({
    module,
    wasip1: wasi as never,
    args: ['ruby.wasm', '--disable-gems', '-EUTF-8', '-e_=0'],
  });
  vm.eval(prelude);
  const transitions = zoneTransitions();
  if (transitions.length > 1 || transitions[0]![1] !== 0) vm.eval(localTime(transitions));
  vm.eval(`Dir.chdir(${JSON.stringify(directory)}) rescue nil`);
  port.on('message', (request: WorkerRequest) => {
    try {
      input = Buffer.from(
        request.kind === 'batch' ? request.lines : request.kind === 'load' ? request.line : '',
      );
      at = 0;
      output = [];
      Atomics.store(progress, 0, 0);
      const id = JSON.stringify(request.id);
      if (request.kind === 'batch') vm.eval(`Millrace.batch(${id}, ${request.count}); nil`);
      else if (request.kind === 'load') vm.eval(`Millrace.load(${id}); nil`);
      else vm.eval(`Millrace.unload(${id}); nil`);
      Atomics.add(progress, 1, 1);
      reply({ kind: 'done', lines: Buffer.concat(output).toString('utf8') });
    } catch (error) {
      Atomics.add(progress, 1, 1);
      reply({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  });
  reply({ kind: 'ready' });
}

await main();
