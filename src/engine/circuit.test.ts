import { describe, expect, test } from 'vitest';
import { backOff, Circuit } from './circuit.ts';

const delays = { initialMs: 50, maxMs: 400 };
const circuitOf = (probe = () => false): Circuit => new Circuit({ delays, probe });
const soon = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

describe('backOff', () => {
  test('doubles up to its bound, with full jitter', () => {
    for (let failures = 1; failures < 60; failures++) {
      const ceiling = Math.min(400, 50 * 2 ** (failures - 1));
      const wait = backOff(delays, failures);
      expect(wait).toBeLessThanOrEqual(ceiling);
      expect(wait).toBeGreaterThanOrEqual(Math.max(ceiling / 10, 1));
    }
  });

  test('a receiver that names a time gets it, and a little more', () => {
    const wait = backOff(delays, 20, 5000);
    expect(wait).toBeGreaterThanOrEqual(5000);
    expect(wait).toBeLessThanOrEqual(5050);
  });

  test('never spins, even without an interval', () => {
    expect(backOff({ initialMs: 0, maxMs: 0 }, 1)).toBeGreaterThanOrEqual(10);
  });
});

describe('Circuit', () => {
  test('closed: everybody may try', async () => {
    expect(await circuitOf().turn()).toBe(false);
  });

  test('after a failure one probes, the others wait for what comes of it', async () => {
    const circuit = circuitOf();
    circuit.failed(circuit.generation);
    const turns: boolean[] = [];
    const waiting = [1, 2, 3].map(() => circuit.turn().then((probes) => turns.push(probes)));
    await soon(80);
    expect(turns).toEqual([true]);
    circuit.succeeded();
    await Promise.all(waiting);
    expect(turns).toEqual([true, false, false]);
    expect(circuit.isClosed).toBe(true);
  });

  test('those who wait probe by turns', async () => {
    const circuit = circuitOf();
    circuit.failed(circuit.generation);
    const probed: string[] = [];
    const run = async (name: string): Promise<void> => {
      while (await circuit.turn()) {
        probed.push(name);
        if (probed.length === 4) circuit.succeeded();
        else circuit.failed(circuit.generation);
      }
    };
    await Promise.all([run('a'), run('b')]);
    expect(probed).toEqual(['a', 'b', 'a', 'b']);
  });

  test('failures of tries begun before it opened change nothing, but their Retry-After counts', async () => {
    let best = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 5 && best >= 250; tries++) {
      const circuit = circuitOf();
      const { generation } = circuit;
      for (let times = 0; times < 10; times++) circuit.failed(generation);
      const started = performance.now();
      circuit.failed(generation, 150);
      expect(await circuit.turn()).toBe(true);
      best = Math.min(best, performance.now() - started);
      expect(best).toBeGreaterThan(145);
    }
    expect(best).toBeLessThan(250);
  });

  test('with nobody waiting the next one probes at once', async () => {
    let asked = 0;
    const circuit = circuitOf(() => asked++ > 100);
    circuit.failed(circuit.generation);
    await soon(70);
    expect(asked).toBe(1);
    expect(await circuit.turn()).toBe(true);
  });

  test('stop ends waiting with an error, now and later', async () => {
    const circuit = circuitOf();
    circuit.failed(circuit.generation);
    const turn = circuit.turn();
    circuit.stop(new Error('over'));
    await expect(turn).rejects.toThrow('over');
    await expect(circuit.turn()).rejects.toThrow('over');
  });
});
