/**
 * What does a codec cost? Nanoseconds an event of decoding and encoding, one thread, no engine.
 * Run by hand: node bench/codecs.ts [rounds]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Event } from '../src/event/event.ts';
import type { Codec } from '../src/kernel/plugin.ts';
import { createRecordDecoder } from '../src/lib/record-decoder.ts';
import { json } from '../src/plugins/codecs/json.ts';
import { jsonLines } from '../src/plugins/codecs/json-lines.ts';
import { line } from '../src/plugins/codecs/line.ts';
import { multiline } from '../src/plugins/codecs/multiline.ts';
import { plain } from '../src/plugins/codecs/plain.ts';
import { rubydebug } from '../src/plugins/codecs/rubydebug.ts';
import { generator } from '../src/plugins/inputs/generator.ts';
import { file } from '../src/plugins/outputs/file.ts';
import { createCodec, decoderContext, outputContext, resolveOptions } from '../test/support/plugin.ts';
import { TestWriter } from '../test/support/writer.ts';

const BATCH = 250;
const rounds = Number(process.argv[2] ?? 400);
const fields = {
  '@timestamp': '2026-11-20T10:00:00.000Z',
  '@version': '1',
  message: 'GET /index.html from 192.0.2.7 took a while and answered with many bytes',
  host: { name: 'web-1', ip: ['192.0.2.7'] },
  http: { request: { method: 'GET' }, response: { status_code: 200, bytes: 5120 } },
  tags: ['web', 'front'],
  duration: 0.125,
};
const text = JSON.stringify(fields);

/** Median of seven measurements of `work`, which handles a batch, after a warm-up. */
async function measure(name: string, work: () => unknown): Promise<void> {
  const times: number[] = [];
  for (let run = 0; run < 8; run++) {
    const start = performance.now();
    for (let round = 0; round < rounds; round++) await work();
    times.push(((performance.now() - start) * 1e6) / (rounds * BATCH));
  }
  times.shift();
  times.sort((a, b) => a - b);
  process.stdout.write(`${name.padEnd(44)} ${times[3]!.toFixed(0).padStart(6)} ns an event\n`);
}

/** A block of lines through codec and shared decoder. */
function decoding(codec: Codec, record: string): () => void {
  const writer = new TestWriter();
  writer.lines({ key: 'bench' }, Buffer.from(`${record}\n`.repeat(BATCH)), BATCH);
  const block = writer.block();
  const decoder = createRecordDecoder(decoderContext(codec), [{ reference: 'host', value: () => 'bench' }]);
  let seen = 0;
  return () => decoder.decode(block, () => seen++);
}

const events = Array.from({ length: BATCH }, () => new Event(structuredClone(fields)));
function encoding(codec: Codec): () => number {
  return () => {
    let length = 0;
    for (const event of events) length += codec.encode(event).length;
    return length;
  };
}

process.stdout.write(`node ${process.version}, ${text.length} bytes of JSON, batches of ${BATCH}\n`);
await measure('line: decode', decoding(createCodec(line), 'x'.repeat(256)));
await measure('json: decode', decoding(createCodec(json), text));
await measure('json_lines: decode', decoding(createCodec(jsonLines), text));
await measure(
  'multiline: decode (no line joined)',
  decoding(createCodec(multiline, { pattern: '^\\s', what: 'previous' }), 'x'.repeat(256)),
);
await measure('line: encode %{message}', encoding(createCodec(line, { format: '%{message}' })));
await measure('json_lines: encode', encoding(createCodec(jsonLines)));
await measure('rubydebug: encode', encoding(createCodec(rubydebug)));

const made = generator.createDecoder(resolveOptions(generator, {}), decoderContext(createCodec(plain)));
const block = new TestWriter();
block.virtual({ key: 'generator', first: 0 }, BATCH);
const virtual = block.block();
await measure('generator: make', () => made.decode(virtual, () => {}));

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
const { signal } = new AbortController();
for (const [name, path] of [
  ['one file', 'out.json'],
  ['path with date and field', '%{[host][name]}-%{+yyyy-MM-dd}.json'],
] as const) {
  const output = file.create(
    resolveOptions(file, { path: join(folder, path) }),
    outputContext(createCodec(jsonLines)),
  );
  await measure(`file output: json_lines, ${name}`, () => output.write(events, signal));
  await output.close();
}
rmSync(folder, { recursive: true });
