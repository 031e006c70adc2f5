/**
 * What the intake thread pays for a line over TCP: the tcp input with real sockets, framing, and the copy into
 * blocks; nothing behind it. A child process sends. Usage: node bench/intake-tcp.ts [lines] [bytes] [connections]
 * Prints JSON: lines/s, CPU microseconds a line of this process, and the cost of counting lines alone.
 */
import { fork } from 'node:child_process';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Intake, type Peer, RunKind } from '../src/kernel/plugin.ts';
import { LineFramer } from '../src/lib/net/line-framer.ts';
import { tcp } from '../src/plugins/inputs/tcp.ts';
import { BLOCK_BYTES, BlockBuilder } from '../src/queue/block-builder.ts';
import { SlabPool } from '../src/queue/slab-pool.ts';
import { resolveOptions } from '../test/support/plugin.ts';
import { intakeContext } from '../test/support/writer.ts';

const [lines = 2_000_000, lineBytes = 256, connections = 1] = process.argv.slice(2).map(Number);

/** Fills blocks as the engine does and forgets them. */
class Sink {
  received = 0;
  readonly hasRoom = true;
  readonly #pool = new SlabPool();
  readonly #builder = new BlockBuilder(this.#pool, -1);
  onEnd: () => void = () => {};

  lines(peer: Peer, bytes: Uint8Array, count: number): boolean {
    const builder = this.#builder;
    if (!builder.fits(bytes.length)) this.#cut();
    builder.append(RunKind.lines, peer, bytes, count, Date.now());
    if (builder.length >= BLOCK_BYTES) this.#cut();
    this.received += count;
    return true;
  }
  record(peer: Peer, bytes: Uint8Array): boolean {
    return this.lines(peer, bytes, 1);
  }
  end(): void {
    if (this.received >= lines) this.onEnd();
  }
  ready(): Promise<void> {
    return Promise.resolve();
  }
  #cut(): void {
    const { slab } = this.#builder.seal(1, 0, 0, { node: 'tcp', plugin: 'tcp' });
    if (slab) this.#pool.give(slab);
  }
}

function send(port: number): void {
  const line = Buffer.alloc(lineBytes, 'x');
  line[lineBytes - 1] = 10;
  const perChunk = Math.max(1, Math.floor(262_144 / lineBytes));
  const chunk = Buffer.concat(Array.from({ length: perChunk }, () => line));
  for (let index = 0; index < connections; index++) {
    let left = Math.floor(lines / connections) + (index < lines % connections ? 1 : 0);
    const socket = net.connect(port, '127.0.0.1', function more() {
      while (left > 0) {
        const now = Math.min(left, perChunk);
        left -= now;
        if (!socket.write(now === perChunk ? chunk : chunk.subarray(0, now * lineBytes))) {
          socket.once('drain', more);
          return;
        }
      }
      socket.end();
    });
  }
}

async function measure(): Promise<{ seconds: number; cpu: number }> {
  const sink = new Sink();
  const options = resolveOptions(tcp, { host: '127.0.0.1', port: 0, dns_reverse_lookup_enabled: false });
  const intake = tcp.createIntake(options, intakeContext({ writer: sink as never })) as Intake & {
    port: number;
  };
  await intake.open(new AbortController().signal);
  const done = new Promise<void>((resolve) => {
    sink.onEnd = resolve;
  });
  const cpu = process.cpuUsage();
  const started = performance.now();
  const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), {
    env: { ...process.env, INTAKE_PORT: String(intake.port) },
  });
  await done;
  const used = process.cpuUsage(cpu);
  const seconds = (performance.now() - started) / 1000;
  await new Promise((resolve) => child.once('exit', resolve));
  await intake.close();
  return { seconds, cpu: used.user + used.system };
}

/** Nanoseconds a line for ways to count, on one chunk of a socket's size. */
function counting(): Record<string, number> {
  const chunk = Buffer.alloc(65_536, 'x');
  for (let at = lineBytes - 1; at < chunk.length; at += lineBytes) chunk[at] = 10;
  const count = Math.floor(chunk.length / lineBytes);
  const framers = [new LineFramer(Buffer.from('\n'), 1 << 20)] as const;
  const ways: Record<string, () => unknown> = {
    'Buffer.indexOf': () => {
      let found = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) found++;
      return found;
    },
    'latin1Slice and indexOf': () => {
      const text = chunk.latin1Slice(0, chunk.length);
      let found = 0;
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) found++;
      return found;
    },
    'byte loop': () => {
      let found = 0;
      for (let at = 0; at < chunk.length; at++) if (chunk[at] === 10) found++;
      return found;
    },
    'LineFramer, a line across every two chunks': () => framers[0]!.push(odd, nowhere, { key: '' }),
  };
  const odd = chunk.subarray(0, chunk.length - 7);
  const nowhere = { lines: () => true, record: () => true, hasRoom: true };
  const result: Record<string, number> = {};
  for (const [name, run] of Object.entries(ways)) {
    for (let round = 0; round < 500; round++) run();
    let best = Infinity;
    for (let repeat = 0; repeat < 5; repeat++) {
      const started = process.hrtime.bigint();
      for (let round = 0; round < 500; round++) run();
      best = Math.min(best, Number(process.hrtime.bigint() - started) / 500 / count);
    }
    result[name] = Number(best.toFixed(1));
  }
  return result;
}

const port = Number(process.env['INTAKE_PORT'] ?? 0);
if (port > 0) send(port);
else {
  const runs: { seconds: number; cpu: number }[] = [];
  for (let run = 0; run < 4; run++) runs.push(await measure());
  const warm = runs.slice(1).toSorted((a, b) => a.cpu - b.cpu);
  const median = warm[1]!;
  const result = {
    lines,
    lineBytes,
    connections,
    linesPerSecond: Math.round(lines / median.seconds),
    cpuMicrosPerLine: Number((median.cpu / lines).toFixed(3)),
    spread: warm.map((run) => Number((run.cpu / lines).toFixed(3))),
    countingNanosPerLine: counting(),
  };
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
}
