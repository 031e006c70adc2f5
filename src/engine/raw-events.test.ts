import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Event } from '../event/event.ts';
import { encodeEvents } from '../event/event-encoding.ts';
import { RunKind } from '../kernel/plugin.ts';
import { rawEvents } from './raw-events.ts';

const peers = [{ key: 'a', ip: '192.0.2.1' }];
const messages = (runs: number[], bytes: Buffer, delimiter = '\n'): unknown[] =>
  rawEvents({ runs: Int32Array.from(runs), peers, receivedAt: 0 }, bytes, delimiter).map(
    ({ fields }) => fields['message'],
  );

describe('rawEvents', () => {
  test('lines, records, pieces, records without bytes; senders that left are nothing', () => {
    const bytes = Buffer.from('one\ntwo\nrecord\npiece');
    const runs = [RunKind.lines, 0, 8, 2, RunKind.record, 0, 15, 1, RunKind.end, 0, 15, 0];
    expect(messages([...runs, RunKind.cut, 0, 20, 1], bytes)).toEqual(['one', 'two', 'record\n', 'piece']);
    expect(messages([RunKind.virtual, 0, 0, 2], Buffer.alloc(0))).toEqual(['', '']);
    expect(messages([RunKind.lines, 0, 8, 2], Buffer.from('a||b||c!'), '||')).toEqual(['a', 'b', 'c!']);
  });

  test('what is not UTF-8 is kept as bytes, too; the sender is known', () => {
    const bytes = Buffer.from([0xff, 0x61]);
    const [event] = rawEvents(
      { runs: Int32Array.of(RunKind.record, 0, 2, 1), peers, receivedAt: 0 },
      bytes,
      '\n',
    );
    expect(event!.fields).toEqual({
      '@timestamp': '1970-01-01T00:00:00.000Z',
      message: '\ufffda',
      bytes: '/2E=',
    });
    expect(event!.metadata).toEqual({ peer: { key: 'a', ip: '192.0.2.1' } });
  });

  test('events of another pipeline come whole', () => {
    const { bytes } = encodeEvents([new Event({ a: 1 }, { b: 2 })]);
    const [event] = rawEvents(
      { runs: Int32Array.of(RunKind.record, 0, bytes.length, 1), peers, receivedAt: 0 },
      bytes,
      '\n',
    );
    expect([event!.fields, event!.metadata]).toEqual([{ a: 1 }, { b: 2 }]);
  });

  test('never throws on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom(0, 1, 2, 4), (given, kind) => {
        const bytes = Buffer.from(given);
        expect(() => messages([kind, 0, bytes.length, 1], bytes)).not.toThrow();
      }),
    );
  });
});
