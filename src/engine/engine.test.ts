import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { crashing } from '../../test/support/crashing-registry.ts';
import { testEngine, testPipeline } from '../../test/support/engine.ts';
import { decodeEvent } from '../event/event-encoding.ts';
import { type DeadLetter, decodePayload } from '../queue/dead-letter-entry.ts';
import { listSegments, readParts } from '../queue/dead-letter-segments.ts';
import type { Engine } from './engine.ts';
import type { PipelineConfig } from './pipeline-status.ts';

const engines: Engine[] = [];
const folder = mkdtempSync(join(tmpdir(), 'millrace-engine-'));
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.terminate()));
});

function startEngine(maxThreads = 2): Engine {
  const engine = testEngine(maxThreads, crashing);
  engines.push(engine);
  return engine;
}

const configOf = (
  text: string,
  workers = 2,
  id = 'main',
  settings: Record<string, unknown> = {},
): Promise<PipelineConfig> =>
  testPipeline(text, { id, workers, settings, dataPath: folder, registry: crashing.registry });

const ended = async (engine: Engine, id = 'main'): Promise<void> => {
  while (engine.pipelines.get(id)!.state === 'running') await new Promise((done) => setTimeout(done, 10));
};

describe('Engine', () => {
  test('a worker thread that dies is replaced, and what it had is processed again: nothing is lost', async () => {
    const engine = startEngine();
    const out = join(folder, 'crash.out');
    const lines = Array.from({ length: 2000 }, (_, n) => (n === 700 ? 'crash' : `line ${n}`));
    await engine.load(
      await configOf(`input { generator { count => 1 lines => ${JSON.stringify(lines)} } }
        filter { crash { marker => "${join(folder, 'crashed')}" } }
        output { file { path => "${out}" codec => line { format => "%{message}" } } }`),
    );
    await ended(engine);
    const written = new Set(readFileSync(out, 'utf8').trim().split('\n'));
    expect(lines.filter((line) => !written.has(line))).toEqual([]);
  }, 20_000);

  test('a block that kills every worker is given up with an error; the rest goes on', async () => {
    const engine = startEngine();
    const out = join(folder, 'poison.out');
    const lines = Array.from({ length: 20_000 }, (_, n) => (n === 10_000 ? 'crash' : `line ${n}`));
    await engine.load(
      await configOf(`input { generator { count => 1 lines => ${JSON.stringify(lines)} } }
        filter { crash { marker => "${join(folder, 'never', 'made')}" } }
        output { file { path => "${out}" codec => line { format => "%{message}" } } }`),
    );
    await ended(engine);
    const written = new Set(readFileSync(out, 'utf8').trim().split('\n'));
    const lost = lines.filter((line) => !written.has(line));
    expect(lost).toContain('crash');
    // At most the block that it was in.
    expect(lost.length).toBeLessThanOrEqual(8192);
    expect(engine.pipelines.get('main')!.state).toBe('finished');
  }, 20_000);

  const letters = { 'dead_letter_queue.enable': true };
  const kept = (id: string): DeadLetter[] =>
    listSegments(join(folder, 'dead_letter_queue', id)).flatMap((segment) =>
      [...readParts(segment)].flatMap(({ payloads }) =>
        payloads.map((payload) => {
          const { eventText, ...head } = decodePayload(payload);
          return { ...head, event: decodeEvent(eventText) };
        }),
      ),
    );

  const fileInput = (name: string, lines: readonly string[], more = ''): string => {
    const path = join(folder, `${name}.log`);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return `input { file { id => "source" path => "${path}" mode => read exit_after_read => true
      file_completed_action => log file_completed_log_path => "${path}.done" sincedb_path => "/dev/null" ${more} } }`;
  };

  test('the records of a block that kills every worker go to the dead letter queue', async () => {
    const engine = startEngine();
    const out = join(folder, 'buried.out');
    const lines = Array.from({ length: 10_000 }, (_, n) => (n === 5000 ? 'crash' : `line ${n}`));
    await engine.load(
      await configOf(
        `${fileInput('killer', lines)}
        filter { crash { marker => "${join(folder, 'never', 'made')}" } }
        output { file { path => "${out}" codec => line { format => "%{message}" } } }`,
        2,
        'killer',
        letters,
      ),
    );
    await ended(engine, 'killer');
    const written = new Set(readFileSync(out, 'utf8').trim().split('\n'));
    const dead = kept('killer');
    expect(dead[0]).toMatchObject({ pluginKind: 'input', pluginName: 'file', pluginId: 'source' });
    expect(dead[0]!.reason).toContain('ended three times');
    const messages = new Set(dead.map(({ event }) => event.fields['message']));
    expect(messages).toContain('crash');
    expect(lines.filter((line) => !written.has(line) && !messages.has(line))).toEqual([]);
  }, 20_000);

  test('the records of a block whose decoder throws go to the dead letter queue', async () => {
    const engine = startEngine();
    await engine.load(
      await configOf(
        `${fileInput('broken', ['good', 'bad', 'good'], 'codec => throwing')} output { null { id => "out" } }`,
        1,
        'broken',
        letters,
      ),
    );
    await ended(engine, 'broken');
    const dead = kept('broken');
    expect(dead[0]!.reason).toContain('this codec is broken');
    expect(dead.map(({ event }) => event.fields['message'])).toEqual(['good', 'bad', 'good']);
    expect(engine.deadLetters('broken')!.events).toBe(3);
  });

  test.each([
    { workers: 2, together: 4 },
    { workers: 1, together: 1 },
  ])('an output that takes whole blocks gets $together at once of $workers workers', async (given) => {
    const { workers, together } = given;
    const engine = startEngine(1);
    const path = join(folder, `blocks-${workers}`);
    const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n} ${'.'.repeat(100)}`);
    await engine.load(
      await configOf(
        `${fileInput(`blocks-${workers}`, lines)} filter { mutate { id => "batches" add_field => { "a" => "b" } } }
          output { blocks { id => "out" path => "${path}" together => ${together} } }`,
        workers,
      ),
    );
    await ended(engine);
    const writes = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { underWay: number; messages: string[] });
    expect(Math.max(...writes.map(({ underWay }) => underWay))).toBe(together);
    expect(Math.max(...writes.map(({ messages }) => messages.length))).toBeGreaterThan(125);
    expect(writes.flatMap(({ messages }) => messages)).toEqual(lines);
    expect(engine.counts('main').nodes.get('out')).toMatchObject({ in: 20_000, out: 20_000 });
  });

  test('counts every event in and out of every node', async () => {
    const engine = startEngine();
    await engine.load(
      await configOf(`input { generator { count => 300 } }
        filter { if [sequence] < 100 { drop { id => "dropped" } } else { mutate { id => "kept" add_field => { "a" => "b" } } } }
        output { null { id => "out" } }`),
    );
    await ended(engine);
    const counts = engine.counts('main');
    expect([counts.in, counts.filtered, counts.out]).toEqual([300, 200, 200]);
    expect(counts.nodes.get('dropped')).toMatchObject({ in: 100, out: 0 });
    expect(counts.nodes.get('kept')).toMatchObject({ in: 200, out: 200 });
    expect(counts.nodes.get('out')).toMatchObject({ in: 200, out: 200 });
  });

  test('events that a condition fails for are kept, and the numbers are told', async () => {
    const engine = startEngine();
    await engine.load(
      await configOf(
        'input { generator { count => 300 } } filter { if [sequence] < "x" { drop { } } } output { null { id => "out" } }',
        2,
        'letters',
        { 'dead_letter_queue.enable': true, 'dead_letter_queue.max_bytes': 1 << 20 },
      ),
    );
    await ended(engine, 'letters');
    const state = engine.deadLetters('letters')!;
    expect(state).toMatchObject({
      directory: join(folder, 'dead_letter_queue', 'letters'),
      events: 300,
      dropped: 0,
      expired: 0,
      maxBytes: 1 << 20,
      storagePolicy: 'drop_older',
    });
    expect(state.queueBytes).toBeGreaterThan(state.bytes);
    expect(engine.counts('letters').nodes.get('out')).toMatchObject({ in: 0, out: 0 });
    await engine.load(await configOf('input { generator { count => 1 } } output { null { } }', 1, 'off'));
    expect(engine.deadLetters('off')).toBeUndefined();
  });

  test('a pipeline that reads its own dead letters does not send them round', async () => {
    const engine = startEngine();
    const path = join(folder, 'dead_letter_queue');
    const all = { 'dead_letter_queue.enable': true };
    const failing = 'filter { if [sequence] < "x" { drop { } } } output { null { } }';
    await engine.load(await configOf(`input { generator { count => 5 } } ${failing}`, 1, 'round', all));
    await ended(engine, 'round');
    await engine.load(
      await configOf(
        `input { dead_letter_queue { path => "${path}" pipeline_id => "round" commit_offsets => false } } ${failing}`,
        1,
        'round',
        all,
      ),
    );
    while (engine.deadLetters('round')!.dropped < 5) await new Promise((done) => setTimeout(done, 10));
    await new Promise((done) => setTimeout(done, 300));
    expect(engine.deadLetters('round')).toMatchObject({ events: 0, dropped: 5 });
  });

  test('pipelines that only count are exact, too', async () => {
    const engine = startEngine();
    await engine.load(
      await configOf('input { generator { count => 12345 } } output { null { id => "out" } }'),
    );
    await ended(engine);
    expect(engine.counts('main').nodes.get('out')).toMatchObject({ in: 12345, out: 12345 });
  });

  test('a plugin that can not be made fails the pipeline with its name, others run', async () => {
    const engine = startEngine();
    const bad = await configOf(`input { tcp { host => "256.1.1.1" port => 1 } } output { null { } }`);
    await expect(engine.load(bad)).rejects.toThrow();
    expect(engine.pipelines.get('main')!.state).toBe('terminated');
    await engine.load(await configOf('input { generator { count => 1 } } output { null { } }', 1, 'other'));
    await ended(engine, 'other');
    expect(engine.pipelines.get('other')!.state).toBe('finished');
  });

  test('ends when stopped in the middle, with everything taken delivered', async () => {
    const engine = startEngine();
    await engine.load(
      await configOf(
        'input { generator { id => "gen" } } filter { mutate { add_field => { "a" => "%{sequence}" } } } output { null { id => "out" } }',
      ),
    );
    await new Promise((done) => setTimeout(done, 200));
    await engine.stop();
    const { nodes } = engine.counts('main');
    expect(nodes.get('gen')!.in).toBeGreaterThan(1000);
    expect(nodes.get('out')!.out).toBe(nodes.get('gen')!.in);
    rmSync(folder, { recursive: true, force: true });
  });
});
