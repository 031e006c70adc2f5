import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SearchHit } from '../store/store.ts';
import { drawHistogram } from './search-histogram.ts';
import { EventTable, fitted, widthOf } from './search-table.ts';

const hit = (source: object): SearchHit => ({ index: 'logs', id: 'a', source: JSON.stringify(source) });

describe('table', () => {
  test('time and message, or what the fields say', () => {
    const table = new EventTable({ fields: undefined, width: 62, colours: false });
    const time = '2026-11-20T10:00:00.000Z';
    expect(
      table.lines([
        hit({ '@timestamp': time, message: 'first line\nsecond \u001b[31mred' }),
        hit({ '@timestamp': time, '@version': '1', a: { b: [1, 2] }, c: 'x' }),
        hit({ message: 'long '.repeat(20) }),
      ]),
    ).toBe(
      [
        '@timestamp                event',
        `${time}  first line\\u000asecond \\u001b[31mred`,
        `${time}  a.b=[1,2] c=x`,
        '                          long long long long long long long …',
        '',
      ].join('\n'),
    );
    // The names come once.
    expect(table.lines([hit({ message: 'm' })])).toBe('                          m\n');
  });

  test('chosen columns, colours', () => {
    const table = new EventTable({ fields: ['_id', '@timestamp', 'n'], width: 40, colours: true });
    expect(table.lines([hit({ '@timestamp': 'now', n: 12 })])).toBe(
      '\x1b[1m_id\x1b[22m  \x1b[1m@timestamp\x1b[22m  \x1b[1mn\x1b[22m\na    \x1b[2mnow       \x1b[22m  12\n',
    );
  });

  test('no line is wider than the terminal, whatever is in it', () => {
    const rows = fc.array(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 3, maxLength: 3 }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(rows, fc.integer({ min: 30, max: 200 }), (cells, width) => {
        const table = new EventTable({ fields: ['a', 'b', 'c'], width, colours: false });
        const lines = table.lines(cells.map(([a, b, c]) => hit({ a, b, c }))).split('\n');
        expect(lines.length).toBe(cells.length + 2);
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
      }),
    );
  });

  test('the widest columns give', () => {
    expect(fitted([['12345', '1234567890', 'x'.repeat(50)]], 40)).toEqual([5, 10, 21]);
    expect(fitted([['a'.repeat(30), 'b'.repeat(30)]], 22)).toEqual([10, 10]);
    expect(widthOf('日本 é 👍🏽')).toBe(9);
  });
});

test('a histogram is in proportion, and one event is seen', () => {
  const bars = [
    { time: Date.parse('2026-11-20T10:00:00Z'), count: 1000 },
    { time: Date.parse('2026-11-20T10:05:00Z'), count: 0 },
    { time: Date.parse('2026-11-20T10:10:00Z'), count: 1 },
    { time: Date.parse('2026-11-20T10:15:00Z'), count: 500 },
  ];
  expect(drawHistogram(bars, 300_000, 35)).toBe(
    [
      '2026-11-20 10:00  1,000  ██████████',
      '2026-11-20 10:05      0',
      '2026-11-20 10:10      1  ▏',
      '2026-11-20 10:15    500  █████',
      '',
    ].join('\n'),
  );
});
