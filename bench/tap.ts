/**
 * What an open tap costs: the same events through the same pipeline, with nobody looking, with a tap of 10 samples a
 * second at a filter, and with one of 100. All are run in turn, so that a machine that slows down slows them alike.
 *
 *   node bench/tap.ts [EVENTS] [ROUNDS]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testEngine, testPipeline } from '../test/support/engine.ts';

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = Number(process.argv[3] ?? 7);

const line = '192.0.2.7 - - [20/Nov/2026:10:00:00 +0000] "GET /index.html?q=1 HTTP/1.1" 200 5321';
const config = `input { generator { count => ${EVENTS} message => '${line}' } }
  filter {
    grok { id => "grok" match => { "message" => '%{IPORHOST:client} %{USER:ident} %{USER:auth} \\[%{HTTPDATE:time}\\] "%{WORD:verb} %{NOTSPACE:path} HTTP/%{NUMBER:http}" %{NUMBER:status:int} %{NUMBER:bytes:int}' } }
    mutate { id => "mutate" rename => { "client" => "[source][ip]" } remove_field => ["message"] add_field => { "site" => "hel-1" } }
    if [status] >= 500 { mutate { add_tag => ["error"] } }
  }
  output { null { id => "out" } }`;

const cases = { 'no tap': 0, 'tap, 10/s': 10, 'tap, 100/s': 100 } as const;
type Case = keyof typeof cases;

async function run(rate: number): Promise<{ seconds: number; cpu: number; samples: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const engine = testEngine();
  const controller = new AbortController();
  let samples = 0;
  const reading = (async () => {
    if (rate === 0) return;
    for await (const batch of engine.tap('main', { node: 'mutate', rate, signal: controller.signal }))
      samples += batch.samples.length;
  })();
  const ended = new Promise<void>((resolve) => {
    engine.onChange(({ state }) => state === 'finished' && resolve());
  });
  const pipeline = await testPipeline(config, { dataPath: folder });
  const cpu = process.cpuUsage();
  const began = performance.now();
  await engine.load(pipeline);
  await ended;
  const seconds = (performance.now() - began) / 1000;
  const used = process.cpuUsage(cpu);
  controller.abort();
  await reading;
  await engine.terminate();
  rmSync(folder, { recursive: true, force: true });
  return { seconds, cpu: (used.user + used.system) / 1e6, samples };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const results = new Map<Case, { seconds: number; cpu: number; samples: number }[]>();
await run(0);
for (let round = 0; round < ROUNDS; round++) {
  const order = Object.keys(cases) as Case[];
  // Another one begins each time.
  for (let at = 0; at < order.length; at++) {
    const name = order[(at + round) % order.length]!;
    results.set(name, [...(results.get(name) ?? []), await run(cases[name])]);
  }
}
const base = results.get('no tap')!;
for (const [name, runs] of results) {
  const seconds = median(runs.map((each) => each.seconds));
  const cpu = median(runs.map((each) => each.cpu));
  // Each run beside the one without a tap of the same round.
  const ratio = median(runs.map((each, at) => base[at]!.seconds / each.seconds));
  const cpuRatio = median(runs.map((each, at) => each.cpu / base[at]!.cpu));
  process.stdout.write(
    `${name.padEnd(10)} ${Math.round(EVENTS / seconds / 1000)}k events/s  ${((cpu * 1e6) / EVENTS).toFixed(2)} CPU s/M  throughput ×${ratio.toFixed(3)}  CPU ×${cpuRatio.toFixed(3)}  ${median(runs.map((each) => each.samples))} samples\n`,
  );
}
process.exit(0);
