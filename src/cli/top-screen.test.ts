import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { render, type Stats } from './top-screen.ts';

type Plugin = Stats['pipelines'][string]['plugins']['inputs'][number];

const plugin = (
  name: string,
  id: string,
  entered: number | undefined,
  left: number,
  more: object = {},
): Plugin => ({
  id,
  name,
  events: { ...(entered === undefined ? {} : { in: entered }), out: left },
  ...more,
});

function stats(factor: number, change: (stats: Stats) => Stats = (same) => same): Stats {
  return change({
    name: 'collector-1',
    version: '1.2.3',
    status: 'yellow',
    ephemeral_id: 'e',
    process: { mem: { resident_in_bytes: 143_000_000 }, cpu: { total_in_millis: 500 * factor } },
    jvm: { uptime_in_millis: 93_784_000 },
    pipelines: {
      main: {
        events: { in: 12_345 * factor, out: 1.5 * factor, queue_push_duration_in_millis: 500 * factor },
        flow: { worker_utilization: { current: 45.2 } },
        queue: { events_count: 360_000, queue_size_in_bytes: 5_400_000 },
        plugins: {
          inputs: [plugin('tcp', 'tcp_0123456789ab', undefined, 12_345 * factor)],
          filters: [
            plugin('grok', 'parse', 12_345 * factor, 12_345 * factor, {
              flow: { worker_utilization: { current: 12 }, worker_millis_per_event: { current: 0.001_23 } },
            }),
            plugin('mutate', 'never', 0, 0, { flow: { worker_utilization: { current: 0 } } }),
          ],
          outputs: [
            plugin(
              'http',
              'a-very-long-identifier-that-somebody-has-chosen-for-an-output',
              2_500_000 * factor,
              7 * factor,
              {
                flow: {
                  worker_utilization: { current: 100 },
                  worker_millis_per_event: { current: 'Infinity' },
                },
                problem: 'http://siem.example.com:8899 refuses connections: nothing listens there',
                since: '2026-11-20T17:51:21.146Z',
              },
            ),
          ],
        },
      },
    },
  });
}

describe('render', () => {
  test('at 100 columns', () => {
    expect(render({ now: stats(2), before: stats(1), seconds: 1 }, 100)).toEqual([
      'collector-1: yellow   1 pipeline   in 12.3k/s   out 1.5/s   CPU 50 %   143 MB resident   up 1d 02:0…',
      '',
      'main   in 12.3k/s   out 1.5/s   queue 360k (5.4 MB)   workers 45 %   inputs wait 50 %',
      '          plugin                                                       in/s   out/s  µs/event   busy',
      '  input   tcp 012345                                                          12.3k',
      '  filter  grok parse                                                  12.3k   12.3k      1.23   12 %',
      '  filter  mutate never                                                    0       0              0 %',
      '  output  http a-very-long-identifier-that-somebody-has-chosen-for…    2.5M       7            100 %',
      '          ! http://siem.example.com:8899 refuses connections: nothing listens there, since 17:51:21',
      '            UTC',
    ]);
  });

  test('at 80 columns nothing is wider, numbers stay in their columns', () => {
    const lines = render({ now: stats(2), before: stats(1), seconds: 1 }, 80);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines[4]).toMatch(/in\/s {3}out\/s {2}µs\/event {3}busy$/);
    expect(lines[6]).toMatch(/ {2}12\.3k {3}12\.3k {6}1\.23 {3}12 %$/);
  });

  test('a narrow terminal keeps what matters: names and rates', () => {
    expect(render({ now: stats(2), before: stats(1), seconds: 1 }, 40).slice(2, 10)).toEqual([
      'main',
      '  in 12.3k/s   out 1.5/s   queue 360k (…',
      '  plugin                    in/s   out/s',
      '  tcp 012345                       12.3k',
      '  grok parse               12.3k   12.3k',
      '  mutate never                 0       0',
      '  http a-very-long-iden…    2.5M       7',
      '  ! http://siem.example.com:8899 refuses',
    ]);
  });

  test('a pipeline with a long name has a line for it', () => {
    const id = 'firewall-logs-from-the-whole-of-europe';
    const now = stats(2, (same) => ({ ...same, pipelines: { [id]: same.pipelines['main']! } }));
    expect(render({ now, before: now, seconds: 1 }, 80).slice(2, 4)).toEqual([
      id,
      '  in 0/s   out 0/s   queue 360k (5.4 MB)   workers 45 %',
    ]);
  });

  test('what is wrong with the queue stands under its pipeline', () => {
    const now = stats(2, (same) => {
      const main = same.pipelines['main']!;
      const queue = {
        ...main.queue,
        problem: 'the queue in /q can not be used: ENOSPC',
        since: '2026-11-20T17:51:21Z',
      };
      return { ...same, pipelines: { main: { ...main, queue } } };
    });
    expect(render({ now, before: now, seconds: 1 }, 100)[3]).toBe(
      '          ! the queue in /q can not be used: ENOSPC, since 17:51:21 UTC',
    );
  });

  test('the first look has no rates yet', () => {
    const [first, , main, , input] = render({ now: stats(2), before: undefined, seconds: 0 }, 100);
    expect(first).toContain('in -/s   out -/s   143 MB');
    expect(main).toMatch(/^main {3}in -\/s {3}out -\/s/);
    expect(input).toBe('  input   tcp 012345');
  });

  test('a process that was started anew gives no negative rates', () => {
    const anew = stats(1, (same) => ({ ...same, ephemeral_id: 'other' }));
    expect(render({ now: anew, before: stats(2), seconds: 1 }, 100)[0]).toContain('in -/s');
    expect(render({ now: stats(1), before: stats(2), seconds: 1 }, 100)[0]).toContain('in 0/s');
  });

  test('a pipeline that came with a reload, and none at all', () => {
    const old = stats(1, (same) => ({ ...same, pipelines: {} }));
    expect(render({ now: stats(1), before: old, seconds: 1 }, 100)[2]).toContain('in 12.3k/s');
    expect(render({ now: old, before: old, seconds: 1 }, 100)).toContain('no pipeline is running');
  });

  test('nothing from outside steers the terminal', () => {
    const hostile = stats(1, (same) => ({
      ...same,
      name: '\x1b]0;title\x07',
      pipelines: { 'a\x1b[2J\u202e\u009b1m': same.pipelines['main']! },
    }));
    expect(render({ now: hostile, before: undefined, seconds: 1 }, 100).join('')).not.toMatch(
      /[\x00-\x1f\x7f-\x9f\u202e]/,
    );
  });

  test('never throws and never exceeds the width', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 250 }),
        fc.string({ unit: 'binary' }),
        fc.double({ min: 0, noNaN: true }),
        (width, text, value) => {
          const now = stats(1, (same) => {
            const main = same.pipelines['main']!;
            const inputs = [plugin(text, text, value, value, { problem: text })];
            return {
              ...same,
              name: text,
              pipelines: { [text]: { ...main, plugins: { ...main.plugins, inputs } } },
            };
          });
          for (const line of render({ now, before: stats(1), seconds: 1 }, width))
            expect([...line].length).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});
