import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { crashing } from '../../test/support/crashing-registry.ts';
import { testEngine, testPipeline } from '../../test/support/engine.ts';
import { decodeEvent } from '../event/event-encoding.ts';
import type { Engine } from './engine.ts';
import type { EventSample } from './messages.ts';
import type { TapOptions } from './open-taps.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-taps-'));
const engines: Engine[] = [];
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.terminate()));
});

async function start(text: string, workers = 2): Promise<Engine> {
  const engine = testEngine(2, crashing);
  engines.push(engine);
  await load(engine, text, workers);
  return engine;
}

const load = async (engine: Engine, text: string, workers = 2): Promise<void> =>
  engine.load(await testPipeline(text, { workers, dataPath: folder, registry: crashing.registry }));

/** So many samples of a tap, which is closed then. */
async function samples(
  engine: Engine,
  count: number,
  options: Omit<TapOptions, 'signal'>,
): Promise<EventSample[]> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), 8000);
  const found: EventSample[] = [];
  for await (const batch of engine.tap('main', { ...options, signal: controller.signal })) {
    found.push(...batch.samples);
    if (found.length >= count) break;
  }
  clearTimeout(timer);
  return found;
}

const config = (filters: string): string =>
  `input { generator { id => "in" lines => ["one", "two"] } } filter { ${filters} } output { file { id => "out" path => "${join(folder, 'out')}" } }`;

describe('taps', () => {
  test('show events before and behind a filter while others go on', async () => {
    const engine = await start(config('mutate { id => "up" uppercase => ["message"] add_tag => ["x"] }'));
    const [first] = await samples(engine, 3, { node: 'up', rate: 20 });
    const before = decodeEvent(first!.before!).fields;
    const after = decodeEvent(first!.after[0]!).fields;
    expect(['one', 'two']).toContain(before['message']);
    expect(after).toEqual({ ...before, message: String(before['message']).toUpperCase(), tags: ['x'] });
    expect(engine.counts('main').out).toBeGreaterThan(0);
  });

  test('keep to their rate', async () => {
    const engine = await start(config('mutate { id => "up" uppercase => ["message"] }'));
    const began = performance.now();
    const found = await samples(engine, 20, { node: 'up', rate: 20 });
    const seconds = (performance.now() - began) / 1000;
    expect(found.length).toBeLessThan(20 * seconds + 10);
    expect(found.length).toBeGreaterThanOrEqual(20);
  });

  test('of inputs, outputs and whole pipelines', async () => {
    const engine = await start(
      config('if [message] == "two" { drop {} } mutate { uppercase => ["message"] }'),
    );
    const [input] = await samples(engine, 1, { node: 'in', rate: 10 });
    expect(input!.before).toBeUndefined();
    expect(['one', 'two']).toContain(decodeEvent(input!.after[0]!).fields['message']);
    const [output] = await samples(engine, 1, { node: 'out', rate: 10 });
    expect(decodeEvent(output!.after[0]!).fields['message']).toBe('ONE');
    const whole = await samples(engine, 20, { node: '', rate: 100 });
    const shown = whole.map(
      ({ before, after }) =>
        `${String(decodeEvent(before!).fields['message'])} ${after.map((text) => String(decodeEvent(text).fields['message'])).join()}`,
    );
    expect([...new Set(shown)].sort()).toEqual(['one ONE', 'two ']);
  });

  test('see the lines of pipelines that pass bytes on, or only count', async () => {
    const engine = await start(
      'input { generator { id => "in" message => "hello" } } output { null { id => "out" } }',
    );
    const [sample] = await samples(engine, 1, { node: 'in', rate: 10 });
    expect(sample!.after).toHaveLength(1);
    expect(engine.buildsAllFields('main')).toBe(false);
  });

  test('survive a reload, and see the new version', async () => {
    const engine = await start(config('mutate { id => "up" replace => { "v" => "1" } }'));
    const controller = new AbortController();
    const versions = new Set<unknown>();
    let reloaded = false;
    for await (const batch of engine.tap('main', { node: 'up', rate: 50, signal: controller.signal })) {
      for (const { after } of batch.samples) versions.add(decodeEvent(after[0]!).fields['v']);
      if (versions.has('1') && !reloaded) {
        reloaded = true;
        await load(engine, config('mutate { id => "up" replace => { "v" => "2" } }'));
      }
      if (versions.has('2')) break;
    }
    expect(versions).toEqual(new Set(['1', '2']));
  });

  test('end with their signal, and no more than 16 are open', async () => {
    const engine = await start(config('mutate { id => "up" }'));
    const controller = new AbortController();
    const open = Array.from({ length: 16 }, () =>
      engine.tap('main', { node: 'up', rate: 1, signal: controller.signal }),
    );
    const first = open.map((tap) => tap.next());
    await Promise.all(first);
    await expect(
      engine.tap('main', { node: 'up', rate: 1, signal: controller.signal }).next(),
    ).rejects.toThrow(/16 taps are open/);
    controller.abort();
    for (const tap of open) expect((await tap.next()).done).toBe(true);
    expect((await samples(engine, 1, { node: 'up', rate: 10 })).length).toBeGreaterThan(0);
  });
});
