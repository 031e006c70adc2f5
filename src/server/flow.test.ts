import { describe, expect, test } from 'vitest';
import type { PipelineCounts } from '../engine/metrics.ts';
import { addFlows, type Flow, FlowHistory, mapFlow, SAMPLE_MS, Snapshot } from './flow.ts';

const counts = (values: Partial<PipelineCounts>): PipelineCounts => ({
  in: 0,
  filtered: 0,
  out: 0,
  millis: 0,
  pushMillis: 0,
  batches: 0,
  bytes: 0,
  conditionErrors: 0,
  nodes: new Map(),
  ...values,
});
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A pipeline whose count of events at a time is given by a function; sampled as the monitoring API does. */
class Run {
  readonly history: FlowHistory;
  readonly #events: (at: number) => number;
  #at: number;

  constructor(events: (at: number) => number, start = 1000) {
    this.#events = events;
    this.#at = start;
    this.history = new FlowHistory(new Snapshot(start));
  }

  /** Lets time pass; `jitter` moves every sample a little. */
  pass(millis: number, jitter = 0): Snapshot {
    const end = this.#at + millis;
    for (let next = this.#at + SAMPLE_MS; next <= end; next += SAMPLE_MS) {
      this.history.record(this.snapshot(next + ((next / SAMPLE_MS) % 2) * jitter));
    }
    this.#at = end;
    return this.snapshot(end);
  }

  snapshot(at: number): Snapshot {
    return new Snapshot(at, counts({ in: this.#events(at) }), this.history.last);
  }

  flow(now: Snapshot): Flow {
    return this.history.flow(now, (snapshot) => snapshot.total('in'));
  }
}

describe('windows', () => {
  test('appear as they fill', () => {
    const run = new Run((at) => at - 1000);
    const names: string[][] = [];
    for (const millis of [2_000, 58_000, 4 * MINUTE, 10 * MINUTE, 45 * MINUTE, 23 * HOUR])
      names.push(Object.keys(run.flow(run.pass(millis))));
    expect(names).toEqual([
      ['current', 'lifetime'],
      ['current', 'last_1_minute', 'lifetime'],
      ['current', 'last_1_minute', 'last_5_minutes', 'lifetime'],
      ['current', 'last_1_minute', 'last_5_minutes', 'last_15_minutes', 'lifetime'],
      ['current', 'last_1_minute', 'last_5_minutes', 'last_15_minutes', 'last_1_hour', 'lifetime'],
      [
        ...['current', 'last_1_minute', 'last_5_minutes', 'last_15_minutes', 'last_1_hour', 'last_24_hours'],
        'lifetime',
      ],
    ]);
  });

  test.each([0, 40, -40])('a steady rate is the same in all of them (samples off by %d ms)', (jitter) => {
    const run = new Run((at) => (at - 1000) / 10);
    const flow = run.flow(run.pass(25 * HOUR, jitter));
    expect(Object.keys(flow)).toHaveLength(7);
    for (const value of Object.values(flow)) expect(value).toBe(100);
  });

  test('each looks back as far as its name says', () => {
    // 1000 a second for the last n minutes, nothing before.
    const after = 3 * HOUR;
    const run = new Run((at) => Math.max(0, at - 1000 - after));
    run.pass(after);
    const now = run.pass(4 * MINUTE);
    const flow = run.flow(now);
    expect(flow.current).toBe(1000);
    expect(flow.last_1_minute).toBe(1000);
    expect(flow.last_5_minutes).toBeCloseTo(800, -2);
    expect(flow.last_15_minutes).toBeCloseTo((1000 * 4) / 15, -2);
    expect(flow.last_1_hour).toBeCloseTo((1000 * 4) / 60, -1);
    expect(flow.lifetime).toBeCloseTo((1000 * 4) / 184, 0);
  });

  test('a burst leaves the short windows again', () => {
    const run = new Run((at) => Math.min(at - 1000, 5_000));
    run.pass(2 * MINUTE);
    const flow = run.flow(run.pass(3 * MINUTE));
    expect(flow.current).toBe(0);
    expect(flow.last_1_minute).toBe(0);
    expect(flow.last_5_minutes).toBeGreaterThan(0);
    expect(flow.lifetime).toBeGreaterThan(0);
  });

  test('what happened before the first sample counts', () => {
    const run = new Run(() => 10);
    expect(run.flow(run.snapshot(2000))).toEqual({ current: 10, lifetime: 10 });
  });
});

describe('rates', () => {
  test('against another counter: Infinity as text when only the first grew, nothing when neither did', () => {
    const history = new FlowHistory(new Snapshot(0));
    const node = (millis: number, events: number): Snapshot =>
      new Snapshot(
        1000,
        counts({ nodes: new Map([['a', { in: events, out: 0, millis, decodeMillis: 0, named: {} }]]) }),
        history.last,
      );
    const perEvent = (now: Snapshot): Flow =>
      history.flow(
        now,
        (snapshot) => snapshot.node('a', 'millis'),
        (snapshot) => snapshot.node('a', 'in'),
      );
    expect(perEvent(node(30, 10))).toEqual({ current: 3, lifetime: 3 });
    expect(perEvent(node(30, 0))).toEqual({ current: 'Infinity', lifetime: 'Infinity' });
    expect(perEvent(node(0, 0))).toEqual({});
  });

  test('four significant digits, and never fewer than there are before the point', () => {
    const rate = (events: number): unknown =>
      new Run(() => events).flow(new Snapshot(2000, counts({ in: events }))).lifetime;
    expect(rate(1_234_567)).toBe(1_234_567);
    expect(rate(1.23456)).toBe(1.235);
    expect(rate(0.000_123_456)).toBe(0.000_123_5);
  });

  test('a queue grows and shrinks', () => {
    const history = new FlowHistory(new Snapshot(0));
    const at = (millis: number, events: number): Snapshot =>
      new Snapshot(millis, counts({}), history.last, { events, bytes: events * 100 });
    history.record(at(50_000, 500));
    history.record(at(55_000, 550));
    history.record(at(60_000, 400));
    const now = at(65_000, 450);
    expect(history.flow(now, (snapshot) => snapshot.total('queueEvents'))).toEqual({
      current: -3.333,
      last_1_minute: 6.923,
      lifetime: 6.923,
    });
    expect(history.flow(now, (snapshot) => snapshot.total('queueBytes')).current).toBe(-333.3);
  });

  test('nodes that come with a reload begin at zero', () => {
    const history = new FlowHistory(new Snapshot(0));
    const with_ = (...ids: string[]): PipelineCounts =>
      counts({
        nodes: new Map(ids.map((id) => [id, { in: 7, out: 0, millis: 0, decodeMillis: 0, named: {} }])),
      });
    history.record(new Snapshot(5000, with_('a'), history.last));
    const now = new Snapshot(7000, with_('a', 'b'), history.last);
    expect(history.flow(now, (snapshot) => snapshot.node('b', 'in')).lifetime).toBe(1);
    expect(history.flow(now, (snapshot) => snapshot.node('never', 'in')).lifetime).toBe(0);
  });

  test('adding and changing keep Infinity as text', () => {
    expect(addFlows([{ current: 1, lifetime: 'Infinity' }, { current: 2, lifetime: 5 }, {}])).toEqual({
      current: 3,
      lifetime: 'Infinity',
    });
    expect(mapFlow({ current: 150, lifetime: 'Infinity' }, (value) => Math.min(value, 100))).toEqual({
      current: 100,
      lifetime: 100,
    });
  });
});
